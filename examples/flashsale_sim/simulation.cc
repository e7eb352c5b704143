#include "examples/flashsale_sim/simulation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/calendar.h"
#include "examples/flashsale_sim/challenge.h"
#include "examples/flashsale_sim/defence.h"
#include "examples/flashsale_sim/notary.h"
#include "examples/flashsale_sim/queue_strategy.h"
#include "examples/flashsale_sim/shoppers.h"
#include "examples/flashsale_sim/simulation_observers.h"
#include "examples/flashsale_sim/storefront.h"
#include "examples/flashsale_sim/virtual_clock.h"
#include "flashsale/service/flash_sale_service.h"

namespace flashsale::sim {
namespace {

constexpr int kSamples = 400;
// About so many people's waits are compared with what they were told.
constexpr std::uint64_t kFollowed = 200'000;
constexpr std::uint64_t kTicksPerProgress = 1 << 12;

// How often the service's own metrics are read: they look at every sale.
constexpr int kMoments = 24;
// By when what is done from time to time is done, ticks of the calendar aside.
constexpr Duration kPollTolerance = std::chrono::milliseconds(250);

std::array<Time, kMaxTiers> OpeningsOf(const SimulationPlan& plan) {
  std::array<Time, kMaxTiers> opens{};
  for (std::size_t i = 0; i < plan.tiers; ++i) {
    opens[i] = LineOpensAt(plan, static_cast<std::uint8_t>(i));
  }
  return opens;
}

QueueMeter::Terms MeterTermsOf(const SimulationPlan& plan, const SaleTerms& terms) {
  return {.tiers = plan.tiers,
          .weights = WeightsOf(plan),
          .start = terms.start,
          .all_open = LineOpensAt(plan, static_cast<std::uint8_t>(plan.tiers - 1)),
          .end = terms.end};
}

class Simulation {
 public:
  explicit Simulation(const SimulationRun& run);

  Result<SimulationResult> Run();

 private:
  Status Open();
  QueueSetup Queue() const;
  void OpenStorefront(const SaleRef& sale);
  // One tick of virtual time.
  Status Pass(Calendar::Tick tick);
  Status Poll();
  Status FollowDraws();
  Status ReleaseWaves();
  Status Look();
  Status Sample();
  void TellShoppers();
  Status Finish();
  // By when a wave must have come, and an offer have been made.
  Duration tolerance() const { return kPollTolerance + 2 * calendar_.tick(); }

