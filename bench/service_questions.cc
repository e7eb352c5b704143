// What does a call of the whole service cost: rates, device print, admission, limit, stock,
// reservation, expiry, event, metrics?
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "bench/arrivals.h"
#include "bench/footprint.h"
#include "bench/measurement.h"
#include "bench/plain_pipeline.h"
#include "bench/question.h"
#include "bench/service_under_test.h"

namespace flashsale::bench {
namespace {

// A service whose crowd comes a part at a time; the first half is there before anything is
// measured.
class ServiceInFlow {
 public:
  ServiceInFlow(std::uint64_t shoppers, std::uint64_t seed, bool metrics = true)
      : shoppers_(shoppers), options_{.shoppers = shoppers, .seed = seed, .metrics = metrics} {}

  // The next `count` shoppers; a new service if this one has not so many left.
  std::uint64_t Next(std::uint64_t count) {
    if (service_ == nullptr || arrived_ + count > shoppers_) {
      service_.reset();  // before the next, so that only one is in memory
      service_ = std::make_unique<ServiceUnderTest>(options_);
      arrived_ = shoppers_ / 2;
      service_->ReserveAll({.count = arrived_, .batch = kFillingBatch});
    }
    return std::exchange(arrived_, arrived_ + count);
  }

  // Nanoseconds of one reserve of a shopper never seen.
  double Reserve(std::uint64_t count, std::size_t batch) {
    const std::uint64_t first = Next(count);
    const double taken = NanosecondsOf([&] {
      if (batch > 1) {
        service_->ReserveAll({.first = first, .count = count, .batch = batch});
        return;
      }
      for (std::uint64_t i = first; i < first + count; ++i) service_->Reserve(i);
    });
    return taken / static_cast<double>(count);
  }

  ServiceUnderTest& service() { return *service_; }

