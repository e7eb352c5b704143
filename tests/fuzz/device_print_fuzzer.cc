// Any bytes at all are read as a request's headers: each device has one print, in whichever order
// and case its fields come, and who tells nothing of it has none.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/policy/device_print.h"

namespace {

using flashsale::DevicePrint;
using flashsale::HeaderField;
using flashsale::IpAddress;
using flashsale::LimitKey;
using flashsale::RequestContext;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

// "name:value" a line.
std::vector<HeaderField> FieldsOf(std::string_view text) {
  std::vector<HeaderField> fields;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = std::min(line.find(':'), line.size());
    fields.push_back(
        {.name = line.substr(0, colon), .value = line.substr(std::min(colon + 1, line.size()))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

bool TellsOfTheDevice(const HeaderField& field) {
  static const std::set<std::string> kNames = {"accept", "accept-encoding", "accept-language",
                                               "user-agent"};
  const std::string name = Lower(field.name);
  return name.starts_with("sec-ch-ua") || kNames.contains(name);
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static const std::array<IpAddress, 3> kAddresses = {
      IpAddress(), IpAddress::FromIpv4({192, 0, 2, 1}), *IpAddress::Parse("2001:db8::1")};
  RequestContext context;
  context.address = kAddresses[data[0] % kAddresses.size()];
  std::vector<HeaderField> fields = FieldsOf({reinterpret_cast<const char*>(data + 1), size - 1});
  context.headers = fields;
  const LimitKey print = DevicePrint(context);
  Require(DevicePrint(context) == print);
  Require(print.is_nil() == std::none_of(fields.begin(), fields.end(), &TellsOfTheDevice));

  // What tells nothing is not looked at.
  std::erase_if(fields, [](const HeaderField& field) { return !TellsOfTheDevice(field); });
  context.headers = fields;
  Require(DevicePrint(context) == print);

  std::set<std::string> names;
  std::vector<std::string> upper;
  for (const HeaderField& field : fields) {
    names.insert(Lower(field.name));
    upper.push_back(Upper(field.name));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i].name = upper[i];
  Require(DevicePrint(context) == print);
  // Of more fields the first count, and those of one name in their order.
  constexpr std::size_t kMostFields = 32;
  if (names.size() != fields.size() || fields.size() > kMostFields) return 0;
  std::reverse(fields.begin(), fields.end());
  Require(DevicePrint(context) == print);
  return 0;
}
