#define FLASHSALE_DEFINE_FAILING_OPERATOR_NEW
#include "flashsale/testing/allocation_failure.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/hard_cases/crowd.h"

// The engine asks the system for whole pages; those requests are to fail, too.  Sanitizers bring an
// mmap of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FLASHSALE_PAGES_MAY_FAIL 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef FLASHSALE_PAGES_MAY_FAIL
#endif
#endif
#endif

#ifdef FLASHSALE_PAGES_MAY_FAIL
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the system's are reserved
extern "C" void* mmap(void* address, std::size_t size, int protection, int flags, int file,
                      off_t offset) noexcept {
  if (flashsale::AllocationFailure::ShouldFail()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): what the system call answers is an address
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, size, protection, flags, file, offset));
}
#endif

namespace flashsale {
namespace {

using namespace std::chrono_literals;

// The whole state of a sale as text, in an order of its own.
class StateText final : public SnapshotVisitor {
 public:
  void OnSale(const Sale& sale) override {
    std::string line = "seq " + std::to_string(sale.seq) + (sale.marks.paused ? " paused" : "") +
                       (sale.marks.closed ? " closed" : "") +
                       (sale.marks.settled ? " settled" : "");
    for (const Stock& stock : sale.lines) {
      line += " released " + std::to_string(stock.released) + " reserved " +
              std::to_string(stock.reserved) + " sold " + std::to_string(stock.sold);
    }
    lines_.push_back(line);
  }
  void OnUser(const UserId& user, const Tally& tally,
              std::span<const Reservation> records) override {
    lines_.push_back("user " + user.ToString() + TextOf(tally));
    for (const Reservation& record : records) {
      lines_.push_back(user.ToString() + " " + record.id.ToString() + " " +
                       std::string(Name(record.state)) + " line " + std::to_string(record.line) +
                       " units " + std::to_string(record.units) + " asked " +
                       std::to_string(record.asked) + " until " +
                       std::to_string(record.deadline.time_since_epoch().count()) + " device " +
                       record.keys[0].ToString());
    }
  }
  void OnKey(const TallyKey& key, const Tally& tally) override {
    lines_.push_back("key " + std::to_string(key.kind) + " " +
                     LimitKey::FromBytes(key.bytes).ToString() + TextOf(tally));
  }

  std::vector<std::string> Take() {
    std::sort(lines_.begin(), lines_.end());
    return std::move(lines_);
  }

 private:
  static std::string TextOf(const Tally& tally) {
    return " limit " + std::to_string(tally.limit) + " held " + std::to_string(tally.held) +
           " bought " + std::to_string(tally.bought) + " open " + std::to_string(tally.open_holds) +
           " records " + std::to_string(tally.records);
  }

