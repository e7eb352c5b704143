#include "examples/flashsale_sim/shop.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "examples/flashsale_sim/shopper.h"

namespace flashsale::sim {
namespace {

// Any instant will do, as long as it is the same in every run.
constexpr Time kOpening{std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)};

constexpr std::size_t kEventsPerRead = 256;
constexpr std::size_t kHoldsPerSlice = 1'024;
constexpr std::uint64_t kCallsPerProgress = 1 << 14;

// Something that will happen.
struct Plan {
  enum class Kind : std::uint8_t { kReserve, kConfirm, kCancel, kExpire, kRelease, kSettle };

  Time at{};
  // Of two at one instant, the one that was planned first.
  std::uint64_t order = 0;
  Kind kind = Kind::kExpire;
  std::uint32_t shopper = 0;
  // Which of the shopper's carts, from 0.
  std::uint32_t cart = 0;

  bool operator>(const Plan& other) const {
    return at != other.at ? at > other.at : order > other.order;
  }
};

class Shop {
 public:
  explicit Shop(const SaleRun& run) : run_(run), events_(kEventsPerRead) {}

  Result<SaleResult> Run();

 private:
  Status Open();
  Status Carry(const Plan& plan);
  Status Reserve(const Plan& plan);
  Status ExpireDue(Time now);
  Status Settle(Time now);
  // An operator's act, which must be carried out.
  Status Act(const Command& command, Time now);
  Result<Outcome> Apply(const Command& command, Time now);
  Status ReadEvents();
  void PlanNext(Plan plan);
  void PlanCart(const Plan& reserve);
  Command CartCommand(Verb verb, const Plan& plan) const;
  Duration expiry_period() const { return std::max<Duration>(run_.plan.hold / 300, Duration(1)); }

  const SaleRun& run_;
  SaleRef sale_;
  SaleResult result_;
  std::priority_queue<Plan, std::vector<Plan>, std::greater<>> plans_;
  std::uint64_t plans_made_ = 0;
  std::uint64_t calls_ = 0;
  std::vector<Event> events_;
  std::uint64_t cursor_ = 0;
  bool settled_ = false;
};

Result<SaleResult> Shop::Run() {
  if (Status status = Open(); !status.ok()) return status;
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
    if (Status status = Carry(next); !status.ok()) return status;
    if (run_.on_progress && calls_ % kCallsPerProgress == 0) {
      run_.on_progress({.since_opening = next.at - kOpening, .calls = calls_, .events = cursor_});
    }
  }
  return std::move(result_);
}

Status Shop::Open() {
  const SaleTerms terms = TermsOf(run_.plan);
  const Result<Outcome> created = run_.inventory.Create(terms);
  if (!created.ok()) return created.status();
  Result<SaleRef> sale = run_.inventory.Resolve(terms.id);
  if (!sale.ok()) return sale.status();
  sale_ = *sale;

  PlanNext({.at = terms.start, .kind = Plan::Kind::kExpire});
  if (terms.lines[0].released_at_first < terms.lines[0].units) {
    PlanNext({.at = terms.start + (terms.end - terms.start) / 2, .kind = Plan::Kind::kRelease});
  }
  // By then the youngest holds have lapsed and those who pay late have tried.
  PlanNext({.at = terms.end + 2 * run_.plan.hold, .kind = Plan::Kind::kSettle});
  return {};
}

Status Shop::Carry(const Plan& plan) {
  switch (plan.kind) {
    case Plan::Kind::kReserve: return Reserve(plan);
    case Plan::Kind::kConfirm: return Apply(CartCommand(Verb::kConfirm, plan), plan.at).status();
    case Plan::Kind::kCancel: return Apply(CartCommand(Verb::kCancel, plan), plan.at).status();
    case Plan::Kind::kExpire: return ExpireDue(plan.at);
    case Plan::Kind::kRelease:
      return Act({.verb = Verb::kRelease, .line = 0, .units = run_.plan.units}, plan.at);
    case Plan::Kind::kSettle: return Settle(plan.at);
  }
  return {};
}

Status Shop::Settle(Time now) {
  if (Status status = Act({.verb = Verb::kSettle}, now); !status.ok()) return status;
  Result<SaleStock> stock = run_.inventory.ReadStock(sale_, now);
  if (!stock.ok()) return stock.status();
  result_.stock = *std::move(stock);
  run_.audit.OnStock(result_.stock);
  settled_ = true;
  return {};
}

Status Shop::Reserve(const Plan& plan) {
  Command command = CartCommand(Verb::kReserve, plan);
  command.units = UnitsWanted(run_.dice, plan.shopper, run_.plan.limit_per_user);
  const Result<Outcome> outcome = Apply(command, plan.at);
  if (!outcome.ok()) return outcome.status();
  if (outcome->code == Code::kDone) PlanCart(plan);
  return {};
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

Status Shop::ExpireDue(Time now) {
  while (true) {
    const Result<ExpireReport> report = run_.inventory.ExpireDue(sale_, now, kHoldsPerSlice);
    if (!report.ok()) return report.status();
    if (Status status = ReadEvents(); !status.ok()) return status;
    if (!report->more) break;
  }
  PlanNext({.at = now + expiry_period(), .kind = Plan::Kind::kExpire});
  return {};
}

Status Shop::Act(const Command& command, Time now) {
  const Result<Outcome> outcome = Apply(command, now);
  if (!outcome.ok()) return outcome.status();
  if (outcome->code == Code::kDone) return {};
  return {StatusCode::kFailedPrecondition,
          fmt::format("{} answered {}, expected Done", Name(command.verb), ToString(*outcome))};
}

Result<Outcome> Shop::Apply(const Command& command, Time now) {
  Outcome outcome;
  ++calls_;
  Status status = run_.inventory.Apply(sale_, now, {&command, 1}, {&outcome, 1});
  if (!status.ok()) return status;
  ++result_.answers[command.verb][outcome.code];
  // Read at once, so that the store never has more to keep than one call can cause, and so that the
  // audit judges the answer by exactly the events that came before it.
  status = ReadEvents();
  if (!status.ok()) return status;
  run_.audit.OnAnswer(now, command, outcome);
  return outcome;
}

Status Shop::ReadEvents() {
  while (true) {
    const Result<EventPage> page = run_.inventory.ReadEvents(sale_, cursor_, events_);
    if (!page.ok()) return page.status();
    if (page->lost.has_value()) run_.audit.OnLost(*page->lost);
    for (const Event& event : std::span(events_).first(page->count)) {
      run_.audit.OnEvent(event);
      run_.timeline.OnEvent(event);
    }
    cursor_ = page->cursor;
    if (page->count < events_.size()) return {};
  }
}

void Shop::PlanNext(Plan plan) {
  plan.order = plans_made_++;
  plans_.push(plan);
}

Command Shop::CartCommand(Verb verb, const Plan& plan) const {
  // Unique for each cart of a shopper, which is all that an id has to be.
  return {.verb = verb,
          .user = run_.crowd.shoppers[plan.shopper],
          .id = ReservationId::FromInteger(plan.cart)};
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

Result<SaleResult> RunSale(const SaleRun& run) { return Shop(run).Run(); }

}  // namespace flashsale::sim
