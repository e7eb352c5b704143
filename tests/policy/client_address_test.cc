#include "flashsale/policy/client_address.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace flashsale {
namespace {

using Lines = std::vector<std::string_view>;

const IpAddress kPeer = *IpAddress::Parse("10.0.0.1");

std::string ByXForwardedFor(const Lines& lines, std::size_t hops) {
  return ClientAddressOf({.peer = kPeer, .x_forwarded_for = lines}, hops).ToString();
}
std::string ByForwarded(const Lines& lines, std::size_t hops) {
  return ClientAddressOf({.peer = kPeer, .forwarded = lines}, hops).ToString();
}

TEST_CASE("with no proxy of ours the peer is the client, whatever it says") {
  CHECK(ByXForwardedFor({"1.2.3.4"}, 0) == "10.0.0.1");
  CHECK(ByForwarded({"for=1.2.3.4"}, 0) == "10.0.0.1");
}

TEST_CASE("entries count from the right: what a client forged stands to the left") {
  CHECK(ByXForwardedFor({"6.6.6.6, 1.2.3.4"}, 1) == "1.2.3.4");
  CHECK(ByXForwardedFor({"6.6.6.6, 7.7.7.7, 1.2.3.4, 10.1.1.1"}, 2) == "1.2.3.4");
  CHECK(ByXForwardedFor({"6.6.6.6,1.2.3.4,10.1.1.1"}, 2) == "1.2.3.4");
}

TEST_CASE("several lines are one list") {
  CHECK(ByXForwardedFor({"6.6.6.6", "1.2.3.4"}, 1) == "1.2.3.4");
  CHECK(ByXForwardedFor({"6.6.6.6, 1.2.3.4", "10.1.1.1"}, 2) == "1.2.3.4");
  CHECK(ByXForwardedFor({"6.6.6.6, 1.2.3.4", ""}, 1) == "1.2.3.4");
}

TEST_CASE("what cannot be believed leaves the nearest hop that can") {
  CHECK(ByXForwardedFor({}, 1) == "10.0.0.1");
  CHECK(ByXForwardedFor({""}, 3) == "10.0.0.1");
  CHECK(ByXForwardedFor({"unknown"}, 1) == "10.0.0.1");
  CHECK(ByXForwardedFor({"1.2.3.4, garbage, 10.1.1.1"}, 2) == "10.1.1.1");
  CHECK(ByXForwardedFor({"1.2.3.4"}, 5) == "1.2.3.4");
  CHECK(ByXForwardedFor({"1.2.3.4, \r\n"}, 1) == "10.0.0.1");
}

TEST_CASE("ports and brackets are dropped, mapped addresses are IPv4") {
  CHECK(ByXForwardedFor({"1.2.3.4:5678"}, 1) == "1.2.3.4");
  CHECK(ByXForwardedFor({"[2001:db8::1]:443"}, 1) == "2001:db8::1");
  CHECK(ByXForwardedFor({"[2001:db8::1]"}, 1) == "2001:db8::1");
  CHECK(ByXForwardedFor({"2001:db8::1"}, 1) == "2001:db8::1");
  CHECK(ByXForwardedFor({"::ffff:1.2.3.4"}, 1) == "1.2.3.4");
  for (const std::string_view odd : {"1.2.3.4:", "1.2.3.4:x", "[1.2.3.4]", "[2001:db8::1", "[::1]x",
                                     "[::1]:123456", "1.2.3.4:-1", "[]", ":80"}) {
    CAPTURE(odd);
    CHECK(ByXForwardedFor({odd}, 1) == "10.0.0.1");
  }
}

TEST_CASE("Forwarded is read as RFC 7239 writes it") {
  CHECK(ByForwarded({"for=192.0.2.60;proto=http;by=203.0.113.43"}, 1) == "192.0.2.60");
  CHECK(ByForwarded({"For=\"[2001:db8:cafe::17]:4711\""}, 1) == "2001:db8:cafe::17");
  CHECK(ByForwarded({"for=192.0.2.43, for=198.51.100.17"}, 1) == "198.51.100.17");
  CHECK(ByForwarded({"for=192.0.2.43, for=198.51.100.17"}, 2) == "192.0.2.43");
  CHECK(ByForwarded({"proto=https; FOR=192.0.2.1 ;by=\"a,b;for=6.6.6.6\""}, 1) == "192.0.2.1");
  CHECK(ByForwarded({"for=\"192.0.2.1:80\""}, 1) == "192.0.2.1");
  CHECK(ByForwarded({"for=_hidden, for=192.0.2.1"}, 2) == "192.0.2.1");
  CHECK(ByForwarded({"for=unknown"}, 1) == "10.0.0.1");
  CHECK(ByForwarded({"by=192.0.2.1"}, 1) == "10.0.0.1");
  CHECK(ByForwarded({"for"}, 1) == "10.0.0.1");
  CHECK(ByForwarded({"for=\"192.0.2.1"}, 1) == "10.0.0.1");
}

TEST_CASE("where both headers are there, Forwarded counts") {
  const Lines x = {"1.1.1.1"};
  const Lines forwarded = {"for=2.2.2.2"};
  const ForwardedRequest request{.peer = kPeer, .x_forwarded_for = x, .forwarded = forwarded};
  CHECK(ClientAddressOf(request, 1).ToString() == "2.2.2.2");
}

TEST_CASE("a header of a megabyte costs no more than its end") {
  std::string commas(1'000'000, ',');
  CHECK(ByXForwardedFor({commas}, 1) == "10.0.0.1");
  std::string long_list;
  for (int i = 0; i < 100'000; ++i) long_list += "6.6.6.6, ";
  long_list += "1.2.3.4";
  CHECK(ByXForwardedFor({long_list}, 1) == "1.2.3.4");
}

}  // namespace
}  // namespace flashsale