  const SimulationRun& run_;
  const SaleTerms terms_;
  VirtualClock clock_;
  Calendar calendar_;
  Notary notary_;
  std::unique_ptr<QueueStrategy> strategy_;
  ChallengeDesk challenges_;
  std::unique_ptr<Defence> defence_;
  QueueAudit queue_audit_;
  TurnAudit turn_audit_;
  WaitAudit wait_audit_;
  WaveAudit wave_audit_;
  std::optional<WaitlistAudit> waitlist_audit_;
  QueueMeter meter_;
  Doorman doorman_;
  OfferDesk offers_;
  std::unique_ptr<FlashSaleService> service_;
  SaleRef queue_;
  std::unique_ptr<Storefront> storefront_;
  std::unique_ptr<Shoppers> shoppers_;
  Time next_poll_ = kMinTime;
  Time next_sample_ = kMinTime;
  Time next_moment_ = kMinTime;
  std::uint32_t next_wave_ = 1;
  // How many tiers do not gather any more, how many of these are in order, and who took part.
  std::uint32_t begun_ = 0;
  std::uint32_t drawn_ = 0;
  std::array<std::uint64_t, kMaxTiers> entrants_ = {};
  bool has_ended_ = false;
  SimulationResult result_;
};

Simulation::Simulation(const SimulationRun& run)
    : run_(run),
      terms_(TermsOf(run.plan)),
      clock_(OpeningOf(run.plan)),
      calendar_(OpeningOf(run.plan), ClosingOf(run.plan) - OpeningOf(run.plan)),
      notary_([this](const UserId& user) { return shoppers_->TicketOf(user); }),
      challenges_(run.dice),
      queue_audit_({.pace = {.admissions_per_second = run.plan.admissions_per_second,
                             .max_in_flight = run.plan.max_in_flight},
                    .draws = Draws(run.plan)}),
      turn_audit_(
          {.tiers = run.plan.tiers, .weights = WeightsOf(run.plan), .opens = OpeningsOf(run.plan)}),
      wait_audit_(run.plan.shoppers / kFollowed + 1),
      wave_audit_({.lines = terms_.lines, .waves = WavesOf(run.plan), .tolerance = tolerance()}),
      meter_(MeterTermsOf(run.plan, terms_)),
      doorman_(meter_) {
  if (!run.plan.waitlist) return;
  waitlist_audit_.emplace(WaitlistAudit::Terms{.sale = terms_.id,
                                               .lines = terms_.lines,
                                               .queued = terms_.requires_admission,
                                               .epoch = OpeningOf(run.plan),
                                               .end = terms_.end,
                                               .tolerance = tolerance()});
}

Status Simulation::Open() {
  Result<std::unique_ptr<Defence>> defence =
      Defence::New({.storage = run_.storage, .verifier = challenges_, .dice = run_.dice});
  if (!defence.ok()) return defence.status();
  defence_ = *std::move(defence);
  Result<std::unique_ptr<QueueStrategy>> strategy =
      QueueStrategy::New(run_.plan, run_.dice, notary_);
  if (!strategy.ok()) return strategy.status();
  strategy_ = *std::move(strategy);
  Result<std::unique_ptr<FlashSaleService>> service =
      FlashSaleService::New({.storage = run_.storage,
                             .clock = &clock_,
                             .bots = &defence_->chain(),
                             .join_on_reserve = false,
                             .strategies = {&strategy_->get()}});
  if (!service.ok()) return service.status();
  service_ = *std::move(service);
  service_->queue().Observe(&doorman_);
  service_->waitlist().Observe(&offers_);
  WaitlistSetup waitlist;
  if (run_.plan.waitlist) {
    waitlist = {.enabled = true,
                .max_waiting = std::max<std::uint64_t>(run_.plan.shoppers, 1),
                .offer_hold = run_.plan.offer_hold};
  }
  const Result<Outcome> created = service_->Create(terms_, Queue(), waitlist);
  if (!created.ok()) return created.status();
  const Result<SaleRef> sale = service_->Resolve(terms_.id);
  if (!sale.ok()) return sale.status();
  const Result<SaleRef> queue = service_->queue().Resolve(terms_.id);
  if (!queue.ok()) return queue.status();
  queue_ = *queue;
  OpenStorefront(*sale);
  return {};
}

QueueSetup Simulation::Queue() const {
  const SimulationPlan& plan = run_.plan;
  QueueSetup setup{.strategy = &strategy_->get(),
                   .max_in_flight = plan.max_in_flight,
                   .max_waiting = std::max<std::uint64_t>(plan.shoppers, 1),
                   .admission_window = Shoppers::kAdmissionWindow,
                   .heartbeat_timeout = Shoppers::kHeartbeatTimeout,
                   .tiers = plan.tiers};
  for (std::size_t i = 1; i < plan.tiers; ++i) setup.opens_after[i] = plan.opens_early;
  if (plan.tiers > 1) setup.credits_for[0] = plan.credits_for_first;
  setup.max_credits = plan.credits_for_first;
  return setup;
}

void Simulation::OpenStorefront(const SaleRef& sale) {
  WaitlistAudit* const waitlist_audit = waitlist_audit_.has_value() ? &*waitlist_audit_ : nullptr;
  storefront_ =
      std::make_unique<Storefront>(Storefront::Parts{.service = *service_,
                                                     .inventory = run_.storage.inventory(),
                                                     .clock = clock_,
                                                     .audit = run_.audit,
                                                     .timeline = run_.timeline,
                                                     .queue_audit = &queue_audit_,
                                                     .waitlist_audit = waitlist_audit,
                                                     .wave_audit = &wave_audit_,
                                                     .meter = &meter_},
                                   sale);
  shoppers_ = std::make_unique<Shoppers>(Shoppers::Parts{.plan = run_.plan,
                                                         .dice = run_.dice,
                                                         .storefront = *storefront_,
                                                         .calendar = calendar_,
                                                         .queue_audit = queue_audit_,
                                                         .turn_audit = turn_audit_,
                                                         .wait_audit = wait_audit_,
                                                         .meter = meter_,
                                                         .waitlist_audit = waitlist_audit,
                                                         .challenges = challenges_});
  shoppers_->PlanArrivals();
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
  const bool begins =
      begun_ < run_.plan.tiers && now >= LineOpensAt(run_.plan, static_cast<std::uint8_t>(begun_));
  if (begins || now >= next_poll_) {
    if (Status status = Poll(); !status.ok()) return status;
  }
  if (Status status = ReleaseWaves(); !status.ok()) return status;
  return shoppers_->Act(tick);
}

Status Simulation::Poll() {
  if (begun_ < run_.plan.tiers) {
    const Result<QueueState> state = service_->queue().Read(queue_, clock_.Now());
    if (!state.ok()) return state.status();
    for (std::size_t i = begun_; i < run_.plan.tiers; ++i) entrants_[i] = state->waiting[i];
  }
  const Result<Time> next = storefront_->Poll();
  if (!next.ok()) return next.status();
  next_poll_ = *next;
  for (; begun_ < run_.plan.tiers; ++begun_) {
    const auto tier = static_cast<std::uint8_t>(begun_);
    if (clock_.Now() < LineOpensAt(run_.plan, tier)) break;
    queue_audit_.OnBegin(tier);
  }
  // The audit has to hear how people were put in order before it hears who was let in.
  if (Status status = FollowDraws(); !status.ok()) return status;
  TellShoppers();
  return Look();
}

Status Simulation::FollowDraws() {
  if (drawn_ == run_.plan.tiers || begun_ == 0) return {};
  const Result<QueueState> state = service_->queue().Read(queue_, clock_.Now());
  if (!state.ok()) return state.status();
  // Lines of later tiers open no earlier than those of lower ones.
  for (; drawn_ < begun_; ++drawn_) {
    const auto tier = static_cast<std::uint8_t>(drawn_);
    if (state->stages[tier] != QueueStage::kRunning) break;
    queue_audit_.OnDrawn({.tier = tier, .entrants = entrants_[tier], .draw = notary_.DrawOf(tier)});
    result_.draws.push_back(notary_.uniformity(tier));
  }
  return {};
}

void Simulation::TellShoppers() {
  const std::vector<QueueEntry> admitted = doorman_.Take();
  if (!admitted.empty()) shoppers_->OnAdmitted(admitted);
  for (const WaitlistOffer& offer : offers_.TakeWithdrawn()) shoppers_->OnWithdrawn(offer);
  for (const WaitlistOffer& offer : offers_.TakeOffered()) shoppers_->OnOffered(offer);
}

Status Simulation::ReleaseWaves() {
  if (!run_.plan.operator_waves) return {};
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

Status Simulation::Look() {
  const Time now = clock_.Now();
  if (now < terms_.start || has_ended_) return {};
  const Result<SaleStock> stock = service_->ReadStock(storefront_->sale());
  if (!stock.ok()) return stock.status();
  const Result<QueueState> queue = service_->queue().Read(queue_, now);
  if (!queue.ok()) return queue.status();
  std::uint64_t available = 0;
  std::uint64_t released = 0;
  for (const Stock& line : stock->lines) {
    available += line.available();
    released += line.released;
  }
  meter_.OnLook(
      {.at = now, .available = available, .unused = queue->unused, .waiting = queue->waiting});
  if (released == run_.plan.units && available <= queue->unused &&
      !result_.sold_out_after.has_value()) {
    result_.sold_out_after = now - terms_.start;
  }
  if (now < next_moment_) return {};
  next_moment_ = now + run_.plan.duration / kMoments;
  for (const SaleMetrics& sale : service_->ReadMetrics().sales) {
    if (sale.queue.has_value()) meter_.OnMetrics(now - terms_.start, *sale.queue);
  }
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
  result_.cohorts = shoppers_->cohorts();
  result_.queue = queue_audit_.Report();
  result_.turns = turn_audit_.report();
  result_.waves = wave_audit_.Report(terms_.end);
  if (waitlist_audit_.has_value()) result_.waitlist = waitlist_audit_->Report();
  if (!Draws(run_.plan)) result_.draws.clear();
  result_.measures = meter_.Measure();
  result_.told_waits = wait_audit_.report();
  result_.waits_ms = shoppers_->waits_ms();
  result_.latencies = storefront_->latencies();
  result_.crowd_bytes = shoppers_->memory_bytes() + calendar_.memory_bytes();
  return {};
}

}  // namespace

Result<SimulationResult> RunSimulation(const SimulationRun& run) { return Simulation(run).Run(); }

}  // namespace flashsale::sim
