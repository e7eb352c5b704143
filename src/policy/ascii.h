#ifndef FLASHSALE_SRC_POLICY_ASCII_H_
#define FLASHSALE_SRC_POLICY_ASCII_H_

#include <algorithm>
#include <string_view>

namespace flashsale::inline v0 {

// Of ASCII alone, whatever the locale: names of headers and hosts know no other letters.
constexpr char LowerOf(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerOf(x) == LowerOf(y); });
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_ASCII_H_
