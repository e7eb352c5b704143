#include "examples/flashsale_audit/sale_section.h"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace flashsale::audit {

void SaleSection::Create(const SaleTerms& terms) {
  audit_ = std::make_unique<SaleAudit>(terms);
  meter_ = std::make_unique<SaleMeter>(terms, series_);
}

SaleSection::Line& SaleSection::Open(const Opening& opening) {
  const std::string label = !opening.is_waitlist ? "queue"
                            : opening.line.has_value()
                                ? fmt::format("waitlist of line {}", *opening.line)
                                : "waitlist";
  auto line = std::make_unique<Line>(
      Line{.audit = QueueAudit(opening.terms, opening.at,
                               {.draws = opening.draws,
                                .series = opening.is_waitlist ? nullptr : &series_,
                                .label = label}),
           .offers = std::nullopt,
           .is_waitlist = opening.is_waitlist});
  Line& opened = *line;
  if (opening.is_waitlist) {
    if (opening.line.has_value()) {
      opened.offers.emplace(sale_, *opening.line, opening.at, label);
    }
    lists_.push_back(std::move(line));
  } else {
    queue_ = std::move(line);
  }
  return opened;
}

void SaleSection::Add(std::uint64_t commit, const Event& event) {
  const bool ends_hold = event.type == EventType::kConfirmed;
  meter_->Add(event, ends_hold ? audit_->Find(event) : nullptr);
  audit_->Add(commit, event);
  if (event.type == EventType::kReserved) {
    JudgeAdmission(commit, event);
  } else if (event.type == EventType::kConfirmed || event.type == EventType::kRevived) {
    for (const auto& list : lists_) {
      if (list->offers.has_value()) list->offers->OnBought(event);
    }
  }
}

void SaleSection::JudgeAdmission(std::uint64_t commit, const Event& event) {
  bool is_offer = false;
  for (const auto& list : lists_) {
    if (list->offers.has_value() && list->offers->OnReserved(commit, event, list->audit)) {
      is_offer = true;
    }
  }
  if (queue_ == nullptr || event.admission == 0) return;
  if (!queue_->audit.HasGiven(event.admission, event.user)) {
    // An offer's admission is the list's own, unless it is one of the queue's that was half used;
    // its number may be one that the queue gave to somebody else.
    // Of people who were erased nothing but their turn tells that it is one.
    for (const auto& list : lists_) {
      const bool has_turn = list->audit.IsInside(event.user) &&
                            (!list->offers.has_value() || list->offers->line() == event.line);
      is_offer = is_offer || (has_turn && event.units == 1);
    }
    if (is_offer) return;
  }
  queue_->audit.OnReserved(commit, event);
}

void SaleSection::Add(std::uint64_t commit, Line& line, const QueueEvent& event) {
  line.audit.Add(commit, event);
  if (event.kind == QueueEvent::Kind::kJoined && line.offers.has_value()) {
    line.offers->OnJoined(event.ticket, event.user);
  }
}

SaleReport SaleSection::Finish(bool with_ids) {
  SaleReport report{.sale = sale_, .forgotten = forgotten_, .series = series_};
  const auto add = [&report](const std::vector<Claim>& claims) {
    report.claims.insert(report.claims.end(), claims.begin(), claims.end());
  };
  if (audit_ != nullptr) {
    audit_->Finish();
    add(audit_->Claims());
    report.figures = meter_->Figures(audit_->fold(), with_ids);
  }
  if (queue_ != nullptr) {
    report.queue = queue_->audit.Figures();
    add(queue_->audit.Claims());
  }
  for (const auto& list : lists_) {
    ListFigures& figures = report.lists.emplace_back();
    figures.queue = list->audit.Figures();
    add(list->audit.Claims());
    if (!list->offers.has_value()) continue;
    figures.line = list->offers->line();
    figures.offers = list->offers->offers();
    figures.bought = list->offers->bought();
    if (figures.offers != 0 || list->offers->claim().refuted()) add({list->offers->claim()});
  }
  return report;
}

}  // namespace flashsale::audit
