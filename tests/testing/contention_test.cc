#include "flashsale/testing/contention.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "flashsale/backend/memory.h"
#include "flashsale/testing/faults.h"

namespace flashsale {
namespace {

Result<std::unique_ptr<Storage>> OpenMemory(const StorageNeeds&) {
  return OpenMemoryStorage({.events_per_sale = std::size_t{1} << 20});
}

TEST_CASE("a crowd on the memory backend leaves its books in order") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const CheckResult result = CheckContention(OpenMemory, {.seed = seed});
    CHECK_MESSAGE(result.passed, result.name << ": " << result.message);
  }
}

TEST_CASE("the crowd meets every answer that matters") {
  const std::unique_ptr<Storage> storage = std::move(OpenMemory({})).value();
  const ContentionReport report = RunContention(*storage, {.calls_per_thread = 4'000});
  for (const Code code :
       {Code::kDone, Code::kAlreadyDone, Code::kRevived, Code::kExpired, Code::kCancelled,
        Code::kAlreadyPurchased, Code::kNotPurchased, Code::kUnknownReservation, Code::kIdConflict,
        Code::kTooManyHolds, Code::kUserLimit, Code::kSoldOut}) {
    CHECK_MESSAGE(report.answered(code) > 0, Name(code));
  }
  CHECK(report.events > 1'000);
  CHECK(report.oversold == 0);
  CHECK(report.undersold == 0);
  CHECK(report.users_over_limit == 0);
}

TEST_CASE("a crowd that must resend what was refused or lost leaves its books in order") {
  const auto open = [](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    Result<std::unique_ptr<Storage>> memory = OpenMemory(needs);
    if (!memory.ok()) return memory;
    return NewResendingStorage(NewFaultyStorage(
        std::move(memory).value(),
        {.decide = RandomFaults({.seed = 3, .refused = 100, .lost_requests = 100})}));
  };
  const CheckResult result = CheckContention(open);
  CHECK_MESSAGE(result.passed, result.message);
}

TEST_CASE("a crowd of which many send twice leaves the books in order, and is told AlreadyDone") {
  const auto told = [](std::uint32_t resent) {
    const std::unique_ptr<Storage> storage = std::move(OpenMemory({})).value();
    const ContentionReport report = RunContention(*storage, {.resent_per_thousand = resent});
    for (const std::string& sentence : report.broken) FAIL_CHECK(sentence);
    return report.answered(Code::kAlreadyDone);
  };
  CHECK(told(1'000) > told(0));
}

TEST_CASE("an answer that is not kept is noticed") {
  // A store that claims Unknown and did apply, to a caller who does not send again.
  const auto open = [](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    Result<std::unique_ptr<Storage>> memory = OpenMemory(needs);
    if (!memory.ok()) return memory;
    return NewFaultyStorage(std::move(memory).value(),
                            {.decide = RandomFaults({.lost_replies = 50})});
  };
  CHECK_FALSE(CheckContention(open).passed);
}

}  // namespace
}  // namespace flashsale
