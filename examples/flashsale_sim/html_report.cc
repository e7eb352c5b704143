#include "examples/flashsale_sim/html_report.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/embedded_file.h"

namespace flashsale::sim {

// What the build has embedded.
std::span<const EmbeddedFile> HtmlReportFiles();

namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string_view FileNamed(std::string_view name) {
  for (const EmbeddedFile& file : HtmlReportFiles()) {
    if (file.name == name) return file.text;
  }
  return {};
}

Json SeriesJson(const Series& series, bool has_queue) {
  Json json = Json::array();
  for (const Series::Sample& sample : series.samples()) {
    Json answers = Json::object();
    Answers::ForEach(sample.answers, [&answers](Code code, std::uint64_t count) {
      answers[std::string(Name(code))] = count;
    });
    Json one = {{"t", Seconds(sample.since_opening)},
                {"available", sample.available},
                {"reserved", sample.reserved},
                {"sold", sample.sold}};
    if (has_queue) {
      one["waiting"] = sample.waiting;
      one["in_flight"] = sample.in_flight;
    }
    one["answers"] = std::move(answers);
    json.push_back(std::move(one));
  }
  return json;
}

// How many of a hundred had waited no longer than so many seconds.
Json WaitsJson(const Page::Waits& shown) {
  const Histogram& waits = shown.histogram;
  Json json = Json::array();
  if (waits.total() == 0) return json;
  json.push_back({0.0, 0.0});
  std::uint64_t seen = 0;
  waits.ForEach([&](std::uint64_t greatest, std::uint64_t count) {
    seen += count;
    json.push_back({static_cast<double>(greatest + 1) / shown.per_second,
                    static_cast<double>(seen) * 100 / static_cast<double>(waits.total())});
  });
  return json;
}

Json LatenciesJson(const Latencies& latencies) {
  struct Percentile {
    std::string_view name;
    std::uint32_t per_mille;
  };
  static constexpr std::array<Percentile, 5> kPercentiles = {
      {{"50", 500}, {"90", 900}, {"99", 990}, {"99.9", 999}, {"100", 1'000}}};
  Json json = {{"percentiles", Json::array()}, {"operations", Json::object()}};
  for (const Percentile& percentile : kPercentiles) {
    json["percentiles"].push_back(percentile.name);
  }
  for (std::size_t i = 0; i < kOperations; ++i) {
    const auto operation = static_cast<Operation>(i);
    const Histogram& histogram = latencies.Of(operation);
    if (histogram.total() == 0 || IsOperators(operation)) continue;
    Json& values = json["operations"][std::string(Name(operation))];
    for (const Percentile& percentile : kPercentiles) {
      values.push_back(histogram.AtPerMille(percentile.per_mille));
    }
  }
  return json;
}

Json TableJson(const Page::Table& table) {
  Json json = {{"title", table.title},
               {"note", table.note},
               {"columns", Json::array()},
               {"rows", table.rows}};
  for (const Page::Column& column : table.columns) {
    json["columns"].push_back({{"name", column.name}, {"text", column.is_text}});
  }
  return json;
}

Json DataOf(const Page& page) {
  Json json = {{"title", page.title},       {"heading", page.heading}, {"subtitle", page.subtitle},
               {"figures", Json::array()},  {"checks", Json::array()}, {"proof", page.proof},
               {"origin", page.origin},     {"notes", Json::object()}, {"tables", Json::array()},
               {"timeline", Json::array()}, {"summary", page.summary}};
  for (const Page::Figure& figure : page.figures) {
    json["figures"].push_back(
        {{"name", figure.name}, {"value", figure.value}, {"note", figure.note}});
  }
  for (const Check& check : page.checks) {
    json["checks"].push_back(
        {{"name", check.name}, {"found", check.found}, {"promise", check.promise}});
  }
  for (const Page::PlotNote& note : page.notes) json["notes"][std::string(note.plot)] = note.text;
  for (const Page::Table& table : page.tables) json["tables"].push_back(TableJson(table));
  json["options"] = TableJson(page.options);
  for (const Page::Moment& moment : page.story) {
    json["timeline"].push_back({{"t", Seconds(moment.since_origin)}, {"what", moment.what}});
  }
  if (page.series != nullptr) json["series"] = SeriesJson(*page.series, page.has_queue);
  if (page.waits.has_value()) json["waits"] = WaitsJson(*page.waits);
  if (page.latencies != nullptr) json["latencies"] = LatenciesJson(*page.latencies);
  return json;
}

// As the content of a script element: nothing in it ends that.
std::string DataText(const Page& page) {
  std::string text = DataOf(page).dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find("</", at)) != std::string::npos; at += 3) {
    text.insert(at + 1, 1, '\\');
  }
  return text;
}

}  // namespace

void WriteHtml(const Page& page, std::ostream& out) {
  static constexpr std::string_view kOpen = "{{";
  static constexpr std::string_view kClose = "}}";
  std::string_view rest = FileNamed("report.html");
  while (true) {
    const std::size_t open = rest.find(kOpen);
    const std::size_t close = rest.find(kClose, open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    const std::string_view name = rest.substr(open + kOpen.size(), close - open - kOpen.size());
    out << rest.substr(0, open);
    if (name == "data") {
      out << DataText(page);
    } else {
      out << FileNamed(name);
    }
    rest.remove_prefix(close + kClose.size());
  }
  out << rest;
}

}  // namespace flashsale::sim
