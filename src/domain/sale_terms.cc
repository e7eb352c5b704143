#include "flashsale/domain/sale_terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::string_view kNameExpectation = "1 to 64 of A-Z a-z 0-9 . _ -";
constexpr Duration kShortestHold = std::chrono::milliseconds{1};
constexpr std::uint32_t kMostAdmissionsPerSecond = 10'000'000;

std::string Micros(Time t) { return fmt::format("{} us", t.time_since_epoch().count()); }

void CheckLines(const SaleTerms& terms, FieldCheck& check) {
  check.InRange<std::size_t>("lines.size", terms.lines.size(), 1, kMaxLines);
  if (!check.ok()) return;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < terms.lines.size(); ++i) {
    const SaleLine& line = terms.lines[i];
    const std::string field = fmt::format("lines[{}]", i);
    check.That(line.product.valid(), field + ".product", "not a product id", kNameExpectation)
        .InRange<Units>(field + ".units", line.units, 1, kMaxUnits)
        .InRange<Units>(field + ".released_at_first", line.released_at_first.value_or(0), 0,
                        line.units)
        .That(seen.insert(line.product.view()).second, field + ".product", line.product.view(),
              "a product that no other line has");
    if (!check.ok()) return;
  }
}

// REQUIRES: lines and times are valid.
void CheckWaves(const SaleTerms& terms, FieldCheck& check) {
  check.InRange<std::size_t>("waves.size", terms.waves.size(), 0, kMaxWaves);
  if (!check.ok()) return;
  std::vector<Units> fewest;
  fewest.reserve(terms.lines.size());
  for (const SaleLine& line : terms.lines) {
    fewest.push_back(line.released_at_first.value_or(line.units));
  }
  Time earliest = terms.start;
  for (std::size_t i = 0; i < terms.waves.size(); ++i) {
    const Wave& wave = terms.waves[i];
    const std::string field = fmt::format("waves[{}]", i);
    check
        .That(wave.at >= earliest && wave.at < terms.end, field + ".at", Micros(wave.at),
              fmt::format("from {}, {}, to before the end, {}", Micros(earliest),
                          i == 0 ? "the start" : "that of the wave before", Micros(terms.end)))
        .InRange<std::size_t>(field + ".line", wave.line, 0, terms.lines.size() - 1);
    if (!check.ok()) return;
    check.InRange<Units>(field + ".released", wave.released, fewest[wave.line],
                         terms.lines[wave.line].units);
    if (!check.ok()) return;
    earliest = wave.at;
    fewest[wave.line] = wave.released + 1;
  }
}

void CheckKeyLimits(const SaleTerms& terms, FieldCheck& check) {
  check.InRange<std::size_t>("key_limits.size", terms.key_limits.size(), 0, kMaxLimitKeys);
  if (!check.ok()) return;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < terms.key_limits.size(); ++i) {
    const KeyLimit& key = terms.key_limits[i];
    const std::string field = fmt::format("key_limits[{}]", i);
    check
        .That(id_internal::IsName(key.name), field + ".name", Printable(key.name), kNameExpectation)
        .InRange<Units>(field + ".limit", key.limit, 1, kMaxUnits)
        .That(seen.insert(key.name).second, field + ".name", key.name,
              "a name that no other key limit has");
    if (!check.ok()) return;
  }
}

}  // namespace

Result<SaleTerms> Validate(SaleTerms terms) {
  FieldCheck check;
  check.That(terms.id.valid(), "id", "not a sale id", kNameExpectation)
      .That(IsValid(terms.start), "start", Micros(terms.start), "0 to 2^53 - 1 us since 1970")
      .That(IsValid(terms.end), "end", Micros(terms.end), "0 to 2^53 - 1 us since 1970")
      .That(terms.start < terms.end, "end", Micros(terms.end),
            fmt::format("later than start, {}", Micros(terms.start)));
  CheckLines(terms, check);
  if (check.ok()) CheckWaves(terms, check);
  CheckKeyLimits(terms, check);

  check.InRange<Units>("limit_per_user", terms.limit_per_user, 1, kMaxUnits);
  const Units ceiling = terms.limit_ceiling.value_or(terms.limit_per_user);
  check.InRange<Units>("limit_ceiling", ceiling, terms.limit_per_user, kMaxUnits);
  const Units per_order = terms.max_units_per_order.value_or(ceiling);
  check.InRange<Units>("max_units_per_order", per_order, 1, kMaxUnits)
      .InRange<std::uint32_t>("max_open_holds", terms.max_open_holds, 1, kMaxRecordsPerUser)
      .InRange("hold", terms.hold, kShortestHold, kMaxHold);
  if (!check.ok()) return check.status();

  const Duration longest = terms.longest_hold.value_or(std::min(3 * terms.hold, kMaxHold));
  check.InRange("longest_hold", longest, terms.hold, kMaxHold)
      .That(terms.end_policy == EndPolicy::kGrace || terms.end_policy == EndPolicy::kCut,
            "end_policy", fmt::format("{}", static_cast<int>(terms.end_policy)), "kGrace or kCut")
      .That(
          terms.late_confirm == LateConfirm::kRefuse || terms.late_confirm == LateConfirm::kRevive,
          "late_confirm", fmt::format("{}", static_cast<int>(terms.late_confirm)),
          "kRefuse or kRevive")
      .InRange<std::uint32_t>("admissions_per_second", terms.admissions_per_second, 1,
                              kMostAdmissionsPerSecond)
      .InRange<std::uint32_t>("max_stray_tombstones", terms.max_stray_tombstones, 0, kMaxUnits);
  if (!check.ok()) return check.status();

  terms.limit_ceiling = ceiling;
  terms.max_units_per_order = per_order;
  terms.longest_hold = longest;
  for (SaleLine& line : terms.lines)
    line.released_at_first = line.released_at_first.value_or(line.units);
  return terms;
}

}  // namespace flashsale::inline v0
