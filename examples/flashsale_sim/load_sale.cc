#include "examples/flashsale_sim/load_sale.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "examples/flashsale_sim/simulation.h"

namespace flashsale::sim {
namespace {

constexpr std::size_t kEventsPerRead = 4'096;

Status Expect(std::string_view act, const Result<Outcome>& outcome) {
  if (!outcome.ok()) return outcome.status();
  if (outcome->code == Code::kDone || outcome->code == Code::kAlreadyDone) return {};
  return {StatusCode::kFailedPrecondition,
          fmt::format("{} answered {}, expected Done", act, ToString(*outcome))};
}

}  // namespace

LoadSale::LoadSale(const Parts& parts, const Plan& plan)
    : parts_(parts),
      plan_(plan),
      name_(plan.terms.id),
      queue_(plan.terms.id),
      audit_(plan.terms),
      events_(kEventsPerRead) {}

Result<std::unique_ptr<LoadSale>> LoadSale::Open(const Parts& parts, const Plan& plan) {
  std::unique_ptr<LoadSale> sale(new LoadSale(parts, plan));
  Status status = Expect("create", parts.service.Create(plan.terms, plan.queue));
  if (!status.ok()) return status;
  const Result<SaleRef> name = parts.service.Resolve(plan.terms.id);
  if (!name.ok()) return name.status();
  sale->name_ = *name;
  const Result<SaleRef> queue = parts.service.queue().Resolve(plan.terms.id);
  if (!queue.ok()) return queue.status();
  sale->queue_ = *queue;
  return sale;
}

Status LoadSale::ReleaseWaves(Time now) {
  const SaleTerms& terms = plan_.terms;
  while (next_wave_ < plan_.waves && now < terms.end &&
         now >= terms.start + (terms.end - terms.start) / plan_.waves * next_wave_) {
    for (std::size_t i = 0; i < terms.lines.size(); ++i) {
      const Result<Outcome> released = parts_.service.Release(
          {.sale = name_,
           .line = static_cast<std::uint16_t>(i),
           .units = ReleasedBy(terms.lines[i].units, plan_.waves, next_wave_)});
      // A machine that stalls may come too late with it.
      if (released.ok() && released->code == Code::kSaleEnded) return {};
      if (Status status = Expect("release", released); !status.ok()) return status;
    }
    ++next_wave_;
  }
  return {};
}

Result<Series::Sample> LoadSale::Look(Time now, Time origin) const {
  const Result<SaleStock> stock = parts_.service.ReadStock(name_);
  if (!stock.ok()) return stock.status();
  const Result<QueueState> state = parts_.service.queue().Read(queue_, now);
  if (!state.ok()) return state.status();
  Series::Sample sample = SampleOf(*stock, now - origin);
  sample.in_flight = state->in_flight;
  for (const std::uint64_t waiting : state->waiting) sample.waiting += waiting;
  return sample;
}

Status LoadSale::ReadAlong() {
  while (true) {
    const Result<EventPage> page =
        parts_.inventory.ReadEvents(SaleRef(plan_.terms.id), cursor_, events_);
    if (!page.ok()) return page.status();
    if (page->lost.has_value()) audit_->OnLost(*page->lost);
    for (const Event& event : std::span(events_).first(page->count)) {
      audit_->OnEvent(event);
      timeline_.OnEvent(event);
      if (event.type == EventType::kReserved) ++reserved_;
      if (event.type == EventType::kConfirmed || event.type == EventType::kRevived) ++bought_;
    }
    cursor_ = page->cursor;
    if (page->count < events_.size()) return {};
  }
}

Status LoadSale::CancelSale() { return Expect("cancel-sale", parts_.service.CancelSale(name_)); }

Result<std::optional<AuditReport>> LoadSale::Finish(Afterwards afterwards) {
  const Result<Outcome> settled = parts_.service.Settle(name_);
  if (settled.ok() && settled->code == Code::kHoldsRemain) {
    return std::optional<AuditReport>();
  }
  if (Status status = Expect("settle", settled); !status.ok()) return status;
  if (Status status = ReadAlong(); !status.ok()) return status;
  const Result<SaleStock> stock = parts_.service.ReadStock(name_);
  if (!stock.ok()) return stock.status();
  audit_->OnStock(*stock);
  Result<LatencyHistogram> waits = parts_.service.queue().Waits(queue_);
  if (!waits.ok()) return waits.status();
  waits_us_ = *std::move(waits);
  if (afterwards == Afterwards::kForget) {
    const Status forgotten = Expect("forget", parts_.service.Forget(name_));
    if (!forgotten.ok()) return forgotten;
  }
  std::optional<AuditReport> report = audit_->Report();
  audit_.reset();
  events_ = std::vector<Event>();
  return report;
}

}  // namespace flashsale::sim
