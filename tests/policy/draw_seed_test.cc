#include "flashsale/policy/draw_seed.h"

#include <doctest/doctest.h>

#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

// Expected values made with another implementation, Python's hashlib and hmac.
TEST_CASE("a seed is committed to by its SHA-256") {
  CHECK(ToHex(DrawSeed::FromBytes(CountingBytes()).Commitment()) ==
        "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd");
}

TEST_CASE("each sale and tier has a seed of its own, and each secret others") {
  const DrawSecret secret = CountingBytes();
  const DrawSeed drop = DrawSeed::Derive(secret, {.sale = "drop", .tier = 0});
  CHECK(ToHex(drop.bytes()) == "841ba1ba95d21871153436e9e3221d4e469f00e0c4b4bf46c97798b20aebd61d");
  const DrawSeed tier = DrawSeed::Derive(secret, {.sale = "drop", .tier = 1});
  CHECK(ToHex(tier.bytes()) == "94ea7dc74a9d583c53ac5cca4b360ab32e2f0d38e1f21bb18ddf470949894cf5");
  CHECK(DrawSeed::Derive(secret, {.sale = "drop2", .tier = 0}) != drop);
  CHECK(DrawSeed::Derive(DrawSecret{1}, {.sale = "drop", .tier = 0}) != drop);
  CHECK(DrawSeed::Derive(secret, {.sale = "drop", .tier = 0}) == drop);
}

}  // namespace
}  // namespace flashsale
