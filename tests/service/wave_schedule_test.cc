#include "flashsale/service/wave_schedule.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tests/service/shop_world.h"
#include "tests/service/test_world.h"

namespace flashsale::service_test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Two lines; waves at 10, 20 and 20 minutes.
SaleTerms WavyTerms() {
  SaleTerms terms = TermsOf("wavy");
  terms.lines = {{.product = "shoe", .units = 10, .released_at_first = 2},
                 {.product = "boot", .units = 5, .released_at_first = 0}};
  terms.waves = {{.at = kStart + minutes{10}, .line = 0, .released = 6},
                 {.at = kStart + minutes{20}, .line = 0, .released = 9},
                 {.at = kStart + minutes{20}, .line = 1, .released = 5}};
  return terms;
}

class Schedule {
 public:
  explicit Schedule(FaultPlan plan = {}) : world_(std::move(plan)), waves_(world_.inventory()) {
    world_.Create(WavyTerms());
    REQUIRE(waves_.Add(*Validate(WavyTerms())).ok());
  }

  World& world() { return world_; }
  WaveSchedule& waves() { return waves_; }
  std::vector<Units> Released(Time now) {
    std::vector<Units> released;
    const Result<SaleStock> stock = world_.inventory().ReadStock("wavy", now);
    for (const Stock& line : stock->lines) released.push_back(line.released);
    return released;
  }

 private:
  World world_;
  WaveSchedule waves_;
};

using Released = std::vector<Units>;

TEST_CASE("each wave is released at its time, once, by whoever polls") {
  Schedule schedule;
  WaveSchedule other(schedule.world().inventory());
  REQUIRE(other.Add(*Validate(WavyTerms())).ok());
  CHECK(schedule.waves().Poll(kStart).released == 0);
  CHECK(schedule.waves().Poll(kStart + minutes{10} - Duration{1}).released == 0);
  CHECK(schedule.Released(kStart) == Released{2, 0});
  CHECK(schedule.waves().Poll(kStart + minutes{10}).released == 1);
  CHECK(other.Poll(kStart + minutes{10}).released == 0);
  CHECK(schedule.Released(kStart) == Released{6, 0});
  CHECK(other.Poll(kStart + minutes{25}).released == 2);
  CHECK(schedule.waves().Poll(kStart + minutes{25}).released == 0);
  CHECK(schedule.Released(kStart) == Released{9, 5});
  CHECK(schedule.waves().Poll(kStart + minutes{30}).next_poll == kMaxTime);
}

TEST_CASE("a poll is asked for when the next wave is due, and to the microsecond") {
  Schedule schedule;
  const Time due = kStart + minutes{10};
  Time now = kStart;
  while (now < due) {
    const Time next = schedule.waves().Poll(now).next_poll;
    REQUIRE(next > now);
    REQUIRE(next <= due);
    now = next;
  }
  CHECK(schedule.waves().Poll(now).released == 1);
}

TEST_CASE("what is to come is told for the sale and for each line") {
  Schedule schedule;
  CHECK(schedule.waves().Read("wavy") ==
        WavesToCome{.next_at = kStart + minutes{10}, .next_units = 4, .units = 12});
  CHECK(schedule.waves().Read("wavy", 0) ==
        WavesToCome{.next_at = kStart + minutes{10}, .next_units = 4, .units = 7});
  CHECK(schedule.waves().Read("wavy", 1) ==
        WavesToCome{.next_at = kStart + minutes{20}, .next_units = 5, .units = 5});
  CHECK(schedule.waves().Read("wavy", 2) == WavesToCome{});
  CHECK(schedule.waves().Read("other") == WavesToCome{});
  schedule.waves().Poll(kStart + minutes{10});
  CHECK(schedule.waves().Read("wavy") ==
        WavesToCome{.next_at = kStart + minutes{20}, .next_units = 8, .units = 8});
  schedule.waves().Poll(kStart + minutes{20});
  CHECK(schedule.waves().Read("wavy") == WavesToCome{});
}

TEST_CASE("an operator may release more, or earlier; what is released already is not again") {
  Schedule schedule;
  const auto release = [&](std::uint16_t line, Units units) {
    return schedule.world().Apply("wavy", kStart,
                                  {.verb = Verb::kRelease, .line = line, .units = units});
  };
  REQUIRE(release(0, 7).code == Code::kDone);
  schedule.waves().Poll(kStart);
  CHECK(schedule.waves().Read("wavy") ==
        WavesToCome{.next_at = kStart + minutes{20}, .next_units = 7, .units = 7});
  schedule.waves().Poll(kStart + minutes{10});
  CHECK(schedule.Released(kStart) == Released{7, 0});
  REQUIRE(release(0, 10).code == Code::kDone);
  schedule.waves().Poll(kStart + minutes{20});
  CHECK(schedule.Released(kStart) == Released{10, 5});
}

TEST_CASE("while a sale is paused its waves wait, and come when it resumes") {
  Schedule schedule;
  schedule.world().Act(Verb::kPause, "wavy", kStart);
  const WaveSchedule::Report paused = schedule.waves().Poll(kStart + minutes{15});
  CHECK(paused.released == 0);
  CHECK(paused.next_poll == kStart + minutes{15} + seconds{1});
  CHECK(schedule.waves().Read("wavy").next_at == kStart + minutes{10});
  schedule.world().Act(Verb::kResume, "wavy", kStart + minutes{21});
  CHECK(schedule.waves().Poll(kStart + minutes{21}).released == 3);
  CHECK(schedule.Released(kStart) == Released{9, 5});
}

