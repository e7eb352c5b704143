#include "flashsale/testing/linearizability.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "testing/sequential_sale.h"

namespace flashsale::inline v0 {
namespace {

using Verdict = LinearizabilityReport::Verdict;

// One search.  Calls that must take effect in the order in which they stand are in one lane; so a
// configuration is how far each lane has come and the state of the sale.
class Search {
 public:
  Search(const SaleTerms& terms, const History& history, const LinearizabilityOptions& options)
      : terms_(terms), options_(options) {
    std::map<std::uint32_t, Lane> by_thread;
    for (const Call& call : history) {
      if (call.has_returned()) {
        by_thread[call.thread].push_back(&call);
        ++calls_to_explain_;
      } else {
        lanes_.push_back({&call});  // whatever its thread did next did not wait for it
      }
    }
    for (auto& [thread, lane] : by_thread) lanes_.push_back(std::move(lane));
    next_.resize(lanes_.size(), 0);
  }

  LinearizabilityReport Run() {
    LinearizabilityReport report;
    const bool found = Explain(SequentialSale(terms_), 0);
    report.configurations = seen_.size();
    if (found) {
      report.verdict = Verdict::kLinearizable;
    } else if (seen_.size() >= options_.max_configurations) {
      report.verdict = Verdict::kUndecided;
      report.explanation = "gave up after " + std::to_string(seen_.size()) + " configurations";
    } else {
      report.verdict = Verdict::kNotLinearizable;
      report.explanation = std::move(explanation_);
    }
    return report;
  }

 private:
  using Lane = std::vector<const Call*>;

  // Whether everything that is left can be explained from `sale` on, `explained` calls having
  // returned answers that were.
  bool Explain(const SequentialSale& sale, std::size_t explained) {
    if (explained == calls_to_explain_) return true;
    if (seen_.size() >= options_.max_configurations) return false;
    if (!seen_.insert(KeyOf(sale)).second) return false;

    const std::vector<std::size_t> candidates = Candidates();
    if (explained >= deepest_) {
      deepest_ = explained;
      Describe(sale, candidates);
    }
    for (const std::size_t lane : candidates) {
      const Call& call = *lanes_[lane][next_[lane]];
      SequentialSale after = sale;
      if (!TakesEffect(call, after)) continue;
      ++next_[lane];
      order_.push_back(&call);
      const bool found = Explain(after, explained + (call.has_returned() ? 1 : 0));
      order_.pop_back();
      --next_[lane];
      if (found) return true;
    }
    Time latest = kMinTime;
    for (const std::size_t lane : candidates) {
      latest = std::max(latest, lanes_[lane][next_[lane]]->now);
    }
    for (std::size_t i = 0; i < sale.record_count(); ++i) {
      if (!sale.MayExpire(i, latest)) continue;
      SequentialSale after = sale;
      after.Expire(i);
      if (Explain(after, explained)) return true;
    }
    return false;
  }

  // The lanes whose next call may take effect now: no call that is left had returned before it was
  // invoked.  Those that returned first come first, which finds most orders at once.
  std::vector<std::size_t> Candidates() const {
    std::uint64_t first_return = Call::kNeverReturned;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (next_[lane] == lanes_[lane].size()) continue;
      first_return = std::min(first_return, lanes_[lane][next_[lane]]->returned);
    }
    std::vector<std::size_t> candidates;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (next_[lane] == lanes_[lane].size()) continue;
      if (lanes_[lane][next_[lane]]->invoked < first_return) candidates.push_back(lane);
    }
    std::sort(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) {
      return lanes_[a][next_[a]]->returned < lanes_[b][next_[b]]->returned;
    });
    return candidates;
  }

  // Carries the call out on `sale`; false where the contract answers otherwise than it was
  // answered.
  static bool TakesEffect(const Call& call, SequentialSale& sale) {
    switch (call.kind) {
      case CallKind::kCommand: {
        const std::optional<Outcome> outcome = sale.Apply(call.command, call.now);
        if (!outcome.has_value()) return false;
        return !call.has_returned() || call.outcome == *outcome;
      }
      case CallKind::kExpireDue:
        return true;  // it does nothing but let holds expire while it runs
      case CallKind::kFind:
        return Agrees(call.found, sale.Find(call.command.user, call.command.id));
      case CallKind::kReadTally: {
        const Tally tally = sale.ReadTally(call.tally_key);
        return call.tally.held == tally.held && call.tally.bought == tally.bought;
      }
      case CallKind::kReadStock:
        return call.stock == sale.ReadStock(call.command.line);
    }
    return false;
  }

  // Of what is no longer held the deadline means nothing.
  static bool Agrees(std::optional<Reservation> given, const std::optional<Reservation>& due) {
    if (given.has_value() && due.has_value() && due->state != ReservationState::kActive) {
      given->deadline = due->deadline;
    }
    return given == due;
  }

  std::string KeyOf(const SequentialSale& sale) const {
    std::string key;
    for (const std::size_t position : next_) key.push_back(static_cast<char>(position));
    sale.AppendKey(key);
    return key;
  }

  void Describe(const SequentialSale& sale, const std::vector<std::size_t>& candidates) {
    explanation_ = "explained " + std::to_string(deepest_) + " of " +
                   std::to_string(calls_to_explain_) + " calls in this order:\n";
    for (const Call* call : order_) explanation_ += "  " + ToString(*call) + "\n";
    explanation_ += "  state: " + sale.ToString() + "\nnone of these can come next:\n";
    for (const std::size_t lane : candidates) {
      const Call& call = *lanes_[lane][next_[lane]];
      explanation_ += "  " + ToString(call);
      if (call.kind == CallKind::kCommand) {
        SequentialSale copy = sale;
        const std::optional<Outcome> due = copy.Apply(call.command, call.now);
        explanation_ += due.has_value() ? "; due: " + ToString(*due)
                                        : "; due: done, once lapsed holds are expired";
      }
      explanation_ += "\n";
    }
  }

  const SaleTerms& terms_;
  const LinearizabilityOptions& options_;
  std::vector<Lane> lanes_;
  std::vector<std::size_t> next_;
  std::size_t calls_to_explain_ = 0;
  std::unordered_set<std::string> seen_;
  std::vector<const Call*> order_;
  std::size_t deepest_ = 0;
  std::string explanation_;
};

}  // namespace

LinearizabilityReport CheckLinearizable(const SaleTerms& terms, const History& history,
                                        const LinearizabilityOptions& options) {
  const Result<SaleTerms> valid = Validate(terms);
  if (!valid.ok()) {
    return {.verdict = Verdict::kUndecided, .explanation = valid.status().ToString()};
  }
  return Search(*valid, history, options).Run();
}

}  // namespace flashsale::inline v0
