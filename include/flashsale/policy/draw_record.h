#ifndef FLASHSALE_POLICY_DRAW_RECORD_H_
#define FLASHSALE_POLICY_DRAW_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/draw_seed.h"

namespace flashsale::inline v0 {

// Who takes part, as published at the freeze.  The roots are Merkle tree hashes (RFC 6962, 2.1)
// over lists of user ids, 16 bytes each.
struct DrawFreeze {
  // Those who go first, in the order of arrival; none where all are drawn.
  std::uint64_t fifo_count = 0;
  DrawHash fifo_root = {};
  // Those who are drawn, sorted by id.
  std::uint64_t count = 0;
  DrawHash root = {};

  friend bool operator==(const DrawFreeze&, const DrawFreeze&) = default;
};

// All that the public learns of one draw, published bit by bit: what stands here before anybody may
// register, `freeze` when registration ends, then `beacon`, and `seed` when people have been drawn.
// What was published does not change any more.  docs/draw.md describes the text form.
//
// Thread safety: as an int.
struct FLASHSALE_EXPORT DrawRecord {
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::size_t kLongestBeacon = 256;

  DrawId draw = {};
  // DrawSeed::Commitment of the seed.
  DrawHash commitment = {};
  // In words for people, which public value the beacon will be: 1 to 128 printable ASCII characters
  // without `"` and `\`.  Empty: there is no beacon.
  std::string beacon_source = {};
  // How many of a thousand entrants go first, rounded down: 0 to 1,000; 0 where all are drawn.
  std::uint32_t fifo_per_mille = 0;

  std::optional<DrawFreeze> freeze = std::nullopt;
  // 1 to 256 bytes; only after the freeze, and where there is a source of it.
  std::optional<std::vector<std::uint8_t>> beacon = std::nullopt;
  // Only after the freeze, and after the beacon, if there is one.
  std::optional<DrawSeed> seed = std::nullopt;

  // A JSON object, one member a line, members in the order of the fields above.
  // REQUIRES: Validate(record) is OK.
  std::string ToJson() const;
  // Reads it, members in any order.  Strict: each member once and none besides, no escapes, hex in
  // lower case, whole numbers, no more than 8,192 bytes.
  // Errors: InvalidArgument, which names the member, its value, what was expected.
  static Result<DrawRecord> FromJson(std::string_view text);

  friend bool operator==(const DrawRecord&, const DrawRecord&) = default;
};

// OK, or an InvalidArgument that names the field, its value and what was expected.  Looks at the
// fields alone: ReplayDraw (draw.h) says whether the draw is right.
FLASHSALE_EXPORT Status Validate(const DrawRecord& record);

// Whether `later` says again all that `earlier` said.  OK, or an InvalidArgument that names the
// field that was changed or left out.
FLASHSALE_EXPORT Status CheckContinues(const DrawRecord& earlier, const DrawRecord& later);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_DRAW_RECORD_H_
