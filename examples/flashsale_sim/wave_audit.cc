#include "examples/flashsale_sim/wave_audit.h"

#include <utility>

#include <fmt/format.h>

namespace flashsale::sim {
namespace {

constexpr std::size_t kFindingsInWords = 10;

}  // namespace

WaveAudit::WaveAudit(const Terms& terms) : tolerance_(terms.tolerance) {
  for (const SaleLine& line : terms.lines) {
    lines_.push_back({.released = line.released_at_first.value_or(line.units), .waves = {}});
  }
  for (const Wave& wave : terms.waves) lines_[wave.line].waves.push_back(wave);
}

void WaveAudit::OnEvent(const Event& event) {
  if (event.type != EventType::kReleased || event.line >= lines_.size()) return;
  Line& line = lines_[event.line];
  line.released += event.units;
  // Of several that are due at once only the last need be sent: a wave names the total.
  std::size_t came = 0;
  bool in_time = true;
  for (; line.next < line.waves.size() && line.waves[line.next].released <= line.released;
       ++line.next) {
    ++came;
    const Time due = line.waves[line.next].at;
    in_time = in_time && event.at >= due && event.at <= due + tolerance_;
  }
  report_.released += came;
  const bool is_whole = came > 0 && line.waves[line.next - 1].released == line.released;
  if (is_whole && in_time) return;
  Find(report_,
       fmt::format("event {}: line {} has {} units released in all at {} us, which no wave "
                   "of this time says",
                   event.seq, event.line, line.released, event.at.time_since_epoch().count()));
}

WaveReport WaveAudit::Report(Time now) const {
  WaveReport report = report_;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (std::size_t next = lines_[i].next; next < lines_[i].waves.size(); ++next) {
      const Wave& wave = lines_[i].waves[next];
      if (wave.at + tolerance_ >= now) break;
      Find(report, fmt::format("line {}: a wave was due at {} us and never came", i,
                               wave.at.time_since_epoch().count()));
    }
  }
  return report;
}

void WaveAudit::Find(WaveReport& report, std::string text) {
  ++report.astray;
  if (report.findings.size() < kFindingsInWords) report.findings.push_back(std::move(text));
}

}  // namespace flashsale::sim
