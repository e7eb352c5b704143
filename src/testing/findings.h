#ifndef FLASHSALE_SRC_TESTING_FINDINGS_H_
#define FLASHSALE_SRC_TESTING_FINDINGS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/repository/storage.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// Gathers the first thing that is not as it should be.
class Findings {
 public:
  void Expect(bool holds, std::string_view sentence) {
    if (!holds && text_.empty()) text_ = sentence;
  }
  template <typename T>
  void ExpectError(const Result<T>& result, StatusCode code, std::string_view call) {
    ExpectStatus(result.ok() ? Status() : result.status(), code, call);
  }
  void ExpectStatus(const Status& status, StatusCode code, std::string_view call) {
    if (status.code() == code || !text_.empty()) return;
    text_ =
        std::string(call) + ": expected " + std::string(Name(code)) + ", got " + status.ToString();
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A check of one storage, opened for it alone.
struct NamedCheck {
  std::string_view name;
  void (*check)(Storage&, Findings&);
};
std::vector<CheckResult> RunChecks(const StorageFactory& open, std::span<const NamedCheck> checks);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_FINDINGS_H_
