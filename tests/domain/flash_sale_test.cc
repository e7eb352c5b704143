#include "flashsale/domain/flash_sale.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <set>
#include <string_view>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};
constexpr Time kEnd = kStart + 1h;
constexpr std::array kAllPhases = {Phase::kScheduled, Phase::kOpen,      Phase::kPaused,
                                   Phase::kClosed,    Phase::kCancelled, Phase::kSettled};

SaleMarks MarksOfBits(unsigned bits) {
  return {.started_early = (bits & 1) != 0,
          .paused = (bits & 2) != 0,
          .closed = (bits & 4) != 0,
          .cancelled = (bits & 8) != 0,
          .settled = (bits & 16) != 0};
}

TEST_CASE("the phase is the first that holds, for every set of marks and every time") {
  for (unsigned bits = 0; bits < 32; ++bits) {
    const SaleMarks marks = MarksOfBits(bits);
    for (const Time now : {kMinTime, kStart - 1us, kStart, kEnd - 1us, kEnd, kMaxTime}) {
      std::set<Phase> holding = {Phase::kOpen};
      if (marks.cancelled) holding.insert(Phase::kCancelled);
      if (marks.settled) holding.insert(Phase::kSettled);
      if (marks.closed || now >= kEnd) holding.insert(Phase::kClosed);
      if (!marks.started_early && now < kStart) holding.insert(Phase::kScheduled);
      if (marks.paused) holding.insert(Phase::kPaused);
      Phase expected = Phase::kOpen;
      for (const Phase phase : {Phase::kPaused, Phase::kScheduled, Phase::kClosed, Phase::kSettled,
                                Phase::kCancelled}) {
        if (holding.count(phase) != 0) expected = phase;
      }
      CAPTURE(bits);
      CAPTURE(now.time_since_epoch().count());
      CHECK(PhaseAt(marks, kStart, kEnd, now) == expected);
      const FlashSale sale{.terms = {.start = kStart, .end = kEnd}, .marks = marks};
      CHECK(sale.PhaseAt(now) == expected);
    }
  }
}

TEST_CASE("a sale is open from its start, included, to its end, excluded") {
  CHECK(PhaseAt({}, kStart, kEnd, kStart - 1us) == Phase::kScheduled);
  CHECK(PhaseAt({}, kStart, kEnd, kStart) == Phase::kOpen);
  CHECK(PhaseAt({}, kStart, kEnd, kEnd - 1us) == Phase::kOpen);
  CHECK(PhaseAt({}, kStart, kEnd, kEnd) == Phase::kClosed);
}

TEST_CASE("a cut is the end or the close, whichever comes first; grace knows none") {
  const SaleMarks open;
  const SaleMarks early{.closed = true, .closed_at = kEnd - 1s};
  const SaleMarks late{.closed = true, .closed_at = kEnd + 1s};
  CHECK(CutOf(open, EndPolicy::kCut, kEnd) == kEnd);
  CHECK(CutOf(early, EndPolicy::kCut, kEnd) == kEnd - 1s);
  CHECK(CutOf(late, EndPolicy::kCut, kEnd) == kEnd);
  for (const SaleMarks& marks : {open, early, late}) {
    CHECK(CutOf(marks, EndPolicy::kGrace, kEnd) == kMaxTime);
  }
}

TEST_CASE("what a new reserve answers in each phase") {
  CHECK(AnswerToNewReserve(Phase::kScheduled) == Code::kNotStarted);
  CHECK(AnswerToNewReserve(Phase::kOpen) == Code::kDone);
  CHECK(AnswerToNewReserve(Phase::kPaused) == Code::kPaused);
  CHECK(AnswerToNewReserve(Phase::kClosed) == Code::kSaleEnded);
  CHECK(AnswerToNewReserve(Phase::kCancelled) == Code::kSaleCancelled);
  CHECK(AnswerToNewReserve(Phase::kSettled) == Code::kSaleEnded);
}

