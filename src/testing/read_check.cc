#include "testing/read_check.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "flashsale/testing/invariants.h"
#include "testing/findings.h"
#include "testing/probed_sale.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Every member of one record, the deadline only while it is held.
void ExpectRecord(ProbedSale& sale, const Reservation& due, Findings& f, std::string_view when) {
  const Result<std::optional<Reservation>> found =
      sale.inventory().Find(sale.ref(), due.user, due.id);
  if (!found.ok() || !found->has_value()) {
    return f.Expect(false, "Find tells nothing of a reservation " + std::string(when));
  }
  Reservation told = **found;
  if (due.state != ReservationState::kActive) told.deadline = due.deadline;
  f.Expect(told == due, "Find tells another record of a reservation " + std::string(when));
}

void CheckRecords(Storage& storage, Findings& f) {
  SaleTerms terms = WideTerms();
  terms.lines.push_back({.product = "cap", .units = 100});
  terms.key_limits = {{.name = "device", .limit = 100}, {.name = "payment", .limit = 100}};
  terms.late_confirm = LateConfirm::kRevive;
  ProbedSale sale(storage, terms, f);
  const Time reserved_at = kScriptOrigin + seconds{7};
  std::uint64_t id = 0;
  const auto reserve = [&] {
    Command command = ReserveOf(1, ++id, 3);
    command.line = 1;
    command.admission_number = 40 + id;
    command.admission_grant = 1;
    command.quote = 900 + id;
    command.keys = {LimitKey::FromInteger(id), LimitKey::FromInteger(5)};
    sale.ExpectCode(command, Code::kDone, "reserve", reserved_at);
    const Reservation due{.user = command.user,
                          .id = command.id,
                          .state = ReservationState::kActive,
                          .line = 1,
                          .asked = 3,
                          .units = 3,
                          .reserved_at = reserved_at,
                          .deadline = reserved_at + terms.hold,
                          .quote = command.quote,
                          .admission = command.admission_number,
                          .keys = command.keys};
    ExpectRecord(sale, due, f, "that is held");
    return due;
  };
  const auto send = [&](Verb verb, Time now, Units units = 0) {
    Command command = CommandAbout(verb, 1, id);
    command.units = units;
    sale.ExpectCode(command, Code::kDone, Name(verb), now);
  };
  const Time later = reserved_at + seconds{60};

  Reservation bought = reserve();
  send(Verb::kExtend, later);
  bought.deadline = later + terms.hold;
  ExpectRecord(sale, bought, f, "that was extended");
  send(Verb::kConfirm, later, 2);
  bought.state = ReservationState::kPurchased;
  bought.units = 2;
  ExpectRecord(sale, bought, f, "that was bought in part");
  send(Verb::kVoid, later);
  bought.state = ReservationState::kCancelled;
  ExpectRecord(sale, bought, f, "that was voided");

  Reservation cancelled = reserve();
  send(Verb::kCancel, later);
  cancelled.state = ReservationState::kCancelled;
  ExpectRecord(sale, cancelled, f, "that was cancelled");

  const Reservation tombstone{.user = UserId::FromInteger(1),
                              .id = ReservationId::FromInteger(++id),
                              .state = ReservationState::kCancelled};
  send(Verb::kCancel, later);
  ExpectRecord(sale, tombstone, f, "that was cancelled before it came");

  Reservation expired = reserve();
  const Time over = reserved_at + terms.hold;
  f.ExpectStatus(sale.inventory().ExpireDue(sale.ref(), over, 100).status(), StatusCode::kOk,
                 "ExpireDue");
  expired.state = ReservationState::kExpired;
  ExpectRecord(sale, expired, f, "that expired");
  sale.ExpectCode(CommandAbout(Verb::kConfirm, 1, id), Code::kRevived, "a late confirm", over);
  expired.state = ReservationState::kPurchased;
  ExpectRecord(sale, expired, f, "that was revived");
}

// So many holds of one unit, thirty of each user from 1 on.
constexpr std::size_t kHoldsPerUser = 30;
constexpr std::size_t kHolds = 600;
Command NthHold(std::size_t i) { return ReserveOf(1 + i / kHoldsPerUser, 1 + i % kHoldsPerUser); }