 private:
  const std::uint64_t shoppers_;
  const ServiceUnderTest::Options options_;
  std::unique_ptr<ServiceUnderTest> service_;
  std::uint64_t arrived_ = 0;
};

Question ReserveThroughAll(const Settings& settings, std::size_t batch, double target) {
  const std::uint64_t users = settings.users;
  return {.name = fmt::format("service_reserve_{}_{}",
                              batch == 1 ? "one" : fmt::format("batch_{}", batch), SizeName(users)),
          .asks = fmt::format("What does a reserve through the whole service cost, {} to a call, "
                              "of a shopper never seen who was let in, against one dependent load "
                              "over the memory of the sale?",
                              batch),
          .unit = "ns",
          .reference_name = "dependent load",
          .target = Target::RatioAtMost(target),
          .prepare = [users, batch](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsAtSize(s, users);
            const auto flow = std::make_shared<ServiceInFlow>(users, s.seed);
            return [&limits, flow, users, batch]() -> Sample {
              return {.ours = flow->Reserve(std::max<std::uint64_t>(users / 20, 1), batch),
                      .reference = limits.DependentLoad()};
            };
          }};
}

Question AgainstPlainPipeline(const Settings& settings, std::size_t batch) {
  const std::uint64_t users = settings.users / 10;
  return {
      .name = fmt::format("service_{}_against_plain_{}",
                          batch == 1 ? "one" : fmt::format("batch_{}", batch), SizeName(users)),
      .asks = fmt::format("How many reserves a second through the whole service, {} to a call, "
                          "against a mutex and hash maps that do the same, over the second half of "
                          "a sale of {} shoppers?",
                          batch, users),
      .unit = "M/s",
      .reference_name = "plain pipeline",
      .target = Target::RatioAtLeast(10),
      .prepare = [users, batch](const Settings& s) -> Trial {
        return [users, batch, seed = s.seed]() -> Sample {
          ServiceInFlow ours(users, seed);
          const Crowd crowd(seed);
          PlainPipeline plain(BenchTerms(static_cast<Units>(users)), kPerUser, kPerAddress);
          for (std::uint64_t i = 0; i < users; ++i) {
            plain.Admit(crowd.User(i), kOpening + std::chrono::hours{24});
          }
          std::uint64_t done = 0;
          const auto reserve = [&](std::uint64_t first, std::uint64_t end) {
            for (std::uint64_t i = first; i < end; ++i) {
              const Command command = crowd.Reserve(i);
              const Outcome outcome = plain.Reserve(ArrivalOf(i), {.user = command.user,
                                                                   .address = AddressOf(i),
                                                                   .device = DeviceOf(crowd, i),
                                                                   .id = command.id});
              done += outcome.code == Code::kDone ? 1U : 0U;
            }
          };
          reserve(0, users / 2);
          const double plain_ns = NanosecondsOf([&] { reserve(users / 2, users); });
          Require(done == users, "the plain pipeline refused somebody");
          const auto half = static_cast<double>(users - users / 2);
          return {.ours = 1e3 / ours.Reserve(users / 2, batch), .reference = 1e3 * half / plain_ns};
        };
      }};
}

Question MetricsCost(const Settings& settings) {
  const std::uint64_t users = settings.users / 10;
  return {.name = fmt::format("service_metrics_on_against_off_{}", SizeName(users)),
          .asks = "What does a reserve through the whole service cost with metrics, and without?",
          .unit = "ns",
          .reference_name = "without metrics",
          .target = Target::RatioAtMost(1.03),
          .prepare = [users](const Settings& s) -> Trial {
            const auto with = std::make_shared<ServiceInFlow>(users, s.seed, true);
            const auto without = std::make_shared<ServiceInFlow>(users, s.seed, false);
            return [with, without, users]() -> Sample {
              // In turns, so that a machine that changes its pace changes both.
              double ours = 0;
              double reference = 0;
              constexpr int kTurns = 8;
              const std::uint64_t part = std::max<std::uint64_t>(users / 40, 1);
              for (int i = 0; i < kTurns; ++i) {
                ours += with->Reserve(part, 1) / kTurns;
                reference += without->Reserve(part, 1) / kTurns;
              }
              return {.ours = ours, .reference = reference};
            };
          }};
}

// Nanoseconds of each call that a thread makes, by the clock on the wall.
std::vector<double> TimeEach(ServiceUnderTest& service, std::uint64_t first, std::uint64_t count) {
  std::vector<double> times;
  times.reserve(count);
  for (std::uint64_t i = first; i < first + count; ++i) {
    const auto start = std::chrono::steady_clock::now();
    service.Reserve(i);
    times.push_back(
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
  }
  return times;
}

Question TailWhileExpiring(const Settings& settings) {
  const std::uint64_t users = settings.users / 10;
  return {
      .name = fmt::format("service_p99_while_expiring_{}", SizeName(users)),
      .asks =
          "What does a reserve through the whole service cost at the 99th percentile, on "
          "two threads, while other holds of the sale lapse and are expired, against the median?",
      .unit = "ns",
      .reference_name = "median",
      .target = Target::RatioAtMost(10),
      .prepare = [users](const Settings& s) -> Trial {
        const auto flow = std::make_shared<ServiceInFlow>(users, s.seed);
        return [flow, users]() -> Sample {
          const std::uint64_t part = std::max<std::uint64_t>(users / 40, 1);
          const std::uint64_t first = flow->Next(2 * part);
          ServiceUnderTest& service = flow->service();
          service.AddLapsingHolds(part);
          std::this_thread::sleep_for(std::chrono::seconds{1});  // until they lapse
          std::atomic<bool> over{false};
          std::jthread expiry([&] {
            while (!over.load(std::memory_order_relaxed)) service.service().Poll();
          });
          std::vector<double> times[2];
          NanosecondsOfThreads(
              2, [&](unsigned i) { times[i] = TimeEach(service, first + i * part, part); });
          over = true;
          times[0].insert(times[0].end(), times[1].begin(), times[1].end());
          return {.ours = Percentile(times[0], 0.99), .reference = Percentile(times[0], 0.5)};
        };
      }};
}

std::vector<Question> ServiceQuestions(const Settings& settings) {
  return {ReserveThroughAll(settings, 1, 2.5),
          ReserveThroughAll(settings, 16, 1.25),
          ReserveThroughAll(settings, 64, 1.25),
          AgainstPlainPipeline(settings, 1),
          AgainstPlainPipeline(settings, 16),
          MetricsCost(settings),
          TailWhileExpiring(settings)};
}

const QuestionRegistration kRegistration("service", &ServiceQuestions);

}  // namespace
}  // namespace flashsale::bench
