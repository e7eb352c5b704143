// Backends that are right as long as one thread calls them, and that keep their books under any
// number of them: what they tell one thread of another's doing is wrong.  No script, random run or
// crowd can find that out; recorded histories must.

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "flashsale/testing/conformance.h"
#include "flashsale/testing/reference_model.h"
#include "tests/testing/lying_storage.h"

namespace flashsale {
namespace {

// Who called last about whom, of a storage that several threads call.
class LastCallers {
 public:
  void Note(const UserId& user) {
    const std::lock_guard lock(mutex_);
    last_[user] = std::this_thread::get_id();
  }
  bool AnotherThreadWas(const UserId& user) const {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find(user);
    return found != last_.end() && found->second != std::this_thread::get_id();
  }

 private:
  mutable std::mutex mutex_;
  std::map<UserId, std::thread::id> last_;
};

// An answer is right only where the thread itself has brought about what it speaks of.
Lie LimitsOfOnesOwn() {
  const auto callers = std::make_shared<LastCallers>();
  return {.outcome = [callers](const Command& command, Outcome& outcome) {
    if (outcome.code == Code::kUserLimit && callers->AnotherThreadWas(command.user)) {
      outcome.code = Code::kSoldOut;
    }
    callers->Note(command.user);
  }};
}

// A look is right only where the thread itself was the last to change what it looks at.
Lie StaleLooks() {
  const auto callers = std::make_shared<LastCallers>();
  return {.command = [callers](Command& command, Time&) { callers->Note(command.user); },
          .record =
              [callers](Reservation& record) {
                if (callers->AnotherThreadWas(record.user))
                  record.state = ReservationState::kActive;
              }};
}

struct Race {
  std::string name;
  // For each storage anew: what it remembers is of that storage.
  std::function<Lie()> lie;
};
std::vector<Race> Races() {
  return {{.name = "a thread sees a hold as it was", .lie = StaleLooks},
          {.name = "a limit reached through another thread is told as sold out",
           .lie = LimitsOfOnesOwn}};
}

StorageFactory Telling(const std::function<Lie()>& lie) {
  return [lie](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    ReferenceOptions options;
    if (needs.max_records_per_sale.has_value()) {
      options.max_records_per_sale = *needs.max_records_per_sale;
    }
    return std::unique_ptr<Storage>(
        std::make_unique<LyingStorage>(NewReferenceStorage(options), lie()));
  };
}

// What the named part of the suite says; "passed" if nothing is wrong.
std::string Verdict(std::string_view part_name, const StorageFactory& open) {
  ConformanceOptions options;
  options.random.seeds = 10;
  for (const ConformancePart& part : ConformanceParts()) {
    if (part.name != part_name) continue;
    for (const CheckResult& result : part.run(open, options)) {
      if (!result.passed) return result.name + ": " + result.message;
    }
    return "passed";
  }
  return "no such part";
}

TEST_CASE("histories reject what is wrong only between threads") {
  for (const Race& race : Races()) {
    const std::string verdict = Verdict("histories", Telling(race.lie));
    CHECK_MESSAGE(verdict.find("none of these can come next") != std::string::npos,
                  race.name << ": " << verdict);
  }
  CHECK(Verdict("histories", Telling([] { return Lie(); })) == "passed");
}

TEST_CASE("no other part could have found it") {
  for (const Race& race : Races()) {
    for (const std::string_view part : {"scripts, singly", "scripts, batched",
                                        "calls and catalogue", "random runs", "contention"}) {
      const std::string verdict = Verdict(part, Telling(race.lie));
      CHECK_MESSAGE(verdict == "passed", race.name << ", " << part << ": " << verdict);
    }
  }
}

}  // namespace
}  // namespace flashsale
