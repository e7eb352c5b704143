#ifndef FLASHSALE_SRC_TESTING_SCRIPT_CASE_H_
#define FLASHSALE_SRC_TESTING_SCRIPT_CASE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/snapshot.h"
#include "flashsale/testing/script.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// Where the time of every script begins.
inline constexpr Time kScriptOrigin{std::chrono::seconds{1'700'000'000}};

// An answer as a script writes it; what is not set is not compared.
struct ExpectedOutcome {
  Code code = Code::kDone;
  std::optional<ReservationState> state;
  std::optional<Units> units;
  std::optional<Time> deadline;
  Field field = Field::kNone;
};

struct ExpectedEvent {
  EventType type = EventType::kClock;
  std::optional<Edges> edges;
};

// Figures by name, as `expect` writes them.
using Figures = std::map<std::string, std::uint64_t>;

struct ScriptStep {
  enum class Kind : std::uint8_t {
    kCommand,
    kCut,  // ends a batch
    kForget,
    kCreate,
    kExpire,
    kExpectStock,
    kExpectTally,
    kExpectHold,
    kExpectSale,
    kEvents,
  };

  Kind kind = Kind::kCut;
  std::size_t line_number = 0;
  std::string text;
  Time now{};

  // kCommand, kForget, kCreate.  The sale is set where it is not the case's own.
  std::optional<SaleId> sale;
  ExpectedOutcome expected;
  // kCommand; kExpectHold: user and id; kExpectStock: line.
  Command command;
  // kExpectTally.
  TallyKey tally_key;
  // kExpire; `expired` is set where the script says how many.
  std::uint64_t max_holds = 0;
  std::optional<std::uint64_t> expired;
  // kExpectStock, kExpectTally, kExpectHold, kExpectSale.
  Figures figures;
  // kExpectHold: not set: unknown.
  std::optional<ReservationState> hold_state;
  // kExpectSale.
  std::string phase;
  std::string sale_state;
  // kEvents.
  std::vector<ExpectedEvent> events;
};

struct ScriptCase {
  std::string name;
  std::size_t line_number = 0;
  SaleTerms terms;
  StorageNeeds needs;
  std::vector<ScriptStep> steps;
};

// Errors: InvalidArgument, "NAME:LINE: what is wrong".
Result<std::vector<ScriptCase>> ParseScript(const ScriptSource& script);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_SCRIPT_CASE_H_
