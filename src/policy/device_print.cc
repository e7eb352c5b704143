#include "flashsale/policy/device_print.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "policy/ascii.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kMostFields = 32;
constexpr std::size_t kLongestValue = 1'024;
constexpr std::string_view kHints = "sec-ch-ua";
constexpr std::array<std::string_view, 4> kStable = {"accept", "accept-encoding", "accept-language",
                                                     "user-agent"};
constexpr unsigned kIpv6Network = 64;

bool IsStable(std::string_view name) {
  return EqualsIgnoringCase(name.substr(0, kHints.size()), kHints) ||
         std::any_of(kStable.begin(), kStable.end(),
                     [name](std::string_view stable) { return EqualsIgnoringCase(name, stable); });
}

bool ComesBefore(const HeaderField* a, const HeaderField* b) {
  return std::lexicographical_compare(a->name.begin(), a->name.end(), b->name.begin(),
                                      b->name.end(),
                                      [](char x, char y) { return LowerOf(x) < LowerOf(y); });
}

void AppendLength(std::string& text, std::size_t length) {
  text.push_back(static_cast<char>(length >> 8));
  text.push_back(static_cast<char>(length));
}

}  // namespace

LimitKey DevicePrint(const RequestContext& context) {
  std::array<const HeaderField*, kMostFields> fields{};
  std::size_t count = 0;
  for (const HeaderField& field : context.headers) {
    if (count == kMostFields) break;
    if (IsStable(field.name)) fields[count++] = &field;
  }
  if (count == 0) return {};
  // By insertion, which keeps equal ones in order and needs no memory.
  for (std::size_t i = 1; i < count; ++i) {
    for (std::size_t j = i; j > 0 && ComesBefore(fields[j], fields[j - 1]); --j) {
      std::swap(fields[j], fields[j - 1]);
    }
  }
  std::string text;
  text.reserve(512);  // more than most browsers tell
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = fields[i]->name.substr(0, kLongestValue);
    const std::string_view value = fields[i]->value.substr(0, kLongestValue);
    AppendLength(text, name.size());
    std::transform(name.begin(), name.end(), std::back_inserter(text), &LowerOf);
    AppendLength(text, value.size());
    text += value;
  }
  const IpAddress& address = context.address;
  if (!address.is_unspecified()) {
    const IpAddress::Bytes network =
        address.is_v4() ? address.bytes() : address.Prefix(kIpv6Network);
    text.append(network.begin(), network.end());
  }
  return LimitKey::FromBytes(id_internal::HashText("device-print", text));
}

}  // namespace flashsale::inline v0
