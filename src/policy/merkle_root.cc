#include "flashsale/policy/merkle_root.h"

#include <array>
#include <cstddef>

#include "policy/draw_hasher.h"

namespace flashsale::inline v0 {

// As a binary counter counts: whole subtrees, one for each bit of the count that is set, the larger
// ones to the left.
struct MerkleRoot::State {
  DrawHasher hasher;
  std::uint64_t count = 0;
  std::array<DrawHash, 64> whole;
};

MerkleRoot::MerkleRoot() : state_(std::make_unique<State>()) {}
MerkleRoot::MerkleRoot(MerkleRoot&&) noexcept = default;
MerkleRoot& MerkleRoot::operator=(MerkleRoot&&) noexcept = default;
MerkleRoot::~MerkleRoot() = default;

void MerkleRoot::Add(const UserId& entrant) {
  DrawHash hash = state_->hasher.Leaf(entrant);
  std::size_t level = 0;
  for (std::uint64_t left = state_->count; (left & 1) != 0; left >>= 1) {
    hash = state_->hasher.Node(state_->whole[level++], hash);
  }
  state_->whole[level] = hash;
  ++state_->count;
}

std::uint64_t MerkleRoot::count() const { return state_->count; }

DrawHash MerkleRoot::Root() const {
  DrawHash root = state_->hasher.Nothing();
  bool is_first = true;
  std::size_t level = 0;
  for (std::uint64_t left = state_->count; left != 0; left >>= 1, ++level) {
    if ((left & 1) == 0) continue;
    root = is_first ? state_->whole[level] : state_->hasher.Node(state_->whole[level], root);
    is_first = false;
  }
  return root;
}

}  // namespace flashsale::inline v0
