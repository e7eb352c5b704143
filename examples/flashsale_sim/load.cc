#include "examples/flashsale_sim/load.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/backend.h"
#include "examples/flashsale_sim/challenge.h"
#include "examples/flashsale_sim/defence.h"
#include "examples/flashsale_sim/draw_seeds.h"
#include "examples/flashsale_sim/durability.h"
#include "examples/flashsale_sim/html_report.h"
#include "examples/flashsale_sim/load_caller.h"
#include "examples/flashsale_sim/load_doors.h"
#include "examples/flashsale_sim/load_report.h"
#include "examples/flashsale_sim/load_sale.h"
#include "examples/flashsale_sim/memory_use.h"
#include "examples/flashsale_sim/text.h"
#include "flashsale/policy/lottery_strategy.h"

namespace flashsale::sim {
namespace {

using WallClock = std::chrono::steady_clock;

// How often the service's own work is done and the events are read.
constexpr auto kTurn = std::chrono::milliseconds(2);
// Events kept of each sale, so that the reader, which comes every turn, is never too slow.
constexpr std::size_t kEventsPerSale = std::size_t{1} << 18;
// Given up after: what still holds something then will hold it for ever.
constexpr int kMostTriesToFinish = 1'000;
// So that the page of a long load is no larger than that of a short one.
constexpr int kMostSamples = 600;
// Between two samples there are calls enough to speak of a rate.
constexpr auto kLeastSampleInterval = std::chrono::milliseconds(50);
constexpr std::size_t kMostMoments = 100;

std::uint32_t Processors() { return std::max(std::thread::hardware_concurrency(), 1U); }

// Of a thread that mostly waits: there are more threads, not more people.
std::uint32_t ShoppersAtOnce(std::uint32_t threads) {
  constexpr std::uint32_t kLeast = 4;
  return std::max(LoadCaller::kAtOnce * Processors() / threads, kLeast);
}

std::uint32_t ThreadsOf(const LoadOptions& options, Backend& backend) {
  if (options.threads != 0) return options.threads;
  const bool waits = backend.storage().traits().may_block;
  return waits ? kThreadsThatWait : Processors();
}

// Puts the load on, sale after sale, and does what a server does beside the calls.
class LoadRun {
 public:
  LoadRun(const LoadOptions& options, Backend& backend)
      : options_(options),
        backend_(backend),
        dice_(options.seed),
        lottery_(LotterySecretOf(dice_)),
        challenges_(dice_),
        durability_(backend) {}

  Result<LoadReport> Run();

 private:
  bool draws() const { return options_.plan.allocation == Allocation::kLottery; }
  bool has_bots() const { return options_.plan.bots_per_million > 0; }

  Status Open();
  // Opens the next sale where it is due: for those who gather, and to sell.
  Status OpenSales(Time now);
  Status Announce(Time start);
  // What a server does from time to time.
  Status Turn();
  Status Finish(LoadSale& sale, LoadSale::Afterwards afterwards);
  // Of a sale that is under way when the load ends.
  Status FinishLast(LoadSale& sale);
  void StartCallers(WallClock::time_point start, WallClock::time_point end);
  void SampleMemory(WallClock::time_point start);
  // How the sales stand.
  Status Sample(Time now);
  Answers AnswersSoFar() const;
  void TellOf(LoadSale& sale);
  void EndStory();
  SaleTerms TermsAt(Time start) const;
  QueueSetup Queue() const;

