#include "flashsale/policy/device_print.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace flashsale {
namespace {

using Headers = std::vector<HeaderField>;

LimitKey PrintOf(const Headers& headers, const std::string& address = "0.0.0.0") {
  return DevicePrint({.address = *IpAddress::Parse(address), .headers = headers});
}

const Headers kPhone = {
    {.name = "User-Agent", .value = "Mozilla/5.0"}, {.name = "Accept", .value = "*/*"},
    {.name = "Accept-Language", .value = "en"},     {.name = "Accept-Encoding", .value = "gzip"},
    {.name = "Sec-CH-UA", .value = "\"Chromium\""}, {.name = "Sec-CH-UA-Mobile", .value = "?1"}};

TEST_CASE("names in any case and order make one print, and other headers do not matter") {
  const LimitKey print = PrintOf(kPhone);
  CHECK_FALSE(print.is_nil());
  Headers mixed(kPhone.rbegin(), kPhone.rend());
  mixed[0].name = "sec-ch-ua-MOBILE";
  mixed[5].name = "USER-AGENT";
  mixed.push_back({.name = "Cookie", .value = "session=1"});
  mixed.insert(mixed.begin(), {.name = "X-Request-Id", .value = "7"});
  CHECK(PrintOf(mixed) == print);
}

TEST_CASE("each of the stable headers matters, and that it is there") {
  const LimitKey print = PrintOf(kPhone);
  for (std::size_t i = 0; i < kPhone.size(); ++i) {
    CAPTURE(kPhone[i].name);
    Headers changed = kPhone;
    changed[i].value = "other";
    CHECK(PrintOf(changed) != print);
    changed = kPhone;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(PrintOf(changed) != print);
    changed = kPhone;
    changed[i].value = "";
    CHECK(PrintOf(changed) != print);
  }
}

TEST_CASE("fields of one name count each, in their order") {
  const Headers one_two = {{.name = "Accept", .value = "one"}, {.name = "accept", .value = "two"}};
  const Headers two_one = {{.name = "ACCEPT", .value = "two"}, {.name = "Accept", .value = "one"}};
  const Headers joined = {{.name = "Accept", .value = "one, two"}};
  CHECK(PrintOf(one_two) != PrintOf(two_one));
  CHECK(PrintOf(one_two) != PrintOf(joined));
  CHECK(PrintOf(one_two) == PrintOf({{.name = "ACCEPT", .value = "one"},
                                     {.name = "Host", .value = "shop"},
                                     {.name = "accept", .value = "two"}}));
}

TEST_CASE("what moves from one field to the next makes another print") {
  CHECK(PrintOf({{.name = "Accept", .value = "ab"}, {.name = "User-Agent", .value = "c"}}) !=
        PrintOf({{.name = "Accept", .value = "a"}, {.name = "User-Agent", .value = "bc"}}));
  CHECK(PrintOf({{.name = "Sec-CH-UA", .value = "-Mobile"}}) !=
        PrintOf({{.name = "Sec-CH-UA-Mobile", .value = ""}}));
}

TEST_CASE("the same browser elsewhere is another device, within one network the same") {
  CHECK(PrintOf(kPhone, "192.0.2.1") != PrintOf(kPhone, "192.0.2.2"));
  CHECK(PrintOf(kPhone, "192.0.2.1") != PrintOf(kPhone));
  CHECK(PrintOf(kPhone, "192.0.2.1") == PrintOf(kPhone, "::ffff:192.0.2.1"));
  CHECK(PrintOf(kPhone, "2001:db8::1") == PrintOf(kPhone, "2001:db8::ffff:2"));
  CHECK(PrintOf(kPhone, "2001:db8::1") != PrintOf(kPhone, "2001:db8:0:1::1"));
}

TEST_CASE("without any of those headers there is no print") {
  CHECK(PrintOf({}).is_nil());
  CHECK(PrintOf({{.name = "Cookie", .value = "a=b"}}, "192.0.2.1").is_nil());
  CHECK(PrintOf({{.name = "Sec-CH", .value = "a"}}).is_nil());
  CHECK_FALSE(PrintOf({{.name = "Accept", .value = ""}}).is_nil());
}

TEST_CASE("any bytes make a print, of which the first 1,024 of a value count") {
  const std::string control("\0\x01\xff\r\n", 5);
  CHECK_FALSE(PrintOf({{.name = "Accept", .value = control}}).is_nil());
  const std::string longest(1'024, 'a');
  const std::string longer = longest + "b";
  const std::string shorter(1'023, 'a');
  CHECK(PrintOf({{.name = "Accept", .value = longest}}) ==
        PrintOf({{.name = "Accept", .value = longer}}));
  CHECK(PrintOf({{.name = "Accept", .value = longest}}) !=
        PrintOf({{.name = "Accept", .value = shorter}}));
  CHECK_FALSE(PrintOf(Headers(10'000, {.name = "Accept", .value = longer})).is_nil());
}

TEST_CASE("a print is the same in every process") {
  // SHA-256 of "flashsale/1/device-print/", then 00 06 "accept" 00 03 "*/*" c0 00 02 01 mapped.
  CHECK(PrintOf({{.name = "Accept", .value = "*/*"}}, "192.0.2.1").ToString() ==
        "2fd49767-7d9a-23da-e59d-fe7569b3ccd7");
}

}  // namespace
}  // namespace flashsale
