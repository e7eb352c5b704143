#include "testing/exception_guard.h"

#include <exception>
#include <string>
#include <utility>

#include "testing/storage_decorator.h"

namespace flashsale::inline v0 {
namespace {

std::string_view Name(StorageCall call) {
  switch (call) {
    case StorageCall::kCreate:
      return "Create";
    case StorageCall::kResolve:
      return "Resolve";
    case StorageCall::kApply:
      return "Apply";
    case StorageCall::kReadStock:
      return "ReadStock";
    case StorageCall::kReadTally:
      return "ReadTally";
    case StorageCall::kFind:
      return "Find";
    case StorageCall::kExpireDue:
      return "ExpireDue";
    case StorageCall::kReadEvents:
      return "ReadEvents";
    case StorageCall::kSnapshot:
      return "Snapshot";
    case StorageCall::kForget:
      return "Forget";
    case StorageCall::kPutSale:
      return "Put";
    case StorageCall::kGetSale:
      return "Get";
    case StorageCall::kFindSales:
      return "FindByWindow or FindByProduct";
    case StorageCall::kRemoveSale:
      return "Remove";
    case StorageCall::kTakeRates:
      return "Take";
    case StorageCall::kLookAtRates:
      return "Look";
    case StorageCall::kReturnRates:
      return "Return";
    case StorageCall::kNoteSightings:
      return "Note";
    case StorageCall::kCountUsers:
      return "Count";
    case StorageCall::kOpenQueue:
      return "Open";
    case StorageCall::kResolveQueue:
      return "Resolve of a queue";
    case StorageCall::kApplyQueue:
      return "Apply to a queue";
    case StorageCall::kFindAdmissions:
      return "FindAdmissions";
    case StorageCall::kMarkUsed:
      return "MarkUsed";
    case StorageCall::kReadQueue:
      return "Read of a queue";
    case StorageCall::kAdmit:
      return "Admit";
    case StorageCall::kLapseDue:
      return "LapseDue";
    case StorageCall::kDirectQueue:
      return "an operator's call to a queue";
    case StorageCall::kForgetQueue:
      return "Forget of a queue";
  }
  return "a call";
}

class GuardAround {
 public:
  explicit GuardAround(std::shared_ptr<ExceptionLog> log) : log_(std::move(log)) {}

  template <typename Answer, typename Inner>
  Answer operator()(StorageCall call, const Inner& inner) {
    return Try(Name(call), inner, [](const std::string& thrown) {
      return Answer(Status(StatusCode::kInternal, thrown));
    });
  }

  template <typename Answer, typename Inner>
  Answer Make(const Inner& inner) {
    return Try("Probe or Poll", inner, [](const std::string&) { return Answer(); });
  }

 private:
  template <typename Inner, typename Otherwise>
  auto Try(std::string_view call, const Inner& inner, const Otherwise& otherwise)
      -> decltype(inner()) {
    std::string what;
    try {
      return inner();
    } catch (const std::exception& thrown) {
      what = thrown.what();
    } catch (...) {
      what = "what is no std::exception";
    }
    log_->Note(call, what);
    return otherwise("the backend threw " + what);
  }

  const std::shared_ptr<ExceptionLog> log_;
};

}  // namespace

void ExceptionLog::Note(std::string_view call, std::string_view what) {
  const MutexLock lock(mutex_);
  if (!first_.empty()) return;
  first_.append(call).append(" threw: ").append(what);
}

std::string ExceptionLog::first() const {
  const MutexLock lock(mutex_);
  return first_;
}

StorageFactory GuardExceptions(const StorageFactory& open, std::shared_ptr<ExceptionLog> log) {
  return
      [&open, log = std::move(log)](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
        Result<std::unique_ptr<Storage>> storage = open(needs);
        if (!storage.ok()) return storage;
        return std::unique_ptr<Storage>(std::make_unique<StorageDecorator<GuardAround>>(
            std::move(storage).value(), GuardAround(log)));
      };
}

}  // namespace flashsale::inline v0
