// A queue, and the service before it, under many threads at once.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "flashsale/policy/priority_strategy.h"
#include "testing/queue_visitors.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

TEST_SUITE_BEGIN("contention");

// Keeps who was let in.  Has no lock: of one sale it is told one call at a time.
class Doorkeeper final : public QueueObserver {
 public:
  void OnAdmitted(const SaleId&, Time, std::span<const QueueEntry> some) override {
    if (is_told_.exchange(true)) was_told_twice_at_once = true;
    // Another thread that tells would do it here.
    std::this_thread::yield();
    admitted.insert(admitted.end(), some.begin(), some.end());
    is_told_ = false;
  }
  std::vector<QueueEntry> admitted;
  std::atomic<bool> was_told_twice_at_once{false};

 private:
  std::atomic<bool> is_told_{false};
};

// One of two servers, as visitors see it; now and then they make it let people in, too.
struct ServedLine {
  VirtualQueue& queue;
  SaleRef sale;
  std::uint64_t calls = 0;

  QueueAnswer Do(const QueueCommand& command, Time now) {
    if (++calls % 16 == 0) queue.Poll(sale.id(), now);
    switch (command.verb) {
      case QueueVerb::kJoin:
        return Told(queue.Join(sale, {.user = command.user, .tier = command.tier}, now));
      case QueueVerb::kTouch:
        return Told(queue.Position(sale, command.user, now));
      case QueueVerb::kLeave:
        return {.code = queue.Leave(sale, command.user, now)->code};
      default:
        // It does not say whether the admission was still there; to leave says it.
        CHECK(queue.Complete(sale, command.user, command.admission, now).ok());
        return {.code = Code::kDone};
    }
  }
  static QueueAnswer Told(const Result<QueuePlace>& place) {
    if (!place.ok()) return {};
    return {.code = place->outcome.code,
            .entry = place->entry,
            .ahead = place->position == 0 ? 0 : place->position - 1};
  }
};

TEST_CASE(
    "nobody overtakes and no position grows while people come, leave, fall silent and stay away") {
  const auto strategy = PriorityStrategy::New({.weights = {1, 1}});
  REQUIRE(strategy.ok());
  const auto storage = *OpenMemoryStorage({.hash_seed = 1});
  SaleTerms sale = Shop::QueuedTerms(1'000'000, 40, "queue");
  sale.start = kQueueOrigin - 1h;
  sale.end = kQueueOrigin + 24h;
  REQUIRE(storage->inventory().Create(sale).ok());
  QueueTerms terms = VisitedTerms();
  terms.strategy = (*strategy)->name();

  std::array<std::unique_ptr<VirtualQueue>, 2> servers;
  std::array<Doorkeeper, 2> doors;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    // So few at a time that some who are silent stand in the way of who is let in.
    servers[i] =
        *VirtualQueue::New(storage->queue(), storage->inventory(), {.period = 1ms, .batch = 2});
    REQUIRE(servers[i]->Open(terms, kQueueOrigin, strategy->get()).ok());
    servers[i]->Observe(&doors[i]);
  }
  VisitTime time;
  const VisitReport report = RunVisits(
      time,
      [&](std::size_t thread) {
        return ServedLine{.queue = *servers[thread % 2], .sale = "queue"};
      },
      [&](Time now) {
        for (const auto& server : servers) server->Poll("queue", now);
      },
      [&] {
        std::vector<QueueEntry> all = doors[0].admitted;
        all.insert(all.end(), doors[1].admitted.begin(), doors[1].admitted.end());
        return all;
      });
  CHECK(report.error == "");
  // A crowd in which nothing happens proves nothing.
  CHECK(report.admitted > 100);
  CHECK(report.left > 100);
  CHECK(report.fell_silent > 50);
  CHECK(report.windows_lapsed > 5);
  for (const Doorkeeper& door : doors) {
    CHECK_FALSE(door.admitted.empty());
    CHECK_FALSE(door.was_told_twice_at_once);
  }
  for (const auto& server : servers) CHECK(server->failures().store == 0);
}

// --- one user, many times at once

constexpr std::size_t kJoiners = 10;
constexpr std::size_t kJoinsEach = 100;

// Every thread does all its joins at once with the others.
template <typename Join>
void JoinFromEverywhere(const Join& join) {
  MeetingPoint start(kJoiners);
  std::vector<std::jthread> threads;
  threads.reserve(kJoiners);
  for (std::size_t thread = 0; thread < kJoiners; ++thread) {
    threads.emplace_back([&, thread] {
      start.Meet();
      for (std::size_t i = 0; i < kJoinsEach; ++i) join(thread, i);
    });
  }
}

