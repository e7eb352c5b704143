#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "examples/flashsale_audit/kept_hash.h"
#include "examples/flashsale_audit/reports.h"
#include "examples/flashsale_audit/wording.h"
#include "flashsale/domain/event.h"

namespace flashsale::audit {
namespace {

using Json = nlohmann::ordered_json;

Json Of(const std::vector<Claim>& claims) {
  Json list = Json::array();
  for (const Claim& claim : claims) {
    Json one = {{"name", claim.name()},
                {"promise", claim.promise()},
                {"verdict", VerdictOf(claim)},
                {"looked_at", claim.looked_at()},
                {"of", claim.noun()}};
    if (claim.refuted()) one["counterexample"] = claim.counterexample();
    if (!claim.missing().empty()) one["missing"] = claim.missing();
    list.push_back(std::move(one));
  }
  return list;
}

Json Of(const sim::Histogram& times) {
  if (times.total() == 0) return {{"count", 0}};
  return {{"count", times.total()},
          {"p50_ms", times.AtPerMille(500)},
          {"p90_ms", times.AtPerMille(900)},
          {"p99_ms", times.AtPerMille(990)},
          {"max_ms", times.greatest()}};
}

Json Of(const QueueFigures& queue) {
  Json tiers = Json::array();
  for (const TierFigures& tier : queue.tiers) {
    tiers.push_back({{"joined", tier.joined},
                     {"admitted", tier.admitted},
                     {"arranged", tier.arranged},
                     {"waits", Of(tier.waits)}});
  }
  return {{"strategy", queue.strategy},
          {"joined", queue.joined},
          {"restored", queue.restored},
          {"left", queue.left},
          {"fell_silent", queue.fell_silent},
          {"admitted", queue.admitted},
          {"completed", queue.completed},
          {"gave_back", queue.gave_back},
          {"windows_lapsed", queue.windows_lapsed},
          {"no_shows", queue.no_shows},
          {"used_after_end", queue.used_after_end},
          {"waiting", queue.waiting},
          {"most_waiting", queue.most_waiting},
          {"most_in_flight", queue.most_in_flight},
          {"tiers", std::move(tiers)}};
}

Json Of(const SaleFigures& figures) {
  Json lines = Json::array();
  for (std::size_t i = 0; i < figures.lines.size(); ++i) {
    const Stock& stock = figures.lines[i];
    lines.push_back({{"product", figures.terms.lines[i].product.ToString()},
                     {"limit", stock.limit},
                     {"released", stock.released},
                     {"held", stock.reserved},
                     {"sold", stock.sold}});
  }
  Json events = Json::object();
  for (std::size_t type = 0; type < figures.by_type.size(); ++type) {
    const EventCount& count = figures.by_type[type];
    if (count.events == 0) continue;
    events[std::string(Name(static_cast<EventType>(type)))] = {{"events", count.events},
                                                               {"units", count.units}};
  }
  Json buyers = Json::object();
  for (const auto& [units, count] : figures.buyers_by_units) buyers[std::to_string(units)] = count;
  Json top = Json::array();
  for (const auto& [user, units] : figures.top_buyers) {
    Json one = {{"units", units}};
    if (!user.is_nil()) one["user"] = user.ToString();
    top.push_back(std::move(one));
  }
  Json keys = Json::array();
  for (const BotHints::Key& key : figures.hints.keys) {
    Json one = {{"name", key.name},
                {"keys", key.keys},
                {"of_three_users_or_more", key.shared},
                {"most_users", key.most_users},
                {"within_250_ms", key.quick}};
    if (!key.busiest.empty()) one["busiest"] = key.busiest;
    keys.push_back(std::move(one));
  }
  Json json = {{"start_us", figures.terms.start.time_since_epoch().count()},
               {"end_us", figures.terms.end.time_since_epoch().count()},
               {"lines", std::move(lines)},
               {"events", std::move(events)},
               {"returned_units", figures.returned},
               {"hold_until_confirm", Of(figures.hold_until_confirm)},
               {"holds_open", figures.holds_open},
               {"users", figures.users},
               {"buyers_by_units", std::move(buyers)},
               {"top_buyers", std::move(top)},
               {"hints",
                {{"within_100_ms", figures.hints.at_once},
                 {"of", figures.hints.since_admission ? "being let in" : "the start"},
                 {"keys", std::move(keys)}}}};
  if (figures.sold_out_at) json["sold_out_us"] = figures.sold_out_at->time_since_epoch().count();
  return json;
}

}  // namespace

void WriteJson(const AuditReport& report, std::ostream& out) {
  const JournalFigures& journal = report.journal;
  Json sales = Json::array();
  for (const SaleReport& sale : report.sales) {
    Json one = {
        {"sale", sale.sale.ToString()}, {"forgotten", sale.forgotten}, {"claims", Of(sale.claims)}};
    if (sale.figures.has_value()) one["figures"] = Of(*sale.figures);
    if (sale.queue.has_value()) one["queue"] = Of(*sale.queue);
    Json lists = Json::array();
    for (const ListFigures& list : sale.lists) {
      Json entry = Of(list.queue);
      if (list.line.has_value()) entry["line"] = *list.line;
      entry["offers"] = list.offers;
      entry["bought"] = list.bought;
      lists.push_back(std::move(entry));
    }
    if (!lists.empty()) one["waitlists"] = std::move(lists);
    sales.push_back(std::move(one));
  }
  const Json json = {{"version", 1},
                     {"file", report.path},
                     {"held", report.held()},
                     {"took_us", report.took.count()},
                     {"journal",
                      {{"commits", journal.summary.commits},
                       {"entries", journal.summary.entries},
                       {"sale_events", journal.sale_events},
                       {"queue_events", journal.queue_events},
                       {"reservations", journal.reservations},
                       {"records_bytes", journal.summary.records_size},
                       {"names_bytes", journal.summary.names_size},
                       {"sessions", journal.sessions},
                       {"first_us", journal.first.value_or(kMinTime).time_since_epoch().count()},
                       {"latest_us", journal.summary.latest.time_since_epoch().count()},
                       {"hash", Hex(journal.summary.hash)},
                       {"names_hash", Hex(journal.summary.names_hash)}}},
                     {"claims", Of(report.claims)},
                     {"remarks", report.remarks},
                     {"sales", std::move(sales)}};
  // Whatever a file is called, this is text.
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace flashsale::audit
