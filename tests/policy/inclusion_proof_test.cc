#include "flashsale/policy/inclusion_proof.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/policy/draw.h"
#include "flashsale/policy/inclusion_prover.h"
#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

DrawRecord FrozenWith(const DrawLists& lists) {
  DrawRecord record{.draw = {.sale = "drop", .tier = 1}};
  const Result<DrawFreeze> freeze = FreezeDraw(lists);
  REQUIRE(freeze.ok());
  record.freeze = *freeze;
  return record;
}

InclusionProof ProofOf(const DrawRecord& record, const std::vector<UserId>& users,
                       std::uint64_t index) {
  const auto prover = InclusionProver::New({.record = record, .entrants = users});
  REQUIRE(prover.ok());
  const auto proof = prover->Prove(index);
  REQUIRE(proof.ok());
  return *proof;
}

// The tree of RFC 6962's example (2.1.3), over seven entrants: the path of the fourth is c, g, l.
TEST_CASE("a path holds the siblings on the way to the root") {
  const std::vector<UserId> users = UsersUpTo(7);
  const DrawRecord record = FrozenWith({.drawn = users});
  const auto root_of = [&](std::size_t first, std::size_t count) {
    return FreezeDraw({.drawn = std::span(users).subspan(first, count)})->root;
  };
  const InclusionProof fourth = ProofOf(record, users, 3);
  CHECK(fourth.path == std::vector<DrawHash>{root_of(2, 1), root_of(0, 2), root_of(4, 3)});
  CHECK(ProofOf(record, users, 6).path == std::vector<DrawHash>{root_of(4, 2), root_of(0, 4)});
  CHECK(fourth.entrant == users[3]);
  CHECK(fourth.draw == record.draw);
}

TEST_CASE("every entrant's proof holds, and nobody else's with its path") {
  for (const std::uint64_t count :
       std::initializer_list<std::uint64_t>{1, 2, 3, 7, 8, 9, 64, 100}) {
    const std::vector<UserId> users = UsersUpTo(count);
    const DrawRecord record = FrozenWith({.drawn = users});
    for (std::uint64_t index = 0; index < count; ++index) {
      InclusionProof proof = ProofOf(record, users, index);
      REQUIRE(VerifyInclusion(record, proof).ok());
      proof.entrant = UserId::FromInteger(count + 1);
      REQUIRE_FALSE(VerifyInclusion(record, proof).ok());
    }
  }
}

TEST_CASE("a proof against a record whose seed was not committed to does not hold") {
  const std::vector<UserId> users = UsersUpTo(3);
  DrawRecord record = FrozenWith({.drawn = users});
  const InclusionProof proof = ProofOf(record, users, 1);
  DrawSeed::Bytes bytes{};
  record.commitment = DrawSeed::FromBytes(bytes).Commitment();
  record.seed = DrawSeed::FromBytes(bytes);
  CHECK(VerifyInclusion(record, proof).ok());
  bytes[31] = 1;
  record.seed = DrawSeed::FromBytes(bytes);
  const Status status = VerifyInclusion(record, proof);
  CHECK(status.code() == StatusCode::kInvalidArgument);
  CHECK(status.message().starts_with("seed: one with another commitment, expected "));
}