  const LoadOptions& options_;
  Backend& backend_;
  const Dice dice_;
  const LotteryStrategy lottery_;
  ChallengeDesk challenges_;
  std::unique_ptr<Defence> defence_;  // null: there are no bots
  std::unique_ptr<FlashSaleService> service_;
  // Callers may name every one of them.
  std::vector<std::unique_ptr<LoadSale>> sales_;
  std::size_t first_unfinished_ = 0;
  // How many of them have started; the one after these, if there is one, gathers.
  std::size_t started_ = 0;
  LoadDoors doors_;
  Time first_call_ = kMinTime;
  Time next_start_ = kMinTime;
  Time next_sample_ = kMinTime;
  std::vector<std::unique_ptr<LoadCaller>> callers_;
  std::vector<std::thread> threads_;
  std::atomic<std::uint32_t> running_{0};
  LoadReport report_{.options = options_};
  DurabilityCheck durability_;
  std::uint64_t reserved_ = 0;
  std::uint64_t bought_ = 0;
  std::vector<Timeline::Moment> moments_;
  std::uint64_t untold_ = 0;
};

SaleTerms LoadRun::TermsAt(Time start) const {
  SaleTerms terms = TermsOf(options_.plan);
  terms.id = SaleId("sale-" + std::to_string(sales_.size() + 1));
  terms.start = start;
  terms.end = start + options_.sale_length;
  terms.waves.clear();  // they are released by hand
  return terms;
}

QueueSetup LoadRun::Queue() const {
  QueueSetup queue{
      .strategy = draws() ? &lottery_ : nullptr,
      .max_in_flight = options_.plan.max_in_flight,
      .max_waiting = std::max<std::uint64_t>(QueueSetup{}.max_waiting, options_.plan.shoppers)};
  if (options_.plan.pre_queue == Duration(0)) return queue;
  // Who gathers says nothing until the start, and then comes when it is their turn to call; who
  // never does keeps the others from coming in for a part of the sale only.
  queue.heartbeat_timeout =
      std::max(queue.heartbeat_timeout, options_.plan.pre_queue + options_.sale_length);
  queue.admission_window = std::clamp<Duration>(options_.sale_length / 4, std::chrono::seconds(1),
                                                queue.admission_window);
  return queue;
}

Status LoadRun::Open() {
  Storage& storage = backend_.storage();
  if (has_bots()) {
    Result<std::unique_ptr<Defence>> defence =
        Defence::New({.storage = storage, .verifier = challenges_, .dice = dice_});
    if (!defence.ok()) return defence.status();
    defence_ = *std::move(defence);
  }
  Result<std::unique_ptr<FlashSaleService>> service =
      FlashSaleService::New({.storage = storage,
                             .rate_limits = std::nullopt,
                             .bots = has_bots() ? &defence_->chain() : nullptr,
                             .join_on_reserve = false,
                             .strategies = {&lottery_}});
  if (!service.ok()) return service.status();
  service_ = *std::move(service);
  first_call_ = service_->clock().Now();
  next_start_ = first_call_ + options_.plan.pre_queue;
  return OpenSales(first_call_);
}

Status LoadRun::OpenSales(Time now) {
  if (started_ == sales_.size() && now >= next_start_ - options_.plan.pre_queue) {
    // A machine that stalls may come too late for it.
    if (Status status = Announce(std::max(next_start_, now)); !status.ok()) return status;
  }
  if (started_ < sales_.size() && now >= sales_.back()->terms().start) {
    doors_.OpenForSelling(*sales_.back());
    next_start_ = sales_.back()->terms().end;
    ++started_;
  }
  return {};
}

Status LoadRun::Announce(Time start) {
  Result<std::unique_ptr<LoadSale>> sale =
      LoadSale::Open({.service = *service_, .inventory = backend_.storage().inventory()},
                     {.terms = TermsAt(start), .queue = Queue(), .waves = options_.plan.waves});
  if (!sale.ok()) return sale.status();
  sales_.push_back(*std::move(sale));
  if (options_.plan.pre_queue > Duration(0)) doors_.OpenForGathering(*sales_.back());
  ++report_.sales;
  return {};
}

void LoadRun::StartCallers(WallClock::time_point start, WallClock::time_point end) {
  const bool waits = backend_.storage().traits().may_block;
  const std::uint32_t at_once = waits ? ShoppersAtOnce(report_.threads) : LoadCaller::kAtOnce;
  for (std::uint32_t i = 0; i < report_.threads; ++i) {
    callers_.push_back(std::make_unique<LoadCaller>(
        LoadCaller::Parts{.service = *service_,
                          .dice = dice_,
                          .doors = doors_,
                          .shoppers = options_.plan.shoppers,
                          .bots_per_million = options_.plan.bots_per_million,
                          .challenges = has_bots() ? &challenges_ : nullptr,
                          .limit_per_user = options_.plan.limit_per_user,
                          .threads = report_.threads,
                          .thread = i,
                          .at_once = at_once,
                          .yields = waits}));
  }
  running_.store(report_.threads, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < report_.threads; ++i) {
    threads_.emplace_back([this, i, start, end] {
      std::optional<Pacer> pacer;
      if (options_.rate != 0) {
        pacer.emplace(
            start,
            Pacer::Share{.per_second = options_.rate, .threads = report_.threads, .thread = i});
      }
      callers_[i]->Run(pacer, end);
      running_.fetch_sub(1, std::memory_order_release);  // pairs with Run's acquire
    });
  }
}

Status LoadRun::Turn() {
  const Time now = service_->clock().Now();
  service_->Poll();
  for (std::size_t i = first_unfinished_; i < sales_.size(); ++i) {
    if (Status status = sales_[i]->ReleaseWaves(now); !status.ok()) return status;
    if (Status status = sales_[i]->ReadAlong(); !status.ok()) return status;
  }
  if (Status status = OpenSales(now); !status.ok()) return status;
  if (now >= next_sample_) {
    if (Status status = Sample(now); !status.ok()) return status;
  }
  if (sales_[first_unfinished_]->IsOver(now)) {
    LoadSale& over = *sales_[first_unfinished_];
    if (Status status = Finish(over, LoadSale::Afterwards::kForget); !status.ok()) return status;
    durability_.RememberForgotten(over.terms().id);
    ++first_unfinished_;
  }
  return {};
}

Status LoadRun::Finish(LoadSale& sale, LoadSale::Afterwards afterwards) {
  for (int i = 0; i < kMostTriesToFinish; ++i) {
    if (Status status = sale.ReadAlong(); !status.ok()) return status;
    const Result<std::optional<AuditReport>> finished = sale.Finish(afterwards);
    if (!finished.ok()) return finished.status();
    if (finished->has_value()) {
      report_.audit.Add(**finished);
      reserved_ += sale.reserved();
      bought_ += sale.bought();
      report_.waits_us.Add(sale.TakeWaits());
      TellOf(sale);
      return {};
    }
    service_->Poll();
    std::this_thread::sleep_for(kTurn);
  }
  return {StatusCode::kFailedPrecondition, "a sale cannot be settled: holds remain"};
}

Status LoadRun::FinishLast(LoadSale& sale) {
  // There it stays, so that there is something to compare.
  if (!backend_.is_durable()) return Finish(sale, LoadSale::Afterwards::kForget);
  Status status = Finish(sale, LoadSale::Afterwards::kKeep);
  if (!status.ok()) return status;
  return durability_.Remember(sale.terms().id, service_->clock().Now());
}

Status LoadRun::Sample(Time now) {
  next_sample_ =
      now + std::max<Duration>(options_.plan.duration / kMostSamples, kLeastSampleInterval);
  // The stock is that of the sale that sells, or else of the first that will.
  Result<Series::Sample> sample =
      sales_[std::max<std::size_t>(started_, 1) - 1]->Look(now, first_call_);
  if (!sample.ok()) return sample.status();
  if (started_ > 0 && started_ < sales_.size()) {
    const Result<Series::Sample> gathering = sales_.back()->Look(now, first_call_);
    if (!gathering.ok()) return gathering.status();
    sample->waiting += gathering->waiting;
  }
  report_.series.Take(*std::move(sample), AnswersSoFar());
  return {};
}

Answers LoadRun::AnswersSoFar() const {
  Answers answers;
  for (const auto& caller : callers_) answers.Add(caller->answers());
  return answers;
}

void LoadRun::TellOf(LoadSale& sale) {
  const Timeline timeline = sale.TakeTimeline();
  for (Timeline::Moment moment : timeline.moments()) {
    if (moments_.size() == kMostMoments) {
      ++untold_;
      continue;
    }
    moment.what = fmt::format("{}: {}", sale.terms().id.view(), moment.what);
    // By time: sales overlap.
    const auto after = std::ranges::upper_bound(moments_, moment.at, {}, &Timeline::Moment::at);
    moments_.insert(after, std::move(moment));
  }
}

void LoadRun::EndStory() {
  report_.story = StoryOf(moments_, first_call_);
  if (untold_ == 0) return;
  report_.story.push_back({.since_origin = report_.story.back().since_origin,
                           .what = fmt::format("and {} of later sales", Counted(untold_, "turn"))});
}

void LoadRun::SampleMemory(WallClock::time_point start) {
  const auto gone = std::chrono::duration_cast<Duration>(WallClock::now() - start);
  const Duration all = options_.plan.duration;
  if (gone >= all / 10 && report_.memory_start == 0) report_.memory_start = ResidentBytes();
  if (gone >= all / 2 && report_.memory_middle == 0) report_.memory_middle = ResidentBytes();
}

Result<LoadReport> LoadRun::Run() {
  report_.threads = ThreadsOf(options_, backend_);
  Status status = Open();
  if (!status.ok()) return status;
  const auto start = WallClock::now();
  StartCallers(start, start + options_.plan.duration);
  while (running_.load(std::memory_order_acquire) != 0) {
    if (status.ok()) status = Turn();
    SampleMemory(start);
    std::this_thread::sleep_for(kTurn);
  }
  report_.wall_time_s = std::chrono::duration<double>(WallClock::now() - start).count();
  report_.memory_end = ResidentBytes();
  for (std::thread& thread : threads_) thread.join();
  if (status.ok()) status = Sample(service_->clock().Now());
  for (const auto& caller : callers_) {
    if (status.ok()) status = caller->status();
    report_.answers.Add(caller->answers());
    report_.crowd.Add(caller->tally());
    report_.latencies.Add(caller->latencies());
    report_.missed += caller->missed();
  }
  for (std::size_t i = first_unfinished_; i < sales_.size() && status.ok(); ++i) {
    if (status = sales_[i]->CancelSale(); status.ok()) status = FinishLast(*sales_[i]);
  }
  if (!status.ok()) return status;
  EndStory();
  report_.audit.Compare("reserves", {.told = report_.answers.Of(Operation::kReserve, Code::kDone),
                                     .recorded = reserved_});
  report_.audit.Compare("purchases",
                        {.told = report_.answers.Of(Operation::kConfirm, Code::kDone) +
                                 report_.answers.Of(Operation::kConfirm, Code::kRevived),
                         .recorded = bought_});
  if (!backend_.is_durable()) return std::move(report_);
  callers_.clear();
  service_.reset();
  defence_.reset();
  Result<DurabilityReport> durability = durability_.Reopen(reserved_);
  if (!durability.ok()) return durability.status();
  report_.durability = *std::move(durability);
  return std::move(report_);
}

MemoryOptions EngineOf(const LoadOptions& options) {
  const bool has_bots = options.plan.bots_per_million > 0;
  return {.events_per_sale = kEventsPerSale,
          .rate_keys = std::max<std::uint64_t>(has_bots ? options.plan.shoppers : 0,
                                               MemoryOptions{}.rate_keys),
          .hash_seed = Dice(options.seed).Roll(Dice::Purpose::kHashSeed, 0) | 1};
}

}  // namespace

int Load(const LoadOptions& options, const Output& output) {
  OutputFile json("--json", options.json_file);
  OutputFile html("--html", options.html_file);
  // Before a report that is there is written over.
  if (const Status status = Backend::CheckIsNew(options.backend); !status.ok()) {
    return RefuseBackend(options.backend, status, output);
  }
  if (!json.Open(output) || !html.Open(output)) return kExitBadInput;
  const Result<std::unique_ptr<Backend>> backend =
      Backend::Open(options.backend, EngineOf(options));
  if (!backend.ok()) return RefuseBackend(options.backend, backend.status(), output);
  const Result<LoadReport> report = LoadRun(options, **backend).Run();
  if (!report.ok()) {
    fmt::print(output.errors, "the load broke off: {}\n", report.status().ToString());
    return kExitStoreFailed;
  }
  WriteText(*report, output.report);
  if (json.wanted()) WriteDocument(ToJson(*report), json.stream());
  if (html.wanted()) WriteHtml(PageOf(*report), html.stream());
  if (!json.Close(output) || !html.Close(output)) return kExitBadInput;
  return report->ok() ? kExitOk : kExitInvariantBroken;
}

}  // namespace flashsale::sim
