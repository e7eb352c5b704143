#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_FIGURES_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_FIGURES_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/flashsale_audit/claim.h"
#include "examples/flashsale_audit/flow_series.h"
#include "examples/flashsale_sim/histogram.h"
#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/sale_terms.h"

namespace flashsale::audit {

// What an audit has found, as plain values; the renderers (text, JSON, CSV, HTML) know nothing
// else.

struct JournalFigures {
  JournalSummary summary;
  std::uint64_t sale_events = 0;
  std::uint64_t queue_events = 0;
  std::uint64_t reservations = 0;
  std::uint64_t sessions = 0;
  // Of the first session or event.
  std::optional<Time> first;
  // The commit of another journal that this one goes on from.
  std::optional<std::uint64_t> copied_from;
  JournalHash copied_hash{};
};

// How often an event happened, and with how many units.
struct EventCount {
  std::uint64_t events = 0;
  std::uint64_t units = 0;
};

// What looks like programs at work.  Hints: an office shares an address, a shop an till.
struct BotHints {
  struct Key {
    std::string name;              // of the limit key, as the terms say
    std::uint64_t keys = 0;        // that anything was reserved under
    std::uint64_t shared = 0;      // of these, used by three users or more
    std::uint64_t most_users = 0;  // of one key; counted up to 64
    std::uint64_t quick = 0;       // reserves within 250 ms of the one before under the same key
    std::string busiest;           // the key with most users
  };
  std::vector<Key> keys;
  // Reserves within 100 ms of the start, or where there is a queue, of being let in.
  std::uint64_t at_once = 0;
  bool since_admission = false;
};

struct SaleFigures {
  SaleTerms terms;
  std::vector<Stock> lines;
  std::array<EventCount, 31> by_type{};  // by EventType
  std::uint64_t returned = 0;            // units that confirms of a part gave back
  std::uint64_t most_units_at_once = 0;
  sim::Histogram hold_until_confirm;  // in milliseconds
  std::uint64_t holds_open = 0;       // at the end of the journal
  std::optional<Time> first;
  std::optional<Time> last;
  std::optional<Time> sold_out_at;  // first
  std::uint64_t users = 0;          // with any record
  std::map<std::uint64_t, std::uint64_t> buyers_by_units;
  std::vector<std::pair<UserId, std::uint64_t>> top_buyers;
  BotHints hints;

  const EventCount& Of(EventType type) const { return by_type[static_cast<std::size_t>(type)]; }
};

struct TierFigures {
  std::uint64_t joined = 0;
  std::uint64_t admitted = 0;
  bool arranged = false;
  sim::Histogram waits;  // in milliseconds, from the ticket or the opening, whichever was later
};

// Of a queue, or of a waitlist, where an admission is a turn.
struct QueueFigures {
  std::string strategy;
  std::uint64_t joined = 0;
  std::uint64_t restored = 0;
  std::uint64_t left = 0;       // waiting
  std::uint64_t gave_back = 0;  // who had been let in
  std::uint64_t fell_silent = 0;
  std::uint64_t admitted = 0;
  std::uint64_t completed = 0;
  std::uint64_t windows_lapsed = 0;
  std::uint64_t no_shows = 0;  // admissions that are over, and nothing was reserved under them
  std::uint64_t used_after_end =
      0;                      // reserves after the admission was given back; see docs/audit.md
  std::uint64_t waiting = 0;  // at the end of the journal
  std::uint64_t most_waiting = 0;
  std::uint64_t most_in_flight = 0;
  std::vector<TierFigures> tiers;
};

struct ListFigures {
  std::optional<std::uint16_t> line;  // of the sale; not known where the sale is not
  std::uint64_t offers = 0;
  std::uint64_t bought = 0;
  QueueFigures queue;
};

// One sale; its name may come again after it was forgotten.
struct SaleReport {
  SaleId sale;
  bool forgotten = false;
  std::optional<SaleFigures> figures;
  std::optional<QueueFigures> queue;
  std::vector<ListFigures> lists;
  FlowSeries series;
  std::vector<Claim> claims;
};

struct AuditReport {
  std::string path;
  JournalFigures journal;
  std::vector<Claim> claims;  // about the journal as a whole
  // What narrows what they prove, and refutes nothing.
  std::vector<std::string> remarks;
  std::vector<SaleReport> sales;
  // How long it took on this machine.
  Duration took{0};

  bool held() const {
    for (const Claim& claim : claims) {
      if (claim.refuted()) return false;
    }
    for (const SaleReport& sale : sales) {
      for (const Claim& claim : sale.claims) {
        if (claim.refuted()) return false;
      }
    }
    return true;
  }
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_FIGURES_H_
