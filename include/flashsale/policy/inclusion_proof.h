#ifndef FLASHSALE_POLICY_INCLUSION_PROOF_H_
#define FLASHSALE_POLICY_INCLUSION_PROOF_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/draw_seed.h"

namespace flashsale::inline v0 {

// Which of the two lists of a draw somebody is in.
enum class DrawList : std::uint8_t {
  kDrawn = 0,  // those who are drawn, sorted by id
  kFifo = 1,   // those who go first, in the order of arrival
};
// "drawn", "fifo".
FLASHSALE_EXPORT std::string_view Name(DrawList list);

// What convinces an entrant that they take part in a draw, without the list of all others: the
// audit path of their leaf (RFC 6962, 2.1.1) to the root that was published at the freeze.  At most
// 64 hashes, log2 of the count as a rule.
//
// Thread safety: as an int.
struct FLASHSALE_EXPORT InclusionProof {
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::size_t kLongestPath = 64;

  DrawId draw = {};
  DrawList list = DrawList::kDrawn;
  UserId entrant = {};
  // Where in the list, from 0; in that of those who go first it is their place in the order, too.
  std::uint64_t index = 0;
  // From the leaf upwards.
  std::vector<DrawHash> path = {};

  // A JSON object; `path` is one text, 64 digits a hash.  REQUIRES: the draw is a lawful one.
  std::string ToJson() const;
  // Reads it, as strictly as DrawRecord::FromJson.
  // Errors: InvalidArgument, which names the member, its value, what was expected.
  static Result<InclusionProof> FromJson(std::string_view text);

  friend bool operator==(const InclusionProof&, const InclusionProof&) = default;
};

// Whether the proof holds against what was published: needs the record of the freeze or a later
// one, whose seed must be the committed one.  OK, or an InvalidArgument that says what is wrong.
// ResourceExhausted: it could not be found out.
FLASHSALE_EXPORT Status VerifyInclusion(const DrawRecord& record, const InclusionProof& proof);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_INCLUSION_PROOF_H_
