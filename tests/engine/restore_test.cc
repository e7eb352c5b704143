// A sale rebuilt from what its sink heard is the sale that it was.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/event_sink.h"
#include "engine/sale_engine.h"
#include "tests/engine/engine_sale.h"

namespace flashsale::engine {
namespace {

using namespace std::chrono_literals;

constexpr EngineOptions kOtherOptions{
    .hash_seed = 1, .events_per_sale = std::size_t{1} << 16, .max_records = std::uint64_t{1} << 32};

struct Heard final : EventSink {
  void OnEvents(std::span<const LoggedEvent> logged) noexcept override {
    for (const auto& [event, party] : logged) events.emplace_back(event, party);
  }
  std::vector<std::pair<Event, Party>> events;
};

SaleTerms BusyTerms() {
  SaleTerms terms = SmallSale(30);
  terms.lines = {{.product = "red", .units = 30, .released_at_first = 10},
                 {.product = "blue", .units = 12}};
  terms.limit_per_user = 4;
  terms.limit_ceiling = 6;
  terms.max_open_holds = 3;
  terms.late_confirm = LateConfirm::kRevive;
  terms.max_stray_tombstones = 5;
  terms.key_limits = {{.name = "device", .limit = 5}, {.name = "card", .limit = 3}};
  return terms;
}

// A sale in which everything happens, by chance.
class BusySale {
 public:
  explicit BusySale(std::uint64_t seed) : random_(seed), sale_(BusyTerms()) {
    auto heard = std::make_unique<Heard>();
    heard_ = heard.get();
    sale_->Show(std::move(heard));
  }

  void Do(int commands) {
    for (int i = 0; i < commands; ++i) {
      Advance();
      std::array<Command, 3> batch;
      const std::size_t size = 1 + Below(batch.size());
      for (Command& command : batch) command = Any();
      sale_.Do(now_, std::span(batch).first(size));
      if (Below(10) == 0) sale_->ExpireDue(now_, Below(20));
    }
    sale_->FoldThrough(sale_->last_seq());
  }

  const std::vector<std::pair<Event, Party>>& heard() const { return heard_->events; }
  EngineSale& sale() { return sale_; }

  Time Advance() { return now_ += Duration(static_cast<Duration::rep>(Below(20'000'000))); }
  Command Any() {
    const UserId user = UserId::FromInteger(1 + Below(12));
    const ReservationId id = ReservationId::FromInteger(1 + Below(9));
    switch (Below(60)) {
      case 0:
        return {.verb = Verb::kPause};
      case 1:
      case 2:
        return {.verb = Verb::kResume};
      case 3:
        return {.verb = Verb::kRelease, .units = static_cast<Units>(10 + Below(21))};
      case 4:
        return {.verb = Verb::kStart};
      default:
        break;
    }
    switch (Below(8)) {
      case 0:
        return {
            .verb = Verb::kConfirm, .units = static_cast<Units>(Below(3)), .user = user, .id = id};
      case 1:
        return {.verb = Verb::kConfirm, .user = user, .id = id};
      case 2:
        return {.verb = Verb::kCancel, .user = user, .id = id};
      case 3:
        return {.verb = Verb::kExtend, .user = user, .id = id};
      case 4:
        return {.verb = Verb::kVoid, .user = user, .id = id};
      default:
        break;
    }
    Command command{.verb = Verb::kReserve,
                    .line = static_cast<std::uint16_t>(Below(2)),
                    .units = static_cast<Units>(1 + Below(3)),
                    .user_limit = static_cast<Units>(Below(7)),
                    .quote = random_(),
                    .user = user,
                    .id = id};
    if (Below(2) == 0) {
      command.admission_number = 1 + Below(4);
      command.admission_grant = 2;
    }
    if (Below(2) == 0) command.keys[0] = LimitKey::FromInteger(1 + Below(6));
    if (Below(3) == 0) command.keys[1] = LimitKey::FromInteger(1 + Below(6));
    return command;
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  std::mt19937_64 random_;
  Heard* heard_ = nullptr;  // the sale's
  EngineSale sale_;
  Time now_ = kStart - 10s;
};

// Feeds what was heard to another engine, telling places as that one gives them.
SaleEngine::Restored Replay(const std::vector<std::pair<Event, Party>>& heard, EngineSale& into) {
  std::unordered_map<Place, Place> places;
  for (const auto& [event, party] : heard) {
    Party there = party;
    if (party.place != kNoPlace) {
      const auto known = places.find(party.place);
      there.place = known == places.end() ? kNoPlace : known->second;
    }
    const SaleEngine::Restored restored = into->Restore(event, there);
    if (restored.impossible != nullptr || restored.out_of_memory) return restored;
    if (party.place != kNoPlace) places[party.place] = restored.place;
  }
  REQUIRE(into->FinishRestore());
  return {};
}

void RequireSame(EngineSale& restored, EngineSale& original) {
  CHECK(restored.Events() == original.Events());
  CHECK(restored.State() == original.State());
}

TEST_CASE("a sale restored from what its sink heard is the same, down to each event") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    BusySale busy(seed);
    busy.Do(400);
    EngineSale restored(BusyTerms(), kOtherOptions);
    const SaleEngine::Restored result = Replay(busy.heard(), restored);
    REQUIRE_MESSAGE(result.impossible == nullptr, std::string(result.impossible));
    RequireSame(restored, busy.sale());
    // And goes on alike: each further command is answered as it would have been.
    for (int i = 0; i < 200; ++i) {
      const Command command = busy.Any();
      const Time now = busy.Advance();
      const std::span one(&command, 1);
      const bool alike = restored.Do(now, one) == busy.sale().Do(now, one);
      REQUIRE_MESSAGE(alike, i << " commands later");
    }
    const Time later = kStart + 2h;
    for (EngineSale* sale : {&restored, &busy.sale()}) {
      (*sale)->ExpireDue(later, 1'000);
      sale->Do(later, {.verb = Verb::kCancelSale});
      sale->Do(later, {.verb = Verb::kSettle});
    }
    CHECK(restored.State() == busy.sale().State());
    // The order in which lapsed holds are met is the engine's own.
    CHECK(restored.Events().size() == busy.sale().Events().size());
  }
}

TEST_CASE("each prefix of what was heard can be restored") {
  BusySale busy(7);
  busy.Do(60);
  for (std::size_t length = 0; length <= busy.heard().size(); ++length) {
    EngineSale restored(BusyTerms(), kOtherOptions);
    const std::vector prefix(busy.heard().begin(),
                             busy.heard().begin() + static_cast<std::ptrdiff_t>(length));
    REQUIRE(Replay(prefix, restored).impossible == nullptr);
    CHECK(restored->last_seq() == length);
  }
}

TEST_CASE("a log with an event left out, doubled or changed is impossible or another log") {
  BusySale busy(3);
  busy.Do(200);
  const auto& heard = busy.heard();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    auto without = heard;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EngineSale restored(BusyTerms(), kOtherOptions);
    refused += Replay(without, restored).impossible != nullptr ? 1U : 0U;
    auto twice = heard;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), heard[i]);
    EngineSale doubled(BusyTerms(), kOtherOptions);
    const bool of_a_user = heard[i].second.place != kNoPlace;
    // What a user did happens once; the acts of operators may be repeated.
    if (of_a_user) CHECK(Replay(twice, doubled).impossible != nullptr);
  }
  CHECK(refused > heard.size() / 4);
}

