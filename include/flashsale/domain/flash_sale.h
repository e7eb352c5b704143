#ifndef FLASHSALE_DOMAIN_FLASH_SALE_H_
#define FLASHSALE_DOMAIN_FLASH_SALE_H_

#include <cstdint>
#include <string_view>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/domain/verb.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What commands may do at an instant.  Derived from the terms and the recorded acts: no job has to
// "open" a sale.
enum class Phase : std::uint8_t {
  kScheduled = 1,
  kOpen = 2,
  kPaused = 3,
  kClosed = 4,
  kCancelled = 5,
  kSettled = 6,
};

// What shoppers are shown.
enum class SaleState : std::uint8_t {
  kNotStarted = 1,
  kActive = 2,
  kSoldOut = 3,  // open, and nothing is available now; holds may still lapse
  kEnded = 4,
  kPaused = 5,
  kCancelled = 6,
};

FLASHSALE_EXPORT std::string_view Name(Phase phase);
FLASHSALE_EXPORT std::string_view Name(SaleState state);

// The operators' acts that are recorded about a sale.
struct SaleMarks {
  bool started_early = false;
  bool paused = false;
  bool closed = false;
  bool cancelled = false;
  bool settled = false;
  // When the close was recorded.  kMaxTime while it is not.
  Time closed_at = kMaxTime;

  friend bool operator==(const SaleMarks&, const SaleMarks&) = default;
};

// The phase at `now`: the first that holds of cancelled, settled, closed, scheduled, paused, open.
constexpr Phase PhaseAt(const SaleMarks& marks, Time start, Time end, Time now) {
  if (marks.cancelled) return Phase::kCancelled;
  if (marks.settled) return Phase::kSettled;
  if (marks.closed || now >= end) return Phase::kClosed;
  if (!marks.started_early && now < start) return Phase::kScheduled;
  if (marks.paused) return Phase::kPaused;
  return Phase::kOpen;
}

// The instant at which every hold lapses, whatever its deadline; kMaxTime where there is none.
constexpr Time CutOf(const SaleMarks& marks, EndPolicy policy, Time end) {
  if (policy == EndPolicy::kGrace) return kMaxTime;
  return marks.closed_at < end ? marks.closed_at : end;
}

// What a new reserve answers in a phase: kDone stands for "go on", in kOpen only.
constexpr Code AnswerToNewReserve(Phase phase) {
  switch (phase) {
    case Phase::kScheduled: return Code::kNotStarted;
    case Phase::kOpen: return Code::kDone;
    case Phase::kPaused: return Code::kPaused;
    case Phase::kClosed: return Code::kSaleEnded;
    case Phase::kCancelled: return Code::kSaleCancelled;
    case Phase::kSettled: return Code::kSaleEnded;
  }
  return Code::kInvalid;
}

// Whether the sale is over for good: nobody can wait for anything any more.
constexpr bool IsOver(Phase phase) {
  return phase == Phase::kClosed || phase == Phase::kCancelled || phase == Phase::kSettled;
}

// What an operator's act about the sale answers, as far as phase and marks decide it: kDone where it
// is to be carried out, kAlreadyDone where it is in force, else the phase's code.
// A kDone for kRelease and kSettle is subject to stock and holds.  REQUIRES: IsOperatorAct(act).
FLASHSALE_EXPORT Code JudgeAct(Verb act, const SaleMarks& marks, Phase phase);

// Records an act that JudgeAct let pass.
FLASHSALE_EXPORT void RecordAct(Verb act, Time now, SaleMarks& marks);

// True where a confirm that comes too late may take stock and limit anew.
constexpr bool MayRevive(LateConfirm late_confirm, EndPolicy end_policy, Phase phase) {
  return late_confirm == LateConfirm::kRevive &&
         (phase == Phase::kOpen || phase == Phase::kPaused ||
          (phase == Phase::kClosed && end_policy == EndPolicy::kGrace));
}

// What shoppers are shown in a phase, given whether any line has units available.
constexpr SaleState StateOf(Phase phase, bool available) {
  switch (phase) {
    case Phase::kScheduled: return SaleState::kNotStarted;
    case Phase::kOpen: return available ? SaleState::kActive : SaleState::kSoldOut;
    case Phase::kPaused: return SaleState::kPaused;
    case Phase::kClosed:
    case Phase::kSettled: return SaleState::kEnded;
    case Phase::kCancelled: return SaleState::kCancelled;
  }
  return SaleState::kEnded;
}

// A sale as the catalogue keeps it.  A plain value.
// Thread safety: as an int.
struct FlashSale {
  SaleTerms terms;
  SaleMarks marks = {};
  // Grows by one with every update; the catalogue compares and sets on it.
  std::uint64_t revision = 0;

  Phase PhaseAt(Time now) const { return flashsale::PhaseAt(marks, terms.start, terms.end, now); }

  friend bool operator==(const FlashSale&, const FlashSale&) = default;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_FLASH_SALE_H_
