#ifndef FLASHSALE_POLICY_MERKLE_ROOT_H_
#define FLASHSALE_POLICY_MERKLE_ROOT_H_

#include <cstdint>
#include <memory>

#include "flashsale/base/id.h"
#include "flashsale/export.h"
#include "flashsale/policy/draw_seed.h"

namespace flashsale::inline v0 {

// The Merkle tree hash of a list of entrants (RFC 6962, 2.1), made as they come: it keeps one hash
// for each bit of their number, not the entrants.
//
//   nobody:         SHA-256 of nothing
//   one entrant:    SHA-256(0x00, the 16 bytes of the user id)
//   several:        SHA-256(0x01, hash of the first k, hash of the others), k being the largest
//                   power of two that is less than their number
//
// Thread safety: as an int.  Memory: some 2 KiB.  May throw std::bad_alloc and nothing else.
class FLASHSALE_EXPORT MerkleRoot {
 public:
  MerkleRoot();
  MerkleRoot(MerkleRoot&&) noexcept;
  MerkleRoot& operator=(MerkleRoot&&) noexcept;
  ~MerkleRoot();

  // Puts one behind the others.  Where the order and repetitions matter, they are the caller's.
  void Add(const UserId& entrant);
  std::uint64_t count() const;
  // Of all that were added so far.
  DrawHash Root() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_MERKLE_ROOT_H_
