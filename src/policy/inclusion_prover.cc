#include "flashsale/policy/inclusion_prover.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "base/field_check.h"
#include "policy/draw_hasher.h"
#include "policy/hex.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kLowerLevels = 10;
constexpr std::size_t kLowerLeaves = std::size_t{1} << kLowerLevels;

// The level above: pairs, and a last one without a partner as it is.  Level by level this gives the
// tree that RFC 6962 cuts at powers of two.
std::vector<DrawHash> LevelAbove(const std::vector<DrawHash>& level, DrawHasher& hasher) {
  std::vector<DrawHash> above;
  above.reserve((level.size() + 1) / 2);
  for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
    above.push_back(hasher.Node(level[i], level[i + 1]));
  }
  if (level.size() % 2 != 0) above.push_back(level.back());
  return above;
}

std::vector<DrawHash> LeavesOf(std::span<const UserId> entrants, DrawHasher& hasher) {
  std::vector<DrawHash> leaves;
  leaves.reserve(entrants.size());
  for (const UserId& entrant : entrants) leaves.push_back(hasher.Leaf(entrant));
  return leaves;
}

// The entrants below one hash of the lowest level that is kept.
std::span<const UserId> BlockOf(std::span<const UserId> entrants, std::size_t block) {
  const auto rest = entrants.subspan(block * kLowerLeaves);
  return rest.first(std::min(rest.size(), kLowerLeaves));
}

// Adds the sibling of node `index`, if it has one, and goes up.
void Step(const std::vector<DrawHash>& level, std::size_t& index, std::vector<DrawHash>& path) {
  if ((index ^ 1) < level.size()) path.push_back(level[index ^ 1]);
  index >>= 1;
}

}  // namespace

Result<InclusionProver> InclusionProver::New(const Parts& parts) {
  FieldCheck check;
  check.That(parts.record.freeze.has_value(), "count", "none", "a record of the freeze");
  if (!check.ok()) return check.status();
  const bool fifo = parts.list == DrawList::kFifo;
  const DrawFreeze& freeze = *parts.record.freeze;
  const std::uint64_t count = fifo ? freeze.fifo_count : freeze.count;
  check.That(parts.entrants.size() == count, fifo ? "fifo_count" : "count",
             fmt::format("{} entrants", parts.entrants.size()), fmt::format("{}", count));
  if (!check.ok()) return check.status();
  try {
    InclusionProver prover(parts.record.draw, parts.list, parts.entrants);
    DrawHasher hasher;
    std::vector<DrawHash> level;
    for (std::size_t block = 0; block * kLowerLeaves < parts.entrants.size(); ++block) {
      std::vector<DrawHash> lower = LeavesOf(BlockOf(parts.entrants, block), hasher);
      while (lower.size() > 1) lower = LevelAbove(lower, hasher);
      level.push_back(lower.front());
    }
    if (level.empty()) level.push_back(hasher.Nothing());
    prover.upper_.push_back(std::move(level));
    while (prover.upper_.back().size() > 1) {
      prover.upper_.push_back(LevelAbove(prover.upper_.back(), hasher));
    }
    const DrawHash& root = prover.upper_.back().front();
    const DrawHash& published = fifo ? freeze.fifo_root : freeze.root;
    check.That(root == published, fifo ? "fifo_root" : "root", "of this list " + ToHex(root),
               ToHex(published));
    if (!check.ok()) return check.status();
    return prover;
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

Result<InclusionProof> InclusionProver::Prove(std::uint64_t index) const {
  FieldCheck check;
  check.That(index < entrants_.size(), "index", fmt::format("{}", index),
             fmt::format("less than {}, the count of the list", entrants_.size()));
  if (!check.ok()) return check.status();
  try {
    InclusionProof proof{.draw = draw_, .list = list_, .entrant = entrants_[index], .index = index};
    DrawHasher hasher;
    const std::size_t block = index / kLowerLeaves;
    std::size_t node = index % kLowerLeaves;
    std::vector<DrawHash> level = LeavesOf(BlockOf(entrants_, block), hasher);
    while (level.size() > 1) {
      Step(level, node, proof.path);
      level = LevelAbove(level, hasher);
    }
    node = block;
    for (const std::vector<DrawHash>& upper : upper_) Step(upper, node, proof.path);
    return proof;
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

Result<InclusionProof> InclusionProver::Prove(const UserId& user) const {
  const auto found = list_ == DrawList::kDrawn
                         ? std::lower_bound(entrants_.begin(), entrants_.end(), user)
                         : std::find(entrants_.begin(), entrants_.end(), user);
  if (found == entrants_.end() || *found != user) {
    return Status(StatusCode::kNotFound, fmt::format("user: {}, expected one of the list '{}'",
                                                     user.ToString(), Name(list_)));
  }
  return Prove(static_cast<std::uint64_t>(found - entrants_.begin()));
}

}  // namespace flashsale::inline v0