// The table "Operators' acts about the sale" of docs/contract.md, for marks that make its phase.
TEST_CASE("every act in every phase answers as the contract's table says") {
  constexpr std::array<SaleMarks, 6> kMarks = {
      SaleMarks{},
      SaleMarks{},
      SaleMarks{.paused = true},
      SaleMarks{.closed = true, .closed_at = kStart},
      SaleMarks{.cancelled = true},
      SaleMarks{.closed = true, .settled = true, .closed_at = kStart}};
  struct Row {
    Verb act;
    std::array<Code, 6> answers;
  };
  const std::array<Row, 7> table = {{
      {Verb::kStart,
       {Code::kDone, Code::kAlreadyDone, Code::kAlreadyDone, Code::kSaleEnded, Code::kSaleCancelled,
        Code::kSaleEnded}},
      {Verb::kPause,
       {Code::kDone, Code::kDone, Code::kAlreadyDone, Code::kSaleEnded, Code::kSaleCancelled,
        Code::kSaleEnded}},
      {Verb::kResume,
       {Code::kAlreadyDone, Code::kAlreadyDone, Code::kDone, Code::kSaleEnded, Code::kSaleCancelled,
        Code::kSaleEnded}},
      {Verb::kRelease,
       {Code::kDone, Code::kDone, Code::kDone, Code::kSaleEnded, Code::kSaleCancelled,
        Code::kSaleEnded}},
      {Verb::kClose,
       {Code::kDone, Code::kDone, Code::kDone, Code::kAlreadyDone, Code::kSaleCancelled,
        Code::kAlreadyDone}},
      {Verb::kCancelSale,
       {Code::kDone, Code::kDone, Code::kDone, Code::kDone, Code::kAlreadyDone, Code::kSaleEnded}},
      {Verb::kSettle,
       {Code::kNotStarted, Code::kSaleOpen, Code::kPaused, Code::kDone, Code::kDone,
        Code::kAlreadyDone}},
  }};
  for (const Row& row : table) {
    for (std::size_t i = 0; i < kAllPhases.size(); ++i) {
      CAPTURE(Name(row.act));
      CAPTURE(Name(kAllPhases[i]));
      CHECK(JudgeAct(row.act, kMarks[i], kAllPhases[i]) == row.answers[i]);
    }
  }
}

TEST_CASE("footnotes: paused before the start, settled after a cancellation") {
  const SaleMarks paused{.paused = true};
  CHECK(JudgeAct(Verb::kPause, paused, Phase::kScheduled) == Code::kAlreadyDone);
  CHECK(JudgeAct(Verb::kResume, paused, Phase::kScheduled) == Code::kDone);
  CHECK(JudgeAct(Verb::kStart, paused, Phase::kScheduled) == Code::kDone);
  const SaleMarks settled{.cancelled = true, .settled = true};
  CHECK(JudgeAct(Verb::kSettle, settled, Phase::kCancelled) == Code::kAlreadyDone);
}

TEST_CASE("a recorded act is in force: the same act again answers AlreadyDone") {
  for (const Verb act : {Verb::kStart, Verb::kPause, Verb::kClose, Verb::kCancelSale}) {
    SaleMarks marks;
    const Time now = kStart - 1min;
    REQUIRE(JudgeAct(act, marks, PhaseAt(marks, kStart, kEnd, now)) == Code::kDone);
    RecordAct(act, now, marks);
    CAPTURE(Name(act));
    CHECK(JudgeAct(act, marks, PhaseAt(marks, kStart, kEnd, now)) == Code::kAlreadyDone);
    CHECK(marks.closed_at == (act == Verb::kClose ? now : kMaxTime));
  }
  SaleMarks marks{.paused = true};
  RecordAct(Verb::kResume, kStart, marks);
  CHECK(marks == SaleMarks{});
  RecordAct(Verb::kRelease, kStart, marks);
  CHECK(marks == SaleMarks{});
  RecordAct(Verb::kClose, kStart, marks);
  RecordAct(Verb::kSettle, kStart + 1s, marks);
  CHECK(marks == SaleMarks{.closed = true, .settled = true, .closed_at = kStart});
}

TEST_CASE("a late confirm may revive while the sale goes on, and after it with grace") {
  for (const Phase phase : kAllPhases) {
    for (const EndPolicy policy : {EndPolicy::kGrace, EndPolicy::kCut}) {
      CAPTURE(Name(phase));
      CHECK_FALSE(MayRevive(LateConfirm::kRefuse, policy, phase));
      const bool expected = phase == Phase::kOpen || phase == Phase::kPaused ||
                            (phase == Phase::kClosed && policy == EndPolicy::kGrace);
      CHECK(MayRevive(LateConfirm::kRevive, policy, phase) == expected);
    }
  }
}

TEST_CASE("what shoppers are shown") {
  CHECK(StateOf(Phase::kScheduled, true) == SaleState::kNotStarted);
  CHECK(StateOf(Phase::kOpen, true) == SaleState::kActive);
  CHECK(StateOf(Phase::kOpen, false) == SaleState::kSoldOut);
  CHECK(StateOf(Phase::kPaused, false) == SaleState::kPaused);
  CHECK(StateOf(Phase::kClosed, true) == SaleState::kEnded);
  CHECK(StateOf(Phase::kSettled, true) == SaleState::kEnded);
  CHECK(StateOf(Phase::kCancelled, true) == SaleState::kCancelled);
}

TEST_CASE("phases and states have names") {
  std::set<std::string_view> names;
  for (const Phase phase : kAllPhases) names.insert(Name(phase));
  CHECK(names == std::set<std::string_view>{"scheduled", "open", "paused", "closed", "cancelled",
                                            "settled"});
  names.clear();
  for (int i = 1; i <= 6; ++i) names.insert(Name(static_cast<SaleState>(i)));
  CHECK(names == std::set<std::string_view>{"NOT_STARTED", "ACTIVE", "SOLD_OUT", "ENDED", "PAUSED",
                                            "CANCELLED"});
  CHECK(Name(static_cast<Phase>(0)) == "?");
  CHECK(Name(static_cast<SaleState>(7)) == "?");
}

}  // namespace
}  // namespace flashsale
