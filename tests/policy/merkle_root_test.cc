#include "flashsale/policy/merkle_root.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

std::string RootUpTo(std::uint64_t count) {
  MerkleRoot root;
  for (const UserId& user : UsersUpTo(count)) root.Add(user);
  CHECK(root.count() == count);
  return ToHex(root.Root());
}

// Expected values made by RFC 6962's recursion in Python: examples/draw_verify/verify_draw.py.
TEST_CASE("the root of a list is that of RFC 6962") {
  CHECK(RootUpTo(0) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(RootUpTo(1) == "5590b4a4eb4b7a9dba75b0176d06fbdabd8798d4b444741bb8efff24ad5b63f1");
  CHECK(RootUpTo(2) == "6def21f4a842f560d7e16aa4afa8d91c9f2b8b9f5c979c95305f917c85c338ec");
  CHECK(RootUpTo(3) == "5941fbb15afe98f7e797067113ee03930e5c1e560cf70bc8b99c46a956c809ca");
  CHECK(RootUpTo(4) == "83daf98de182d8f636a6f4c23ba8c88e17cf26f587a0066684302d4a3bc0a8c0");
  CHECK(RootUpTo(5) == "a72c85dc0a0a2bbe480d19e2e5a364e7b241d16a5f7f7b9fb5316e47de4a9818");
  CHECK(RootUpTo(6) == "d3622d99eb441805c62881fa6e83a990f553814f95825dca2fe48169082681b0");
  CHECK(RootUpTo(7) == "994293ad3d9e5051bbd8dd3a61cf12f3806588e78be0db34e93c1cfeb4856eb2");
  CHECK(RootUpTo(8) == "a2b8428c492efc159efcdb9320cdd0f1c0e2e656147258c0ea094e424e30edac");
  CHECK(RootUpTo(9) == "3696bfd73766534733422c8858a0b06e206252ca30e8528aaba1ad2d8ff9b3bb");
  CHECK(RootUpTo(1'000) == "3236eee103b042ff343229f44f15342347b55f820b7e83fe8c44ebf9df91ec46");
}

TEST_CASE("a root may be asked for on the way, and is made by whoever it was moved to") {
  MerkleRoot root;
  for (const UserId& user : UsersUpTo(3)) root.Add(user);
  CHECK(ToHex(root.Root()) == "5941fbb15afe98f7e797067113ee03930e5c1e560cf70bc8b99c46a956c809ca");
  MerkleRoot moved = std::move(root);
  moved.Add(UserId::FromInteger(3));
  CHECK(ToHex(moved.Root()) == "83daf98de182d8f636a6f4c23ba8c88e17cf26f587a0066684302d4a3bc0a8c0");
  CHECK(moved.count() == 4);
}

TEST_CASE("an order, a repetition, an exchange: each gives another root") {
  const std::uint64_t lists[][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {0, 1, 1}, {0, 1, 3}};
  std::vector<DrawHash> roots;
  for (const auto& list : lists) {
    MerkleRoot root;
    for (const std::uint64_t user : list) root.Add(UserId::FromInteger(user));
    for (const DrawHash& other : roots) CHECK(root.Root() != other);
    roots.push_back(root.Root());
  }
}

}  // namespace
}  // namespace flashsale
