#include "examples/flashsale_audit/wording.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "examples/flashsale_audit/kept_hash.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::audit {
namespace {

using sim::Counted;
using sim::FormatSpan;
using sim::Grouped;

std::string Bytes(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", Grouped(bytes));
  if (bytes < 10'000'000) return fmt::format("{:.1f} KB", static_cast<double>(bytes) / 1e3);
  return sim::FormatBytes(bytes);
}

std::string Ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-"
                    : fmt::format("{:.1f}", static_cast<double>(part) / static_cast<double>(whole));
}

std::string Milliseconds(std::uint64_t ms) {
  return FormatSpan(std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
}

std::string Percentiles(const sim::Histogram& times) {
  if (times.total() == 0) return "-";
  return fmt::format("median {}, p90 {}, p99 {}, longest {}", Milliseconds(times.AtPerMille(500)),
                     Milliseconds(times.AtPerMille(900)), Milliseconds(times.AtPerMille(990)),
                     Milliseconds(times.greatest()));
}

std::uint64_t MeanOf(const sim::Histogram& times) {
  double sum = 0;
  times.ForEach([&sum](std::uint64_t value, std::uint64_t count) {
    sum += static_cast<double>(value) * static_cast<double>(count);
  });
  return times.total() == 0 ? 0
                            : static_cast<std::uint64_t>(sum / static_cast<double>(times.total()));
}

Table StockTable(const SaleFigures& figures) {
  Table table{.heading = "Units", .rows = {}};
  const auto add = [&table](std::string name, std::string value) {
    table.rows.push_back({std::move(name), std::move(value)});
  };
  add("open",
      fmt::format("{} to {}", FormatTime(figures.terms.start), FormatTime(figures.terms.end)));
  if (figures.first.has_value()) {
    add("first and last event",
        fmt::format("{}, {}", FormatTime(*figures.first), FormatTime(*figures.last)));
  }
  constexpr std::size_t kMostLines = 12;
  for (std::size_t i = 0; i < std::min(kMostLines, figures.lines.size()); ++i) {
    const Stock& line = figures.lines[i];
    add(fmt::format("line {}, {}", i, figures.terms.lines[i].product.view()),
        fmt::format("{} sold, {} held, {} available, of {} released and {} in all",
                    Grouped(line.sold), Grouped(line.reserved), Grouped(line.available()),
                    Grouped(line.released), Grouped(line.limit)));
  }
  if (figures.lines.size() > kMostLines) {
    add("", fmt::format("and {}", Counted(figures.lines.size() - kMostLines, "more line")));
  }
  add("sold out first", figures.sold_out_at ? FormatTime(*figures.sold_out_at) : "never");
  return table;
}

Table OutcomeTable(const SaleFigures& figures) {
  Table table{.heading = "What came of it", .rows = {}};
  struct Named {
    std::string_view name;
    EventType type;
  };
  using enum EventType;
  for (const auto& [name, type] :
       {Named{"reserved", kReserved}, Named{"confirmed", kConfirmed},
        Named{"cancelled", kCancelled}, Named{"expired", kExpired}, Named{"revived", kRevived},
        Named{"voided", kVoided}, Named{"extended", kExtended},
        Named{"cancelled before", kTombstoned}, Named{"waves released", kReleased}}) {
    const EventCount& count = figures.Of(type);
    if (count.events == 0 && type != kReserved && type != kConfirmed) continue;
    table.rows.push_back({std::string(name), type == kTombstoned
                                                 ? Grouped(count.events)
                                                 : fmt::format("{}, {}", Grouped(count.events),
                                                               Counted(count.units, "unit"))});
  }
  const std::uint64_t reserved = figures.Of(kReserved).events;
  const std::uint64_t bought = figures.Of(kConfirmed).events + figures.Of(kRevived).events;
  table.rows.push_back({"conversion", Percent(bought, reserved)});
  table.rows.push_back({"expiry rate", Percent(figures.Of(kExpired).events, reserved)});
  if (figures.returned != 0) {
    table.rows.push_back({"given back by confirms of a part", Counted(figures.returned, "unit")});
  }
  table.rows.push_back(
      {"hold until confirmed",
       figures.hold_until_confirm.total() == 0
           ? "-"
           : fmt::format("mean {}, {}", Milliseconds(MeanOf(figures.hold_until_confirm)),
                         Percentiles(figures.hold_until_confirm))});
  table.rows.push_back({"holds still open", Grouped(figures.holds_open)});
  table.rows.push_back({"refusals",
                        "a journal has none: sold out, limits, paused and the like leave "
                        "no trace"});
  return table;
}

Table PeopleTable(const SaleFigures& figures) {
  Table table{.heading = "People", .rows = {}};
  std::uint64_t buyers = 0;
  std::uint64_t units = 0;
  for (const auto& [each, count] : figures.buyers_by_units) {
    buyers += count;
    units += each * count;
  }
  table.rows.push_back({"users with a record", Grouped(figures.users)});
  table.rows.push_back(
      {"buyers", fmt::format("{}, {} units each", Grouped(buyers), Ratio(units, buyers))});
  constexpr std::size_t kMostSizes = 8;
  std::size_t sizes = 0;
  for (const auto& [each, count] : figures.buyers_by_units) {
    if (++sizes > kMostSizes) break;
    table.rows.push_back({fmt::format("who bought {}", Grouped(each)), Grouped(count)});
  }
  std::string top;
  for (const auto& [user, count] : figures.top_buyers) {
    top += fmt::format("{}{}{}", top.empty() ? "" : ", ",
                       user.is_nil() ? "" : user.ToString() + " ", Grouped(count));
  }
  if (!top.empty()) table.rows.push_back({"most units", top});
  return table;
}

Table BotTable(const SaleFigures& figures) {
  Table table{.heading = "What looks like programs (a hint, no proof)", .rows = {}};
  const BotHints& hints = figures.hints;
  table.rows.push_back({hints.since_admission ? "reserved within 100 ms of being let in"
                                              : "reserved within 100 ms of the start",
                        Grouped(hints.at_once)});
  for (const BotHints::Key& key : hints.keys) {
    table.rows.push_back(
        {fmt::format("by {}", key.name),
         fmt::format("{} keys, {} of three users or more, at most {} users of one{}; {} reserves "
                     "within 250 ms of the one before",
                     Grouped(key.keys), Grouped(key.shared), key.most_users,
                     key.busiest.empty() ? "" : fmt::format(" ({})", key.busiest),
                     Grouped(key.quick))});
  }
  return table;
}

Table QueueTable(const QueueFigures& queue, std::string heading, bool is_list) {
  Table table{.heading = std::move(heading), .rows = {}};
  const auto add = [&table](std::string name, std::uint64_t count) {
    table.rows.push_back({std::move(name), Grouped(count)});
  };
  table.rows.push_back({"strategy", queue.strategy});
  add("joined", queue.joined);
  if (queue.restored != 0) add("with a place that was brought back", queue.restored);
  add("left", queue.left);
  add("fell silent", queue.fell_silent);
  add(is_list ? "had their turn" : "let in", queue.admitted);
  add("through, slot given back", queue.completed);
  add("left when inside", queue.gave_back);
  add("windows that ended", queue.windows_lapsed);
  if (!is_list) {
    table.rows.push_back({"no-shows", fmt::format("{}, {} of those let in", Grouped(queue.no_shows),
                                                  Percent(queue.no_shows, queue.admitted))});
  }
  add("most waiting", queue.most_waiting);
  add("most inside", queue.most_in_flight);
  if (queue.used_after_end != 0) add("reserved after giving the slot back", queue.used_after_end);
  for (std::size_t tier = 0; tier < queue.tiers.size(); ++tier) {
    const TierFigures& figures = queue.tiers[tier];
    table.rows.push_back({queue.tiers.size() == 1 ? "waits" : fmt::format("waits of tier {}", tier),
                          fmt::format("{} joined, {} let in; {}", Grouped(figures.joined),
                                      Grouped(figures.admitted), Percentiles(figures.waits))});
  }
  return table;
}

}  // namespace

