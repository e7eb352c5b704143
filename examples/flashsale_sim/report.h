#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPORT_H_

#include <cstdint>
#include <ostream>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd_tally.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/queue_audit.h"
#include "examples/flashsale_sim/timeline.h"
#include "flashsale/base/time.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::sim {

// The parts that the reports of all subcommands are made of.

using Json = nlohmann::ordered_json;

// A number that must be 0, with the promise that it counts the breaches of.
struct Check {
  std::string_view name;
  std::uint64_t found;
  std::string_view promise;
};
std::vector<Check> ChecksOf(const AuditReport& audit);
std::vector<Check> ChecksOf(const QueueReport& queue);

// For people.
void WriteTimeline(const Timeline& timeline, Time opening, std::ostream& out);
void WriteCrowd(const CrowdTally& crowd, std::ostream& out);
void WriteAnswers(const Answers& answers, std::ostream& out);
void WriteUnits(const SaleStock& stock, const AuditReport& audit, std::ostream& out);
void WriteChecks(const std::vector<Check>& checks, std::ostream& out);
void WriteFindings(const std::vector<std::string>& findings, std::ostream& out);
void WriteLatencies(const Answers& answers, const Latencies& latencies, std::ostream& out);

// For programs: each adds members to an object.
void AddStock(const SaleStock& stock, Json& json);
void AddChecks(const std::vector<Check>& checks, Json& json);
void AddCrowd(const CrowdTally& crowd, Json& json);
// What an audit counted besides breaches.
void AddAudit(const AuditReport& audit, Json& json);
void AddAnswers(const Answers& answers, Json& json);
// {"join": {"p50": …, "p99": …, "p999": …, "max": …}, …}
Json LatencyJson(const Latencies& latencies);
// Text that is not UTF-8 shows replacement characters.
void WriteDocument(const Json& json, std::ostream& out);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPORT_H_
