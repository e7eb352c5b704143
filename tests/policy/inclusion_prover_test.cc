#include "flashsale/policy/inclusion_prover.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "flashsale/policy/draw.h"
#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

DrawRecord FrozenWith(const DrawLists& lists) {
  DrawRecord record{.draw = {.sale = "drop", .tier = 0}};
  record.freeze = *FreezeDraw(lists);
  return record;
}

// Around the 1,024 entrants whose hashes are made anew.
TEST_CASE("proofs hold on both sides of each seam between kept and remade hashes") {
  for (const std::uint64_t count :
       std::initializer_list<std::uint64_t>{1'023, 1'024, 1'025, 2'048, 2'049, 3'071, 5'000}) {
    const std::vector<UserId> users = UsersUpTo(count);
    const DrawRecord record = FrozenWith({.drawn = users});
    const auto prover = InclusionProver::New({.record = record, .entrants = users});
    REQUIRE(prover.ok());
    for (const std::uint64_t index : std::vector<std::uint64_t>{
             0, 1, 511, 1'022, count / 2, count - 2, count - 1,
             std::min<std::uint64_t>(1'023, count - 1), std::min<std::uint64_t>(1'024, count - 1),
             std::min<std::uint64_t>(2'048, count - 1)}) {
      const auto proof = prover->Prove(index);
      REQUIRE(proof.ok());
      CHECK(proof->index == index);
      REQUIRE(VerifyInclusion(record, *proof).ok());
    }
  }
}

TEST_CASE("a prover finds who asks, in either list") {
  const std::vector<UserId> drawn = UsersUpTo(20);
  const std::vector<UserId> fifo = {UserId::FromInteger(99), UserId::FromInteger(30),
                                    UserId::FromInteger(50)};
  const DrawRecord record = FrozenWith({.fifo = fifo, .drawn = drawn});
  const auto of_drawn = InclusionProver::New({.record = record, .entrants = drawn});
  const auto of_fifo =
      InclusionProver::New({.record = record, .list = DrawList::kFifo, .entrants = fifo});
  REQUIRE(of_drawn.ok());
  REQUIRE(of_fifo.ok());
  const auto proof = of_drawn->Prove(UserId::FromInteger(13));
  REQUIRE(proof.ok());
  CHECK(proof->index == 13);
  CHECK(VerifyInclusion(record, *proof).ok());
  const auto first = of_fifo->Prove(UserId::FromInteger(50));
  REQUIRE(first.ok());
  CHECK(first->index == 2);
  CHECK(first->list == DrawList::kFifo);
  CHECK(VerifyInclusion(record, *first).ok());
  CHECK(of_drawn->Prove(UserId::FromInteger(50)).status().code() == StatusCode::kNotFound);
  CHECK(of_fifo->Prove(UserId::FromInteger(13)).status().code() == StatusCode::kNotFound);
  CHECK(of_drawn->Prove(20).status().message() ==
        "index: 20, expected less than 20, the count of the list");
}

TEST_CASE("a prover serves only the list that was published") {
  const std::vector<UserId> users = UsersUpTo(10);
  const DrawRecord record = FrozenWith({.drawn = users});
  std::vector<UserId> more = UsersUpTo(11);
  auto prover = InclusionProver::New({.record = record, .entrants = more});
  CHECK(prover.status().message() == "count: 11 entrants, expected 10");
  std::vector<UserId> others = users;
  others.back() = UserId::FromInteger(77);
  prover = InclusionProver::New({.record = record, .entrants = others});
  CHECK(prover.status().code() == StatusCode::kInvalidArgument);
  CHECK(prover.status().message().find("root: of this list") == 0);
  prover = InclusionProver::New({.record = {.draw = record.draw}, .entrants = users});
  CHECK(prover.status().message() == "count: none, expected a record of the freeze");
  const DrawRecord empty = FrozenWith({});
  CHECK(InclusionProver::New({.record = empty, .entrants = {}}).ok());
}

}  // namespace
}  // namespace flashsale
