#ifndef FLASHSALE_SRC_POLICY_DRAW_LABEL_H_
#define FLASHSALE_SRC_POLICY_DRAW_LABEL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/policy/draw_seed.h"

namespace flashsale::inline v0 {

// "flashsale/1/KIND/SALE/TIER", the tier in decimal: tells what is derived for one purpose and draw
// from all else.  No sale has a slash in its name.
inline std::vector<std::uint8_t> DrawLabel(std::string_view kind, const DrawId& draw) {
  std::string text = "flashsale/1/";
  text.append(kind).append("/").append(draw.sale.view()).append("/");
  text += std::to_string(draw.tier);
  return {text.begin(), text.end()};
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_DRAW_LABEL_H_
