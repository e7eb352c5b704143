#include "flashsale/service/sale_meter.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = kMinTime + std::chrono::hours{1'000};

TEST_CASE("a steady sale goes at its rate, and a stopped one slows down to nothing") {
  SaleMeter meter(kStart);
  CHECK(meter.Read(kStart) == Velocity{});
  Time now = kStart;
  for (int second = 0; second < 120; ++second) {
    meter.CountReserved(20);
    meter.CountReserved(30);
    meter.CountPurchased(10);
    now += 1s;
    (void)meter.Read(now);
  }
  CHECK(meter.Read(now).reserved == doctest::Approx(50).epsilon(0.001));
  CHECK(meter.Read(now).purchased == doctest::Approx(10).epsilon(0.001));
  CHECK(meter.Read(now + 10s).reserved == doctest::Approx(50 * 0.3679).epsilon(0.001));
  CHECK(meter.Read(now + 1h).reserved == doctest::Approx(0).epsilon(0.001));
}

TEST_CASE("how often it is read changes nothing") {
  SaleMeter often(kStart);
  SaleMeter seldom(kStart);
  for (int tenth = 1; tenth <= 100; ++tenth) {
    often.CountReserved(5);
    seldom.CountReserved(5);
    (void)often.Read(kStart + tenth * 100ms);
    (void)often.Read(kStart + tenth * 100ms);
    (void)often.Read(kStart);  // a clock that steps back
  }
  CHECK(often.Read(kStart + 10s).reserved ==
        doctest::Approx(seldom.Read(kStart + 10s).reserved).epsilon(0.0001));
}

TEST_CASE("no unit of several threads is lost") {
  SaleMeter meter(kStart);
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 1; i <= 10'000; ++i) {
          meter.CountReserved(1);
          if (t == 0 && i % 100 == 0) (void)meter.Read(kStart);
        }
      });
    }
  }
  // 40,000 in a microsecond, of which the average keeps a share of 1 - exp(-1 us / 10 s).
  CHECK(meter.Read(kStart + 1us).reserved == doctest::Approx(4'000).epsilon(0.001));
}

}  // namespace
}  // namespace flashsale
