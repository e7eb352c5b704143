#include "flashsale/base/id.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

namespace flashsale {
namespace {

// The 16 bytes as 32 hexadecimal digits.
template <typename Id>
std::string Hex(const Id& id) {
  std::string text = id.ToString();
  std::erase(text, '-');
  return text;
}

TEST_CASE("the kinds of id are distinct types") {
  CHECK_FALSE(std::is_convertible_v<UserId, ReservationId>);
  CHECK_FALSE(std::is_convertible_v<UserId, LimitKey>);
  CHECK_FALSE(std::is_constructible_v<ReservationId, UserId>);
  CHECK_FALSE(std::is_convertible_v<SaleId, ProductId>);
}

TEST_CASE("only the id that was not given is nil") {
  CHECK(UserId().is_nil());
  CHECK(UserId::FromBytes({}).is_nil());
  UserId::Bytes last{};
  last[15] = 1;
  CHECK_FALSE(UserId::FromBytes(last).is_nil());
  UserId::Bytes first{};
  first[0] = 1;
  CHECK_FALSE(UserId::FromBytes(first).is_nil());
}

TEST_CASE("an id from an integer is big-endian and never nil, not even zero") {
  CHECK(Hex(UserId::FromInteger(0)) == "00000000000000010000000000000000");
  CHECK(Hex(UserId::FromInteger(0x0102030405060708)) == "00000000000000010102030405060708");
  CHECK(Hex(UserId::FromInteger(std::numeric_limits<std::uint64_t>::max())) ==
        "0000000000000001ffffffffffffffff");
  CHECK_FALSE(UserId::FromInteger(0).is_nil());
  static_assert(UserId::FromInteger(7) == UserId::FromInteger(7));
}

TEST_CASE("integers order as their ids do") {
  const std::array<std::uint64_t, 6> numbers = {0, 1, 255, 256, std::uint64_t{1} << 32,
                                                std::numeric_limits<std::uint64_t>::max()};
  for (const std::uint64_t a : numbers) {
    for (const std::uint64_t b : numbers) {
      CHECK((UserId::FromInteger(a) < UserId::FromInteger(b)) == (a < b));
      CHECK((UserId::FromInteger(a) == UserId::FromInteger(b)) == (a == b));
    }
  }
}

TEST_CASE("ids are equal only if all their bytes are") {
  const UserId id = UserId::FromText("somebody");
  for (std::size_t i = 0; i < id.bytes().size(); ++i) {
    UserId::Bytes other = id.bytes();
    other[i] = static_cast<std::uint8_t>(other[i] ^ 0x80U);
    CHECK(UserId::FromBytes(other) != id);
  }
  CHECK(UserId::FromBytes(id.bytes()) == id);
}

// Expected values: printf 'flashsale/1/user/alice' | sha256sum | cut -c1-32, and so on.
TEST_CASE("an id from text is what SHA-256 in any language makes of it") {
  CHECK(Hex(UserId::FromText("alice")) == "d16e51be70a2627a24d41e21bcf5562a");
  CHECK(Hex(ReservationId::FromText("alice")) == "5f22821928eb6711e2c7e3247c5a7a8b");
  CHECK(Hex(LimitKey::FromText("alice")) == "61092e24872b7836c8309aa0187911b0");
  CHECK(Hex(UserId::FromText("")) == "f8d264c025ca9664ba9fbe2dd547f601");
  CHECK(Hex(UserId::FromText("gr\xc3\xb6\xc3\x9f"
                             "e \xe2\x98\x83")) == "567462db1bd8cefb0051f50f7b250150");
  CHECK(Hex(UserId::FromText(std::string_view("a\0b", 3))) == "49c3e5a3ceb7d846c411a13132299540");
  CHECK(Hex(UserId::FromText(std::string(1 << 20, 'x'))) == "d81216b32c90f9b4d62328ccc000f1c9");
}

TEST_CASE("a UUID goes there and back, in either case") {
  const std::string_view text = "0f8fad5b-d9cb-469f-a165-70867728950e";
  const std::optional<UserId> id = UserId::FromUuid(text);
  REQUIRE(id.has_value());
  CHECK(id->ToString() == text);
  CHECK(id->bytes()[0] == 0x0F);
  CHECK(id->bytes()[15] == 0x0E);
  CHECK(UserId::FromUuid("0F8FAD5B-D9CB-469F-A165-70867728950E") == id);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const ReservationId any = ReservationId::FromText(std::to_string(i));
    CHECK(ReservationId::FromUuid(any.ToString()) == any);
  }
}

TEST_CASE("nothing but the 36 characters of a UUID is taken for one") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {
           ""sv,
           "0f8fad5b-d9cb-469f-a165-70867728950"sv,
           "0f8fad5b-d9cb-469f-a165-70867728950e "sv,
           " 0f8fad5b-d9cb-469f-a165-70867728950e"sv,
           "{0f8fad5b-d9cb-469f-a165-70867728950e}"sv,
           "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"sv,
           "0f8fad5bd9cb469fa16570867728950e"sv,
           "0f8fad5b0d9cb0469f0a165070867728950e"sv,
           "0f8fad5-bd9cb-469f-a165-70867728950e"sv,
           "0g8fad5b-d9cb-469f-a165-70867728950e"sv,
           "0f8fad5b-d9cb-469f-a165-7086772895-e"sv,
           "0f8fad5b-d9cb-469f-a165-70867728950\0"sv,
           "0f8fad5b-d9cb-469f-a165-+0867728950e"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(UserId::FromUuid(text).has_value());
  }
}

TEST_CASE("a name is 1 to 64 of its characters and nothing else") {
  CHECK(SaleId("a").valid());
  CHECK(SaleId("ABCXYZabcxyz0189._-").view() == "ABCXYZabcxyz0189._-");
  CHECK(SaleId(std::string(64, 'n')).ToString() == std::string(64, 'n'));
  CHECK_FALSE(SaleId().valid());
  CHECK_FALSE(SaleId("").valid());
  CHECK_FALSE(SaleId(std::string(65, 'n')).valid());
  CHECK_FALSE(SaleId(std::string(1 << 20, 'n')).valid());
  CHECK(SaleId(std::string(65, 'n')).view().empty());
}

TEST_CASE("every byte is in a name or is not, wherever it stands") {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool allowed = kAllowed.find(c) != std::string_view::npos;
    CAPTURE(byte);
    CHECK(ProductId(std::string(1, c)).valid() == allowed);
    CHECK(ProductId(std::string("a") + c).valid() == allowed);
    CHECK(ProductId(std::string("a") + c + "z").valid() == allowed);
  }
}

TEST_CASE("names of hostile make are not valid") {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"drop\0"sv, "\0"sv, "dr\0op"sv, "drop\r\n"sv, "a b"sv, "'; DROP TABLE sales; --"sv,
        "\"drop\""sv, "../drop/"sv, "dr\xc3\xb6p"sv, "drop\x7f"sv, "{drop}"sv, "drop:1"sv}) {
    CHECK_FALSE(SaleId(text).valid());
  }
}

TEST_CASE("names order as text") {
  const std::set<SaleId> names = {"b", "a", "ab", "B", "a.b", "a", "aa"};
  std::string order;
  for (const SaleId& name : names) order += name.ToString() + " ";
  CHECK(order == "B a a.b aa ab b ");
  CHECK(SaleId("a") == SaleId(std::string("a")));
  CHECK(SaleId("a") != SaleId("a."));
}

}  // namespace
}  // namespace flashsale