// One such command about each of the holds from `first` on.
struct HoldRange {
  std::size_t first = 0;
  std::size_t count = 0;
};
std::vector<Command> AboutHolds(Verb verb, const HoldRange& holds) {
  std::vector<Command> commands;
  for (std::size_t i = 0; i < holds.count; ++i) {
    Command command = NthHold(holds.first + i);
    command.verb = verb;
    if (verb != Verb::kReserve) command.units = 0;
    commands.push_back(command);
  }
  return commands;
}

void SendAll(ProbedSale& sale, const std::vector<Command>& commands, Findings& f) {
  std::vector<Outcome> outcomes(commands.size());
  f.ExpectStatus(sale.inventory().Apply(sale.ref(), kScriptOrigin, commands, outcomes),
                 StatusCode::kOk, "Apply");
  f.Expect(std::all_of(outcomes.begin(), outcomes.end(),
                       [](const Outcome& outcome) { return outcome.code == Code::kDone; }),
           "a command of a batch is not Done");
}

void HoldAll(ProbedSale& sale, Findings& f) {
  SendAll(sale, AboutHolds(Verb::kReserve, {.count = kHolds}), f);
}

void CheckBoundedCleaning(Storage& storage, Findings& f) {
  // "About" as many as asked for: not above these.
  constexpr std::uint64_t kSlack = 64;
  const SaleTerms terms = WideTerms();
  ProbedSale sale(storage, terms, f);
  HoldAll(sale, f);
  const Time over = kScriptOrigin + terms.hold;
  std::uint64_t left = kHolds;
  const auto expire = [&](std::size_t max_holds) {
    const Result<ExpireReport> report = sale.inventory().ExpireDue(sale.ref(), over, max_holds);
    if (!report.ok()) return f.ExpectStatus(report.status(), StatusCode::kOk, "ExpireDue");
    const std::uint64_t held = sale.StockOf(0, over).reserved;
    f.Expect(left == held + report->expired, "ExpireDue tells another number than it expired");
    f.Expect(report->expired <= (max_holds == 0 ? 0 : max_holds + kSlack),
             "ExpireDue expires many more holds than it may");
    f.Expect(report->more == (held > 0), "ExpireDue tells wrongly whether more is due");
    left = held;
  };
  expire(0);
  expire(100);
  for (std::uint64_t calls = 0; left > 0 && calls < kHolds; ++calls) expire(1);
  f.Expect(left == 0, "ExpireDue for one hold at a time never expires all");
}

// Two sides of a check: one reads, and lets others take steps meanwhile, so many for each read.
// Thread safety: any thread.
class Pace {
 public:
  // For the reader.
  void Allow(std::size_t steps) { allowed_.fetch_add(steps, std::memory_order_release); }
  // Lets the others end when the reader leaves its scope, whichever way.
  class Stopper {
   public:
    explicit Stopper(Pace& pace) : pace_(pace) {}
    Stopper(const Stopper&) = delete;
    Stopper& operator=(const Stopper&) = delete;
    ~Stopper() { pace_.stopped_.store(true, std::memory_order_release); }

   private:
    Pace& pace_;
  };
  // Waits until another step is taken, but not for ever: a store may hold still what is read.
  void LetOthersGoOn() const {
    constexpr int kLooks = 50;
    const std::size_t before = taken();
    for (int look = 0; look < kLooks; ++look) {
      if (taken() != before) return;
      std::this_thread::yield();
    }
  }

  // For the others: waits until their step `i` is allowed (pairs with Allow); false: no more are.
  bool MayTake(std::size_t i) const {
    while (i >= allowed_.load(std::memory_order_acquire)) {
      if (stopped_.load(std::memory_order_acquire)) return false;
      std::this_thread::yield();
    }
    return true;
  }
  // Relaxed: it is a hint when to look.
  void OnTaken() { taken_.fetch_add(1, std::memory_order_relaxed); }
  std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> allowed_{0};
  std::atomic<std::size_t> taken_{0};
  std::atomic<bool> stopped_{false};
};

struct ReadPlan {
  std::size_t steps = 0;
  std::size_t at_once = 1;
  // While the same steps are taken: a store may well prefer readers.
  int most_reads = 20;
};

