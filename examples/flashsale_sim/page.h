#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_PAGE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_PAGE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/crowd_tally.h"
#include "examples/flashsale_sim/histogram.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/report.h"
#include "examples/flashsale_sim/series.h"
#include "flashsale/base/time.h"

namespace flashsale::sim {

// What the page of a run shows, whichever subcommand ran it.  What is empty or not set is left out
// of the page, heading and all.
// Ownership: what it points to must outlive it.
struct Page {
  // A number that stands above the plots, with a name over it and a word on it below.
  struct Figure {
    std::string name;
    std::string value;
    std::string note;
  };
  struct Column {
    std::string name;
    bool is_text = false;  // else a number, and so set to the right
  };
  struct Table {
    std::string title;
    std::string note;
    std::vector<Column> columns;
    // Of as many values as there are columns; the first names the row.
    std::vector<std::vector<std::string>> rows;
  };
  // How long people waited.
  struct Waits {
    const Histogram& histogram;
    // What it counts: so many of it are a second.
    double per_second = 1;
  };
  // A turn of the story.
  struct Moment {
    Duration since_origin{};
    std::string what;
  };
  // What is said of a plot instead of what is said by default.
  struct PlotNote {
    std::string_view plot;  // "stock", "queue", "answers", "waits", "latencies"
    std::string text;
  };

  std::string title;     // of the window
  std::string heading;   // of the page
  std::string subtitle;  // how the run was laid out, in a sentence or two
  std::vector<Figure> figures = {};

  std::vector<Check> checks = {};
  std::string proof = {};  // what the checks were recomputed from

  // What the times of the series and of the story count from: "the opening".
  std::string origin;
  const Series* series = nullptr;
  // Whether anybody queued, so that the series tells of it.
  bool has_queue = true;
  std::optional<Waits> waits = std::nullopt;
  const Latencies* latencies = nullptr;
  std::vector<PlotNote> notes = {};

  std::vector<Table> tables = {};
  std::vector<Moment> story = {};
  Table options = {};
  // What the run's JSON says.
  Json summary = {};
};

// How each kind of shopper fared; kinds of which nobody came are left out.
Page::Table CrowdTable(const CrowdTally& crowd);
// Those of the named members that the summary has.
Page::Table OptionsTable(const Json& summary, std::span<const std::string_view> names);
// The turns of a story, as counted from `origin`.
std::vector<Page::Moment> StoryOf(const std::vector<Timeline::Moment>& moments, Time origin);

// "12.5 % of 100"; "none came" where there is no whole.
std::string ShareOf(std::uint64_t part, std::uint64_t whole);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_PAGE_H_
