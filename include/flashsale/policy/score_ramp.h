#ifndef FLASHSALE_POLICY_SCORE_RAMP_H_
#define FLASHSALE_POLICY_SCORE_RAMP_H_

#include <cstdint>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// A score that grows with a count: 0 up to `from`, `most` from `to` on, in equal steps between.
struct ScoreRamp {
  std::uint32_t from = 0;
  std::uint32_t to = 1;
  std::uint8_t most = 100;

  // REQUIRES: from < to.
  constexpr std::uint8_t At(std::uint32_t count) const {
    if (count <= from) return 0;
    if (count >= to) return most;
    return static_cast<std::uint8_t>(std::uint64_t{most} * (count - from) / (to - from));
  }

  friend bool operator==(const ScoreRamp&, const ScoreRamp&) = default;
};

// OK if from < to <= highest and most <= 100; else an InvalidArgument that names `field` and its
// member, the value and what was expected.
FLASHSALE_EXPORT Status Validate(const ScoreRamp& ramp, std::string_view field,
                                 std::uint32_t highest);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_SCORE_RAMP_H_