// Has one thread take the steps from 0 on, and calls read(i) while it takes step i.
template <typename Step, typename Read>
void ReadDuring(const ReadPlan& plan, const Step& step, const Read& read) {
  Pace pace;
  const std::jthread writer([&] {
    for (std::size_t i = 0; pace.MayTake(i); ++i) {
      step(i);
      pace.OnTaken();
    }
  });
  const Pace::Stopper stopper(pace);
  for (std::size_t i = 0; i < plan.steps; i += plan.at_once) {
    pace.Allow(plan.at_once);
    for (int reads = 0; reads < plan.most_reads; ++reads) {
      read(i);
      if (pace.taken() >= i + plan.at_once) break;
      // Seldom, so that reads meet what is quick; at all, so that one processor is enough.
      if (reads % 8 == 7) std::this_thread::yield();
    }
  }
}

void CheckStockOfOneInstant(Storage& storage, Findings& f) {
  SaleTerms terms = WideTerms();
  terms.lines.front().units = kHolds;
  ProbedSale sale(storage, terms, f);
  HoldAll(sale, f);
  Findings in_writer;
  ProbedSale written(storage, terms.id, in_writer);

  // Units turn from reserved to sold: together they stay what they are.
  ReadDuring(
      {.steps = kHolds, .at_once = 2},
      [&](std::size_t i) {
        Command confirm = NthHold(i);
        confirm = {.verb = Verb::kConfirm, .user = confirm.user, .id = confirm.id};
        written.ExpectCode(confirm, Code::kDone, "confirm");
      },
      [&](std::size_t) {
        const Stock stock = sale.StockOf();
        f.Expect(stock.reserved + stock.sold == kHolds,
                 "ReadStock tells reserved and sold units of one line as of two instants");
      });
  // And back: of one unit at a time there may be nothing in between.
  ReadDuring(
      {.steps = kHolds / 2, .at_once = 2},
      [&](std::size_t i) {
        Command taken_back = NthHold(i);
        taken_back = {.verb = Verb::kVoid, .user = taken_back.user, .id = taken_back.id};
        written.ExpectCode(taken_back, Code::kDone, "void");
        const std::uint64_t user = 1'000 + i;
        written.ExpectCode(ReserveOf(user, 1), Code::kDone, "reserve");
        written.ExpectCode(CommandAbout(Verb::kConfirm, user, 1), Code::kDone, "confirm");
      },
      [&](std::size_t) {
        const Stock stock = sale.StockOf();
        const Units taken = stock.reserved + stock.sold;
        f.Expect(taken <= kHolds, "ReadStock tells of more units than there are");
        f.Expect(taken + 1 >= kHolds, "ReadStock tells of fewer units than are taken");
      });
  f.Expect(in_writer.text().empty(), in_writer.text());
}

