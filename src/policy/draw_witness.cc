#include "flashsale/policy/draw_witness.h"

namespace flashsale::inline v0 {

Result<std::vector<std::uint8_t>> DrawWitness::Beacon(const DrawRecord& /*record*/) {
  return Status(StatusCode::kUnavailable, "beacon: this witness reads none");
}

}  // namespace flashsale::inline v0
