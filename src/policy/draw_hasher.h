#ifndef FLASHSALE_SRC_POLICY_DRAW_HASHER_H_
#define FLASHSALE_SRC_POLICY_DRAW_HASHER_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "flashsale/base/id.h"
#include "flashsale/policy/draw_seed.h"
#include "base/sha256.h"

namespace flashsale::inline v0 {

// The hashes of a Merkle tree of entrants as RFC 6962, 2.1, has them: a prefix tells leaves from
// nodes, so that no node passes for an entrant.
// Thread safety: as an int.  Throws std::bad_alloc.
class DrawHasher {
 public:
  // Of no entrants.
  DrawHash Nothing() { return hash_.Of({}); }

  DrawHash Leaf(const UserId& entrant) {
    std::array<std::uint8_t, 17> message;
    message[0] = 0;
    std::copy(entrant.bytes().begin(), entrant.bytes().end(), message.begin() + 1);
    return hash_.Of(message);
  }

  DrawHash Node(const DrawHash& left, const DrawHash& right) {
    std::array<std::uint8_t, 65> message;
    message[0] = 1;
    std::copy(left.begin(), left.end(), message.begin() + 1);
    std::copy(right.begin(), right.end(), message.begin() + 33);
    return hash_.Of(message);
  }

 private:
  Sha256 hash_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_DRAW_HASHER_H_
