#include "flashsale/base/status.h"

namespace flashsale::inline v0 {

std::string_view Name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "Ok";
    case StatusCode::kInvalidArgument:
      return "InvalidArgument";
    case StatusCode::kNotFound:
      return "NotFound";
    case StatusCode::kAlreadyExists:
      return "AlreadyExists";
    case StatusCode::kConflict:
      return "Conflict";
    case StatusCode::kFailedPrecondition:
      return "FailedPrecondition";
    case StatusCode::kResourceExhausted:
      return "ResourceExhausted";
    case StatusCode::kUnavailable:
      return "Unavailable";
    case StatusCode::kFenced:
      return "Fenced";
    case StatusCode::kDataLoss:
      return "DataLoss";
    case StatusCode::kUnknown:
      return "Unknown";
    case StatusCode::kInternal:
      return "Internal";
  }
  return "?";
}

std::string Status::ToString() const {
  std::string text(Name(code_));
  if (!message_.empty()) text.append(": ").append(message_);
  return text;
}

}  // namespace flashsale::inline v0
