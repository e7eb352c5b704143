#include "examples/flashsale_sim/shop.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/challenge.h"
#include "examples/flashsale_sim/defence.h"
#include "examples/flashsale_sim/shopper.h"
#include "examples/flashsale_sim/storefront.h"
#include "examples/flashsale_sim/virtual_clock.h"
#include "flashsale/policy/request_context.h"
#include "flashsale/service/flash_sale_service.h"

namespace flashsale::sim {
namespace {

// Any instant will do, as long as it is the same in every run.
constexpr Time kOpening{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};

constexpr std::uint64_t kStepsPerProgress = 1 << 14;
// Of the series; polls come more often.
constexpr int kSamples = 400;

// Something that will happen.
struct Plan {
  enum class Kind : std::uint8_t { kReserve, kConfirm, kCancel, kPoll, kRelease, kSettle };

  Time at{};
  // Of two at one instant, the one that was planned first.
  std::uint64_t order = 0;
  Kind kind = Kind::kPoll;
  std::uint32_t shopper = 0;
  // Which of the shopper's carts, from 0.
  std::uint32_t cart = 0;

  bool operator>(const Plan& other) const {
    return at != other.at ? at > other.at : order > other.order;
  }
};

class Shop {
 public:
  explicit Shop(const SaleRun& run) : run_(run), clock_(kOpening), challenges_(run.dice) {}

  Result<SaleResult> Run();

 private:
  Status Open();
  Status Carry(const Plan& plan);
  Status Reserve(const Plan& plan);
  Status Poll(Time now);
  Status Settle();
  Status Sample();
  void PlanNext(Plan plan);
  void PlanCart(const Plan& reserve);
  const UserId& UserOf(const Plan& plan) const { return run_.crowd.shoppers[plan.shopper]; }
  // Unique for each cart of a shopper, which is all that an id has to be.
  static ReservationId IdOf(const Plan& plan) { return ReservationId::FromInteger(plan.cart); }
  RequestContext ContextOf(const Plan& plan);
  // By then the youngest holds have lapsed and those who pay late have tried.
  Duration whole_span() const { return OpenFor(run_.plan.hold) + 2 * run_.plan.hold; }
  Duration poll_period() const { return std::max<Duration>(run_.plan.hold / 300, Duration(1)); }

