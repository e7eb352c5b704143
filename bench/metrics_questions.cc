// What does it cost to count what a service does?
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "bench/engine_under_test.h"
#include "bench/machine_limits.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/policy/circuit_breaker.h"
#include "flashsale/service/metrics.h"

namespace flashsale::bench {
namespace {

constexpr std::uint64_t kCalls = 1'000'000;

std::uint64_t CallsOf(const Metrics& metrics, Operation operation) {
  return metrics.Snapshot(kMinTime).operations[static_cast<std::size_t>(operation)].calls;
}

// `record` is given the recorder and the number of the call, from 0.
template <typename Record>
Trial Recording(Record record) {
  // Lives through the samples: what a thread's first call asks for is no part of them.
  std::shared_ptr<Metrics> metrics = std::move(*Metrics::New());
  record(*metrics, 0);
  return [metrics, record, calls = std::uint64_t{1}]() mutable -> Sample {
    const SecondThread second;
    const double taken = NanosecondsOf([&] {
      for (std::uint64_t i = 0; i < kCalls; ++i) record(*metrics, i);
    });
    calls += kCalls;
    Require(CallsOf(*metrics, Operation::kReserve) == calls, "a call was not counted");
    return {.ours = taken / static_cast<double>(kCalls), .reference = UncontendedCas(kCalls)};
  };
}

Question Counted() {
  return {.name = "metrics_record",
          .asks =
              "What does it cost to count a call that was not timed, the decision not to time "
              "it included, against a compare-and-swap?",
          .unit = "ns",
          .reference_name = "uncontended CAS",
          .target = Target::RatioAtMost(2.5),
          .prepare = [](const Settings&) -> Trial {
            return Recording([](Metrics& metrics, std::uint64_t i) {
              Keep(metrics.ShouldTime());
              metrics.Record(Operation::kReserve, i % 64 == 0 ? Code::kDone : Code::kSoldOut);
            });
          }};
}

Question Timed() {
  return {.name = "metrics_record_timed",
          .asks =
              "What does it cost to count a call and its latency, which somebody else measured, "
              "against a compare-and-swap?",
          .unit = "ns",
          .reference_name = "uncontended CAS",
          .target = Target::RatioAtMost(2),
          .prepare = [](const Settings&) -> Trial {
            return Recording([](Metrics& metrics, std::uint64_t i) {
              metrics.Record(Operation::kReserve, i % 64 == 0 ? Code::kDone : Code::kSoldOut,
                             std::chrono::nanoseconds(100 + i % 1'024));
            });
          }};
}

Question Breaker() {
  return {.name = "circuit_breaker_call",
          .asks =
              "What does a closed circuit breaker add to a call, the permit and the report of its "
              "success, against a compare-and-swap?",
          .unit = "ns",
          .reference_name = "uncontended CAS",
          .target = Target::RatioAtMost(4),
          .prepare = [](const Settings&) -> Trial {
            std::shared_ptr<CircuitBreaker> breaker = std::move(*CircuitBreaker::New());
            return [breaker]() -> Sample {
              const SecondThread second;
              std::uint64_t granted = 0;
              const double taken = NanosecondsOf([&] {
                for (std::uint64_t i = 0; i < kCalls; ++i) {
                  CircuitBreaker::Permit permit = breaker->TryAcquire(kOpening);
                  granted += permit.granted() ? 1U : 0U;
                  permit.Success(kOpening, Duration{100});
                }
              });
              Require(granted == kCalls, "a closed breaker refused");
              return {.ours = taken / static_cast<double>(kCalls),
                      .reference = UncontendedCas(kCalls)};
            };
          }};
}

std::vector<Question> MetricsQuestions(const Settings&) { return {Counted(), Timed(), Breaker()}; }

const QuestionRegistration kRegistration("metrics", &MetricsQuestions);

}  // namespace
}  // namespace flashsale::bench
