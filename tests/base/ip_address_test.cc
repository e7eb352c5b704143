#include "flashsale/base/ip_address.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace flashsale {
namespace {

TEST_CASE("addresses are read and written in their standard forms") {
  const auto round = [](std::string_view text) {
    const std::optional<IpAddress> address = IpAddress::Parse(text);
    return address.has_value() ? address->ToString() : std::string("none");
  };
  CHECK(round("192.0.2.1") == "192.0.2.1");
  CHECK(round("0.0.0.0") == "0.0.0.0");
  CHECK(round("255.255.255.255") == "255.255.255.255");
  CHECK(round("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
  CHECK(round("::") == "::");
  CHECK(round("::1") == "::1");
  CHECK(round("2001:db8::192.0.2.1") == "2001:db8::c000:201");
}

TEST_CASE("an IPv4-mapped address is the IPv4 address it stands for") {
  CHECK(*IpAddress::Parse("::ffff:192.0.2.1") == *IpAddress::Parse("192.0.2.1"));
  CHECK(IpAddress::Parse("::ffff:c000:201")->is_v4());
  CHECK(IpAddress::Parse("::ffff:c000:201")->ToString() == "192.0.2.1");
  CHECK_FALSE(IpAddress::Parse("::192.0.2.1")->is_v4());
  CHECK(IpAddress::FromIpv4({192, 0, 2, 1}) == *IpAddress::Parse("192.0.2.1"));
}

TEST_CASE("what is no address is nobody's") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "1"sv,
                                      "1.2.3"sv,
                                      "1.2.3.4.5"sv,
                                      "01.2.3.4"sv,
                                      "1.2.3.256"sv,
                                      "1.2.3.4 "sv,
                                      " 1.2.3.4"sv,
                                      "1.2.3.4\0"sv,
                                      "1.2.3.4\n"sv,
                                      "0x1.2.3.4"sv,
                                      "1.2.3.-4"sv,
                                      ":"sv,
                                      ":::"sv,
                                      "1::2::3"sv,
                                      "12345::"sv,
                                      "::1%eth0"sv,
                                      "[::1]"sv,
                                      "1.2.3.4:80"sv,
                                      "g::"sv,
                                      "::ffff:1.2.3"sv,
                                      "unknown"sv,
                                      "1:2:3:4:5:6:7"sv,
                                      "1:2:3:4:5:6:7:8:9"sv}) {
    CAPTURE(text);
    CHECK_FALSE(IpAddress::Parse(text).has_value());
  }
  CHECK_FALSE(IpAddress::Parse(std::string(1'000'000, '1')).has_value());
}

TEST_CASE("a prefix keeps the first bits and no others") {
  const IpAddress address = *IpAddress::Parse("2001:db8:1234:5678:9abc:def0:1:2");
  CHECK(IpAddress::FromIpv6(address.Prefix(64)).ToString() == "2001:db8:1234:5678::");
  CHECK(IpAddress::FromIpv6(address.Prefix(56)).ToString() == "2001:db8:1234:5600::");
  CHECK(IpAddress::FromIpv6(address.Prefix(48)).ToString() == "2001:db8:1234::");
  CHECK(IpAddress::FromIpv6(address.Prefix(33)).ToString() == "2001:db8::");
  CHECK(address.Prefix(128) == address.bytes());
  CHECK(address.Prefix(0) == IpAddress::Bytes{});
}

TEST_CASE("no address is the unspecified one") {
  CHECK(IpAddress().is_unspecified());
  CHECK(IpAddress::Parse("::")->is_unspecified());
  CHECK_FALSE(IpAddress::Parse("::1")->is_unspecified());
}

}  // namespace
}  // namespace flashsale
