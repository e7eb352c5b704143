#ifndef FLASHSALE_POLICY_DRAW_SEED_H_
#define FLASHSALE_POLICY_DRAW_SEED_H_

#include <array>
#include <cstdint>

#include "flashsale/base/id.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// A SHA-256.
using DrawHash = std::array<std::uint8_t, 32>;

// What the seeds of all draws of a host are derived from: 32 random bytes, the same on every
// server, never published.
using DrawSecret = std::array<std::uint8_t, 32>;

// One tier of one sale: what is drawn by itself, with a seed of its own.
struct DrawId {
  SaleId sale;
  std::uint8_t tier = 0;

  friend bool operator==(const DrawId&, const DrawId&) = default;
};

// The seed of one draw: kept secret until people are drawn, then published.  docs/draw.md has the
// whole protocol.  Its bytes are wiped when it ends.
//
// Thread safety: as an int.  Throws std::bad_alloc where said and nothing else.
class FLASHSALE_EXPORT DrawSeed {
 public:
  using Bytes = std::array<std::uint8_t, 32>;

  static DrawSeed FromBytes(const Bytes& bytes) { return DrawSeed(bytes); }
  // HKDF-SHA256 (RFC 5869) of the secret, without salt, with the info
  // "flashsale/1/draw-seed/SALE/TIER": who knows the seeds of other draws knows nothing of this
  // one.  May throw std::bad_alloc.
  static DrawSeed Derive(const DrawSecret& secret, const DrawId& draw);

  DrawSeed(const DrawSeed&) = default;
  DrawSeed& operator=(const DrawSeed&) = default;
  ~DrawSeed();

  // What is published before anybody may register: the SHA-256 of the 32 bytes.  May throw
  // std::bad_alloc.
  DrawHash Commitment() const;

  const Bytes& bytes() const { return bytes_; }
  friend bool operator==(const DrawSeed& a, const DrawSeed& b) { return a.bytes_ == b.bytes_; }

 private:
  explicit DrawSeed(const Bytes& bytes) : bytes_(bytes) {}

  Bytes bytes_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_DRAW_SEED_H_