TEST_CASE("what cannot follow is named") {
  const Event hold{.at = kStart,
                   .type = EventType::kReserved,
                   .units = 1,
                   .user = UserId::FromInteger(1),
                   .id = ReservationId::FromInteger(1),
                   .deadline = kStart + 5min,
                   .user_limit = 1};
  const auto refusal = [&](const auto& change, Party party = {}) {
    EngineSale sale(SmallSale(1), kOtherOptions);
    REQUIRE(sale->Restore(hold, {}).impossible == nullptr);
    Event event = hold;
    event.user = UserId::FromInteger(2);
    change(event);
    const char* const why = sale->Restore(event, party).impossible;
    return std::string(why == nullptr ? "" : why);
  };
  CHECK(refusal([](Event&) {}) == "more reserved than there is");
  CHECK(refusal([](Event& event) { event.user = UserId::FromInteger(1); }) ==
        "a record that is there already");
  CHECK(refusal([](Event& event) { event.user = UserId(); }) == "a record of nobody");
  CHECK(refusal([](Event& event) { event.line = 1; }) == "a line that the terms do not have");
  CHECK(refusal([](Event& event) { event.keys[0] = LimitKey::FromInteger(1); }) ==
        "a limit key that the terms do not have");
  CHECK(refusal([](Event& event) { event.type = static_cast<EventType>(29); }) ==
        "an unknown type of event");
  CHECK(refusal([](Event& event) { event.type = EventType::kConfirmed; }) ==
        "a change of nobody's");
  CHECK(refusal([](Event& event) {
          event.type = EventType::kReleased;
          event.units = 1;
        }) == "more released than there is");
}

TEST_CASE(
    "a sink hears everything in order, whoever writes at once, and those who wait hear it all") {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kEach = 3'000;
  // So small a ring that writers wait for the sink all the time.
  EngineSale sale(
      SmallSale(kThreads * kEach),
      {.hash_seed = 1, .events_per_sale = 1'024, .max_records = std::uint64_t{1} << 32});
  auto owned = std::make_unique<Heard>();
  const Heard& heard = *owned;
  sale->Show(std::move(owned));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&sale, t] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const std::uint64_t number = 1 + i + kEach * static_cast<std::uint64_t>(t);
        const Command command{.verb = Verb::kReserve,
                              .units = 1,
                              .user = UserId::FromInteger(number),
                              .id = ReservationId::FromInteger(number)};
        Outcome outcome;
        sale->Apply(kStart, {&command, 1}, {&outcome, 1});
        if (i % 64 == 0) sale->FoldThrough(sale->last_seq());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  sale->FoldThrough(sale->last_seq());
  REQUIRE(heard.events.size() == kThreads * kEach);
  for (std::size_t i = 0; i < heard.events.size(); ++i) {
    if (heard.events[i].first.seq != i + 1) FAIL("out of order at " << i);
  }
  EngineSale restored(SmallSale(kThreads * kEach), kOtherOptions);
  REQUIRE(Replay(heard.events, restored).impossible == nullptr);
  CHECK(restored.State() == sale.State());
}

}  // namespace
}  // namespace flashsale::engine
