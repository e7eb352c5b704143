#ifndef FLASHSALE_TESTS_SQLITE_DISK_WORLD_H_
#define FLASHSALE_TESTS_SQLITE_DISK_WORLD_H_

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "flashsale/backend/sqlite.h"
#include "flashsale/testing/digest.h"
#include "tests/hard_cases/crowd.h"
#include "tests/sqlite/simulated_disk.h"

namespace flashsale::sqlite_test {

inline constexpr const char* kPath = "drop.db";

inline Result<std::unique_ptr<Storage>> OpenOn(const SimulatedDisk& disk) {
  SqliteOptions options{.path = kPath,
                        .reserved_bytes = 8'192,
                        .checkpoint_bytes = std::uint64_t{64} << 10,
                        .checkpoint_thread = false,
                        .vfs = disk.name()};
  options.journal.memory.events_per_sale = 1'024;
  options.journal.memory.rate_keys = 1;
  options.journal.memory.fingerprint_keys = 1;
  return OpenSqliteStorage(options);
}

// What there is, so that two states can be compared: nothing where there is no sale.
inline std::string StateOf(Storage& storage) {
  DigestVisitor visitor(kStart);
  const Status status = storage.inventory().Snapshot("drop", visitor);
  if (status.code() == StatusCode::kNotFound) return "";
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return visitor.Finish();
}

inline SaleTerms Terms() {
  SaleTerms terms = SmallSale(300);
  terms.limit_per_user = 6;
  terms.late_confirm = LateConfirm::kRevive;
  terms.key_limits = {{.name = "device", .limit = 9}};
  return terms;
}

// A command by chance, about few users and few ids.
inline Command Any(std::mt19937_64& random) {
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  const UserId user = User(1 + below(90));
  const ReservationId id = Id(1 + below(12));
  switch (below(40)) {
    case 0:
      return Act(Verb::kPause);
    case 1:
    case 2:
      return Act(Verb::kResume);
    default:
      break;
  }
  switch (below(8)) {
    case 0:
    case 1:
      return About(Verb::kConfirm, user, id);
    case 2:
      return About(Verb::kCancel, user, id);
    case 3:
      return About(below(3) == 0 ? Verb::kVoid : Verb::kExtend, user, id);
    default: {
      Command reserve = Reserve(user, id, static_cast<Units>(1 + below(2)));
      if (below(2) == 0) reserve.keys[0] = LimitKey::FromInteger(1 + below(50));
      return reserve;
    }
  }
}

// The long forms of tests are asked for.
inline bool IsFull() {
  const char* const full = std::getenv("FLASHSALE_TEST_FULL");
  return full != nullptr && std::string_view(full) == "1";
}

}  // namespace flashsale::sqlite_test

#endif  // FLASHSALE_TESTS_SQLITE_DISK_WORLD_H_
