#ifndef FLASHSALE_BASE_STATUS_H_
#define FLASHSALE_BASE_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Why a call could not be carried out.  Domain answers are not here: see Outcome.
// The numbers are stable across versions.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument = 1,     // the caller's mistake; the message names field, value, expectation
  kNotFound = 2,            // nothing by this id
  kAlreadyExists = 3,       // another thing by this id
  kConflict = 4,            // compare-and-set met another revision
  kFailedPrecondition = 5,  // lawful, but not in the present state
  kResourceExhausted = 6,   // memory, disk or a declared bound is used up
  kUnavailable = 7,         // the store cannot be reached; not applied
  kFenced = 8,              // the store is not trusted until an operator has reconciled it
  kDataLoss = 9,            // stored data is damaged
  kUnknown = 10,            // the reply was lost: applied or not, the same call again will tell
  kInternal = 11,           // a defect, or a host's callback that threw
};

FLASHSALE_EXPORT std::string_view Name(StatusCode code);

// The result of a call that is not a domain answer.  Everything but kUnknown says: not applied.
// An OK status holds no memory.
class [[nodiscard]] FLASHSALE_EXPORT Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  // Text for people and logs: which field, which value, what was expected.
  const std::string& message() const { return message_; }
  // True where the caller must send the same call again to learn whether it was applied.
  bool MayHaveBeenApplied() const { return code_ == StatusCode::kUnknown; }
  // "Unavailable: connection refused", or "Ok".
  std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  // REQUIRES: !status.ok()
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // REQUIRES: ok()
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return *std::move(value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_STATUS_H_
