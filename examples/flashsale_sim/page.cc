#include "examples/flashsale_sim/page.h"

#include <cstddef>

#include <fmt/format.h>

#include "examples/flashsale_sim/persona.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

// "scalper_farm" as people write it.
std::string Spaced(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  return text;
}

}  // namespace

Page::Table CrowdTable(const CrowdTally& crowd) {
  Page::Table table{.title = "The crowd",
                    .note = {},
                    .columns = {{"who"},
                                {"came"},
                                {"let in"},
                                {"bought"},
                                {"units"},
                                {"challenged"},
                                {"denied"},
                                {"too quick"},
                                {"gave up"},
                                {"no-shows"}},
                    .rows = {}};
  for (std::size_t i = 0; i < kPersonas; ++i) {
    const PersonaTally& tally = crowd.by_persona[i];
    if (tally.seen == 0) continue;
    table.rows.push_back({Spaced(Name(static_cast<Persona>(i))), Grouped(tally.seen),
                          Grouped(tally.admitted), Grouped(tally.bought), Grouped(tally.units),
                          Grouped(tally.challenged), Grouped(tally.denied), Grouped(tally.limited),
                          Grouped(tally.abandoned), Grouped(tally.no_shows)});
  }
  return table;
}

Page::Table OptionsTable(const Json& summary, std::span<const std::string_view> names) {
  Page::Table table{
      .title = "This run", .note = {}, .columns = {{"option"}, {"value"}}, .rows = {}};
  for (const std::string_view name : names) {
    const auto member = summary.find(std::string(name));
    if (member == summary.end() || member->is_null()) continue;
    table.rows.push_back(
        {Spaced(name), member->is_string() ? member->get<std::string>() : member->dump()});
  }
  return table;
}

std::vector<Page::Moment> StoryOf(const std::vector<Timeline::Moment>& moments, Time origin) {
  std::vector<Page::Moment> story;
  story.reserve(moments.size());
  for (const Timeline::Moment& moment : moments) {
    story.push_back({.since_origin = moment.at - origin, .what = moment.what});
  }
  return story;
}

std::string ShareOf(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "none came";
  return fmt::format("{:.3g} % of {}", static_cast<double>(part) * 100 / static_cast<double>(whole),
                     Grouped(whole));
}

}  // namespace flashsale::sim