  const SaleRun& run_;
  VirtualClock clock_;
  ChallengeDesk challenges_;
  std::unique_ptr<Defence> defence_;
  std::unique_ptr<FlashSaleService> service_;
  std::optional<Storefront> storefront_;
  SaleResult result_;
  std::priority_queue<Plan, std::vector<Plan>, std::greater<>> plans_;
  std::uint64_t plans_made_ = 0;
  HeaderField user_agent_;
  Time next_sample_ = kOpening;
  bool settled_ = false;
};

Result<SaleResult> Shop::Run() {
  if (Status status = Open(); !status.ok()) return status;
  std::uint64_t steps = 0;
  auto visit = run_.crowd.visits.begin();
  while (!settled_) {  // the settling is planned from the start, so something always is
    Plan next;
    if (visit != run_.crowd.visits.end() && kOpening + visit->after < plans_.top().at) {
      next = {
          .at = kOpening + visit->after, .kind = Plan::Kind::kReserve, .shopper = visit->shopper};
      ++visit;
    } else {
      next = plans_.top();
      plans_.pop();
    }
    clock_.MoveTo(next.at);
    if (Status status = Carry(next); !status.ok()) return status;
    if (run_.on_progress && ++steps % kStepsPerProgress == 0) {
      run_.on_progress({.since_opening = next.at - kOpening,
                        .calls = storefront_->calls(),
                        .events = storefront_->events()});
    }
  }
  result_.series.CutSilence();
  result_.answers = storefront_->answers();
  result_.latencies = storefront_->latencies();
  result_.suspicions = defence_->chain().Stats();
  return std::move(result_);
}

Status Shop::Open() {
  // A log tells too little of its people to turn anybody away.
  Result<std::unique_ptr<Defence>> defence = Defence::New(
      {.storage = run_.storage, .verifier = challenges_, .dice = run_.dice, .shadow = true});
  if (!defence.ok()) return defence.status();
  defence_ = *std::move(defence);
  Result<std::unique_ptr<FlashSaleService>> service =
      FlashSaleService::New({.storage = run_.storage,
                             .clock = &clock_,
                             .rate_limits = run_.limits,
                             .bots = &defence_->chain()});
  if (!service.ok()) return service.status();
  service_ = *std::move(service);
  const SaleTerms terms = TermsOf(run_.plan);
  const Result<Outcome> created = service_->Create(terms);
  if (!created.ok()) return created.status();
  const Result<SaleRef> sale = service_->Resolve(terms.id);
  if (!sale.ok()) return sale.status();
  storefront_.emplace(Storefront::Parts{.service = *service_,
                                        .inventory = run_.storage.inventory(),
                                        .clock = clock_,
                                        .audit = run_.audit,
                                        .timeline = run_.timeline,
                                        .queue_audit = nullptr},
                      *sale);

  PlanNext({.at = terms.start, .kind = Plan::Kind::kPoll});
  if (terms.lines[0].released_at_first < terms.lines[0].units) {
    PlanNext({.at = terms.start + (terms.end - terms.start) / 2, .kind = Plan::Kind::kRelease});
  }
  PlanNext({.at = terms.start + whole_span(), .kind = Plan::Kind::kSettle});
  return {};
}

Status Shop::Carry(const Plan& plan) {
  switch (plan.kind) {
    case Plan::Kind::kReserve:
      return Reserve(plan);
    case Plan::Kind::kConfirm:
      return storefront_
          ->Confirm({.sale = storefront_->sale(), .user = UserOf(plan), .id = IdOf(plan)})
          .status();
    case Plan::Kind::kCancel:
      return storefront_
          ->Cancel({.sale = storefront_->sale(), .user = UserOf(plan), .id = IdOf(plan)})
          .status();
    case Plan::Kind::kPoll:
      return Poll(plan.at);
    case Plan::Kind::kRelease:
      return storefront_->Release(
          {.sale = storefront_->sale(), .line = 0, .units = run_.plan.units});
    case Plan::Kind::kSettle:
      return Settle();
  }
  return {};
}

Status Shop::Settle() {
  if (Status status = storefront_->Settle(); !status.ok()) return status;
  Result<SaleStock> stock = storefront_->CheckStock();
  if (!stock.ok()) return stock.status();
  result_.stock = *std::move(stock);
  settled_ = true;
  return Sample();
}

Status Shop::Sample() {
  next_sample_ = clock_.Now() + whole_span() / kSamples;
  const Result<SaleStock> stock = service_->ReadStock(storefront_->sale());
  if (!stock.ok()) return stock.status();
  result_.series.Take(SampleOf(*stock, clock_.Now() - kOpening), storefront_->answers());
  return {};
}

Status Shop::Reserve(const Plan& plan) {
  const Result<Outcome> outcome =
      storefront_->Reserve({.sale = storefront_->sale(),
                            .user = UserOf(plan),
                            .id = IdOf(plan),
                            .units = UnitsWanted(run_.dice, plan.shopper, run_.plan.limit_per_user),
                            .context = ContextOf(plan)});
  if (!outcome.ok()) return outcome.status();
  if (outcome->code == Code::kDone) PlanCart(plan);
  return {};
}

RequestContext Shop::ContextOf(const Plan& plan) {
  const Crowd::Origin& origin = run_.crowd.origins[plan.shopper];
  user_agent_ = {.name = "User-Agent", .value = run_.crowd.user_agents[origin.user_agent]};
  return {.address = origin.address, .headers = {&user_agent_, 1}};
}

void Shop::PlanCart(const Plan& reserve) {
  const Decision decision = Decide(run_.dice, reserve.shopper, reserve.cart, run_.plan.hold);
  Plan next = reserve;
  next.at = reserve.at + decision.after;
  if (decision.intent == Intent::kTurnsBack) {
    next.kind = Plan::Kind::kCancel;
    PlanNext(next);
  } else if (decision.intent != Intent::kWalksAway) {
    next.kind = Plan::Kind::kConfirm;
    PlanNext(next);
  }
  if (reserve.cart == 0 && IsGreedy(run_.dice, reserve.shopper)) {
    PlanNext({.at = reserve.at + run_.plan.hold / 200,
              .kind = Plan::Kind::kReserve,
              .shopper = reserve.shopper,
              .cart = 1});
  }
}

Status Shop::Poll(Time now) {
  if (Status status = storefront_->Poll().status(); !status.ok()) return status;
  if (now >= next_sample_) {
    if (Status status = Sample(); !status.ok()) return status;
  }
  // No oftener than a sale of this length needs: one of 90 days would be polled for ever.
  PlanNext({.at = now + poll_period(), .kind = Plan::Kind::kPoll});
  return {};
}

void Shop::PlanNext(Plan plan) {
  plan.order = plans_made_++;
  plans_.push(plan);
}

}  // namespace

SaleTerms TermsOf(const SalePlan& plan) {
  return {.id = "replay",
          .lines = {{.product = "the-thing",
                     .units = plan.units,
                     .released_at_first = plan.units - plan.units / 2}},
          .start = kOpening,
          .end = kOpening + OpenFor(plan.hold),
          .limit_per_user = plan.limit_per_user,
          .hold = plan.hold,
          .late_confirm = LateConfirm::kRevive};
}

RateLimits GenerousLimits() {
  const Quota quota{.permits = 6'000, .per = std::chrono::minutes(1), .burst = 6'000};
  return {.per_user = quota,
          .per_ipv4 = quota,
          .per_ipv6_64 = quota,
          .per_ipv6_56 = quota,
          .per_ipv6_48 = quota,
          .per_device = quota};
}

Result<SaleResult> RunSale(const SaleRun& run) { return Shop(run).Run(); }

}  // namespace flashsale::sim
