#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_CLAIM_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_CLAIM_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace flashsale::audit {

// One thing that a journal proves or refutes.  Thread safety: as an int.
class Claim {
 public:
  // `noun`: what it looks at, in the singular.
  Claim(std::string_view name, std::string_view promise, std::string_view noun)
      : name_(name), promise_(promise), noun_(noun) {}

  void Look(std::uint64_t count = 1) { looked_at_ += count; }
  // The first counterexample is the one that is told.
  void Refute(std::string counterexample) {
    if (counterexample_.empty()) counterexample_ = std::move(counterexample);
  }
  // What is missing to say more; a counterexample counts all the same.
  void Miss(std::string_view what) { missing_ = what; }

  std::string_view name() const { return name_; }
  std::string_view promise() const { return promise_; }
  std::string_view noun() const { return noun_; }
  std::uint64_t looked_at() const { return looked_at_; }
  bool refuted() const { return !counterexample_.empty(); }
  const std::string& counterexample() const { return counterexample_; }
  // Why it was not judged, or not wholly; empty: it was.
  const std::string& missing() const { return missing_; }

 private:
  std::string name_;
  std::string promise_;
  std::string noun_;
  std::uint64_t looked_at_ = 0;
  std::string counterexample_;
  std::string missing_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_CLAIM_H_
