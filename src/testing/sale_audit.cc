#include "testing/sale_audit.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "flashsale/testing/digest.h"
#include "flashsale/testing/invariants.h"

namespace flashsale::inline v0 {
namespace {

// What events lead to carries every optional member; a user's terms may not.
SaleTerms Completed(const SaleTerms& terms) {
  Result<SaleTerms> valid = Validate(terms);
  return valid.ok() ? *std::move(valid) : terms;
}

std::string ToText(const Stock& stock) {
  return fmt::format("limit {} released {} reserved {} sold {}", stock.limit, stock.released,
                     stock.reserved, stock.sold);
}

std::string ToText(const Tally& tally) {
  return fmt::format("limit {} held {} bought {} open {} records {} admission {} used {}",
                     tally.limit, tally.held, tally.bought, tally.open_holds, tally.records,
                     tally.admission, tally.admission_used);
}

}  // namespace

SaleAudit::SaleAudit(InventoryRepository& repository, const SaleTerms& terms)
    : repository_(repository), sale_(terms.id), fold_(Completed(terms)) {}

std::string SaleAudit::CatchUp() {
  std::array<Event, 64> events;
  while (true) {
    const Result<EventPage> page = repository_.ReadEvents(sale_, cursor_, events);
    if (!page.ok()) return "ReadEvents: " + page.status().ToString();
    if (page->lost.has_value()) {
      return fmt::format("events {} to {} were lost", page->lost->from, page->lost->to);
    }
    for (std::size_t i = 0; i < page->count; ++i) {
      std::optional<std::string> broken = fold_.Add(events[i]);
      if (broken.has_value()) return *std::move(broken);
    }
    if (page->cursor != fold_.seq()) {
      return fmt::format("the cursor is {} after seq {}", page->cursor, fold_.seq());
    }
    cursor_ = page->cursor;
    if (page->count < events.size()) return {};
  }
}

std::string SaleAudit::CheckStock(Time now) {
  const Result<SaleStock> stock = repository_.ReadStock(sale_, now);
  if (!stock.ok()) return "ReadStock: " + stock.status().ToString();
  if (stock->seq != fold_.seq()) {
    return fmt::format("ReadStock tells seq {}, the events end at {}", stock->seq, fold_.seq());
  }
  if (stock->marks != fold_.marks()) return "ReadStock tells other marks than the events";
  for (std::size_t i = 0; i < fold_.lines().size(); ++i) {
    if (i >= stock->lines.size() || stock->lines[i] != fold_.lines()[i]) {
      return fmt::format("line {} has {}, by the events {}", i,
                         i < stock->lines.size() ? ToText(stock->lines[i]) : "nothing",
                         ToText(fold_.lines()[i]));
    }
  }
  return {};
}

std::string SaleAudit::CheckTally(const TallyKey& key) {
  const Result<Tally> tally = repository_.ReadTally(sale_, key);
  if (!tally.ok()) return "ReadTally: " + tally.status().ToString();
  const Tally by_events = fold_.ReadTally(key);
  const bool equal = key.kind == 0
                         ? *tally == by_events
                         : tally->held == by_events.held && tally->bought == by_events.bought;
  if (equal) return {};
  return fmt::format("the tally of {} (kind {}) has {}, by the events {}",
                     UserId::FromBytes(key.bytes).ToString(), key.kind, ToText(*tally),
                     ToText(by_events));
}

std::string SaleAudit::Digest(Time now) const {
  DigestVisitor visitor(now);
  fold_.Show(visitor);
  return visitor.Finish();
}

std::string SaleAudit::CheckSnapshot(Time now) {
  const Result<std::vector<std::string>> broken = CheckInvariants(repository_, sale_);
  if (!broken.ok()) return "Snapshot: " + broken.status().ToString();
  if (!broken->empty()) return broken->front();
  const Result<std::string> digest = ReadDigest(repository_, sale_, now);
  if (!digest.ok()) return "Snapshot: " + digest.status().ToString();
  return *digest == Digest(now) ? std::string()
                                : std::string("the snapshot has another digest than the events");
}

std::string SaleAudit::CheckAll(Time now) {
  std::string error = CatchUp();
  if (error.empty()) error = CheckStock(now);
  if (error.empty()) error = CheckSnapshot(now);
  return error;
}

}  // namespace flashsale::inline v0
