#include "policy/replay_memory.h"

#include <algorithm>

namespace flashsale::inline v0 {

ReplayMemory::ReplayMemory(std::size_t tokens, Duration max_age)
    : set_count_((tokens + kTokens - 1) / kTokens),
      max_age_(max_age),
      sets_(std::make_unique<Set[]>(set_count_)) {}

ReplayMemory::Set& ReplayMemory::SetOf(std::uint64_t hash) {
  return sets_[(hash >> 32) * set_count_ >> 32];
}

bool ReplayMemory::Knows(std::uint64_t hash) {
  Set& set = SetOf(hash);
  const MutexLock lock(set.mutex);
  return std::any_of(set.tokens.begin(), set.tokens.end(), [hash](const Token& token) {
    return token.hash == hash && token.issued_at >= kMinTime;
  });
}

ReplayMemory::Verdict ReplayMemory::Use(std::uint64_t hash, Time issued_at, Time now) {
  Set& set = SetOf(hash);
  const MutexLock lock(set.mutex);
  Token* first = set.tokens.data();
  for (Token& token : set.tokens) {
    if (token.hash == hash && token.issued_at >= kMinTime) return Verdict::kReplayed;
    if (token.issued_at < first->issued_at) first = &token;
  }
  if (now - issued_at > max_age_ || issued_at <= first->issued_at) return Verdict::kStale;
  *first = {.hash = hash, .issued_at = issued_at};
  return Verdict::kFresh;
}

}  // namespace flashsale::inline v0
