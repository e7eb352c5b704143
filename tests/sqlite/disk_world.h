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

// A queue in short: everything that happens in it changes one of these.
inline std::string QueueOf(Storage& storage) {
  const Result<QueueState> state = storage.queue().Read("drop", kStart);
  if (state.status().code() == StatusCode::kNotFound) return "";
  REQUIRE_MESSAGE(state.ok(), state.status().ToString());
  std::string text;
  for (const std::uint64_t number :
       {state->joined, state->waiting[0], state->waiting[1], state->in_flight, state->unused,
        state->admitted, state->left, state->completed, state->revision, state->strategy}) {
    text += " " + std::to_string(number);
  }
  return text;
}

// What there is, so that two states can be compared: nothing where there is no sale.
inline std::string StateOf(Storage& storage) {
  DigestVisitor visitor(kStart);
  const Status status = storage.inventory().Snapshot("drop", visitor);
  if (status.code() == StatusCode::kNotFound) return "";
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return visitor.Finish() + QueueOf(storage);
}

inline SaleTerms Terms() {
  SaleTerms terms = SmallSale(300);
  terms.limit_per_user = 6;
  terms.late_confirm = LateConfirm::kRevive;
  terms.key_limits = {{.name = "device", .limit = 9}};
  return terms;
}

inline QueueTerms LineTerms() {
  return {.sale = "drop",
          .pace = {.admissions_per_second = 1'000, .max_in_flight = 20},
          .admission_window = std::chrono::hours{1},
          .heartbeat_timeout = std::chrono::hours{24},
          .tiers = 2};
}

// Something by chance that happens in the queue.
inline void DoInLine(Storage& storage, std::mt19937_64& random, Time now) {
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  QueueRepository& queue = storage.queue();
  if (below(4) == 0) {
    const Result<QueueState> state = queue.Read("drop", now);
    REQUIRE(state.ok());
    const std::array<TierPick, 3> picks = {
        {{.tier = 0, .state = 1}, {.tier = 1, .state = 2}, {.tier = 0, .state = 3}}};
    std::array<QueueEntry, 3> admitted;
    REQUIRE(queue.Admit("drop", now, {.revision = state->revision, .picks = picks}, admitted).ok());
    return;
  }
  const QueueCommand command{.verb = below(5) == 0 ? QueueVerb::kLeave : QueueVerb::kJoin,
                             .tier = static_cast<std::uint8_t>(below(2)),
                             .user = User(1 + below(90))};
  QueueAnswer answer;
  REQUIRE(queue.Apply("drop", now, {&command, 1}, {&answer, 1}).ok());
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
