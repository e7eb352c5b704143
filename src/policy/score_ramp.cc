#include "flashsale/policy/score_ramp.h"

#include <fmt/format.h>

#include "base/field_check.h"
#include "flashsale/policy/bot_detector.h"

namespace flashsale::inline v0 {

Status Validate(const ScoreRamp& ramp, std::string_view field, std::uint32_t highest) {
  FieldCheck check;
  check.InRange<std::uint32_t>(fmt::format("{}.to", field), ramp.to, 1, highest)
      .InRange<std::uint32_t>(fmt::format("{}.from", field), ramp.from, 0, ramp.to - 1)
      .InRange<unsigned>(fmt::format("{}.most", field), ramp.most, 0, kMaxBotScore);
  return check.status();
}

}  // namespace flashsale::inline v0
