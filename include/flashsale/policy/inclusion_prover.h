#ifndef FLASHSALE_POLICY_INCLUSION_PROVER_H_
#define FLASHSALE_POLICY_INCLUSION_PROVER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/inclusion_proof.h"

namespace flashsale::inline v0 {

// Makes the proofs of one list of a draw, for whoever asks.  It keeps the upper levels of the tree,
// 64 bytes for each 1,024 entrants, and hashes the 1,024 around whoever asks anew.
//
// Thread safety: any thread.  Blocking: never; a proof is some 2,000 hashes.
// Ownership: the list must outlive it, and not change.
class FLASHSALE_EXPORT InclusionProver {
 public:
  struct Parts {
    // Of the freeze, or later.
    const DrawRecord& record;
    DrawList list = DrawList::kDrawn;
    std::span<const UserId> entrants;
  };

  // Hashes the whole list once.
  // Errors: InvalidArgument where the list is not that of the record: its count or its root is
  // another; ResourceExhausted.
  static Result<InclusionProver> New(const Parts& parts);

  // Errors: InvalidArgument where there is no such index; ResourceExhausted.
  Result<InclusionProof> Prove(std::uint64_t index) const;
  // Errors: NotFound where the user is not in the list.  In the list of those who go first it looks
  // through all.
  Result<InclusionProof> Prove(const UserId& user) const;

 private:
  InclusionProver(const DrawId& draw, DrawList list, std::span<const UserId> entrants)
      : draw_(draw), list_(list), entrants_(entrants) {}

  DrawId draw_;
  DrawList list_;
  std::span<const UserId> entrants_;
  // upper_[0] has a hash for each 1,024 entrants, the last level the root alone.
  std::vector<std::vector<DrawHash>> upper_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_INCLUSION_PROVER_H_