TEST_CASE("a proof that was tampered with does not hold") {
  const std::vector<UserId> users = UsersUpTo(11);
  const DrawRecord record = FrozenWith({.drawn = users});
  for (std::uint64_t index = 0; index < users.size(); ++index) {
    const InclusionProof proof = ProofOf(record, users, index);
    for (std::size_t i = 0; i < proof.path.size(); ++i) {
      for (std::size_t bit = 0; bit < 8 * sizeof(DrawHash); ++bit) {
        InclusionProof other = proof;
        other.path[i][bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        REQUIRE_FALSE(VerifyInclusion(record, other).ok());
      }
    }
    for (std::uint64_t other_index = 0; other_index < 16; ++other_index) {
      InclusionProof other = proof;
      other.index = other_index;
      REQUIRE(VerifyInclusion(record, other).ok() == (other_index == index));
    }
    InclusionProof longer = proof;
    longer.path.push_back(DrawHash{});
    CHECK_FALSE(VerifyInclusion(record, longer).ok());
    InclusionProof shorter = proof;
    shorter.path.pop_back();
    CHECK_FALSE(VerifyInclusion(record, shorter).ok());
  }
}

TEST_CASE("a node passes for no entrant") {
  // Of two entrants, the sixteen bytes that stand in a node's message cannot be a leaf's.
  const std::vector<UserId> users = UsersUpTo(4);
  DrawRecord record = FrozenWith({.drawn = users});
  const InclusionProof proof = ProofOf(record, users, 0);
  InclusionProof upper = proof;
  upper.path.erase(upper.path.begin());
  record.freeze->count = 2;
  CHECK_FALSE(VerifyInclusion(record, upper).ok());
}

TEST_CASE("a proof is of one draw, one list and a published freeze") {
  const std::vector<UserId> users = UsersUpTo(8);
  const DrawRecord record = FrozenWith({.drawn = users});
  const InclusionProof proof = ProofOf(record, users, 5);
  const auto error = [](const DrawRecord& of, const InclusionProof& by) {
    const Status status = VerifyInclusion(of, by);
    CHECK(status.code() == StatusCode::kInvalidArgument);
    return status.message();
  };
  InclusionProof other = proof;
  other.draw.tier = 0;
  CHECK(error(record, other) == "draw: drop/0, expected that of the record, drop/1");
  other = proof;
  other.list = DrawList::kFifo;
  CHECK(error(record, other) == "index: 5, expected less than 0, the count of the list");
  DrawRecord early = record;
  early.freeze.reset();
  CHECK(error(early, proof) == "count: none, expected a record of the freeze");
  DrawRecord fewer = record;
  fewer.freeze->count = 5;
  CHECK(error(fewer, proof) == "index: 5, expected less than 5, the count of the list");
}

TEST_CASE("a proof is read as it was written, and nothing else is one") {
  const std::vector<UserId> users = UsersUpTo(3);
  const DrawRecord record = FrozenWith({.drawn = users});
  for (std::uint64_t index = 0; index < 3; ++index) {
    const InclusionProof proof = ProofOf(record, users, index);
    const auto read = InclusionProof::FromJson(proof.ToJson());
    REQUIRE(read.ok());
    CHECK(*read == proof);
    const std::string json = proof.ToJson();
    for (std::size_t size = 0; size + 2 < json.size(); ++size) {
      REQUIRE_FALSE(InclusionProof::FromJson(json.substr(0, size)).ok());
    }
  }
  CHECK(ProofOf(record, users, 2).ToJson() == R"({
  "version": 1,
  "sale": "drop",
  "tier": 1,
  "list": "drawn",
  "entrant": "00000000000000010000000000000002",
  "index": 2,
  "path": "6def21f4a842f560d7e16aa4afa8d91c9f2b8b9f5c979c95305f917c85c338ec"
}
)");
  const auto error = [&](std::string_view old, std::string_view by) {
    std::string json = ProofOf(record, users, 2).ToJson();
    json.replace(json.find(old), old.size(), by);
    const auto read = InclusionProof::FromJson(json);
    return read.ok() ? "none" : read.status().message();
  };
  CHECK(error("drawn", "drown") == "list: 'drown', expected 'drawn' or 'fifo'");
  CHECK(error("6def", "6DEF").find("path: '6DEF") == 0);
  CHECK(error("6def", "6de").find("path: '6de") == 0);
  CHECK(error("6def", std::string(4'160, 'a')).find("path: 65, expected 0 to 64") == 0);
  CHECK(error("\"tier\": 1", "\"tier\": 8") == "tier: 8, expected at most 7");
  CHECK(error("\"version\": 1", "\"version\": 0") == "version: 0, expected 1 to 1");
}

}  // namespace
}  // namespace flashsale
