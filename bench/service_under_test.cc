#include "bench/service_under_test.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bench/question.h"
#include "flashsale/backend/memory.h"

namespace flashsale::bench {
namespace {

constexpr Duration kHold = std::chrono::hours{12};

template <typename T>
T OrThrow(Result<T> result) {
  if (!result.ok()) throw WrongAnswer(result.status().ToString());
  return *std::move(result);
}

}  // namespace

ServiceUnderTest::ServiceUnderTest(const Options& options) : crowd_(options.seed) {
  storage_ = OrThrow(OpenMemoryStorage({.events_per_sale = 1024,
                                        .prefault = true,
                                        .rate_keys = options.shoppers,
                                        .fingerprint_keys = options.shoppers}));
  prints_ = OrThrow(FingerprintDetector::New(storage_->fingerprints()));
  bots_ = OrThrow(CompositeBotDetector::New({.detectors = {{.detector = prints_.get()}}}));
  service_ = OrThrow(FlashSaleService::New(
      {.storage = *storage_,
       .rate_limits = RateLimits{.per_user = kPerUser,
                                 .per_ipv4 = kPerAddress,
                                 .per_ipv6_64 = std::nullopt,
                                 .per_ipv6_56 = std::nullopt,
                                 .per_ipv6_48 = std::nullopt,
                                 .per_device = std::nullopt},
       .bots = bots_.get(),
       .metrics = options.metrics ? std::optional(MetricsOptions{}) : std::nullopt,
       .queue = {.batch = 1'000'000}}));
  SaleTerms terms = BenchTerms(static_cast<Units>(options.shoppers + options.shoppers / 4));
  // Open for a day already, for holds that were made long ago.
  terms.start = service_->clock().Now() - std::chrono::hours{24};
  terms.end = terms.start + std::chrono::hours{48};
  // Nothing of the crowd's lapses while it is measured.
  terms.hold = kHold;
  terms.requires_admission = true;
  terms.admissions_per_second = 10'000'000;
  OrThrow(service_->Create(terms, {.max_in_flight = 1U << 30,
                                   .max_waiting = options.shoppers,
                                   .admission_window = std::chrono::hours{24},
                                   .heartbeat_timeout = std::chrono::hours{24}}));
  sale_ = OrThrow(service_->Resolve(terms.id));
  LetAllIn(options.shoppers);
}

void ServiceUnderTest::LetAllIn(std::uint64_t shoppers) {
  constexpr std::uint64_t kBatch = 1'024;
  std::vector<QueueCommand> commands;
  std::vector<QueueAnswer> answers;
  QueueRepository& queues = storage_->queue();
  for (std::uint64_t first = 0; first < shoppers; first += kBatch) {
    commands.clear();
    for (std::uint64_t i = first; i < std::min(first + kBatch, shoppers); ++i) {
      commands.push_back({.verb = QueueVerb::kJoin, .user = crowd_.User(i)});
    }
    answers.resize(commands.size());
    const Status status = queues.Apply(sale_.id(), service_->clock().Now(), commands, answers);
    Require(status.ok(), "a shopper could not join");
  }
  std::uint64_t admitted = 0;
  while (admitted < shoppers) {
    service_->queue().Poll(sale_.id(), service_->clock().Now());
    admitted = OrThrow(service_->queue().Read(sale_.id(), service_->clock().Now())).admitted;
  }
}

void ServiceUnderTest::ReserveAll(const Arrivals& arrivals) {
  std::vector<ReserveRequest> requests(arrivals.batch);
  std::vector<Outcome> outcomes(arrivals.batch);
  const std::uint64_t end = arrivals.first + arrivals.count;
  std::uint64_t done = 0;
  for (std::uint64_t i = arrivals.first; i < end;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(arrivals.batch, end - i));
    for (std::size_t k = 0; k < size; ++k) requests[k] = RequestOf(i + k);
    const Status status =
        service_->Reserve(std::span(requests).first(size), std::span(outcomes).first(size));
    Require(status.ok(), "a batch could not be carried out");
    for (std::size_t k = 0; k < size; ++k) done += outcomes[k].code == Code::kDone ? 1U : 0U;
    i += size;
  }
  Require(done == arrivals.count, "a shopper who was let in was refused");
}

void ServiceUnderTest::AddLapsingHolds(std::uint64_t count) {
  constexpr std::uint64_t kStrangers = std::uint64_t{1} << 40;
  const Time made = service_->clock().Now() - kHold + std::chrono::seconds{1};
  std::vector<Command> commands;
  std::vector<Outcome> outcomes;
  for (std::uint64_t first = 0; first < count; first += kFillingBatch) {
    commands.clear();
    for (std::uint64_t i = first; i < std::min<std::uint64_t>(first + kFillingBatch, count); ++i) {
      commands.push_back(crowd_.Reserve(kStrangers + lapsing_ + i));
      commands.back().admission_number = 1;
      commands.back().admission_grant = 1;
    }
    outcomes.resize(commands.size());
    const Status status = storage_->inventory().Apply(sale_.id(), made, commands, outcomes);
    Require(status.ok() && outcomes[0].code == Code::kDone, "a hold was refused");
  }
  lapsing_ += count;
}

}  // namespace flashsale::bench
