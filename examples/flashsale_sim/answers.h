#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_ANSWERS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_ANSWERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "flashsale/base/outcome.h"

namespace flashsale::sim {

// What can be asked of the facade.
enum class Operation : std::uint8_t {
  kJoin = 0,
  kPosition,
  kLeave,
  kReserve,
  kConfirm,
  kCancel,
  kExtend,
  kJoinWaitlist,
  kWaitlistPosition,
  kLeaveWaitlist,
  // Operators'.
  kRelease,
  kSettle,
};
inline constexpr std::size_t kOperations = 12;

constexpr bool IsOperators(Operation operation) { return operation >= Operation::kRelease; }

constexpr std::string_view Name(Operation operation) {
  constexpr std::array<std::string_view, kOperations> kNames = {
      "join",    "position", "leave",         "reserve",           "confirm",
      "cancel",  "extend",   "join-waitlist", "waitlist-position", "leave-waitlist",
      "release", "settle"};
  return kNames[static_cast<std::size_t>(operation)];
}

// How often what was asked was answered how.
// Thread safety: one thread.
class Answers {
 public:
  // Every Code is below this.
  static constexpr std::size_t kCodes = 70;
  using ByCode = std::array<std::uint64_t, kCodes>;

  void Count(Operation operation, Code code, std::uint64_t times = 1) {
    Row(operation)[static_cast<std::size_t>(code)] += times;
  }

  void Add(const Answers& other) {
    for (std::size_t i = 0; i < kOperations; ++i) {
      for (std::size_t code = 0; code < kCodes; ++code) rows_[i][code] += other.rows_[i][code];
    }
  }

  std::uint64_t Of(Operation operation, Code code) const {
    return rows_[static_cast<std::size_t>(operation)][static_cast<std::size_t>(code)];
  }
  std::uint64_t Of(Operation operation) const {
    std::uint64_t total = 0;
    ForEach(operation, [&total](Code, std::uint64_t count) { total += count; });
    return total;
  }

  // Over all operations.
  ByCode Totals() const {
    ByCode totals{};
    for (const ByCode& row : rows_) {
      for (std::size_t code = 0; code < kCodes; ++code) totals[code] += row[code];
    }
    return totals;
  }
  std::uint64_t Total() const {
    std::uint64_t total = 0;
    for (const std::uint64_t count : Totals()) total += count;
    return total;
  }

  // Calls visit(code, count) for every answer that was given, by code.
  template <typename Visit>
  void ForEach(Operation operation, Visit visit) const {
    ForEach(rows_[static_cast<std::size_t>(operation)], visit);
  }
  template <typename Visit>
  static void ForEach(const ByCode& row, Visit visit) {
    for (std::size_t code = 0; code < kCodes; ++code) {
      if (row[code] != 0) visit(static_cast<Code>(code), row[code]);
    }
  }

  friend bool operator==(const Answers&, const Answers&) = default;

 private:
  ByCode& Row(Operation operation) { return rows_[static_cast<std::size_t>(operation)]; }

  std::array<ByCode, kOperations> rows_{};
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_ANSWERS_H_
