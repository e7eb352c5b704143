#include "examples/flashsale_sim/html_report.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

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

Json SeriesJson(const Series& series) {
  Json json = Json::array();
  for (const Series::Sample& sample : series.samples()) {
    Json answers = Json::object();
    Answers::ForEach(sample.answers, [&answers](Code code, std::uint64_t count) {
      answers[std::string(Name(code))] = count;
    });
    json.push_back({{"t", Seconds(sample.since_opening)},
                    {"available", sample.available},
                    {"reserved", sample.reserved},
                    {"sold", sample.sold},
                    {"waiting", sample.waiting},
                    {"in_flight", sample.in_flight},
                    {"answers", answers}});
  }
  return json;
}

// How many of a hundred had waited no longer than so many seconds.
Json WaitsJson(const Histogram& waits) {
  Json json = Json::array();
  if (waits.total() == 0) return json;
  json.push_back({0.0, 0.0});
  std::uint64_t seen = 0;
  waits.ForEach([&](std::uint64_t greatest, std::uint64_t count) {
    seen += count;
    json.push_back({static_cast<double>(greatest + 1) / 1'000,
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

Json DataOf(const SimulateReport& report) {
  Json json = {{"summary", ToJson(report)}};
  for (const Check& check : ChecksOf(report)) {
    json["checks"].push_back(
        {{"name", check.name}, {"found", check.found}, {"promise", check.promise}});
  }
  json["timeline"] = Json::array();
  for (const Timeline::Moment& moment : report.timeline.moments()) {
    json["timeline"].push_back(
        {{"t", Seconds(moment.at - TermsOf(report.plan).start)}, {"what", moment.what}});
  }
  json["series"] = SeriesJson(report.result.series);
  json["waits"] = WaitsJson(report.result.waits_ms);
  if (report.machine.has_value()) json["latencies"] = LatenciesJson(report.result.latencies);
  return json;
}

// As the content of a script element: nothing in it ends that.
std::string DataText(const SimulateReport& report) {
  std::string text = DataOf(report).dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find("</", at)) != std::string::npos; at += 3) {
    text.insert(at + 1, 1, '\\');
  }
  return text;
}

}  // namespace

void WriteHtml(const SimulateReport& report, std::ostream& out) {
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
      out << DataText(report);
    } else {
      out << FileNamed(name);
    }
    rest.remove_prefix(close + kClose.size());
  }
  out << rest;
}

}  // namespace flashsale::sim
