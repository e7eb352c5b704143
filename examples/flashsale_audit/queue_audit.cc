#include "examples/flashsale_audit/queue_audit.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "examples/flashsale_audit/draw_check.h"
#include "flashsale/domain/quota.h"

namespace flashsale::audit {
namespace {

using Kind = QueueEvent::Kind;

// Who reserves is asked for the admission at the gate; a lane may carry the reserve out a moment
// later, by its own time then.
constexpr Duration kGateToStore = std::chrono::seconds{1};

bool HasTime(Kind kind) {
  return kind != Kind::kFellSilent && kind != Kind::kTurn && kind != Kind::kListed &&
         kind != Kind::kArranged && kind != Kind::kUsed;
}

std::uint64_t Milliseconds(Duration span) {
  return static_cast<std::uint64_t>(
      std::max<Duration::rep>(0, std::chrono::floor<std::chrono::milliseconds>(span).count()));
}

}  // namespace

QueueAudit::QueueAudit(const QueueTerms& terms, Time opened_at, const Options& options)
    : terms_(terms),
      opened_at_(opened_at),
      options_(options),
      latest_(opened_at),
      now_(opened_at),
      pace_(terms.pace),
      waiting_(terms.tiers),
      tickets_claim_(
          options.label + ": tickets",
          "I9: nobody has two tickets at once; a ticket ends once; none joins who is not "
          "let to",
          "change"),
      order_claim_(options.label + ": order",
                   "of two who wait in one tier, who stands ahead is let in first: by tickets, or "
                   "as arranged; who came after the freeze stands behind",
                   "admission"),
      arrangement_claim_(options.label + ": arrangement",
                         "tiers gather, freeze and begin in this order; all who came before the "
                         "freeze, and nobody else, have a place",
                         "step"),
      draw_claim_(options.label + ": draw", "the order is the one that the published draw gives",
                  "entrant"),
      turns_claim_(options.label + ": open",
                   "nobody is let in while it is paused, before their tier begins, or after the "
                   "close",
                   "admission"),
      in_flight_claim_(options.label + ": in flight",
                       "I6: live admissions are at most max_in_flight", "admission"),
      pace_claim_(options.label + ": pace", "nobody is let in faster than the pace", "admission"),
      admissions_claim_(
          options.label + ": admissions",
          "I6: what was reserved under an admission was reserved by whom it was given "
          "to, while it was live",
          "reserve"),
      grants_claim_(options.label + ": grants",
                    "I6: no admission was used more often than it was good for", "reserve"),
      shares_claim_(options.label + ": shares",
                    "while all tiers wait, each has its share of the admissions", "round"),
      times_claim_(options.label + ": time", "its time does not run back", "event") {
  for (std::size_t tier = 0; tier < terms.tiers; ++tier) {
    const bool gathers = GatheringEnd(terms, tier, opened_at) > opened_at;
    tiers_.emplace_back(gathers ? QueueStage::kGathering : QueueStage::kRunning);
    tier_opened_at_.push_back(gathers ? kMaxTime : opened_at);
  }
  figures_.strategy = terms.strategy;
  figures_.tiers.resize(terms.tiers);
  std::vector<std::uint32_t> weights = ShareAudit::WeightsIn(terms.strategy, terms.tiers);
  if (!weights.empty()) shares_.emplace(std::move(weights));
}

std::string QueueAudit::At(const QueueEvent& event, std::string_view what) const {
  if (event.ticket == 0) return fmt::format("commit {}: {}", commit_, what);
  return fmt::format("commit {}, ticket {}: {}", commit_, event.ticket, what);
}

void QueueAudit::Enter(std::uint64_t commit, const QueueEvent& event) {
  commit_ = commit;
  times_claim_.Look();
  if (HasTime(event.kind)) {
    if (event.at < latest_) {
      times_claim_.Refute(
          At(event, fmt::format("{} us before the event before", (latest_ - event.at).count())));
    }
    latest_ = std::max(latest_, event.at);
  }
  now_ = time_.At(latest_);
  for (; first_live_ < admissions_.size(); ++first_live_) {
    Admission& admission = admissions_[first_live_];
    if (admission.over) continue;
    if (admission.until > now_) break;
    EndAdmission(admission);
    ++figures_.windows_lapsed;
  }
}

void QueueAudit::EndAdmission(Admission& admission) {
  admission.over = true;
  --in_flight_;
  tickets_[admission.ticket - 1].state = State::kGone;
  if (options_.series != nullptr) --options_.series->At(latest_).inside_change;
}

void QueueAudit::Leave(Ticket& ticket) {
  --waiting_[ticket.tier];
  --figures_.waiting;
  if (options_.series != nullptr) --options_.series->At(latest_).waiting_change;
}

void QueueAudit::Add(std::uint64_t commit, const QueueEvent& event) {
  Enter(commit, event);
  switch (event.kind) {
    case Kind::kJoined:
      OnJoined(event);
      break;
    case Kind::kPlaced:
    case Kind::kFellSilent:
    case Kind::kLeft:
    case Kind::kCompleted:
      OnTicket(event);
      break;
    case Kind::kAdmitted:
      OnAdmitted(event);
      break;
    case Kind::kUsed: {
      const Admission* const admission = Find(event.number);
      if (admission == nullptr || admission->ticket != event.ticket) {
        admissions_claim_.Refute(
            At(event, fmt::format("admission {} was never given under it", event.number)));
      }
      break;
    }
    case Kind::kTurn:
      if (shares_.has_value()) {
        std::vector<std::uint64_t> seen = waiting_;
        for (std::size_t tier = 0; tier < tiers_.size(); ++tier) {
          if (tiers_[tier].stage() != QueueStage::kRunning) seen[tier] = 0;
        }
        shares_->OnTurn(seen);
      }
      break;
    case Kind::kPaceChanged:
      if (Validate(event.pace).ok()) {
        pace_ = event.pace;
      } else {
        pace_claim_.Refute(At(event, "a pace that there cannot be"));
      }
      break;
    case Kind::kPaused:
      if (time_.paused()) {
        turns_claim_.Refute(At(event, "a pause in a pause"));
      } else {
        time_.Pause(latest_);
      }
      break;
    case Kind::kResumed:
      time_.Resume(latest_);
      break;
    default:
      OnStage(event);
  }
}

void QueueAudit::OnJoined(const QueueEvent& event) {
  tickets_claim_.Look();
  const std::uint8_t tier = event.tier < tiers_.size() ? event.tier : std::uint8_t{0};
  if (event.tier >= tiers_.size()) tickets_claim_.Refute(At(event, "joined a tier that is not"));
  if (closed_) tickets_claim_.Refute(At(event, "joined after the close"));
  const auto [found, is_new] = ticket_of_.try_emplace(event.user, tickets_.size() + 1);
  if (!is_new) {
    if (tickets_[found->second - 1].state != State::kGone) {
      tickets_claim_.Refute(At(event, fmt::format("its user has ticket {} still", found->second)));
    }
    found->second = tickets_.size() + 1;
  }
  tickets_.push_back(
      {.user = event.user, .joined_at = event.at, .place = event.place, .tier = tier});
  tiers_[tier].Join(tickets_.size());
  ++figures_.joined;
  ++figures_.tiers[tier].joined;
  if (event.place != 0) ++figures_.restored;
  ++waiting_[tier];
  figures_.most_waiting = std::max(figures_.most_waiting, ++figures_.waiting);
  if (figures_.waiting > terms_.max_waiting) {
    tickets_claim_.Refute(
        At(event, fmt::format("{} wait, at most {} may", figures_.waiting, terms_.max_waiting)));
  }
  if (options_.series != nullptr) {
    Flow& flow = options_.series->At(latest_);
    ++flow.joined;
    ++flow.waiting_change;
  }
}

bool QueueAudit::HasTicket(const QueueEvent& event) {
  tickets_claim_.Look();
  if (event.ticket != 0 && event.ticket <= tickets_.size()) return true;
  tickets_claim_.Refute(fmt::format("commit {}: ticket {} was never given", commit_, event.ticket));
  return false;
}

void QueueAudit::OnTicket(const QueueEvent& event) {
  if (!HasTicket(event)) return;
  Ticket& ticket = tickets_[event.ticket - 1];
  const bool may_be_inside = event.kind == Kind::kLeft || event.kind == Kind::kCompleted;
  if (ticket.state == State::kAdmitted && may_be_inside) {
    Admission& admission = admissions_[ticket.admission];
    admission.given_back = true;
    ++(event.kind == Kind::kLeft ? figures_.gave_back : figures_.completed);
    EndAdmission(admission);
    return;
  }
  if (ticket.state != State::kWaiting || event.kind == Kind::kCompleted) {
    tickets_claim_.Refute(At(event, "ends or changes, and is over or not there yet"));
    return;
  }
  if (event.kind == Kind::kPlaced) {
    if (ticket.place == 0) ++figures_.restored;
    ticket.place = event.place;
    return;
  }
  ++(event.kind == Kind::kLeft ? figures_.left : figures_.fell_silent);
  ticket.state = State::kGone;
  Leave(ticket);
  if (shares_.has_value()) shares_->OnGone(ticket.tier);
}

void QueueAudit::OnAdmitted(const QueueEvent& event) {
  if (!HasTicket(event)) return;
  Ticket& ticket = tickets_[event.ticket - 1];
  turns_claim_.Look();
  order_claim_.Look();
  in_flight_claim_.Look();
  pace_claim_.Look();
  if (ticket.state != State::kWaiting) {
    tickets_claim_.Refute(At(event, "was let in, and did not wait"));
    return;
  }
  TierLine& line = tiers_[ticket.tier];
  if (time_.paused()) turns_claim_.Refute(At(event, "was let in during a pause"));
  const TierLine::Complaint complaint =
      line.Admit(event.ticket, [this](std::uint64_t other) { return Waits(other); });
  if (complaint.has_value()) {
    (line.stage() == QueueStage::kRunning ? order_claim_ : turns_claim_)
        .Refute(fmt::format("commit {}: {}", commit_, *complaint));
  }
  const CellRate::Step step = RateOf(pace_).Take(tat_ns_, CellRate::Nanoseconds(now_), 1);
  if (!step.decision.allowed) {
    pace_claim_.Refute(
        At(event, fmt::format("was let in {} us too early for {} a second",
                              step.decision.retry_after.count(), pace_.admissions_per_second)));
  }
  tat_ns_ = std::max(tat_ns_, CellRate::Nanoseconds(now_)) + RateOf(pace_).permit_ns();
  if (in_flight_ >= pace_.max_in_flight) {
    in_flight_claim_.Refute(At(event, fmt::format("was let in while {} were inside, of {}",
                                                  in_flight_, pace_.max_in_flight)));
  }
  if (shares_.has_value()) {
    const std::optional<std::string> unfair = shares_->OnAdmitted(ticket.tier);
    if (unfair.has_value()) shares_claim_.Refute(At(event, *unfair));
  }

  const std::uint64_t last = admissions_.empty() ? 0 : admissions_.back().number;
  ticket.state = State::kAdmitted;
  ticket.had_turn = true;
  ticket.admission = admissions_.size();
  Leave(ticket);
  admissions_.push_back(
      {.number = std::max(last + 1, static_cast<std::uint64_t>(latest_.time_since_epoch().count())),
       .ticket = event.ticket,
       .until = now_ + terms_.admission_window});
  ++figures_.admitted;
  figures_.most_in_flight = std::max(figures_.most_in_flight, ++in_flight_);
  TierFigures& tier = figures_.tiers[ticket.tier];
  ++tier.admitted;
  tier.waits.Record(Milliseconds(
      latest_ - std::max(ticket.joined_at, std::min(latest_, tier_opened_at_[ticket.tier]))));
  if (options_.series != nullptr) {
    Flow& flow = options_.series->At(latest_);
    ++flow.admitted;
    ++flow.inside_change;
  }
}

void QueueAudit::OnStage(const QueueEvent& event) {
  arrangement_claim_.Look();
  if (event.kind == Kind::kClosed) {
    if (closed_) arrangement_claim_.Refute(At(event, "it is closed twice"));
    closed_ = true;
    for (TierLine& line : tiers_) line.Close();
    for (Ticket& ticket : tickets_) {
      if (ticket.state != State::kWaiting) continue;
      ticket.state = State::kGone;
      Leave(ticket);
    }
    return;
  }
  if (event.tier >= tiers_.size()) {
    arrangement_claim_.Refute(At(event, "a stage of a tier that is not"));
    return;
  }
  TierLine& line = tiers_[event.tier];
  const TierLine::Waits waits = [this](std::uint64_t ticket) { return Waits(ticket); };
  TierLine::Complaint complaint;
  switch (event.kind) {
    case Kind::kFrozen:
      complaint = line.Freeze();
      break;
    case Kind::kListed:
      complaint = line.List(waits);
      break;
    case Kind::kArranged:
      complaint = line.Arrange(event.number, event.tickets);
      break;
    default:
      complaint = line.Begin(waits);
      tier_opened_at_[event.tier] = latest_;
      figures_.tiers[event.tier].arranged = line.arranged();
      if (line.arranged()) CompareDraw(event.tier);
      line.Forget();
      if (shares_.has_value()) shares_->OnOpened();
      break;
  }
  if (complaint.has_value()) {
    arrangement_claim_.Refute(
        fmt::format("commit {}, tier {}: {}", commit_, event.tier, *complaint));
  }
}

void QueueAudit::CompareDraw(std::uint8_t tier) {
  for (const DrawRecord& record : options_.draws) {
    if (record.draw.sale != terms_.sale || record.draw.tier != tier) continue;
    std::vector<Entrant> entrants;
    for (const std::uint64_t ticket : tiers_[tier].listed()) {
      const Ticket& who = tickets_[ticket - 1];
      entrants.push_back({.user = who.user, .ticket = ticket, .restored_place = who.place});
    }
    std::vector<UserId> arranged;
    for (const std::uint64_t ticket : tiers_[tier].InOrder()) {
      arranged.push_back(tickets_[ticket - 1].user);
    }
    compared_ = static_cast<std::uint8_t>(compared_ | 1U << tier);
    draw_claim_.Look(entrants.size());
    const std::string other = CheckDraw(record, entrants, arranged);
    if (!other.empty()) {
      draw_claim_.Refute(fmt::format("commit {}, tier {}: {}", commit_, tier, other));
    }
  }
}

const QueueAudit::Admission* QueueAudit::Find(std::uint64_t number) const {
  const auto found = std::lower_bound(
      admissions_.begin(), admissions_.end(), number,
      [](const Admission& admission, std::uint64_t other) { return admission.number < other; });
  return found == admissions_.end() || found->number != number ? nullptr : &*found;
}

void QueueAudit::OnReserved(std::uint64_t commit, const Event& event) {
  admissions_claim_.Look();
  grants_claim_.Look();
  const auto refute = [&](Claim& claim, std::string_view what) {
    claim.Refute(fmt::format("commit {}, seq {}: admission {} {}", commit, event.seq,
                             event.admission, what));
  };
  const Admission* const found = Find(event.admission);
  if (found == nullptr || tickets_[found->ticket - 1].user != event.user) {
    refute(admissions_claim_, found == nullptr ? "was never given" : "was given to somebody else");
    return;
  }
  Admission& admission = admissions_[static_cast<std::size_t>(found - admissions_.data())];
  const Time at = time_.At(event.at);
  if (at >= admission.until + kGateToStore) {
    refute(admissions_claim_, fmt::format("of ticket {} had ended {} us before", admission.ticket,
                                          (at - admission.until).count()));
  }
  if (admission.given_back) ++figures_.used_after_end;
  if (++admission.used > terms_.grant) {
    refute(grants_claim_, fmt::format("of ticket {} was used {} times, and is good for {}",
                                      admission.ticket, admission.used, terms_.grant));
  }
}

QueueFigures QueueAudit::Figures() const {
  QueueFigures figures = figures_;
  for (const Admission& admission : admissions_) {
    if (admission.over && admission.used == 0) ++figures.no_shows;
  }
  return figures;
}

std::vector<Claim> QueueAudit::Claims() const {
  std::vector<Claim> claims = {tickets_claim_,     order_claim_, turns_claim_,
                               in_flight_claim_,   pace_claim_,  times_claim_,
                               arrangement_claim_, draw_claim_,  admissions_claim_,
                               grants_claim_,      shares_claim_};
  if (shares_.has_value()) claims.back().Look(shares_->rounds());
  const bool arranged = std::any_of(figures_.tiers.begin(), figures_.tiers.end(),
                                    [](const TierFigures& tier) { return tier.arranged; });
  for (Claim& claim : claims) {
    if (claim.name() != draw_claim_.name() || !arranged || compared_ != 0) continue;
    claim.Miss("no record of the draw was given (--draw)");
  }
  // What there was nothing to look at for is not worth a line.
  std::erase_if(claims, [](const Claim& claim) {
    return claim.looked_at() == 0 && !claim.refuted() && claim.missing().empty();
  });
  return claims;
}

}  // namespace flashsale::audit
