#include "flashsale/policy/client_address.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/ascii.h"

namespace flashsale::inline v0 {
namespace {

// A longer line is cut off at its left: nobody's proxies are that many.
constexpr std::size_t kLongestLine = std::size_t{64} << 10;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80".
std::optional<IpAddress> ParseNode(std::string_view node) {
  if (node.empty()) return std::nullopt;
  if (node.front() == '[') {
    const std::size_t end = node.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = node.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !IsPort(rest.substr(1)))) return std::nullopt;
    const std::string_view inside = node.substr(1, end - 1);
    if (inside.find(':') == std::string_view::npos) return std::nullopt;
    return IpAddress::Parse(inside);
  }
  const std::size_t colon = node.find(':');
  if (colon != std::string_view::npos && colon == node.rfind(':')) {
    if (!IsPort(node.substr(colon + 1))) return std::nullopt;
    node = node.substr(0, colon);
  }
  return IpAddress::Parse(node);
}

// Takes the last element of a comma-separated list off its end.  With `quotes` a quoted string (RFC
// 9110 section 5.6.4) hides the commas in it.
std::string_view TakeLast(std::string_view& list, bool quotes) {
  bool quoted = false;
  for (std::size_t i = list.size(); i > 0; --i) {
    const char c = list[i - 1];
    if (quotes && c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      const std::string_view last = list.substr(i);
      list = list.substr(0, i - 1);
      return last;
    }
  }
  return std::exchange(list, {});
}

// The node of the `for` parameter of one element of Forwarded; empty where it has none.  What a
// backslash hides in a quoted node is no part of any address, so it is left as it is.
std::string_view ForOf(std::string_view element) {
  while (!element.empty()) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < element.size() && (quoted || element[end] != ';'); ++end) {
      if (element[end] == '"') quoted = !quoted;
    }
    const std::string_view pair = Trim(element.substr(0, end));
    element = end == element.size() ? std::string_view() : element.substr(end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !EqualsIgnoringCase(pair.substr(0, equals), "for")) {
      continue;
    }
    std::string_view node = pair.substr(equals + 1);
    if (node.size() >= 2 && node.front() == '"' && node.back() == '"') {
      node = node.substr(1, node.size() - 2);
    }
    return node;
  }
  return {};
}

}  // namespace

IpAddress ClientAddressOf(const ForwardedRequest& request, std::size_t trusted_hops) {
  const bool forwarded = !request.forwarded.empty();
  const std::span<const std::string_view> lines =
      forwarded ? request.forwarded : request.x_forwarded_for;
  IpAddress believed = request.peer;
  std::size_t hops = 0;
  for (std::size_t i = lines.size(); i > 0 && hops < trusted_hops; --i) {
    std::string_view line = lines[i - 1];
    if (line.size() > kLongestLine) line = line.substr(line.size() - kLongestLine);
    while (!line.empty() && hops < trusted_hops) {
      const std::string_view element = Trim(TakeLast(line, forwarded));
      if (element.empty()) continue;  // RFC 9110 section 5.6.1.2: empty elements do not count
      ++hops;
      const std::optional<IpAddress> address = ParseNode(forwarded ? ForOf(element) : element);
      if (!address.has_value()) return believed;
      believed = *address;
    }
  }
  return believed;
}

}  // namespace flashsale::inline v0
