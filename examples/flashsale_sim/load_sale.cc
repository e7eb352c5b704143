#include "examples/flashsale_sim/load_sale.h"

#include <cstddef>
#include <span>
#include <string_view>

#include <fmt/format.h>

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

LoadSale::LoadSale(const Parts& parts, const SaleTerms& terms)
    : parts_(parts), terms_(terms), name_(terms.id), audit_(terms), events_(kEventsPerRead) {}

Result<std::unique_ptr<LoadSale>> LoadSale::Open(const Parts& parts, const SaleTerms& terms,
                                                 std::uint32_t max_in_flight) {
  std::unique_ptr<LoadSale> sale(new LoadSale(parts, terms));
  Status status = Expect("create", parts.service.Create(terms, {.max_in_flight = max_in_flight}));
  if (!status.ok()) return status;
  const Result<SaleRef> name = parts.service.Resolve(terms.id);
  if (!name.ok()) return name.status();
  sale->name_ = *name;
  return sale;
}

Status LoadSale::ReadAlong() {
  while (true) {
    const Result<EventPage> page =
        parts_.inventory.ReadEvents(SaleRef(terms_.id), cursor_, events_);
    if (!page.ok()) return page.status();
    if (page->lost.has_value()) audit_->OnLost(*page->lost);
    for (const Event& event : std::span(events_).first(page->count)) {
      audit_->OnEvent(event);
      if (event.type == EventType::kReserved) ++reserved_;
      if (event.type == EventType::kConfirmed || event.type == EventType::kRevived) ++bought_;
    }
    cursor_ = page->cursor;
    if (page->count < events_.size()) return {};
  }
}

Status LoadSale::CancelSale() { return Expect("cancel-sale", parts_.service.CancelSale(name_)); }

Result<std::optional<AuditReport>> LoadSale::Finish() {
  const Result<Outcome> settled = parts_.service.Settle(name_);
  if (settled.ok() && settled->code == Code::kHoldsRemain) {
    return std::optional<AuditReport>();
  }
  if (Status status = Expect("settle", settled); !status.ok()) return status;
  if (Status status = ReadAlong(); !status.ok()) return status;
  const Result<SaleStock> stock = parts_.service.ReadStock(name_);
  if (!stock.ok()) return stock.status();
  audit_->OnStock(*stock);
  if (Status status = Expect("forget", parts_.service.Forget(name_)); !status.ok()) return status;
  std::optional<AuditReport> report = audit_->Report();
  audit_.reset();
  events_ = {};
  return report;
}

}  // namespace flashsale::sim
