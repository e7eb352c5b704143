// The kit is worth what it rejects: each fault below is put into a right backend and must be found,
// by the scripts and by random runs, each on its own, but where the table says that one of them
// cannot.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "flashsale/testing/random_run.h"
#include "flashsale/testing/reference_model.h"
#include "flashsale/testing/script.h"
#include "tests/testing/lying_storage.h"

namespace flashsale {
namespace {

enum class FoundBy { kBoth, kScripts, kRandomRuns };

struct Fault {
  std::string name;
  Lie lie;
  FoundBy found_by = FoundBy::kBoth;
};

// Answers one code where another is due.
Lie Swap(Code due, Code told) {
  return {.outcome = [due, told](const Command&, Outcome& outcome) {
    if (outcome.code == due) outcome.code = told;
  }};
}

std::vector<Fault> Faults() {
  std::vector<Fault> faults;
  const auto add = [&faults](std::string name, Lie lie, FoundBy found_by = FoundBy::kBoth) {
    faults.push_back({.name = std::move(name), .lie = std::move(lie), .found_by = found_by});
  };

  // Wrong answers.
  add("UserLimit is told as SoldOut", Swap(Code::kUserLimit, Code::kSoldOut));
  add("a resend is told Done", Swap(Code::kAlreadyDone, Code::kDone));
  add("an unknown reservation is told Expired", Swap(Code::kUnknownReservation, Code::kExpired));
  add("a revival is told Done", Swap(Code::kRevived, Code::kDone));
  add("a cancelled sale is told as ended", Swap(Code::kSaleCancelled, Code::kSaleEnded));
  add("the deadline is told a microsecond late",
      {.outcome = [](const Command&, Outcome& o) { o.when_us += o.when_us == 0 ? 0 : 1; }});
  add("a refusal carries what does not belong there",
      {.outcome = [](const Command&, Outcome& o) { o.units += o.code == Code::kSoldOut ? 1 : 0; }});
  add("the wrong field is named", {.outcome = [](const Command&, Outcome& o) {
        if (o.field == Field::kUserLimit) o.field = Field::kUnits;
      }});

  // Wrong judgement.
  add("the limit of a user is one too high", {.terms = [](SaleTerms& t) {
        t.limit_ceiling = t.limit_ceiling.value_or(t.limit_per_user) + 1;
        ++t.limit_per_user;
      }});
  add("the limit of a key is one too high", {.terms = [](SaleTerms& t) {
        for (KeyLimit& key : t.key_limits) ++key.limit;
      }});
  add("open holds are not bounded", {.terms = [](SaleTerms& t) { t.max_open_holds = 32; }});
  add("stray tombstones are not bounded",
      {.terms = [](SaleTerms& t) { t.max_stray_tombstones = 1'000'000; }});
  add("nothing is ever revived",
      {.terms = [](SaleTerms& t) { t.late_confirm = LateConfirm::kRefuse; }});
  add("holds outlive the cut", {.terms = [](SaleTerms& t) { t.end_policy = EndPolicy::kGrace; }});
  add("an extension may go on for ever",
      {.terms = [](SaleTerms& t) { t.longest_hold = std::chrono::hours{24}; }});
  add("a line has a unit too many", {.terms = [](SaleTerms& t) {
        for (SaleLine& line : t.lines) {
          if (line.released_at_first.value_or(line.units) == line.units) {
            line.released_at_first = ++line.units;
          }
        }
      }});
  add("admissions are not asked for",
      {.terms = [](SaleTerms& t) { t.requires_admission = false; }});
  add("the grant of an admission is not counted",
      {.command = [](Command& c, Time&) { c.admission_grant = c.admission_grant == 0 ? 0 : 99; }});
  add("the last limit key is not charged",
      {.command = [](Command& c, Time&) { c.keys[0] = LimitKey{}; }});
  add("a hold lives a microsecond too long", {.command = [](Command& c, Time& now) {
        if (c.verb == Verb::kConfirm) now -= Duration{1};
      }});
  add("a hold lapses a microsecond too early", {.command = [](Command& c, Time& now) {
        if (c.verb == Verb::kConfirm) now += Duration{1};
      }});
  add("a confirm of a part buys all",
      {.command = [](Command& c, Time&) { c.units = c.verb == Verb::kConfirm ? 0 : c.units; }});
  add("a close is taken for a pause", {.command = [](Command& c, Time&) {
        c.verb = c.verb == Verb::kClose ? Verb::kPause : c.verb;
      }});
  add("quotes are lost", {.command = [](Command& c, Time&) {
        if (c.verb == Verb::kReserve) c.quote = 0;
      }});
  add("a hold of its own length is given that of the terms",
      {.command = [](Command& c, Time&) { c.hold = Duration{0}; }});
  add("a hold of its own may be as long as it likes", {.command = [](Command& c, Time&) {
        if (c.hold > Duration{0}) c.hold = std::min<Duration>(c.hold, std::chrono::seconds{30});
      }});
  add("lapsed stock is not reclaimed", {.sold_out_by_the_books = true});
  add("an id is not what makes a call the same",
      {.command = [resent = std::map<ReservationId, std::uint64_t>()](Command& c, Time&) mutable {
        if (c.verb != Verb::kReserve || c.id.is_nil()) return;
        const std::uint64_t times = ++resent[c.id];
        if (times > 1) c.id = ReservationId::FromText(c.id.ToString() + std::to_string(times));
      }});

  // Wrong books.
  add("a cancel is acknowledged and lost",
      {.hides_event = [](const Event& e) { return e.type == EventType::kCancelled; }});
  add("a confirm is not in the log",
      {.hides_event = [](const Event& e) { return e.type == EventType::kConfirmed; }});
  add("sequence numbers skip one", {.event = [](Event& e) { e.seq += e.seq > 2 ? 1 : 0; }});
  add("an edge is marked twice", {.event = [](Event& e) {
        if (e.seq > 1 && e.type == EventType::kReserved) e.edges.Add(Edge::kSaleStarted);
      }});
  add("an edge is not marked", {.event = [](Event& e) {
        e.edges = Edges(
            static_cast<std::uint16_t>(e.edges.bits() & ~static_cast<unsigned>(Edge::kRestocked)));
      }});
  add("events tell another deadline", {.event = [](Event& e) {
        if (e.type == EventType::kExtended) e.deadline += Duration{1};
      }});
  add("events tell fewer units than were given back",
      {.event = [](Event& e) { e.returned = e.returned == 0 ? 0 : e.returned - 1; }});
  add("the stock drifts", {.stock = [](SaleStock& s) {
        for (Stock& line : s.lines) line.sold += line.sold > 1 ? 1 : 0;
      }});
  add("the sale is told as sold out too early",
      {.stock = [](SaleStock& s) { s.sold_out_for_good = s.seq > 20; }}, FoundBy::kRandomRuns);
  add("the phase is told wrong", {.stock = [](SaleStock& s) {
        if (s.phase == Phase::kPaused) s.phase = Phase::kOpen;
      }});
  add("a tally counts no open holds", {.tally = [](Tally& t) { t.open_holds = 0; }});
  add("Find tells the units asked for", {.record = [](Reservation& r) { r.units = r.asked; }});
  add("a snapshot leaves out a user",
      {.hides_user = [](const UserId& user) { return user.bytes()[0] % 2 == 0; }});
  add("nothing is expired by the cleaner", {.never_expires = true});
  add("the cleaner says that nothing is left",
      {.expire_report =
           [](ExpireReport& r) {
             r.more = false;
             r.next_due = kMaxTime;
           }},
      FoundBy::kRandomRuns);
  add("a sale that is not settled is forgotten", {.forgets_at_once = true});
  return faults;
}

// Opens right storages and tells `lie` about them.
StorageFactory Telling(const Lie& lie) {
  return [&lie](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    ReferenceOptions options;
    if (needs.max_records_per_sale.has_value()) {
      options.max_records_per_sale = *needs.max_records_per_sale;
    }
    return std::unique_ptr<Storage>(
        std::make_unique<LyingStorage>(NewReferenceStorage(options), lie));
  };
}

bool FailsScripts(const StorageFactory& open) {
  for (const ScriptSource& script : ContractScripts()) {
    const std::vector<CheckResult> results = RunScript(script, open, ScriptMode::kSingly);
    if (std::any_of(results.begin(), results.end(),
                    [](const CheckResult& result) { return !result.passed; })) {
      return true;
    }
  }
  return false;
}

// Seed after seed, so that a fault that is found at once costs one.
std::string FirstRandomFailure(const StorageFactory& open) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<CheckResult> results =
        RunRandom(open, {.first_seed = seed, .seeds = 1, .commands_per_seed = 2'000});
    if (!results.front().passed) return results.front().message;
  }
  return {};
}

TEST_CASE("a right backend is not rejected by what rejects the faults") {
  const Lie truth;
  CHECK_FALSE(FailsScripts(Telling(truth)));
  CHECK(FirstRandomFailure(Telling(truth)).empty());
}

TEST_CASE("the scripts reject every fault") {
  for (const Fault& fault : Faults()) {
    if (fault.found_by == FoundBy::kRandomRuns) continue;
    CHECK_MESSAGE(FailsScripts(Telling(fault.lie)), fault.name);
  }
}

TEST_CASE("random runs reject every fault") {
  for (const Fault& fault : Faults()) {
    if (fault.found_by == FoundBy::kScripts) continue;
    CHECK_MESSAGE(!FirstRandomFailure(Telling(fault.lie)).empty(), fault.name);
  }
}

TEST_CASE("a shrunk failure is short and fails again as a script") {
  const Lie lie = Swap(Code::kUserLimit, Code::kSoldOut);
  const std::string message = FirstRandomFailure(Telling(lie));
  const std::size_t begin = message.find("sale start");
  REQUIRE(begin != std::string::npos);
  const ScriptSource script{.name = "shrunk", .text = message.substr(begin)};
  CHECK(std::count(script.text.begin(), script.text.end(), '\n') < 16);

  const auto fails = [&script](const StorageFactory& open) {
    return !RunScript(script, open, ScriptMode::kBatched).front().passed;
  };
  CHECK(fails(Telling(lie)));
  const Lie truth;
  CHECK_FALSE(fails(Telling(truth)));
}

}  // namespace
}  // namespace flashsale
