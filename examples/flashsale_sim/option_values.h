#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_OPTION_VALUES_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_OPTION_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "flashsale/base/time.h"

namespace flashsale::sim {

// Options with a checked value.  What is wrong is reported as "--option: 'value': expected …".

// Both ends included.
struct NumberRange {
  std::uint64_t from;
  std::uint64_t to;
};
struct DurationRange {
  Duration from;
  Duration to;
};

// What the values of options are, each thrown as CLI::ValidationError where it is none.
std::uint64_t ParseNumber(const char* option, const std::string& text, NumberRange range);
Duration ParseSpan(const char* option, const std::string& text, DurationRange range);
// A share of a whole, "0.25" or "25%", in millionths.
std::uint32_t ParseShare(const char* option, const std::string& text);

// What an option is called, what its value stands for, and what it does.
struct OptionText {
  const char* name;
  const char* value;
  const char* help;
};

template <typename Number>
struct NumberOf {
  using Type = Number;
};
template <typename Number>
struct NumberOf<std::optional<Number>> {
  using Type = Number;
};

// The target is a number, or an optional one.
template <typename Number>
void AddNumber(CLI::App& app, const OptionText& text, NumberRange range, Number& target) {
  app.add_option_function<std::string>(
         text.name,
         [name = text.name, range, &target](const std::string& given) {
           target = static_cast<typename NumberOf<Number>::Type>(ParseNumber(name, given, range));
         },
         text.help)
      ->type_name(text.value);
}
void AddDuration(CLI::App& app, const OptionText& text, DurationRange range, Duration& target);
void AddShare(CLI::App& app, const OptionText& text, std::uint32_t& per_million);
// The name of a file; not empty.
void AddFile(CLI::App& app, const OptionText& text, std::string& target);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_OPTION_VALUES_H_