  std::vector<std::string> lines_;
};

std::vector<std::string> StateOf(Shop& shop) {
  StateText text;
  REQUIRE(shop.inventory().Snapshot(shop.sale(), text).ok());
  return text.Take();
}

struct Step {
  Time now;
  std::vector<Command> commands;
};

// A sale from its first reserve to its settlement, with users and records enough that every table
// grows several times.
std::vector<Step> WholeSale() {
  constexpr std::uint64_t kUsers = 150;
  std::vector<Step> steps;
  for (std::uint64_t user = 1; user <= kUsers; ++user) {
    Command reserve = Reserve(User(user), Id(user));
    reserve.keys[0] = LimitKey::FromInteger(user % 40);
    steps.push_back({kStart, {reserve}});
    if (user % 3 == 0) steps.push_back({kStart, {About(Verb::kConfirm, User(user), Id(user))}});
    if (user % 5 == 0) steps.push_back({kStart, {About(Verb::kCancel, User(user), Id(user))}});
    if (user % 7 == 0) {
      steps.push_back({kStart + 1s, {About(Verb::kExtend, User(user), Id(user))}});
    }
    if (user % 11 == 0) {
      steps.push_back({kStart, {About(Verb::kCancel, User(user + 1'000), Id(user))}});
    }
    if (user % 33 == 0) steps.push_back({kStart, {About(Verb::kVoid, User(user), Id(user))}});
  }
  // One user with many records.
  for (std::uint64_t i = 0; i < 33; ++i) {
    steps.push_back({kStart, {Reserve(User(5'000), Id(i))}});
    steps.push_back({kStart, {About(Verb::kCancel, User(5'000), Id(i))}});
  }
  for (const Verb act : {Verb::kPause, Verb::kResume}) steps.push_back({kStart, {Act(act)}});
  Command release = Act(Verb::kRelease);
  release.units = 1'000;
  steps.push_back({kStart, {release}});
  steps.push_back({kStart, {Act(Verb::kClose)}});
  steps.push_back({kStart + 1h, {Act(Verb::kSettle)}});
  return steps;
}

SaleTerms TermsOfWholeSale() {
  SaleTerms terms = SmallSale(1'000);
  terms.lines[0].released_at_first = 900;
  terms.limit_per_user = 2;
  terms.max_open_holds = 32;
  terms.key_limits = {{.name = "device", .limit = 1'000}};
  return terms;
}

TEST_CASE("an allocation that fails leaves a command's state as before or as after it") {
  Shop shop(TermsOfWholeSale());
  Shop twin(TermsOfWholeSale());  // the same without failures
  int failures = 0;
  int refused = 0;
  for (const Step& step : WholeSale()) {
    const std::vector<std::string> before = StateOf(shop);
    const Outcome due = twin.Ask(step.now, step.commands[0]);
    const std::vector<std::string> after = StateOf(twin);
    for (std::uint64_t index = 0;; ++index) {
      REQUIRE(index < 1'000);
      Outcome outcome;
      Status status;
      bool happened = false;
      {
        const AllocationFailure failure(index);
        status = shop.inventory().Apply(shop.sale(), step.now, step.commands, {&outcome, 1});
        happened = failure.happened();
      }
      const std::vector<std::string> state = StateOf(shop);
      if (!happened) {
        REQUIRE(status.ok());
        CHECK_MESSAGE((outcome == due || outcome.code == Code::kAlreadyDone),
                      ToString(outcome) << ", due " << ToString(due));
        REQUIRE(state == after);
        break;
      }
      ++failures;
      const bool applied = state == after && after != before;
      REQUIRE((applied || state == before));
      if (applied) {
        REQUIRE(status.ok());
        REQUIRE((outcome == due || outcome.code == Code::kAlreadyDone));
      } else {
        ++refused;
        // Nothing was done, and that is what the answer says; or nothing was to be done.
        REQUIRE((!status.ok() || outcome.code == Code::kStorageFull || outcome == due));
        REQUIRE_FALSE((status.ok() && outcome.code == Code::kDone && before != after));
      }
    }
  }
  MESSAGE(failures << " allocations failed, " << refused << " commands were refused for it");
  CHECK(failures > 0);
}

TEST_CASE("an allocation that fails while a sale is made leaves no sale, or the whole sale") {
  const Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage();
  REQUIRE(storage.ok());
  InventoryRepository& inventory = (*storage)->inventory();
  const SaleTerms terms = TermsOfWholeSale();
  int failures = 0;
  for (std::uint64_t index = 0;; ++index) {
    REQUIRE(index < 100'000);
    bool happened = false;
    bool made = false;
    {
      const AllocationFailure failure(index);
      const Result<Outcome> created = inventory.Create(terms);
      happened = failure.happened();
      made = created.ok();
    }
    const bool exists = inventory.ReadStock(terms.id, kStart).ok();
    REQUIRE(made == exists);
    if (happened) ++failures;
    if (!made) continue;
    if (!happened) break;
    for (const Verb act : {Verb::kCancelSale, Verb::kSettle}) {
      const Command command = Act(act);
      Outcome outcome;
      REQUIRE(inventory.Apply(terms.id, kStart, {&command, 1}, {&outcome, 1}).ok());
    }
    REQUIRE(inventory.Forget(terms.id, kStart)->code == Code::kDone);
  }
  MESSAGE(failures << " allocations failed");
  CHECK(failures > 0);
}

TEST_CASE("what needs no new record is never refused for want of memory") {
  const SaleTerms terms = SmallSale(400);
  for (const Verb verb : {Verb::kConfirm, Verb::kCancel, Verb::kExtend}) {
    CAPTURE(static_cast<int>(verb));
    Shop shop(terms);
    for (std::uint64_t i = 0; i < 400; ++i) {
      REQUIRE(shop.Do(kStart, Reserve(User(i), Id(i))) == Code::kDone);
    }
    for (std::uint64_t i = 0; i < 400; ++i) {
      const Command command = About(verb, User(i), Id(i));
      Code code = Code::kInvalid;
      {
        const AllocationFailure none(0);
        code = shop.Do(kStart + 1s, command);
      }
      REQUIRE(code == Code::kDone);
    }
    if (verb != Verb::kExtend) continue;
    // They lapse when they were told they would, not a moment earlier.
    const Time first_deadline = kStart + terms.hold;
    CHECK(shop.inventory().ExpireDue(shop.sale(), first_deadline, 1'000)->expired == 0);
    CHECK(shop.inventory().ExpireDue(shop.sale(), first_deadline + 1s, 1'000)->expired == 400);
  }
}

TEST_CASE("an allocation that fails during expiry loses no hold") {
  for (std::uint64_t index = 0;; ++index) {
    REQUIRE(index < 1'000);
    Shop shop(TermsOfWholeSale());
    for (std::uint64_t user = 1; user <= 500; ++user) {
      REQUIRE(shop.Do(kStart, Reserve(User(user), Id(user))) == Code::kDone);
    }
    bool happened = false;
    std::uint64_t expired = 0;
    {
      const AllocationFailure failure(index);
      const Result<ExpireReport> report =
          shop.inventory().ExpireDue(shop.sale(), kStart + 1h, 1'000);
      happened = failure.happened();
      if (report.ok()) expired = report->expired;
    }
    CHECK(shop.StockOf().reserved + expired <= 500);
    const Result<ExpireReport> rest = shop.inventory().ExpireDue(shop.sale(), kStart + 1h, 1'000);
    REQUIRE(rest.ok());
    CHECK(shop.StockOf().reserved == 0);
    if (!happened) break;
  }
}

}  // namespace
}  // namespace flashsale
