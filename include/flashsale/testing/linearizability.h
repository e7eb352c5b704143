#ifndef FLASHSALE_TESTING_LINEARIZABILITY_H_
#define FLASHSALE_TESTING_LINEARIZABILITY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/testing/history.h"

namespace flashsale::inline v0 {

// What the checker found out about a history.
struct LinearizabilityReport {
  enum class Verdict : std::uint8_t {
    kLinearizable = 1,
    kNotLinearizable = 2,
    kUndecided = 3,  // the bound on configurations was reached
  };

  Verdict verdict = Verdict::kUndecided;
  // Distinct configurations (which calls took effect, and the state after them) that were visited.
  std::size_t configurations = 0;
  // Where it is not linearizable: the longest order that could be explained, the state after it,
  // and for every call that could come next what the contract would have answered.
  std::string explanation;

  bool ok() const { return verdict == Verdict::kLinearizable; }
};

struct LinearizabilityOptions {
  std::size_t max_configurations = 4'000'000;
};

// Whether some order of the calls, each taking effect at one instant between its invocation and its
// return, gives every call the very answer that docs/contract.md gives it.  The history must begin
// with the sale as created and hold every call that changed it.
//
// Time.  A command is judged by the `now` that it carries; times need not grow along the order.
// What depends on no record (is the sale open, is a hold live) is computed from that `now` alone.
// What is recorded stays: a hold once recorded EXPIRED is so for every later call, even one whose
// own `now` lies before the deadline.
//
// Expiry is a step of its own.  While a call carrying the time T is under way, it may record any
// hold that has lapsed at T as EXPIRED, at any instant from its invocation until it takes effect: a
// backend may expire more than stands in the way, but nothing before it has lapsed for somebody who
// asks.  A refusal counts what has lapsed at its own `now` as gone (I8, I10); a success needs it
// recorded first.  ExpireDue is a call that does nothing else.  Settling expires in its own step.
//
// Cancelling a sale makes every hold CANCELLED in its own step; a backend that sweeps later must
// answer as if it had, but stock and tallies then lag behind: do not read them in such a history.
//
// The search is that of Wing and Gong (1993) with Lowe's memory of configurations (2017).  It is
// meant for small histories: up to about 40 calls of up to about 8 threads.
FLASHSALE_EXPORT LinearizabilityReport CheckLinearizable(
    const SaleTerms& terms, const History& history, const LinearizabilityOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_LINEARIZABILITY_H_