std::string FormatTime(Time at) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(at);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (ms - seconds).count());
}

std::string Percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string VerdictOf(const Claim& claim) {
  if (claim.refuted()) return "refuted";
  if (claim.missing().empty()) return "held";
  return claim.looked_at() == 0 ? "not judged" : "held as far as judged";
}

std::string LookedAt(const Claim& claim) {
  return claim.noun().empty() ? "" : Counted(claim.looked_at(), claim.noun());
}

Table JournalTable(const AuditReport& report) {
  const JournalFigures& journal = report.journal;
  const JournalSummary& summary = journal.summary;
  const std::uint64_t bytes = summary.records_size + summary.names_size;
  const std::uint64_t events = journal.sale_events + journal.queue_events;
  Table table{.heading = "Journal", .rows = {}};
  const auto add = [&table](std::string name, std::string value) {
    table.rows.push_back({std::move(name), std::move(value)});
  };
  add("commits",
      fmt::format("{}, {} events each", Grouped(summary.commits), Ratio(events, summary.commits)));
  add("events", fmt::format("{} of sales, {} of queues", Grouped(journal.sale_events),
                            Grouped(journal.queue_events)));
  add("size", fmt::format("{}, of these {} names; {} bytes a reservation", Bytes(bytes),
                          Bytes(summary.names_size), Ratio(bytes, journal.reservations)));
  add("sessions", fmt::format("{} (restarts: {})", Grouped(journal.sessions),
                              Grouped(journal.sessions == 0 ? 0 : journal.sessions - 1)));
  add("from", journal.first ? FormatTime(*journal.first) : "-");
  add("to", FormatTime(summary.latest));
  if (journal.copied_from.has_value()) {
    add("copy of a journal up to its commit",
        fmt::format("{}, {}", Grouped(*journal.copied_from), Hex(journal.copied_hash)));
  }
  add("hash, for --hash", KeptHash{.commit = summary.commits, .hash = summary.hash}.ToString());
  add("hash of names, for --names-hash",
      KeptHash{.commit = summary.commits, .hash = summary.names_hash}.ToString());
  return table;
}

std::vector<Table> SaleTables(const SaleReport& sale) {
  std::vector<Table> tables;
  if (sale.figures.has_value()) {
    tables.push_back(StockTable(*sale.figures));
    tables.push_back(OutcomeTable(*sale.figures));
    tables.push_back(PeopleTable(*sale.figures));
    tables.push_back(BotTable(*sale.figures));
  }
  if (sale.queue.has_value()) tables.push_back(QueueTable(*sale.queue, "Queue", false));
  for (const ListFigures& list : sale.lists) {
    tables.push_back(QueueTable(
        list.queue, list.line ? fmt::format("Waitlist of line {}", *list.line) : "Waitlist", true));
    tables.back().rows.push_back(
        {"offers", fmt::format("{}, {} bought", Grouped(list.offers), Grouped(list.bought))});
  }
  return tables;
}

std::string Heading(const SaleReport& sale) {
  return fmt::format("{}{}", sale.sale.view(), sale.forgotten ? ", forgotten" : "");
}

}  // namespace flashsale::audit
