#include "examples/flashsale_sim/challenge.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

#include <fmt/format.h>

namespace flashsale::sim {
namespace {

// A token is three numbers of sixteen hexadecimal digits: when, which, and the signature.
constexpr std::size_t kDigits = 16;

std::optional<std::array<std::uint64_t, 3>> Split(std::string_view token) {
  std::array<std::uint64_t, 3> numbers{};
  if (token.size() != kDigits * numbers.size()) return std::nullopt;
  for (std::uint64_t& number : numbers) {
    const std::string_view digits = token.substr(0, kDigits);
    const char* const end = digits.data() + digits.size();
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`.
    const auto [rest, error] = std::from_chars(digits.data(), end, number, 16);
    if (error != std::errc() || rest != end) return std::nullopt;
    token.remove_prefix(kDigits);
  }
  return numbers;
}

}  // namespace

std::string ChallengeDesk::Pass(Time now, std::uint64_t number) const {
  const auto passed_us = static_cast<std::uint64_t>(now.time_since_epoch().count());
  return fmt::format("{:016x}{:016x}{:016x}", passed_us, number, Sign(passed_us, number));
}

std::optional<Result<ChallengeAnswer>> ChallengeDesk::Verify(
    const Request& request, const std::shared_ptr<ChallengeSink>& /*later*/) {
  const auto numbers = Split(request.token);
  if (!numbers.has_value() || Sign((*numbers)[0], (*numbers)[1]) != (*numbers)[2]) {
    return ChallengeAnswer{};
  }
  return ChallengeAnswer{.valid = true,
                         .issued_at = Time(Duration(static_cast<Duration::rep>((*numbers)[0])))};
}

std::uint64_t ChallengeDesk::Sign(std::uint64_t passed_us, std::uint64_t number) const {
  return dice_.Roll(Dice::Purpose::kChallenge,
                    passed_us ^ dice_.Roll(Dice::Purpose::kChallenge, number));
}

}  // namespace flashsale::sim