TEST_CASE("of a sale that is over no wave comes any more") {
  for (const Verb end : {Verb::kClose, Verb::kCancelSale}) {
    Schedule schedule;
    schedule.world().Act(end, "wavy", kStart + minutes{5});
    const WaveSchedule::Report report = schedule.waves().Poll(kStart + minutes{10});
    CHECK(report.released == 0);
    CHECK(report.next_poll == kMaxTime);
    CHECK(schedule.waves().Read("wavy") == WavesToCome{});
    CHECK(schedule.Released(kStart) == Released{2, 0});
  }
}

TEST_CASE("what fails is tried again, and a release whose answer was lost is not made twice") {
  Fault fault = Fault::kNone;
  Schedule schedule({.decide = [&fault](StorageCall call) {
    return call == StorageCall::kApply ? fault : Fault::kNone;
  }});
  const Time due = kStart + minutes{10};
  fault = Fault::kRefused;
  const WaveSchedule::Report refused = schedule.waves().Poll(due);
  CHECK(refused.failures == 1);
  CHECK(refused.last_error.code() == StatusCode::kUnavailable);
  CHECK(refused.next_poll == due + seconds{1});
  CHECK(schedule.waves().Read("wavy").units == 12);
  fault = Fault::kLostReply;
  CHECK(schedule.waves().Poll(due + seconds{1}).failures == 1);
  fault = Fault::kNone;
  const WaveSchedule::Report again = schedule.waves().Poll(due + seconds{2});
  CHECK(again.failures == 0);
  CHECK(again.released == 0);
  CHECK(schedule.Released(kStart) == Released{6, 0});
}

TEST_CASE("a sale that was removed, or forgotten by its store, has no waves") {
  Schedule schedule;
  schedule.waves().Remove("wavy");
  CHECK(schedule.waves().Poll(kStart + minutes{10}).next_poll == kMaxTime);
  CHECK(schedule.waves().Read("wavy") == WavesToCome{});
  CHECK(schedule.Released(kStart) == Released{2, 0});

  SaleTerms other = WavyTerms();
  other.id = "gone";
  REQUIRE(schedule.waves().Add(*Validate(other)).ok());
  CHECK(schedule.waves().Poll(kStart + minutes{10}).failures == 0);
}

// --- through the service

SaleTerms WavyDrop(bool queued) {
  SaleTerms terms = queued ? Shop::QueuedTerms(5) : Shop::Terms(5);
  terms.lines[0].released_at_first = 1;
  terms.waves = {{.at = Shop::kOpening + 10min, .released = 3},
                 {.at = Shop::kOpening + 20min, .released = 5}};
  return terms;
}

TEST_CASE("the service's Poll releases waves, and is asked for when one is due") {
  Shop shop;
  shop.Create(WavyDrop(false));
  shop.At(0s);
  shop.service().Poll();
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.Confirm(1) == Code::kDone);
  CHECK(shop.Reserve(2) == Code::kSoldOut);
  shop.At(10min - 1us);
  CHECK(shop.service().Poll() <= Shop::kOpening + 10min);
  CHECK(shop.Reserve(2) == Code::kSoldOut);
  shop.At(10min);
  shop.service().Poll();
  CHECK(shop.Reserve(2) == Code::kDone);
  CHECK(shop.service().ReadStock("drop")->lines[0].released == 3);
}

TEST_CASE("a sale that resumes has its waves at once, and other servers release them, too") {
  Shop shop;
  shop.Create(WavyDrop(false));
  const std::unique_ptr<FlashSaleService> other = shop.Open();
  shop.At(0s);
  REQUIRE(shop.service().Pause("drop")->code == Code::kDone);
  shop.At(12min);
  shop.service().Poll();
  CHECK(shop.service().ReadStock("drop")->lines[0].released == 1);
  REQUIRE(shop.service().Resume("drop")->code == Code::kDone);
  CHECK(shop.service().ReadStock("drop")->lines[0].released == 3);
  shop.At(20min);
  other->Poll();
  CHECK(shop.service().ReadStock("drop")->lines[0].released == 5);
}

TEST_CASE("who waits in the queue is told of the waves, and is let in when one comes") {
  Shop shop;
  shop.Create(WavyDrop(true));
  shop.At(0s);
  shop.Join(1);
  shop.Join(2);
  shop.Pass(1s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.Confirm(1) == Code::kDone);
  shop.Pass(1s);
  QueuePlace place = shop.Position(2);
  CHECK(place.sale_state == SaleState::kSoldOut);
  CHECK_FALSE(place.sold_out_for_good);
  CHECK(place.next_wave_at == Shop::kOpening + 10min);
  CHECK(place.units_to_come == 4);
  CHECK(shop.Join(3).units_to_come == 4);
  CHECK_FALSE(shop.IsAdmitted(2));
  shop.At(10min);
  CHECK(shop.Position(2).outcome.code == Code::kUnknownTicket);  // silent for ten minutes
  shop.Join(2);
  shop.Join(3);
  shop.Join(4);
  shop.Pass(1s);
  CHECK(shop.IsAdmitted(2));
  CHECK(shop.IsAdmitted(3));
  CHECK_FALSE(shop.IsAdmitted(4));
  CHECK(shop.Position(4).units_to_come == 2);
  CHECK(shop.Position(4).next_wave_at == Shop::kOpening + 20min);
}

TEST_CASE("a wave that cannot be released is logged") {
  bool broken = false;
  std::vector<std::string> logged;
  Shop shop(
      [&logged](auto& options) {
        options.log.sink = [&logged](const LogRecord& record) {
          logged.emplace_back(record.event);
        };
      },
      {.decide = [&broken](StorageCall call) {
        return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
      }});
  shop.Create(WavyDrop(false));
  broken = true;
  shop.At(10min);
  CHECK(std::count(logged.begin(), logged.end(), "waves_failed") == 1);
}

}  // namespace
}  // namespace flashsale::service_test
