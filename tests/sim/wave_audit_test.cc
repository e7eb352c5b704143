#include "examples/flashsale_sim/wave_audit.h"

#include <doctest/doctest.h>

#include <chrono>

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours(1)};

// Two lines of ten units, four at first; two waves of three each, at one and two minutes.
WaveAudit Audit() {
  return WaveAudit({.lines = {{.product = "a", .units = 10, .released_at_first = 4},
                              {.product = "b", .units = 10, .released_at_first = 4}},
                    .waves = {{.at = kStart + 1min, .line = 0, .released = 7},
                              {.at = kStart + 1min, .line = 1, .released = 7},
                              {.at = kStart + 2min, .line = 0, .released = 10},
                              {.at = kStart + 2min, .line = 1, .released = 10}},
                    .tolerance = 100ms});
}

Event Release(Duration after, std::uint16_t line, Units units) {
  return {.at = kStart + after, .type = EventType::kReleased, .line = line, .units = units};
}

TEST_CASE("waves that come when they are due pass") {
  WaveAudit audit = Audit();
  for (const Event& event : {Release(1min, 0, 3), Release(60'050ms, 1, 3), Release(2min, 0, 3),
                             Release(120'100ms, 1, 3)}) {
    audit.OnEvent(event);
  }
  CHECK(audit.Report(kStart + 5min).ok());
  CHECK(audit.Report(kStart + 5min).released == 4);
}

TEST_CASE("waves that come too early, too late, or with other units are found") {
  for (const Event& event : {Release(59'999ms, 0, 3), Release(60'101ms, 0, 3), Release(1min, 0, 2),
                             Release(1min, 0, 4)}) {
    CAPTURE(event.units);
    CAPTURE((event.at - kStart).count());
    WaveAudit audit = Audit();
    audit.OnEvent(event);
    CHECK(audit.Report(kStart).astray == 1);
  }
}

TEST_CASE("a wave that never comes is found once it is late") {
  WaveAudit audit = Audit();
  audit.OnEvent(Release(1min, 1, 3));
  CHECK(audit.Report(kStart + 60'100ms).ok());
  CHECK(audit.Report(kStart + 60'101ms).astray == 1);
  CHECK(audit.Report(kStart + 5min).astray == 3);
  // The second alone brings what both should have: the first came too late.
  audit.OnEvent(Release(2min, 0, 6));
  CHECK(audit.Report(kStart + 2min).astray == 1);
}

}  // namespace
}  // namespace flashsale::sim
