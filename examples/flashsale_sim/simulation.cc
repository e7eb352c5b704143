#include "examples/flashsale_sim/simulation.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/calendar.h"
#include "examples/flashsale_sim/challenge.h"
#include "examples/flashsale_sim/defence.h"
#include "examples/flashsale_sim/shoppers.h"
#include "examples/flashsale_sim/storefront.h"
#include "examples/flashsale_sim/virtual_clock.h"
#include "flashsale/policy/draw_witness.h"
#include "flashsale/policy/lottery_strategy.h"
#include "flashsale/service/flash_sale_service.h"

namespace flashsale::sim {
namespace {

// Any instant will do, as long as it is the same in every run.
constexpr Time kStart{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};

constexpr const char* kSale = "simulation";

constexpr int kSamples = 400;
// About so many people's waits are compared with what they were told.
constexpr std::uint64_t kFollowed = 200'000;
constexpr std::uint64_t kTicksPerProgress = 1 << 12;

// How many of `whole` fall to part number `index` of `parts`, as evenly as it goes.
Units PartOf(Units whole, std::uint32_t parts, std::uint32_t index) {
  return whole / parts + (index < whole % parts ? 1 : 0);
}

// Gathers whom the queue lets in until the shoppers can be told.
class Doorman final : public QueueObserver {
 public:
  void OnAdmitted(const SaleId& /*sale*/, Time /*now*/,
                  std::span<const QueueEntry> admitted) override {
    admitted_.insert(admitted_.end(), admitted.begin(), admitted.end());
  }
  std::vector<QueueEntry> Take() { return std::exchange(admitted_, {}); }

 private:
  std::vector<QueueEntry> admitted_;
};

// Keeps what is published of the draw.
class Notary final : public DrawWitness {
 public:
  Status OnFrozen(const DrawRecord& /*record*/, const DrawLists& lists) override {
    entrants_.assign(lists.drawn.begin(), lists.drawn.end());
    return {};
  }
  Status OnDrawn(const DrawRecord& record, const DrawnOrder& /*order*/) override {
    record_ = record;
    return {};
  }

  // Worked out from that alone; nothing where it does not hold.
  std::optional<LotteryKey> Key() const { return LotteryKeyOf(record_, entrants_); }

 private:
  DrawRecord record_;
  std::vector<UserId> entrants_;
};

class Simulation {
 public:
  explicit Simulation(const SimulationRun& run)
      : run_(run),
        terms_(TermsOf(run.plan)),
        clock_(OpeningOf(run.plan)),
        calendar_(OpeningOf(run.plan), ClosingOf(run.plan) - OpeningOf(run.plan)),
        lottery_(LotterySecretOf(run.dice), {.witness = &notary_}),
        challenges_(run.dice),
        queue_audit_({.pace = {.admissions_per_second = run.plan.admissions_per_second,
                               .max_in_flight = run.plan.max_in_flight},
                      .draws = draws()}),
        wait_audit_(run.plan.shoppers / kFollowed + 1) {}

  Result<SimulationResult> Run();

 private:
  bool draws() const { return run_.plan.allocation == Allocation::kLottery; }

  Status Open();
  // One tick of virtual time.
  Status Pass(Calendar::Tick tick);
  Status Poll();
  Status ReleaseWaves();
  Status LookWhetherGone();
  Status Sample();
  void TellShoppers();
  Status Finish();

