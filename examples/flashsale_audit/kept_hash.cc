#include "examples/flashsale_audit/kept_hash.h"

#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace flashsale::audit {
namespace {

// Digits of a base, and nothing else.
template <typename Number>
std::optional<Number> ParseDigits(std::string_view text, int base) {
  Number number{};
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`.
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::string Hex(const JournalHash& hash) {
  std::string text;
  for (const std::uint8_t byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

std::string KeptHash::ToString() const { return fmt::format("{}:{}", commit, Hex(hash)); }

Result<KeptHash> KeptHash::Parse(const Option& option) {
  const std::string_view text = option.text;
  const Status wrong(StatusCode::kInvalidArgument,
                     fmt::format("{}: '{}', expected the number of a commit from 1 on, a colon and "
                                 "64 hex digits, as the report tells them",
                                 option.name, text));
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return wrong;
  KeptHash kept;
  const auto commit = ParseDigits<std::uint64_t>(text.substr(0, colon), 10);
  const std::string_view digits = text.substr(colon + 1);
  if (!commit.has_value() || *commit == 0 || digits.size() != 2 * kept.hash.size()) return wrong;
  kept.commit = *commit;
  for (std::size_t i = 0; i < kept.hash.size(); ++i) {
    const auto byte = ParseDigits<std::uint8_t>(digits.substr(2 * i, 2), 16);
    if (!byte.has_value()) return wrong;
    kept.hash[i] = *byte;
  }
  return kept;
}

KeptHashCheck::KeptHashCheck(Claim claim, const std::vector<KeptHash>& kept)
    : claim_(std::move(claim)), wanted_(!kept.empty()) {
  for (const KeptHash& one : kept) due_.emplace(one.commit, one.hash);
}

void KeptHashCheck::OnCommit(std::uint64_t commit, const JournalHash& hash) {
  const auto [first, last] = due_.equal_range(commit);
  for (auto kept = first; kept != last; ++kept) {
    claim_.Look();
    if (kept->second == hash) continue;
    claim_.Refute(fmt::format("commit {}: its hash is {}, and {} was kept", commit, Hex(hash),
                              Hex(kept->second)));
  }
  due_.erase(first, last);
}

void KeptHashCheck::Finish(std::uint64_t commits, const std::string& why) {
  if (due_.empty()) return;
  const std::uint64_t commit = due_.begin()->first;
  if (!why.empty()) {
    claim_.Miss(fmt::format("{}, and the hash of commit {} was kept", why, commit));
    return;
  }
  claim_.Look(due_.size());
  claim_.Refute(fmt::format("the journal ends with commit {}, and the hash of commit {} was kept",
                            commits, commit));
}

}  // namespace flashsale::audit
