#ifndef FLASHSALE_SRC_TESTING_PROBED_SALE_H_
#define FLASHSALE_SRC_TESTING_PROBED_SALE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "flashsale/repository/storage.h"
#include "testing/findings.h"
#include "testing/script_case.h"

namespace flashsale::inline v0 {

// An open sale of one line that refuses nobody, to be made narrower.
inline SaleTerms WideTerms(const SaleId& id = "probe") {
  SaleTerms terms;
  terms.id = id;
  terms.lines = {{.product = "shirt", .units = kMaxUnits}};
  terms.start = kScriptOrigin;
  terms.end = kScriptOrigin + std::chrono::hours{1};
  terms.limit_per_user = kMaxUnits;
  terms.max_open_holds = kMaxRecordsPerUser;
  return terms;
}

inline Command CommandAbout(Verb verb, std::uint64_t user, std::uint64_t id) {
  return {.verb = verb, .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(id)};
}

inline Command ReserveOf(std::uint64_t user, std::uint64_t id, Units units = 1) {
  Command command = CommandAbout(Verb::kReserve, user, id);
  command.units = units;
  return command;
}

// A sale that a check asks, one command at a time.  What fails stands in the findings.
// Thread safety: none, because of the findings; threads that probe one sale have a probe each.
class ProbedSale {
 public:
  // A sale that is there already.
  ProbedSale(Storage& storage, const SaleId& id, Findings& findings)
      : inventory_(storage.inventory()), ref_(id), findings_(findings) {}
  // Makes it.
  ProbedSale(Storage& storage, const SaleTerms& terms, Findings& findings)
      : ProbedSale(storage, terms.id, findings) {
    const Result<Outcome> created = inventory_.Create(terms);
    findings_.ExpectStatus(created.status(), StatusCode::kOk, "Create");
    findings_.Expect(!created.ok() || created->code == Code::kDone, "Create is not Done");
  }

  InventoryRepository& inventory() { return inventory_; }
  const SaleRef& ref() const { return ref_; }

  Outcome Send(const Command& command, Time now = kScriptOrigin) {
    Outcome outcome;
    const Status status = inventory_.Apply(ref_, now, {&command, 1}, {&outcome, 1});
    findings_.ExpectStatus(status, StatusCode::kOk, "Apply");
    return status.ok() ? outcome : Outcome{};
  }
  void ExpectCode(const Command& command, Code code, std::string_view sentence,
                  Time now = kScriptOrigin) {
    findings_.Expect(Send(command, now).code == code, sentence);
  }

  // Zero where the read fails.
  Stock StockOf(std::size_t line = 0, Time now = kScriptOrigin) {
    const Result<SaleStock> stock = inventory_.ReadStock(ref_, now);
    findings_.ExpectStatus(stock.status(), StatusCode::kOk, "ReadStock");
    return stock.ok() && line < stock->lines.size() ? stock->lines[line] : Stock{};
  }
  Tally TallyOf(const TallyKey& key) {
    const Result<Tally> tally = inventory_.ReadTally(ref_, key);
    findings_.ExpectStatus(tally.status(), StatusCode::kOk, "ReadTally");
    return tally.ok() ? *tally : Tally{};
  }
  Reservation RecordOf(const Command& command) {
    const Result<std::optional<Reservation>> found =
        inventory_.Find(ref_, command.user, command.id);
    findings_.ExpectStatus(found.status(), StatusCode::kOk, "Find");
    return found.ok() ? found->value_or(Reservation{}) : Reservation{};
  }

 private:
  InventoryRepository& inventory_;
  const SaleRef ref_;
  Findings& findings_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_PROBED_SALE_H_
