#include "flashsale/domain/sale_terms.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};

SaleTerms Lawful() {
  return {.id = "drop",
          .lines = {{.product = "shoe-41", .units = 100}, {.product = "shoe-42", .units = 50}},
          .start = kStart,
          .end = kStart + 1h,
          .limit_per_user = 2,
          .key_limits = {{.name = "device", .limit = 3}}};
}

TEST_CASE("what was not set gets its documented default") {
  const Result<SaleTerms> terms = Validate(Lawful());
  REQUIRE_MESSAGE(terms.ok(), terms.status().ToString());
  CHECK(terms->limit_ceiling == 2);
  CHECK(terms->max_units_per_order == 2);
  CHECK(terms->hold == 5min);
  CHECK(terms->longest_hold == 15min);
  CHECK(terms->lines[0].released_at_first == 100);
  CHECK(terms->lines[1].released_at_first == 50);
  CHECK(terms->max_open_holds == 4);
  CHECK(terms->end_policy == EndPolicy::kGrace);
  CHECK(terms->late_confirm == LateConfirm::kRefuse);
  CHECK_FALSE(terms->requires_admission);
  CHECK(terms->admissions_per_second == 100);
  CHECK(terms->max_stray_tombstones == 10'000);
  CHECK(SaleTerms{}.limit_per_user == 1);
}

TEST_CASE("terms that were validated validate to themselves") {
  const Result<SaleTerms> once = Validate(Lawful());
  REQUIRE(once.ok());
  const Result<SaleTerms> twice = Validate(*once);
  REQUIRE(twice.ok());
  CHECK(*once == *twice);
}

TEST_CASE("what was set stays as it is") {
  SaleTerms given = Lawful();
  given.lines[0].released_at_first = 0;
  given.lines[1].released_at_first = 7;
  given.limit_ceiling = 9;
  given.max_units_per_order = 4;
  given.longest_hold = 5min;
  const Result<SaleTerms> terms = Validate(given);
  REQUIRE(terms.ok());
  CHECK(*terms == given);
}

TEST_CASE("the longest hold that is not set stays within the longest there is") {
  SaleTerms terms = Lawful();
  terms.hold = std::chrono::hours{24 * 20};
  const Result<SaleTerms> valid = Validate(terms);
  REQUIRE_MESSAGE(valid.ok(), valid.status().ToString());
  CHECK(valid->longest_hold == std::chrono::hours{24 * 30});
}

TEST_CASE("the ceiling that is not set follows the limit, the order's maximum the ceiling") {
  SaleTerms terms = Lawful();
  terms.limit_ceiling = 6;
  CHECK(Validate(terms)->max_units_per_order == 6);
}

TEST_CASE("every bound is itself lawful") {
  SaleTerms smallest = {.id = "s",
                        .lines = {{.product = "p", .units = 1, .released_at_first = 0}},
                        .start = kMinTime,
                        .end = kMinTime + 1us,
                        .limit_per_user = 1,
                        .max_units_per_order = 1,
                        .max_open_holds = 1,
                        .hold = 1ms,
                        .longest_hold = 1ms,
                        .admissions_per_second = 1,
                        .max_stray_tombstones = 0};
  CHECK_MESSAGE(Validate(smallest).ok(), Validate(smallest).status().ToString());

  constexpr auto kMonth = std::chrono::hours{24 * 30};
  SaleTerms largest = {.id = std::string(64, 's'),
                       .start = kMaxTime - 1us,
                       .end = kMaxTime,
                       .limit_per_user = kMaxUnits,
                       .limit_ceiling = kMaxUnits,
                       .max_units_per_order = kMaxUnits,
                       .max_open_holds = 32,
                       .key_limits = {{.name = std::string(64, 'k'), .limit = kMaxUnits},
                                      {.name = "b"},
                                      {.name = "c"}},
                       .hold = kMonth,
                       .longest_hold = kMonth,
                       .end_policy = EndPolicy::kCut,
                       .late_confirm = LateConfirm::kRevive,
                       .admissions_per_second = 10'000'000,
                       .max_stray_tombstones = kMaxUnits};
  for (std::size_t i = 0; i < kMaxLines; ++i) {
    largest.lines.push_back({.product = "p" + std::to_string(i), .units = kMaxUnits});
  }
  CHECK_MESSAGE(Validate(largest).ok(), Validate(largest).status().ToString());
}

TEST_CASE("what is wrong is named: the field, its value and what was expected") {
  struct Wrong {
    std::function<void(SaleTerms&)> spoil;
    std::string message;
  };
  const std::vector<Wrong> wrongs = {
      {[](SaleTerms& t) { t.id = SaleId(); },
       "id: not a sale id, expected 1 to 64 of A-Z a-z 0-9 . _ -"},
      {[](SaleTerms& t) { t.start = kMinTime - 1us; },
       "start: -1 us, expected 0 to 2^53 - 1 us since 1970"},
      {[](SaleTerms& t) { t.end = kMaxTime + 1us; },
       "end: 9007199254740992 us, expected 0 to 2^53 - 1 us since 1970"},
      {[](SaleTerms& t) { t.end = t.start = kMinTime + 5us; },
       "end: 5 us, expected later than start, 5 us"},
      {[](SaleTerms& t) { t.lines.clear(); }, "lines.size: 0, expected 1 to 1024"},
      {[](SaleTerms& t) { t.lines.resize(1025); }, "lines.size: 1025, expected 1 to 1024"},
      {[](SaleTerms& t) { t.lines[1].product = "bad product"; },
       "lines[1].product: not a product id, expected 1 to 64 of A-Z a-z 0-9 . _ -"},
      {[](SaleTerms& t) { t.lines[1].product = "shoe-41"; },
       "lines[1].product: shoe-41, expected a product that no other line has"},
      {[](SaleTerms& t) { t.lines[0].units = 0; }, "lines[0].units: 0, expected 1 to 1073741824"},
      {[](SaleTerms& t) { t.lines[1].units = kMaxUnits + 1; },
       "lines[1].units: 1073741825, expected 1 to 1073741824"},
      {[](SaleTerms& t) { t.lines[1].released_at_first = 51; },
       "lines[1].released_at_first: 51, expected 0 to 50"},
      {[](SaleTerms& t) { t.key_limits.resize(4); }, "key_limits.size: 4, expected 0 to 3"},
      {[](SaleTerms& t) { t.key_limits[0].name = "no name"; },
       "key_limits[0].name: 'no name', expected 1 to 64 of A-Z a-z 0-9 . _ -"},
      {[](SaleTerms& t) { t.key_limits[0].name = std::string("a\0\r\n'\\b", 7); },
       "key_limits[0].name: 'a\\x00\\x0d\\x0a\\x27\\x5cb', expected 1 to 64 of A-Z a-z 0-9 . _ -"},
      {[](SaleTerms& t) { t.key_limits[0].name = std::string(1'000, 'x'); },
       "key_limits[0].name: '" + std::string(64, 'x') +
           "...', expected 1 to 64 of A-Z a-z 0-9 . _ -"},
      {[](SaleTerms& t) { t.key_limits.push_back({.name = "device"}); },
       "key_limits[1].name: device, expected a name that no other key limit has"},
      {[](SaleTerms& t) { t.key_limits[0].limit = 0; },
       "key_limits[0].limit: 0, expected 1 to 1073741824"},
      {[](SaleTerms& t) { t.key_limits[0].limit = kMaxUnits + 1; },
       "key_limits[0].limit: 1073741825, expected 1 to 1073741824"},
      {[](SaleTerms& t) { t.limit_per_user = 0; }, "limit_per_user: 0, expected 1 to 1073741824"},
      {[](SaleTerms& t) { t.limit_per_user = kMaxUnits + 1; },
       "limit_per_user: 1073741825, expected 1 to 1073741824"},
      {[](SaleTerms& t) { t.limit_ceiling = 1; }, "limit_ceiling: 1, expected 2 to 1073741824"},
      {[](SaleTerms& t) { t.limit_ceiling = kMaxUnits + 1; },
       "limit_ceiling: 1073741825, expected 2 to 1073741824"},
      {[](SaleTerms& t) { t.max_units_per_order = 0; },
       "max_units_per_order: 0, expected 1 to 1073741824"},
      {[](SaleTerms& t) { t.max_open_holds = 0; }, "max_open_holds: 0, expected 1 to 32"},
      {[](SaleTerms& t) { t.max_open_holds = 33; }, "max_open_holds: 33, expected 1 to 32"},
      {[](SaleTerms& t) { t.hold = 999us; }, "hold: 999 us, expected 1000 us to 2592000000000 us"},
      {[](SaleTerms& t) { t.hold = std::chrono::hours{24 * 30} + 1us; },
       "hold: 2592000000001 us, expected 1000 us to 2592000000000 us"},
      {[](SaleTerms& t) { t.hold = Duration::max(); },
       "hold: 9223372036854775807 us, expected 1000 us to 2592000000000 us"},
      {[](SaleTerms& t) { t.longest_hold = 5min - 1us; },
       "longest_hold: 299999999 us, expected 300000000 us to 2592000000000 us"},
      {[](SaleTerms& t) { t.end_policy = static_cast<EndPolicy>(2); },
       "end_policy: 2, expected kGrace or kCut"},
      {[](SaleTerms& t) { t.late_confirm = static_cast<LateConfirm>(9); },
       "late_confirm: 9, expected kRefuse or kRevive"},
      {[](SaleTerms& t) { t.admissions_per_second = 0; },
       "admissions_per_second: 0, expected 1 to 10000000"},
      {[](SaleTerms& t) { t.admissions_per_second = 10'000'001; },
       "admissions_per_second: 10000001, expected 1 to 10000000"},
      {[](SaleTerms& t) { t.max_stray_tombstones = kMaxUnits + 1; },
       "max_stray_tombstones: 1073741825, expected 0 to 1073741824"},
  };
  for (const Wrong& wrong : wrongs) {
    SaleTerms terms = Lawful();
    wrong.spoil(terms);
    const Result<SaleTerms> valid = Validate(terms);
    CAPTURE(wrong.message);
    REQUIRE_FALSE(valid.ok());
    CHECK(valid.status().code() == StatusCode::kInvalidArgument);
    CHECK(valid.status().message() == wrong.message);
  }
}

SaleTerms Wavy() {
  return {.id = "wavy",
          .lines = {{.product = "a", .units = 10, .released_at_first = 2},
                    {.product = "b", .units = 5}},
          .start = kMinTime + 1h,
          .end = kMinTime + 2h,
          .waves = {{.at = kMinTime + 1h, .line = 0, .released = 2},
                    {.at = kMinTime + 90min, .line = 1, .released = 5},
                    {.at = kMinTime + 90min, .line = 0, .released = 7},
                    {.at = kMinTime + 2h - 1us, .line = 0, .released = 10}}};
}

TEST_CASE("waves come by time, within the sale, and those of a line release more and more") {
  const Result<SaleTerms> valid = Validate(Wavy());
  REQUIRE_MESSAGE(valid.ok(), valid.status().ToString());
  CHECK(valid->waves == Wavy().waves);
  SaleTerms many = Wavy();
  many.lines[0] = {.product = "a", .units = 1'000, .released_at_first = 0};
  many.waves.clear();
  for (Units i = 0; i < kMaxWaves; ++i) {
    many.waves.push_back({.at = many.start, .line = 0, .released = i});
  }
  CHECK(Validate(many).ok());
  many.waves.push_back({.at = many.start, .line = 0, .released = 999});
  CHECK(Validate(many).status().message() == "waves.size: 257, expected 0 to 256");
}

TEST_CASE("of a wave that cannot be the field, its value and what was expected are told") {
  struct Wrong {
    std::function<void(SaleTerms&)> spoil;
    std::string_view message;
  };
  const std::vector<Wrong> wrongs = {
      {[](SaleTerms& t) { t.waves[0].at -= 1us; },
       "waves[0].at: 3599999999 us, expected from 3600000000 us, the start, to before the end, "
       "7200000000 us"},
      {[](SaleTerms& t) { t.waves[3].at += 1us; },
       "waves[3].at: 7200000000 us, expected from 5400000000 us, that of the wave before, to "
       "before "
       "the end, 7200000000 us"},
      {[](SaleTerms& t) { t.waves[2].at -= 1us; },
       "waves[2].at: 5399999999 us, expected from 5400000000 us, that of the wave before, to "
       "before "
       "the end, 7200000000 us"},
      {[](SaleTerms& t) { t.waves[1].line = 2; }, "waves[1].line: 2, expected 0 to 1"},
      {[](SaleTerms& t) { t.waves[0].released = 1; }, "waves[0].released: 1, expected 2 to 10"},
      {[](SaleTerms& t) { t.waves[1].released = 4; }, "waves[1].released: 4, expected 5 to 5"},
      {[](SaleTerms& t) { t.waves[2].released = 2; }, "waves[2].released: 2, expected 3 to 10"},
      {[](SaleTerms& t) { t.waves[3].released = 11; }, "waves[3].released: 11, expected 8 to 10"},
  };
  for (const Wrong& wrong : wrongs) {
    SaleTerms terms = Wavy();
    wrong.spoil(terms);
    CAPTURE(wrong.message);
    CHECK(Validate(terms).status().message() == wrong.message);
  }
}

}  // namespace
}  // namespace flashsale
