#include "examples/flashsale_sim/load.h"

#include <algorithm>
#include <array>
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

#include "examples/flashsale_sim/load_caller.h"
#include "examples/flashsale_sim/load_report.h"
#include "examples/flashsale_sim/load_sale.h"
#include "examples/flashsale_sim/memory_use.h"
#include "flashsale/backend/memory.h"
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

// Puts the load on, sale after sale, and does what a server does beside the calls.
class LoadRun {
 public:
  explicit LoadRun(const LoadOptions& options) : options_(options), dice_(options.seed) {}

  Result<LoadReport> Run();

 private:
  Status Open();
  Status OpenSale();
  // What a server does from time to time.
  Status Turn();
  Status Finish(LoadSale& sale);
  void StartCallers(WallClock::time_point start, WallClock::time_point end);
  void SampleMemory(WallClock::time_point start);
  SaleTerms TermsAt(Time now) const;

  const LoadOptions& options_;
  const Dice dice_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<FlashSaleService> service_;
  std::optional<LotteryStrategy> lottery_;
  // The last one is open; callers may name every one of them.
  std::vector<std::unique_ptr<LoadSale>> sales_;
  std::size_t first_unfinished_ = 0;
  std::atomic<const LoadSale*> current_{nullptr};
  Time next_sale_ = kMinTime;
  std::vector<std::unique_ptr<LoadCaller>> callers_;
  std::vector<std::thread> threads_;
  std::atomic<std::uint32_t> running_{0};
  LoadReport report_{.options = options_};
  std::uint64_t reserved_ = 0;
  std::uint64_t bought_ = 0;
};

SaleTerms LoadRun::TermsAt(Time now) const {
  SimulationPlan plan = options_.plan;
  plan.duration = options_.sale_length;
  plan.waves = 1;
  SaleTerms terms = TermsOf(plan);
  terms.id = SaleId("load-" + std::to_string(sales_.size()));
  terms.start = now;
  terms.end = now + options_.sale_length;
  return terms;
}

Status LoadRun::Open() {
  Result<std::unique_ptr<Storage>> storage =
      OpenMemoryStorage({.events_per_sale = kEventsPerSale,
                         .hash_seed = dice_.Roll(Dice::Purpose::kHashSeed, 0) | 1});
  if (!storage.ok()) return storage.status();
  storage_ = *std::move(storage);
  Result<std::unique_ptr<FlashSaleService>> service = FlashSaleService::New(
      {.storage = *storage_, .rate_limits = std::nullopt, .join_on_reserve = false});
  if (!service.ok()) return service.status();
  service_ = *std::move(service);
  return OpenSale();
}

Status LoadRun::OpenSale() {
  const Time now = service_->clock().Now();
  next_sale_ = now + options_.sale_length;
  Result<std::unique_ptr<LoadSale>> sale =
      LoadSale::Open({.service = *service_, .inventory = storage_->inventory()}, TermsAt(now),
                     options_.plan.max_in_flight);
  if (!sale.ok()) return sale.status();
  sales_.push_back(*std::move(sale));
  // Release pairs with the callers' acquire: the sale is there before its address.
  current_.store(sales_.back().get(), std::memory_order_release);
  ++report_.sales;
  return {};
}

void LoadRun::StartCallers(WallClock::time_point start, WallClock::time_point end) {
  for (std::uint32_t i = 0; i < report_.threads; ++i) {
    callers_.push_back(std::make_unique<LoadCaller>(
        LoadCaller::Parts{.service = *service_,
                          .dice = dice_,
                          .current = current_,
                          .shoppers = options_.plan.shoppers,
                          .limit_per_user = options_.plan.limit_per_user,
                          .threads = report_.threads,
                          .thread = i}));
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
    if (Status status = sales_[i]->ReadAlong(); !status.ok()) return status;
  }
  if (now >= next_sale_) {
    if (Status status = OpenSale(); !status.ok()) return status;
  }
  if (sales_[first_unfinished_]->IsOver(now)) {
    if (Status status = Finish(*sales_[first_unfinished_]); !status.ok()) return status;
    ++first_unfinished_;
  }
  return {};
}

Status LoadRun::Finish(LoadSale& sale) {
  for (int i = 0; i < kMostTriesToFinish; ++i) {
    if (Status status = sale.ReadAlong(); !status.ok()) return status;
    const Result<std::optional<AuditReport>> finished = sale.Finish();
    if (!finished.ok()) return finished.status();
    if (finished->has_value()) {
      report_.audit.Add(**finished);
      reserved_ += sale.reserved();
      bought_ += sale.bought();
      return {};
    }
    service_->Poll();
    std::this_thread::sleep_for(kTurn);
  }
  return {StatusCode::kFailedPrecondition, "a sale cannot be settled: holds remain"};
}

void LoadRun::SampleMemory(WallClock::time_point start) {
  const auto gone = std::chrono::duration_cast<Duration>(WallClock::now() - start);
  const Duration all = options_.plan.duration;
  if (gone >= all / 10 && report_.memory_start == 0) report_.memory_start = ResidentBytes();
  if (gone >= all / 2 && report_.memory_middle == 0) report_.memory_middle = ResidentBytes();
}

Result<LoadReport> LoadRun::Run() {
  report_.threads =
      options_.threads != 0 ? options_.threads : std::max(std::thread::hardware_concurrency(), 1U);
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
  for (const auto& caller : callers_) {
    if (status.ok()) status = caller->status();
    report_.answers.Add(caller->answers());
    report_.latencies.Add(caller->latencies());
    report_.missed += caller->missed();
  }
  for (std::size_t i = first_unfinished_; i < sales_.size() && status.ok(); ++i) {
    if (status = sales_[i]->CancelSale(); status.ok()) status = Finish(*sales_[i]);
  }
  if (!status.ok()) return status;
  report_.audit.Compare("reserves", {.told = report_.answers.Of(Operation::kReserve, Code::kDone),
                                     .recorded = reserved_});
  report_.audit.Compare("purchases",
                        {.told = report_.answers.Of(Operation::kConfirm, Code::kDone) +
                                 report_.answers.Of(Operation::kConfirm, Code::kRevived),
                         .recorded = bought_});
  return std::move(report_);
}

}  // namespace

int Load(const LoadOptions& options, const Output& output) {
  OutputFile json("--json", options.json_file);
  if (!json.Open(output)) return kExitBadInput;
  const Result<LoadReport> report = LoadRun(options).Run();
  if (!report.ok()) {
    fmt::print(output.errors, "the load broke off: {}\n", report.status().ToString());
    return kExitStoreFailed;
  }
  WriteText(*report, output.report);
  if (json.wanted()) WriteDocument(ToJson(*report), json.stream());
  if (!json.Close(output)) return kExitBadInput;
  return report->audit.ok() ? kExitOk : kExitInvariantBroken;
}

}  // namespace flashsale::sim
