#include "flashsale/testing/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace flashsale::inline v0 {

void InvariantChecker::Expect(bool holds, const std::string& sentence) {
  if (!holds) broken_.push_back(sentence);
}

void InvariantChecker::ExpectEqual(const std::string& what, std::uint64_t told,
                                   std::uint64_t summed) {
  if (told != summed) {
    broken_.push_back(fmt::format("{}: {} counted, {} by the records", what, told, summed));
  }
}

void InvariantChecker::OnSale(const Sale& sale) {
  terms_ = sale.terms;
  marks_ = sale.marks;
  lines_.assign(sale.lines.begin(), sale.lines.end());
  charged_to_lines_.resize(terms_.lines.size());
  Expect(lines_.size() == terms_.lines.size(), "I1: not one stock a line");
  lines_.resize(terms_.lines.size());
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Stock& line = lines_[i];
    Expect(line.limit == terms_.lines[i].units, fmt::format("I1: line {} has another limit", i));
    Expect(line.released <= line.limit,
           fmt::format("I1: line {} released {} of {}", i, line.released, line.limit));
    Expect(std::uint64_t{line.reserved} + line.sold <= line.released,
           fmt::format("I1: line {} has {} reserved and {} sold of {} released", i, line.reserved,
                       line.sold, line.released));
  }
}

void InvariantChecker::CheckRecord(const UserId& user, const Reservation& record) {
  const std::string name = "record " + record.id.ToString();
  Expect(record.user == user, name + " stands with another user");
  Expect(record.units <= record.asked, name + " has more units than were asked for");
  const bool held = record.state == ReservationState::kActive;
  const bool bought = record.state == ReservationState::kPurchased;
  Expect(!(held && marks_.settled), name + " is held in a settled sale");
  if (record.asked == 0) {
    Expect(record.state == ReservationState::kCancelled, name + " is a tombstone that lives");
    return;
  }
  if (record.line >= charged_to_lines_.size()) {
    broken_.push_back(name + " is of no line");
    return;
  }
  Charge& line = charged_to_lines_[record.line];
  line.held += held ? record.units : 0;
  line.bought += bought ? record.units : 0;
  for (std::size_t i = 0; i < record.keys.size(); ++i) {
    if (record.keys[i].is_nil()) continue;
    Charge& key = charged_to_keys_[TallyKey::Of(i, record.keys[i])];
    key.held += held ? record.units : 0;
    key.bought += bought ? record.units : 0;
  }
}

void InvariantChecker::OnUser(const UserId& user, const Tally& tally,
                              std::span<const Reservation> records) {
  const std::string name = "user " + user.ToString();
  Charge charge;
  std::uint32_t open_holds = 0;
  std::uint32_t under_admission = 0;
  std::uint64_t admission = 0;
  for (const Reservation& record : records) {
    CheckRecord(user, record);
    admission = std::max(admission, record.admission);
    if (record.state == ReservationState::kActive) {
      charge.held += record.units;
      ++open_holds;
    }
    if (record.state == ReservationState::kPurchased) charge.bought += record.units;
    if (record.admission != 0 && record.admission == tally.admission) ++under_admission;
  }
  ExpectEqual("I2: held by " + name, tally.held, charge.held);
  ExpectEqual("I2: bought by " + name, tally.bought, charge.bought);
  ExpectEqual("I2: open holds of " + name, tally.open_holds, open_holds);
  ExpectEqual("I2: records of " + name, tally.records, records.size());
  ExpectEqual("I6: highest admission of " + name, tally.admission, admission);
  ExpectEqual("I6: reserves under the admission of " + name, tally.admission_used, under_admission);
  Expect(charge.held + charge.bought <= tally.limit,
         fmt::format("I3: {} has {} held and {} bought, limit {}", name, charge.held, charge.bought,
                     tally.limit));
  Expect(tally.limit <= terms_.limit_ceiling.value_or(terms_.limit_per_user),
         fmt::format("I3: {} has a limit of {}, above the ceiling", name, tally.limit));
  Expect(records.size() <= kMaxRecordsPerUser, name + " has too many records");
}

void InvariantChecker::OnKey(const TallyKey& key, const Tally& tally) {
  told_of_keys_[key] = {.held = tally.held, .bought = tally.bought};
}

std::vector<std::string> InvariantChecker::Finish() {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    ExpectEqual(fmt::format("I2: reserved of line {}", i), lines_[i].reserved,
                charged_to_lines_[i].held);
    ExpectEqual(fmt::format("I2: sold of line {}", i), lines_[i].sold, charged_to_lines_[i].bought);
  }
  for (const auto& [key, charge] : charged_to_keys_) {
    const auto told = told_of_keys_.find(key);
    Expect(charge == (told == told_of_keys_.end() ? Charge{} : told->second),
           fmt::format("I2: a key of kind {} is not charged as its records say", key.kind));
    const std::size_t index = key.kind - 1U;
    Expect(index < terms_.key_limits.size() &&
               charge.held + charge.bought <= terms_.key_limits[index].limit,
           fmt::format("I3: a key of kind {} has {} held and {} bought", key.kind, charge.held,
                       charge.bought));
  }
  for (const auto& [key, charge] : told_of_keys_) {
    Expect(charge == Charge{} || charged_to_keys_.contains(key),
           fmt::format("I2: a key of kind {} is charged for no record", key.kind));
  }
  return std::exchange(broken_, {});
}

Result<std::vector<std::string>> CheckInvariants(InventoryRepository& repository,
                                                 const SaleRef& sale) {
  InvariantChecker checker;
  const Status status = repository.Snapshot(sale, checker);
  if (!status.ok()) return status;
  return checker.Finish();
}

}  // namespace flashsale::inline v0