  const SimulationRun& run_;
  const SaleTerms terms_;
  VirtualClock clock_;
  Calendar calendar_;
  Notary notary_;
  const LotteryStrategy lottery_;
  ChallengeDesk challenges_;
  std::unique_ptr<Defence> defence_;
  QueueAudit queue_audit_;
  WaitAudit wait_audit_;
  Doorman doorman_;
  std::unique_ptr<FlashSaleService> service_;
  SaleRef queue_;
  std::unique_ptr<Storefront> storefront_;
  std::unique_ptr<Shoppers> shoppers_;
  Time next_poll_ = kMinTime;
  Time next_sample_ = kMinTime;
  std::uint32_t next_wave_ = 1;
  bool has_begun_ = false;
  bool has_ended_ = false;
  SimulationResult result_;
};

Status Simulation::Open() {
  Result<std::unique_ptr<Defence>> defence =
      Defence::New({.storage = run_.storage, .verifier = challenges_, .dice = run_.dice});
  if (!defence.ok()) return defence.status();
  defence_ = *std::move(defence);
  Result<std::unique_ptr<FlashSaleService>> service =
      FlashSaleService::New({.storage = run_.storage,
                             .clock = &clock_,
                             .bots = &defence_->chain(),
                             .join_on_reserve = false,
                             .strategies = {&lottery_}});
  if (!service.ok()) return service.status();
  service_ = *std::move(service);
  service_->queue().Observe(&doorman_);
  const Result<Outcome> created =
      service_->Create(terms_, {.strategy = draws() ? &lottery_ : nullptr,
                                .max_in_flight = run_.plan.max_in_flight,
                                .max_waiting = std::max<std::uint64_t>(run_.plan.shoppers, 1),
                                .admission_window = Shoppers::kAdmissionWindow,
                                .heartbeat_timeout = Shoppers::kHeartbeatTimeout});
  if (!created.ok()) return created.status();
  const Result<SaleRef> sale = service_->Resolve(terms_.id);
  if (!sale.ok()) return sale.status();
  const Result<SaleRef> queue = service_->queue().Resolve(terms_.id);
  if (!queue.ok()) return queue.status();
  queue_ = *queue;
  storefront_ =
      std::make_unique<Storefront>(Storefront::Parts{.service = *service_,
                                                     .inventory = run_.storage.inventory(),
                                                     .clock = clock_,
                                                     .audit = run_.audit,
                                                     .timeline = run_.timeline,
                                                     .queue_audit = &queue_audit_},
                                   *sale);
  shoppers_ = std::make_unique<Shoppers>(Shoppers::Parts{.plan = run_.plan,
                                                         .dice = run_.dice,
                                                         .storefront = *storefront_,
                                                         .calendar = calendar_,
                                                         .queue_audit = queue_audit_,
                                                         .wait_audit = wait_audit_,
                                                         .challenges = challenges_});
  shoppers_->PlanArrivals();
  return {};
}

Result<SimulationResult> Simulation::Run() {
  if (Status status = Open(); !status.ok()) return status;
  for (Calendar::Tick tick = 0; tick < calendar_.end(); ++tick) {
    if (Status status = Pass(tick); !status.ok()) return status;
    if (run_.on_progress && tick % kTicksPerProgress == 0) {
      run_.on_progress({.since_opening = clock_.Now() - terms_.start,
                        .calls = storefront_->calls(),
                        .events = storefront_->events()});
    }
  }
  if (Status status = Finish(); !status.ok()) return status;
  return std::move(result_);
}

Status Simulation::Pass(Calendar::Tick tick) {
  const Time now = calendar_.TimeOf(tick);
  clock_.MoveTo(now);
  if (now >= next_sample_) {
    if (Status status = Sample(); !status.ok()) return status;
  }
  if (!has_ended_ && now >= terms_.end) {
    shoppers_->TellWhoWaits();
    has_ended_ = true;
  }
  const bool begins = !has_begun_ && now >= terms_.start;
  if (begins || now >= next_poll_) {
    if (Status status = Poll(); !status.ok()) return status;
  }
  if (begins) {
    // That poll has ended the gathering.
    queue_audit_.OnBegin(notary_.Key());
    has_begun_ = true;
    TellShoppers();
  }
  if (Status status = ReleaseWaves(); !status.ok()) return status;
  return shoppers_->Act(tick);
}

Status Simulation::Poll() {
  const Result<Time> next = storefront_->Poll();
  if (!next.ok()) return next.status();
  next_poll_ = *next;
  // At the opening the audit has first to hear that the gathering is over.
  if (!has_begun_) return {};
  TellShoppers();
  return LookWhetherGone();
}

void Simulation::TellShoppers() {
  const std::vector<QueueEntry> admitted = doorman_.Take();
  if (!admitted.empty()) shoppers_->OnAdmitted(admitted);
}

Status Simulation::ReleaseWaves() {
  const std::uint32_t waves = run_.plan.waves;
  while (next_wave_ < waves &&
         clock_.Now() >= terms_.start + run_.plan.duration / waves * next_wave_) {
    for (std::size_t i = 0; i < terms_.lines.size(); ++i) {
      const Status status =
          storefront_->Release({.sale = storefront_->sale(),
                                .line = static_cast<std::uint16_t>(i),
                                .units = ReleasedBy(terms_.lines[i].units, waves, next_wave_)});
      if (!status.ok()) return status;
    }
    ++next_wave_;
    TellShoppers();
  }
  return {};
}

Status Simulation::LookWhetherGone() {
  if (result_.sold_out_after.has_value() || next_wave_ < run_.plan.waves || has_ended_) return {};
  const Result<SaleStock> stock = service_->ReadStock(storefront_->sale());
  if (!stock.ok()) return stock.status();
  const Result<QueueState> queue = service_->queue().Read(queue_, clock_.Now());
  if (!queue.ok()) return queue.status();
  std::uint64_t available = 0;
  for (const Stock& line : stock->lines) available += line.available();
  if (available <= queue->unused) result_.sold_out_after = clock_.Now() - terms_.start;
  return {};
}

Status Simulation::Sample() {
  next_sample_ = clock_.Now() + (ClosingOf(run_.plan) - OpeningOf(run_.plan)) / kSamples;
  const Result<SaleStock> stock = service_->ReadStock(storefront_->sale());
  if (!stock.ok()) return stock.status();
  const Result<QueueState> state = service_->queue().Read(queue_, clock_.Now());
  if (!state.ok()) return state.status();
  Series::Sample sample = SampleOf(*stock, clock_.Now() - terms_.start);
  sample.in_flight = state->in_flight;
  for (const std::uint64_t waiting : state->waiting) sample.waiting += waiting;
  result_.series.Take(sample, storefront_->answers());
  return {};
}

Status Simulation::Finish() {
  clock_.MoveTo(ClosingOf(run_.plan));
  if (Status status = storefront_->Poll().status(); !status.ok()) return status;
  if (Status status = storefront_->Settle(); !status.ok()) return status;
  Result<SaleStock> stock = storefront_->CheckStock();
  if (!stock.ok()) return stock.status();
  if (Status status = Sample(); !status.ok()) return status;
  result_.series.CutSilence();
  result_.answers = storefront_->answers();
  result_.stock = *std::move(stock);
  result_.crowd = shoppers_->tally();
  result_.queue = queue_audit_.Report();
  result_.told_waits = wait_audit_.report();
  result_.waits_ms = shoppers_->waits_ms();
  result_.latencies = storefront_->latencies();
  result_.crowd_bytes = shoppers_->memory_bytes() + calendar_.memory_bytes();
  return {};
}

}  // namespace

SaleTerms TermsOf(const SimulationPlan& plan) {
  SaleTerms terms{
      .id = kSale,
      .start = kStart,
      .end = kStart + plan.duration,
      .limit_per_user = plan.limit_per_user,
      .hold = plan.hold,
      .longest_hold = std::max(plan.hold, std::min<Duration>(2 * plan.hold, std::chrono::days(30))),
      .late_confirm = LateConfirm::kRevive,
      .requires_admission = true,
      .admissions_per_second = plan.admissions_per_second};
  for (std::uint32_t i = 0; i < plan.lines; ++i) {
    const Units units = PartOf(plan.units, plan.lines, i);
    terms.lines.push_back({.product = "variant-" + std::to_string(i + 1),
                           .units = units,
                           .released_at_first = ReleasedBy(units, plan.waves, 0)});
  }
  return terms;
}

Units ReleasedBy(Units units, std::uint32_t waves, std::uint32_t wave) {
  Units released = 0;
  for (std::uint32_t i = 0; i <= wave; ++i) released += PartOf(units, waves, i);
  return released;
}

Time OpeningOf(const SimulationPlan& plan) {
  // A sale is announced some time before it opens, even where nobody may gather.
  return kStart - plan.pre_queue - std::chrono::seconds(1);
}

Time ClosingOf(const SimulationPlan& plan) {
  // By then the youngest holds have lapsed, and those who pay late have tried.
  return kStart + plan.duration + 2 * plan.hold + std::chrono::seconds(1);
}

LotterySeed LotterySecretOf(const Dice& dice) {
  LotterySeed seed{};
  for (std::size_t i = 0; i < seed.size(); ++i) {
    seed[i] = static_cast<std::uint8_t>(dice.Roll(Dice::Purpose::kLotterySeed, i) >> 56);
  }
  return seed;
}

LotterySeed LotterySeedOf(const Dice& dice) {
  return DrawSeed::Derive(LotterySecretOf(dice), {.sale = kSale, .tier = 0}).bytes();
}

Result<SimulationResult> RunSimulation(const SimulationRun& run) { return Simulation(run).Run(); }

}  // namespace flashsale::sim