TEST_CASE("a thousand joins of one user at once make one ticket, with one place") {
  for (int run = 0; run < 5; ++run) {
    Shop shop;
    shop.Create(Shop::QueuedTerms(10, 1), {.max_in_flight = 1, .tiers = 2});
    std::array<std::vector<QueuePlace>, kJoiners> told;
    JoinFromEverywhere([&](std::size_t thread, std::size_t i) {
      const auto tier = static_cast<std::uint8_t>(i % 2);
      const auto place =
          shop.service().Join({.sale = "drop", .user = UserId::FromInteger(7), .tier = tier});
      if (place.ok()) told[thread].push_back(*place);
    });
    std::set<std::uint64_t> tickets;
    std::set<std::uint8_t> tiers;
    std::size_t given = 0;
    for (const std::vector<QueuePlace>& of_thread : told) {
      CHECK(of_thread.size() == kJoinsEach);
      for (const QueuePlace& place : of_thread) {
        given += place.outcome.code == Code::kDone ? 1U : 0U;
        CHECK((place.outcome.code == Code::kDone || place.outcome.code == Code::kAlreadyDone));
        CHECK(place.position == 1);
        tickets.insert(place.entry.ticket);
        tiers.insert(place.entry.tier);
      }
    }
    CHECK(given == 1);
    CHECK(tickets == std::set<std::uint64_t>{1});
    CHECK(tiers.size() == 1);
    const QueueState state = shop.Queue();
    CHECK(state.joined == 1);
    CHECK(state.waiting[0] + state.waiting[1] == 1);
    CHECK(shop.Join(8).entry.ticket == 2);
    // Gone at once, with nothing left behind.
    REQUIRE(shop.service().Leave("drop", UserId::FromInteger(7))->code == Code::kDone);
    CHECK(shop.Position(7).outcome.code == Code::kUnknownTicket);
    CHECK(shop.Position(8).position == 1);
  }
}

TEST_CASE("joins, reserves and places brought back of one user at once make one ticket") {
  for (int run = 0; run < 5; ++run) {
    Shop shop;
    shop.Create(Shop::QueuedTerms(10, 1), {.max_in_flight = 1});
    shop.At(0s);
    shop.Join(1);  // who is inside, so that nobody else is let in
    shop.Pass(1s);
    REQUIRE(shop.IsAdmitted(1));
    VirtualQueue& queue = shop.service().queue();
    const UserId user = UserId::FromInteger(7);
    const Time now = shop.clock().Now();
    std::atomic<int> wrong = 0;
    JoinFromEverywhere([&](std::size_t thread, std::size_t i) {
      switch ((thread + i) % 3) {
        case 0: {
          const auto held = shop.service().Reserve(
              {.sale = "drop", .user = user, .id = ReservationId::FromInteger(thread + 1)});
          if (!held.ok() || held->code != Code::kQueued) ++wrong;
          break;
        }
        case 1: {
          const auto place = queue.Join("drop", {.user = user, .restored_place = i + 1}, now);
          if (!place.ok() || place->position != 1) ++wrong;
          break;
        }
        default: {
          const auto place = shop.service().Join({.sale = "drop", .user = user});
          if (!place.ok() || place->position != 1) ++wrong;
          break;
        }
      }
    });
    CHECK(wrong == 0);
    const QueueState state = shop.Queue();
    CHECK(state.joined == 2);
    CHECK(state.waiting[0] == 1);
  }
}

TEST_CASE("a repository that is joined a thousand times by one user has one ticket for them") {
  for (int run = 0; run < 20; ++run) {
    const auto storage = *OpenMemoryStorage({.hash_seed = 1});
    QueueRepository& queues = storage->queue();
    REQUIRE(queues.Open(VisitedTerms(), kQueueOrigin).ok());
    std::atomic<std::uint64_t> given = 0;
    std::atomic<std::uint64_t> wrong = 0;
    JoinFromEverywhere([&](std::size_t, std::size_t i) {
      // Alone, which takes a short way, and in a batch.
      std::array<QueueCommand, 3> commands;
      commands.fill({.verb = QueueVerb::kJoin, .user = QueueUser(7)});
      std::array<QueueAnswer, 3> answers;
      const std::size_t count = i % 2 == 0 ? 1 : 3;
      const Status status = queues.Apply("queue", kQueueOrigin, std::span(commands).first(count),
                                         std::span(answers).first(count));
      if (!status.ok()) ++wrong;
      for (std::size_t k = 0; k < count; ++k) {
        if (answers[k].code == Code::kDone) ++given;
        if (answers[k].entry.ticket != 1 || answers[k].ahead != 0) ++wrong;
      }
    });
    CHECK(given == 1);
    CHECK(wrong == 0);
    const Result<QueueState> state = queues.Read("queue", kQueueOrigin);
    CHECK(state->joined == 1);
    CHECK(state->waiting[0] == 1);
  }
}

TEST_SUITE_END();

}  // namespace
}  // namespace flashsale::service_test
