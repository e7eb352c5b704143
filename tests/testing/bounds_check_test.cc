// Backends that keep less than the contract gives them room for, or read at two instants what was
// true at none.  The checks of calls, bounds and reads must reject each.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/testing/conformance.h"
#include "tests/testing/distorted_storage.h"

namespace flashsale {
namespace {

StorageFactory Opening(const Distortion& distortion) {
  return [&distortion](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return std::unique_ptr<Storage>(std::make_unique<DistortedStorage>(distortion));
  };
}

ConformancePart PartOf(std::string_view name) {
  for (ConformancePart& part : ConformanceParts()) {
    if (part.name == name) return std::move(part);
  }
  return {};
}

// The checks of the part that reject it.
std::set<std::string> RejectedBy(const Distortion& distortion) {
  std::set<std::string> names;
  for (const CheckResult& result : PartOf("calls and catalogue").run(Opening(distortion), {})) {
    if (result.passed) continue;
    MESSAGE(result.name << ": " << result.message);
    names.insert(result.name);
  }
  return names;
}

using Names = std::set<std::string>;

TEST_CASE("a backend that keeps everything passes") { CHECK(RejectedBy({}).empty()); }

TEST_CASE("a backend that takes lines modulo 256 is rejected") {
  CHECK(RejectedBy(Changing([](Command& c) { c.line %= 256; })).contains("bounds/lines"));
}

TEST_CASE("a backend that keeps 16 bits of units is rejected") {
  const Names names = RejectedBy(Changing([](Command& c) { c.units &= 0xFFFF; }));
  CHECK(names.contains("bounds/units"));
  CHECK(names.contains("bounds/releases"));
}

TEST_CASE("a backend that keeps 32 bits of an admission is rejected") {
  CHECK(RejectedBy(Changing([](Command& c) { c.admission_number &= 0xFFFF'FFFF; })) ==
        Names{"bounds/admission numbers"});
}

TEST_CASE("a backend that keeps an admission's grant in too few bits is rejected") {
  for (const std::uint32_t kept : {0xFFU, 0xFFFFU, 0x7FFF'FFFFU}) {
    CHECK(RejectedBy(Changing([kept](Command& c) { c.admission_grant &= kept; })) ==
          Names{"bounds/admission grants"});
  }
}

TEST_CASE("a backend that caps the limits of users at 16 bits is rejected") {
  CHECK(RejectedBy(Changing([](Command& c) {
          c.user_limit = std::min<Units>(c.user_limit, 0xFFFF);
        })) == Names{"bounds/limits"});
}

TEST_CASE("a backend that does not keep all bits of a quote is rejected") {
  const auto rounded = [](std::uint64_t quote) {
    constexpr double kEnd = 18446744073709551616.0;
    const auto number = static_cast<double>(quote);
    return number < kEnd ? static_cast<std::uint64_t>(number) : 0;
  };
  CHECK(RejectedBy(Changing([&](Command& c) { c.quote = rounded(c.quote); })) ==
        Names{"bounds/quotes"});
  CHECK(RejectedBy(Changing([](Command& c) { c.quote &= ~(1ULL << 63); })) ==
        Names{"bounds/quotes"});
}

TEST_CASE("a backend that carries out a part of a long batch is rejected") {
  for (const std::size_t most : {std::size_t{256}, std::size_t{4'096}}) {
    CHECK(RejectedBy({.apply = [most](InventoryRepository& inner, const SaleRef& sale, Time now,
                                      std::span<const Command> commands,
                                      std::span<Outcome> outcomes) {
            if (outcomes.size() != commands.size() || commands.size() <= most) {
              return inner.Apply(sale, now, commands, outcomes);
            }
            for (Outcome& outcome : outcomes.subspan(most)) outcome = {.code = Code::kSoldOut};
            return inner.Apply(sale, now, commands.first(most), outcomes.first(most));
          }}).contains("bounds/batches"));
  }
}

TEST_CASE("a backend that takes outcomes of another number than its commands is rejected") {
  CHECK(RejectedBy({.apply = [](InventoryRepository& inner, const SaleRef& sale, Time now,
                                std::span<const Command> commands, std::span<Outcome> outcomes) {
          const std::size_t both = std::min(commands.size(), outcomes.size());
          return inner.Apply(sale, now, commands.first(both), outcomes.first(both));
        }}) == Names{"bounds/outcomes of another number"});
  // Refused, but only when some of it is done.
  CHECK(RejectedBy({.apply = [](InventoryRepository& inner, const SaleRef& sale, Time now,
                                std::span<const Command> commands, std::span<Outcome> outcomes) {
          const std::size_t both = std::min(commands.size(), outcomes.size());
          Status status = inner.Apply(sale, now, commands.first(both), outcomes.first(both));
          if (commands.size() != outcomes.size()) return Status(StatusCode::kInvalidArgument, "");
          return status;
        }}) == Names{"bounds/outcomes of another number"});
}

TEST_CASE("a backend that takes names of either case for one is rejected") {
  const auto lower = [](const auto& id) {
    std::string text = id.ToString();
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::decay_t<decltype(id)>(text);
  };
  CHECK(RejectedBy({.sale_id = lower}) == Names{"bounds/names of sales"});
  CHECK(RejectedBy({.product_id = lower}) == Names{"bounds/names of products"});
}

TEST_CASE("a backend that cuts names is rejected") {
  for (const std::size_t most : {std::size_t{16}, std::size_t{32}, std::size_t{63}}) {
    const auto cut = [most](const auto& id) {
      return std::decay_t<decltype(id)>(id.view().substr(0, most));
    };
    CHECK(RejectedBy({.sale_id = cut}) == Names{"bounds/names of sales"});
    CHECK(RejectedBy({.product_id = cut}).contains("bounds/names of products"));
  }
}

// Keeps the sale and the users of two snapshots apart, or shows one after the other.
class HalfVisitor final : public SnapshotVisitor {
 public:
  HalfVisitor(SnapshotVisitor& visitor, bool shows_sale)
      : visitor_(visitor), shows_sale_(shows_sale) {}
  void OnSale(const Sale& sale) override {
    if (shows_sale_) visitor_.OnSale(sale);
  }
  void OnUser(const UserId& user, const Tally& tally,
              std::span<const Reservation> records) override {
    if (!shows_sale_) visitor_.OnUser(user, tally, records);
  }
  void OnKey(const TallyKey& key, const Tally& tally) override {
    if (!shows_sale_) visitor_.OnKey(key, tally);
  }

 private:
  SnapshotVisitor& visitor_;
  const bool shows_sale_;
};

// Leaves the processor to others until one of them has changed the value, or nobody is there to.
void WaitForChange(const std::atomic<int>& value, int from) {
  for (int look = 0; look < 5'000; ++look) {
    if (value != from) return;
    std::this_thread::yield();
  }
}

TEST_CASE("a backend that shows the stock and the users of two instants is rejected") {
  // What others do meanwhile is done before the second look, if they do anything.
  std::atomic<int> applied = 0;
  CHECK(RejectedBy(
            {.apply =
                 [&](InventoryRepository& inner, const SaleRef& sale, Time now,
                     std::span<const Command> commands, std::span<Outcome> outcomes) {
                   Status status = inner.Apply(sale, now, commands, outcomes);
                   applied.fetch_add(1);
                   return status;
                 },
             .snapshot =
                 [&](InventoryRepository& inner, const SaleRef& sale, SnapshotVisitor& visitor) {
                   const int before = applied;
                   HalfVisitor first(visitor, true);
                   Status status = inner.Snapshot(sale, first);
                   if (!status.ok()) return status;
                   WaitForChange(applied, before);
                   HalfVisitor second(visitor, false);
                   return inner.Snapshot(sale, second);
                 }}) == Names{"reads/snapshots of one instant"});
}

TEST_CASE("a backend that reads what is reserved and what is sold at two instants is rejected") {
  // A store far away: what others do meanwhile is done before the second read.
  std::atomic<int> applied = 0;
  CHECK(RejectedBy({.apply =
                        [&](InventoryRepository& inner, const SaleRef& sale, Time now,
                            std::span<const Command> commands, std::span<Outcome> outcomes) {
                          Status status = inner.Apply(sale, now, commands, outcomes);
                          ++applied;
                          return status;
                        },
                    .read_stock =
                        [&](InventoryRepository& inner, const SaleRef& sale, Time now) {
                          const int before = applied;
                          Result<SaleStock> stock = inner.ReadStock(sale, now);
                          for (int look = 0; look < 100 && applied == before; ++look)
                            std::this_thread::yield();
                          const Result<SaleStock> later = inner.ReadStock(sale, now);
                          if (!stock.ok() || !later.ok()) return stock;
                          for (std::size_t i = 0; i < stock->lines.size(); ++i) {
                            stock->lines[i].sold = later->lines[i].sold;
                          }
                          return stock;
                        }})
            .contains("reads/stock of one instant"));
}

TEST_CASE("a backend that expires all where it may expire one is rejected") {
  const auto expire = [](std::size_t least) {
    return
        [least](InventoryRepository& inner, const SaleRef& sale, Time now, std::size_t max_holds) {
          return inner.ExpireDue(sale, now, std::max(max_holds, least));
        };
  };
  CHECK(RejectedBy({.expire_due = expire(1'000'000)}) == Names{"calls/bounded cleaning"});
  CHECK(RejectedBy({.expire_due = expire(1)}) == Names{"calls/bounded cleaning"});
}

TEST_CASE("a backend that loses a part of a reservation that is over is rejected") {
  const std::array<std::function<void(Reservation&)>, 8> losses = {
      [](Reservation& r) { r.units = 0; },
      [](Reservation& r) { r.line = 0; },
      [](Reservation& r) { r.asked = r.units; },
      [](Reservation& r) { r.quote = 0; },
      [](Reservation& r) { r.admission = 0; },
      [](Reservation& r) { r.keys[0] = LimitKey(); },
      [](Reservation& r) { r.keys[1] = LimitKey(); },
      [](Reservation& r) { r.reserved_at = Time{}; }};
  for (const ReservationState state :
       {ReservationState::kPurchased, ReservationState::kCancelled, ReservationState::kExpired}) {
    for (std::size_t i = 0; i < losses.size(); ++i) {
      // What expires has all its units.
      if (i == 2 && state == ReservationState::kExpired) continue;
      CAPTURE(i);
      CHECK(RejectedBy({.find = [&, state](InventoryRepository& inner, const SaleRef& sale,
                                           const UserId& user, const ReservationId& id) {
              Result<std::optional<Reservation>> found = inner.Find(sale, user, id);
              if (found.ok() && found->has_value() && (*found)->state == state) losses[i](**found);
              return found;
            }}).contains("reads/records"));
    }
  }
}

// What fails with it, in every part.
std::vector<CheckResult> Failures(const StorageFactory& open) {
  ConformanceOptions options;
  options.random = {.seeds = 1, .commands_per_seed = 500};
  options.contention_runs = 1;
  options.histories.histories = 10;
  options.faults.random = options.random;
  options.faults.contention_runs = 1;
  options.faults.histories.histories = 10;
  std::vector<CheckResult> results = RunConformance(open, options).results;
  std::erase_if(results, [](const CheckResult& result) { return result.passed; });
  return results;
}

bool Tells(const std::vector<CheckResult>& results, std::string_view name,
           std::string_view message) {
  return std::any_of(results.begin(), results.end(), [&](const CheckResult& result) {
    return result.name == name && result.message == message;
  });
}

TEST_CASE("a backend that throws fails every part that calls it, on any thread, and ends none") {
  const auto calls = std::make_shared<std::atomic<int>>(0);
  const Distortion throws = {.apply = [calls](InventoryRepository& inner, const SaleRef& sale,
                                              Time now, std::span<const Command> commands,
                                              std::span<Outcome> outcomes) {
    if (++*calls % 20 == 0) throw std::runtime_error("out of luck");
    return inner.Apply(sale, now, commands, outcomes);
  }};
  const std::vector<CheckResult> failures = Failures(Opening(throws));
  for (const ConformancePart& part : ConformanceParts()) {
    const bool told = Tells(failures, part.name + "/no exceptions", "Apply threw: out of luck");
    const bool calls_apply =
        part.name != "rates" && part.name != "fingerprints" && part.name != "queues";
    CHECK_MESSAGE(told == calls_apply, part.name);
  }
}

TEST_CASE("a backend that throws what is no exception, or where no status is told, fails a check") {
  const Distortion throws = {.poll = [] { throw 7; }};
  CHECK(Tells(Failures(Opening(throws)), "rates/no exceptions",
              "Probe or Poll threw: what is no std::exception"));
}

TEST_CASE("a factory that throws fails every part") {
  const StorageFactory open = [](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    throw std::runtime_error("no luck at all");
  };
  const std::vector<CheckResult> failures = Failures(open);
  CHECK(Tells(failures, "calls/create", "the backend threw: no luck at all"));
  CHECK(Tells(failures, "contention/no exceptions", "outside of a call threw: no luck at all"));
}

}  // namespace
}  // namespace flashsale
