#include "bench/queue_under_test.h"

#include <chrono>
#include <map>
#include <utility>

#include "bench/engine_under_test.h"

namespace flashsale::bench {
namespace {

// People let in by one call, and the host's time from one call to the next.
constexpr std::size_t kLetIn = 4'096;
constexpr Duration kBetween = std::chrono::milliseconds{1};

}  // namespace

QueueUnderTest::QueueUnderTest(std::uint64_t seed)
    : crowd_(seed),
      storage_(std::move(*OpenMemoryStorage())),
      queue_(&storage_->queue()),
      now_(kOpening) {
  const QueueTerms terms{.sale = "queue",
                         .pace = {.admissions_per_second = 10'000'000, .max_in_flight = 1U << 30},
                         .max_waiting = std::uint64_t{1} << 31,
                         .heartbeat_timeout = std::chrono::hours{24}};
  Require(queue_->Open(terms, now_).ok(), "the queue was not opened");
  const Result<SaleRef> sale = queue_->Resolve(terms.sale);
  Require(sale.ok(), "the queue was not found");
  sale_ = *sale;
}

double QueueUnderTest::AdmitAll(std::uint64_t count) {
  const std::vector<TierPick> picks(kLetIn);
  std::vector<QueueEntry> admitted(kLetIn);
  std::uint64_t let_in = 0;
  const double taken = NanosecondsOf([&] {
    while (let_in < count) {
      now_ += kBetween;
      const Result<QueueState> state = queue_->Read(sale_, now_);
      if (!state.ok()) return;
      const std::size_t most = std::min<std::uint64_t>(kLetIn, count - let_in);
      const Result<std::size_t> some =
          queue_->Admit(sale_, now_, {.revision = state->revision, .picks = picks},
                        std::span(admitted).first(most));
      if (!some.ok() || *some == 0) return;
      let_in += *some;
    }
  });
  Require(let_in == count, "somebody was not let in");
  return taken;
}

std::uint64_t QueueFootprint(const Settings& settings, std::uint64_t users) {
  static std::map<std::uint64_t, std::uint64_t> known;
  if (const auto found = known.find(users); found != known.end()) return found->second;
  const std::uint64_t before = ReadResidentMemory().all;
  QueueUnderTest queue(settings.seed);
  queue.JoinAll(users);
  const std::uint64_t after = ReadResidentMemory().all;
  return known[users] = std::max<std::uint64_t>(after > before ? after - before : 0, 4'096);
}

MachineLimits& LimitsAtQueue(const Settings& settings, std::uint64_t users) {
  return LimitsOf(QueueFootprint(settings, users), settings.seed);
}

}  // namespace flashsale::bench
