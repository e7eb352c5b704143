#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_QUEUE_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_QUEUE_AUDIT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "examples/flashsale_audit/claim.h"
#include "examples/flashsale_audit/figures.h"
#include "examples/flashsale_audit/flow_series.h"
#include "examples/flashsale_audit/queue_time.h"
#include "examples/flashsale_audit/share_audit.h"
#include "examples/flashsale_audit/tier_line.h"
#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/base/id.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/queue_event.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/policy/draw_record.h"

namespace flashsale::audit {

// Judges what happens in one queue or waitlist, by docs/contract.md and from the journal alone: who
// waits, in which order, who was let in, how fast, and what was reserved under it.
//
// Thread safety: as an int.  Memory: some 60 bytes a ticket, 40 an admission.
class QueueAudit {
 public:
  struct Options {
    // What is published of draws, of any sale and tier; must outlive it.
    std::span<const DrawRecord> draws = {};
    // Where people come and go is noted, too; null: nowhere.  Must outlive it.
    FlowSeries* series = nullptr;
    // In front of its claims: "queue", "waitlist of line 0".
    std::string label = "queue";
  };
  // REQUIRES: Validate(terms) is OK.
  QueueAudit(const QueueTerms& terms, Time opened_at, const Options& options);

  void Add(std::uint64_t commit, const QueueEvent& event);
  // Something was reserved under an admission.  REQUIRES: event.admission != 0.
  void OnReserved(std::uint64_t commit, const Event& event);
  // Whether an admission of that number was given to that user.
  bool HasGiven(std::uint64_t number, const UserId& user) const {
    const Admission* const found = Find(number);
    return found != nullptr && UserOf(found->ticket) == user;
  }
  // Whether that ticket was let in, or had its turn; it may be over.
  bool HadTurn(std::uint64_t ticket) const {
    return ticket <= tickets_.size() && tickets_[ticket - 1].had_turn;
  }
  // Whether that user was let in, or has their turn, as matters stand.
  bool IsInside(const UserId& user) const {
    const auto found = ticket_of_.find(user);
    return found != ticket_of_.end() && tickets_[found->second - 1].state == State::kAdmitted;
  }
  // REQUIRES: the ticket was given.
  const UserId& UserOf(std::uint64_t ticket) const { return tickets_[ticket - 1].user; }
  const QueueTerms& terms() const { return terms_; }
  Time opened_at() const { return opened_at_; }
  // Whether the arrangement of that tier was compared with a published draw.
  bool HasCompared(std::uint8_t tier) const { return (compared_ >> tier & 1U) != 0; }

  QueueFigures Figures() const;
  std::vector<Claim> Claims() const;

 private:
  enum class State : std::uint8_t { kWaiting, kAdmitted, kGone };
  struct Ticket {
    UserId user;
    Time joined_at;
    std::uint64_t place = 0;    // that was brought back
    std::size_t admission = 0;  // in admissions_, where it was let in
    std::uint8_t tier = 0;
    State state = State::kWaiting;
    bool had_turn = false;
  };
  struct Admission {
    std::uint64_t number = 0;
    std::uint64_t ticket = 0;
    Time until;  // in the queue's time
    std::uint32_t used = 0;
    bool over = false;
    bool given_back = false;  // by who left, or was through
  };
  struct HashOfUser {
    std::size_t operator()(const UserId& user) const { return sim::HashId(user.bytes()); }
  };

  bool Waits(std::uint64_t ticket) const { return tickets_[ticket - 1].state == State::kWaiting; }
  void Enter(std::uint64_t commit, const QueueEvent& event);
  void OnJoined(const QueueEvent& event);
  // Whether the ticket that it is about was ever given.
  bool HasTicket(const QueueEvent& event);
  void OnTicket(const QueueEvent& event);
  void OnAdmitted(const QueueEvent& event);
  void OnStage(const QueueEvent& event);
  void CompareDraw(std::uint8_t tier);
  void Leave(Ticket& ticket);
  void EndAdmission(Admission& admission);
  const Admission* Find(std::uint64_t number) const;
  // "commit 3, ticket 7: ...".
  std::string At(const QueueEvent& event, std::string_view what) const;

  const QueueTerms terms_;
  const Time opened_at_;
  const Options options_;
  QueueTime time_;
  Time latest_;
  Time now_;  // latest_ in the queue's time
  std::uint64_t commit_ = 0;
  QueuePace pace_;
  std::int64_t tat_ns_ = 0;
  bool closed_ = false;
  std::vector<TierLine> tiers_;
  std::vector<Time> tier_opened_at_;
  std::vector<std::uint64_t> waiting_;  // by tier
  std::vector<Ticket> tickets_;
  std::unordered_map<UserId, std::uint64_t, HashOfUser> ticket_of_;  // the last of each user
  std::vector<Admission> admissions_;
  std::size_t first_live_ = 0;  // all before are over
  std::uint64_t in_flight_ = 0;
  std::optional<ShareAudit> shares_;
  std::uint8_t compared_ = 0;  // a bit a tier
  QueueFigures figures_;

  Claim tickets_claim_;
  Claim order_claim_;
  Claim arrangement_claim_;
  Claim draw_claim_;
  Claim turns_claim_;
  Claim in_flight_claim_;
  Claim pace_claim_;
  Claim admissions_claim_;
  Claim grants_claim_;
  Claim shares_claim_;
  Claim times_claim_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_QUEUE_AUDIT_H_