// As above, as quickly as the backend can: each step sells all that one sale holds.
void CheckStockDuringBatches(Storage& storage, Findings& f) {
  constexpr std::size_t kSales = 40;
  constexpr std::size_t kHeld = 300;
  Findings in_writer;
  std::vector<ProbedSale> sales;
  std::vector<ProbedSale> written;
  std::vector<std::vector<Command>> confirms;
  // Other users in each: no batch is one that came before.
  const auto holds_of = [](std::size_t sale) {
    return HoldRange{.first = sale * kHeld, .count = kHeld};
  };
  sales.reserve(kSales);
  written.reserve(kSales);
  for (std::size_t i = 0; i < kSales; ++i) {
    const SaleTerms terms = WideTerms("sale-" + std::to_string(i));
    sales.emplace_back(storage, terms, f);
    written.emplace_back(storage, terms.id, in_writer);
    SendAll(sales.back(), AboutHolds(Verb::kReserve, holds_of(i)), f);
    confirms.push_back(AboutHolds(Verb::kConfirm, holds_of(i)));
  }
  ReadDuring(
      {.steps = kSales, .most_reads = 20'000},
      [&](std::size_t i) { SendAll(written[i], confirms[i], in_writer); },
      [&](std::size_t i) {
        const Stock stock = sales[i].StockOf();
        f.Expect(stock.reserved + stock.sold == kHeld,
                 "ReadStock tells reserved and sold units of one line as of two instants");
      });
  f.Expect(in_writer.text().empty(), in_writer.text());
}

// Passes a snapshot on to the invariants, and lets others go on in the middle of it.
class SlowVisitor final : public SnapshotVisitor {
 public:
  explicit SlowVisitor(const Pace& pace) : pace_(pace) {}

  void OnSale(const Sale& sale) override {
    checker_.OnSale(sale);
    pace_.LetOthersGoOn();
  }
  void OnUser(const UserId& user, const Tally& tally,
              std::span<const Reservation> records) override {
    checker_.OnUser(user, tally, records);
  }
  void OnKey(const TallyKey& key, const Tally& tally) override { checker_.OnKey(key, tally); }
  std::vector<std::string> Finish() { return checker_.Finish(); }

 private:
  const Pace& pace_;
  InvariantChecker checker_;
};

// One life of a reservation, another one each round.
void LiveOnce(ProbedSale& sale, std::uint64_t first_user, std::size_t round) {
  const std::uint64_t user = first_user + round / kHoldsPerUser;
  const std::uint64_t id = 1 + round % kHoldsPerUser;
  Command reserve = ReserveOf(user, id, static_cast<Units>(1 + round % 3));
  reserve.line = static_cast<std::uint16_t>(round % 2);
  reserve.keys[0] = LimitKey::FromInteger(round % 4);
  sale.ExpectCode(reserve, Code::kDone, "reserve");
  if (round % 3 == 0) {
    sale.ExpectCode(CommandAbout(Verb::kCancel, user, id), Code::kDone, "cancel");
    return;
  }
  sale.ExpectCode(CommandAbout(Verb::kConfirm, user, id), Code::kDone, "confirm");
  if (round % 3 == 1) sale.ExpectCode(CommandAbout(Verb::kVoid, user, id), Code::kDone, "void");
}

void CheckSnapshotsOfOneInstant(Storage& storage, Findings& f) {
  constexpr std::size_t kSnapshots = 60;
  constexpr std::size_t kRoundsPerSnapshot = 6;
  SaleTerms terms = WideTerms();
  terms.lines.push_back({.product = "cap", .units = kMaxUnits});
  terms.key_limits = {{.name = "device", .limit = kMaxUnits}};
  ProbedSale sale(storage, terms, f);
  Pace pace;
  std::array<Findings, 2> in_writers;
  {
    std::vector<std::jthread> writers;
    writers.reserve(in_writers.size());
    for (std::size_t writer = 0; writer < in_writers.size(); ++writer) {
      writers.emplace_back([&, writer] {
        ProbedSale written(storage, terms.id, in_writers[writer]);
        for (std::size_t round = 0; pace.MayTake(round); ++round) {
          LiveOnce(written, 1'000 * (writer + 1), round);
          pace.OnTaken();
        }
      });
    }
    const Pace::Stopper stopper(pace);
    for (std::size_t i = 0; i < kSnapshots; ++i) {
      pace.Allow(kRoundsPerSnapshot);
      SlowVisitor visitor(pace);
      f.ExpectStatus(storage.inventory().Snapshot(terms.id, visitor), StatusCode::kOk, "Snapshot");
      const std::vector<std::string> broken = visitor.Finish();
      f.Expect(broken.empty(), "a snapshot is not of one instant: " +
                                   (broken.empty() ? std::string() : broken.front()));
    }
  }
  for (const Findings& findings : in_writers) f.Expect(findings.text().empty(), findings.text());
}

}  // namespace

std::vector<CheckResult> CheckReads(const StorageFactory& open) {
  constexpr std::array<NamedCheck, 5> kChecks = {{
      {"reads/records", &CheckRecords},
      {"reads/stock of one instant", &CheckStockOfOneInstant},
      {"reads/stock during batches", &CheckStockDuringBatches},
      {"reads/snapshots of one instant", &CheckSnapshotsOfOneInstant},
      {"calls/bounded cleaning", &CheckBoundedCleaning},
  }};
  return RunChecks(open, kChecks);
}

}  // namespace flashsale::inline v0
