#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LINE_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LINE_AUDIT_H_

#include <cstdint>
#include <map>
#include <unordered_set>

#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/base/id.h"
#include "flashsale/base/units.h"

namespace flashsale::sim {

// The stock of one line as an audit recomputes it.  It may go below zero: that is what is looked
// for. Thread safety: one thread. Blocking: never.  Ownership: none.  Clock: none.
class LineAudit {
 public:
  LineAudit(Units limit, Units released) : limit_(limit), released_(released), fresh_(released) {}

  // Returns how many of the units can only be such as had lapsed in another cart before.
  Units Take(Units units);
  // What becomes of units once held: how they come back decides what they count as when taken
  // again.
  void GiveBack(Units units) {
    reserved_ -= units;
    given_back_ += units;
  }
  void GiveBackLapsed(Units units) {
    reserved_ -= units;
    lapsed_back_ += units;
  }
  void Refund(Units units) {
    sold_ -= units;
    given_back_ += units;
  }
  void Sell(Units units);
  // Returns as Take does.
  Units SellAnew(Units units);
  // False where more is released than the line has.
  bool Release(Units units);
  // A hold of `units` lapsed without an event yet, or (negative) got its event.
  void AddLapsed(std::int64_t units);

  std::int64_t released() const { return released_; }
  std::int64_t reserved() const { return reserved_; }
  std::int64_t sold() const { return sold_; }
  std::int64_t available() const { return released_ - reserved_ - sold_; }
  // Available, or in carts past their deadline.
  std::int64_t free() const { return available() + lapsed_; }
  // What may be had now or later: everything that is not sold.
  std::int64_t can_still_sell() const { return limit_ - sold_; }
  // The most units ever promised beyond what was released.
  std::int64_t oversold() const { return oversold_; }

  // `user` wanted `units`, as many were free, and was refused.
  void TurnAway(const UserId& user, Units units) { turned_away_[units].insert(user); }
  // `user` got units after all.
  void Serve(const UserId& user);
  // How many of the units that are free now would have gone to those who were turned away.
  std::uint64_t stranded() const;

 private:
  struct UserIdHash {
    std::size_t operator()(const UserId& id) const { return HashId(id.bytes()); }
  };

  Units TakeFromPools(Units units);
  void Recheck();

  std::int64_t limit_;
  std::int64_t released_;
  std::int64_t reserved_ = 0;
  std::int64_t sold_ = 0;
  std::int64_t lapsed_ = 0;
  std::int64_t oversold_ = 0;

  // The units available, by where they came from; taken in this order.
  std::int64_t fresh_;
  std::int64_t given_back_ = 0;
  std::int64_t lapsed_back_ = 0;

  // Those refused while as many units as they asked for were free, by the units asked for, as long
  // as so many have been free ever since.
  std::map<Units, std::unordered_set<UserId, UserIdHash>> turned_away_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LINE_AUDIT_H_
