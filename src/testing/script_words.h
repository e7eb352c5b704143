#ifndef FLASHSALE_SRC_TESTING_SCRIPT_WORDS_H_
#define FLASHSALE_SRC_TESTING_SCRIPT_WORDS_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// What is wrong with a line of a script.  Thrown and caught within the parser.
class ScriptError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The words of one line, read from left to right.
// Thread safety: none.
class ScriptWords {
 public:
  // Splits at spaces; a word in double quotes may hold some; "#" at the start of a word ends the
  // line.
  explicit ScriptWords(std::string_view line);

  bool empty() const { return next_ == words_.size(); }
  // The next word without taking it; empty at the end of the line.
  std::string_view Peek() const;
  // Takes the next word if it is `word`.
  bool TakeIf(std::string_view word);
  // The following throw ScriptError where the next word is not what is asked for.
  std::string Take(std::string_view what);
  std::uint64_t TakeNumber(std::string_view what, std::uint64_t most);
  template <std::unsigned_integral T>
  T Take(std::string_view what) {
    return static_cast<T>(TakeNumber(what, std::numeric_limits<T>::max()));
  }
  Duration TakeDuration();
  // "5m", "+1us", "-1h", "raw N".
  Time TakeTime(Time now);
  void ExpectEnd() const;

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

// The number that `word` writes; nothing if it is none.
std::optional<std::uint64_t> ParseNumber(std::string_view word);

// "5m", "0", "4m59s999999us", with a leading "-" for negative ones; ParseDuration's inverse.
std::string FormatDuration(Duration duration);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_SCRIPT_WORDS_H_
