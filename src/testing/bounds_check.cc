#include "testing/bounds_check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/findings.h"
#include "testing/probed_sale.h"

namespace flashsale::inline v0 {
namespace {

constexpr Units kBeyond16Bits = 70'001;

Event LastEvent(ProbedSale& sale) {
  std::array<Event, 64> events;
  Event last;
  std::uint64_t cursor = 0;
  while (true) {
    const Result<EventPage> page = sale.inventory().ReadEvents(sale.ref(), cursor, events);
    if (!page.ok() || page->count == 0) return last;
    last = events[page->count - 1];
    cursor = page->cursor;
  }
}

void CheckLines(Storage& storage, Findings& f) {
  SaleTerms terms = WideTerms();
  terms.lines.clear();
  for (std::size_t i = 0; i < kMaxLines; ++i) {
    terms.lines.push_back(
        {.product = "p" + std::to_string(i), .units = static_cast<Units>(2 * i + 2)});
  }
  ProbedSale sale(storage, terms, f);
  // As many units of each as tell it from the others.
  constexpr std::array<std::uint16_t, 10> kAsked = {0,   1,   127, 128, 255,
                                                    256, 257, 511, 512, kMaxLines - 1};
  for (const std::uint16_t line : kAsked) {
    Command reserve = ReserveOf(line, 1, line + 1U);
    reserve.line = line;
    sale.ExpectCode(reserve, Code::kDone, "a reserve of a line that has the units is refused");
    f.Expect(sale.RecordOf(reserve).line == line, "Find tells another line than was reserved");
    f.Expect(LastEvent(sale).line == line, "an event tells another line than was reserved");
  }
  const Result<SaleStock> stock = sale.inventory().ReadStock(sale.ref(), kScriptOrigin);
  if (!stock.ok() || stock->lines.size() != kMaxLines) {
    return f.Expect(false, "ReadStock does not tell of every line");
  }
  for (std::size_t i = 0; i < kMaxLines; ++i) {
    const bool asked = std::find(kAsked.begin(), kAsked.end(), i) != kAsked.end();
    const Stock due{.limit = static_cast<Units>(2 * i + 2),
                    .released = static_cast<Units>(2 * i + 2),
                    .reserved = asked ? static_cast<Units>(i + 1) : 0};
    f.Expect(stock->lines[i] == due, "units of one line are taken from another");
  }
  Command beyond = ReserveOf(kMaxLines, 1);
  beyond.line = kMaxLines;
  f.Expect(sale.Send(beyond) == Outcome{.code = Code::kInvalid, .field = Field::kLine},
           "a line beyond the last one is not Invalid");
}

void CheckUnits(Storage& storage, Findings& f) {
  ProbedSale sale(storage, WideTerms(), f);
  const Command all = ReserveOf(1, 1, kMaxUnits);
  f.Expect(sale.Send(all).units == kMaxUnits, "a reserve of 2^30 units holds fewer");
  f.Expect(sale.StockOf().reserved == kMaxUnits, "a reserve of 2^30 units takes fewer");
  sale.ExpectCode(ReserveOf(2, 1), Code::kSoldOut, "a line of which all is held sells more");
  sale.ExpectCode(CommandAbout(Verb::kCancel, 1, 1), Code::kDone, "cancel");
  f.Expect(sale.StockOf().available() == kMaxUnits, "2^30 units do not come back");

  const Command large = ReserveOf(2, 2, kBeyond16Bits);
  sale.ExpectCode(large, Code::kDone, "reserve");
  f.Expect(sale.StockOf().reserved == kBeyond16Bits, "units are held in too little room");
  Command part = CommandAbout(Verb::kConfirm, 2, 2);
  part.units = kBeyond16Bits - 1;
  f.Expect(sale.Send(part).units == kBeyond16Bits - 1, "a confirm of a part buys another one");
  const Stock stock = sale.StockOf();
  f.Expect(stock.reserved == 0 && stock.sold == kBeyond16Bits - 1, "more or less was sold");
  const Reservation record = sale.RecordOf(large);
  f.Expect(record.asked == kBeyond16Bits && record.units == kBeyond16Bits - 1,
           "Find tells other units than were asked for and bought");
  const Event event = LastEvent(sale);
  f.Expect(event.units == kBeyond16Bits - 1 && event.returned == 1,
           "an event tells other units than were bought");
  f.Expect(sale.TallyOf(TallyKey::Of(large.user)).bought == kBeyond16Bits - 1,
           "a tally tells other units than were bought");
}

void CheckReleases(Storage& storage, Findings& f) {
  SaleTerms terms = WideTerms();
  terms.lines.front().released_at_first = 1;
  ProbedSale sale(storage, terms, f);
  for (const Units units : {Units{300}, kBeyond16Bits, kMaxUnits}) {
    const Command release{.verb = Verb::kRelease, .units = units};
    sale.ExpectCode(release, Code::kDone, "release");
    f.Expect(sale.StockOf().released == units, "another number of units is released");
    sale.ExpectCode(release, Code::kAlreadyDone, "the same release again");
  }
}

Command AdmittedReserve(std::uint64_t id, std::uint64_t number, std::uint32_t grant) {
  Command command = ReserveOf(1, id);
  command.admission_number = number;
  command.admission_grant = grant;
  return command;
}

void CheckAdmissionNumbers(Storage& storage, Findings& f) {
  SaleTerms terms = WideTerms();
  terms.requires_admission = true;
  ProbedSale sale(storage, terms, f);
  // Each is higher than those before it, and not so in its lower bits.
  constexpr std::array<std::uint64_t, 7> kNumbers = {
      0xFF, 0x100, 0x1'0000, 0xFFFF'FFFF, 0x1'0000'0000, 0x2'0000'0005, kMaxExactInteger};
  std::uint64_t id = 0;
  for (const std::uint64_t number : kNumbers) {
    const Command reserve = AdmittedReserve(++id, number, 1);
    sale.ExpectCode(reserve, Code::kDone, "a higher admission is refused");
    sale.ExpectCode(AdmittedReserve(++id, number, 1), Code::kNotAdmitted,
                    "an admission is taken more often than it grants");
    sale.ExpectCode(AdmittedReserve(++id, number - 1, 9), Code::kNotAdmitted,
                    "a lower admission is taken");
    f.Expect(sale.RecordOf(reserve).admission == number, "Find tells another admission");
    f.Expect(LastEvent(sale).admission == number, "an event tells another admission");
    f.Expect(sale.TallyOf(TallyKey::Of(reserve.user)).admission == number,
             "a tally tells another admission");
  }
  f.Expect(sale.Send(AdmittedReserve(++id, kMaxExactInteger + 1, 1)) ==
               Outcome{.code = Code::kInvalid, .field = Field::kAdmission},
           "an admission of 2^53 is not Invalid");
}

void CheckAdmissionGrants(Storage& storage, Findings& f) {
  ProbedSale sale(storage, WideTerms(), f);
  // In fewer bits each grants nothing, or one reserve.  No user has records for more than 32.
  constexpr std::array<std::uint32_t, 6> kGrants = {0x100,    0x101,       0x1'0000,
                                                    0x1'0001, 0x8000'0000, 0xFFFF'FFFF};
  std::uint64_t id = 0;
  std::uint64_t number = 0;
  for (const std::uint32_t grant : kGrants) {
    ++number;
    for (int i = 0; i < 3; ++i) {
      sale.ExpectCode(AdmittedReserve(++id, number, grant), Code::kDone,
                      "an admission grants less than it says");
    }
  }
  f.Expect(sale.TallyOf(TallyKey::Of(UserId::FromInteger(1))).admission_used == 3,
           "a tally counts another number of reserves under an admission");
  // Every record that a user may have, under one admission.
  for (std::uint64_t i = 1; i <= kMaxRecordsPerUser; ++i) {
    Command reserve = AdmittedReserve(i, 1, 0x1'0000 + kMaxRecordsPerUser);
    reserve.user = UserId::FromInteger(2);
    sale.ExpectCode(reserve, Code::kDone, "an admission grants less than it says");
  }
}

void CheckLimits(Storage& storage, Findings& f) {
  SaleTerms terms = WideTerms();
  terms.limit_per_user = 1;
  terms.limit_ceiling = kMaxUnits;
  terms.key_limits = {{.name = "device", .limit = 2 * kBeyond16Bits}};
  ProbedSale sale(storage, terms, f);
  const LimitKey device = LimitKey::FromInteger(1);
  Command raised = ReserveOf(1, 1, kBeyond16Bits);
  raised.user_limit = kBeyond16Bits + 1;
  raised.keys[0] = device;
  sale.ExpectCode(raised, Code::kDone, "a reserve within the limit of its user is refused");
  const Tally tally = sale.TallyOf(TallyKey::Of(raised.user));
  f.Expect(tally.limit == kBeyond16Bits + 1 && tally.held == kBeyond16Bits,
           "a tally tells another limit or other units than the user's");
  f.Expect(LastEvent(sale).user_limit == kBeyond16Bits + 1, "an event tells another limit");
  sale.ExpectCode(ReserveOf(1, 2, 2), Code::kUserLimit, "more than the limit of a user is held");
  sale.ExpectCode(ReserveOf(1, 3), Code::kDone, "less than the limit of a user is to be had");
  const Tally key = sale.TallyOf(TallyKey::Of(0, device));
  f.Expect(key.limit == 2 * kBeyond16Bits && key.held == kBeyond16Bits,
           "a tally tells another limit or other units than the key's");
  Command highest = ReserveOf(2, 1, kMaxUnits / 2);
  highest.user_limit = kMaxUnits;
  sale.ExpectCode(highest, Code::kDone, "a limit of 2^30 is not granted");
  f.Expect(sale.TallyOf(TallyKey::Of(highest.user)).limit == kMaxUnits,
           "a tally tells another limit than 2^30");
}

void CheckQuotes(Storage& storage, Findings& f) {
  ProbedSale sale(storage, WideTerms(), f);
  constexpr std::array<std::uint64_t, 6> kQuotes = {
      0x1'0000'0001, (1ULL << 53) + 1, 0x7FFF'FFFF'FFFF'FFFF,
      1ULL << 63,    (1ULL << 63) + 1, std::numeric_limits<std::uint64_t>::max()};
  std::uint64_t id = 0;
  for (const std::uint64_t quote : kQuotes) {
    Command reserve = ReserveOf(1, ++id);
    reserve.quote = quote;
    sale.ExpectCode(reserve, Code::kDone, "a reserve with a large quote is refused");
    f.Expect(sale.RecordOf(reserve).quote == quote, "Find tells another quote");
    f.Expect(LastEvent(sale).quote == quote, "an event tells another quote");
  }
}

// Every user reserves, confirms, has that voided and asks again.
std::vector<Command> LongBatch(std::size_t size) {
  std::vector<Command> commands;
  commands.reserve(size);
  for (std::uint64_t user = 1; commands.size() + 4 <= size; ++user) {
    commands.push_back(ReserveOf(user, 1, 2));
    commands.push_back(CommandAbout(Verb::kConfirm, user, 1));
    commands.push_back(CommandAbout(Verb::kVoid, user, 1));
    commands.push_back(ReserveOf(user, 1, 2));
  }
  return commands;
}

void CheckBatches(Storage& storage, Findings& f) {
  constexpr std::array kDue = {Code::kDone, Code::kDone, Code::kDone, Code::kCancelled};
  for (const std::size_t size : {std::size_t{1'000}, std::size_t{5'000}}) {
    ProbedSale sale(storage, WideTerms("batch-" + std::to_string(size)), f);
    const std::vector<Command> commands = LongBatch(size);
    std::vector<Outcome> outcomes(commands.size());
    f.ExpectStatus(sale.inventory().Apply(sale.ref(), kScriptOrigin, commands, outcomes),
                   StatusCode::kOk, "Apply of a long batch");
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      f.Expect(outcomes[i].code == kDue[i % kDue.size()],
               "a command of a batch of " + std::to_string(size) + " is answered otherwise");
    }
    const Event last = LastEvent(sale);
    f.Expect(last.seq == size / 4 * 3 && last.user == commands.back().user,
             "not every command of a long batch is in the log");
    f.Expect(sale.StockOf() == Stock{.limit = kMaxUnits, .released = kMaxUnits},
             "the stock after a long batch is another one");
  }
}

void CheckOutcomesOfAnotherNumber(Storage& storage, Findings& f) {
  ProbedSale sale(storage, WideTerms(), f);
  const std::array<Command, 2> commands = {ReserveOf(1, 1), ReserveOf(2, 1)};
  constexpr Outcome kUntouched{.code = Code::kRevived, .units = 77};
  constexpr StatusCode kInvalid = StatusCode::kInvalidArgument;
  // Room for all of them stands behind each span, so that a backend that is wrong harms nobody.
  std::array<Outcome, 4> outcomes;
  outcomes.fill(kUntouched);
  const auto apply = [&](const SaleRef& ref, Time now, std::size_t asked, std::size_t room) {
    return sale.inventory().Apply(ref, now, std::span(commands).first(asked),
                                  std::span(outcomes).first(room));
  };
  const std::string_view what = "Apply with outcomes of another number than its commands";
  for (const std::size_t room : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    f.ExpectStatus(apply(sale.ref(), kScriptOrigin, 2, room), kInvalid, what);
    f.ExpectStatus(apply("nosuch", kScriptOrigin, 2, room), kInvalid, what);
    f.ExpectStatus(apply("no name", kScriptOrigin, 2, room), kInvalid, what);
    f.ExpectStatus(apply(sale.ref(), kMaxTime + Duration{1}, 2, room), kInvalid, what);
  }
  f.ExpectStatus(apply(sale.ref(), kScriptOrigin, 0, 1), kInvalid, what);
  f.Expect(std::all_of(outcomes.begin(), outcomes.end(),
                       [&](const Outcome& outcome) { return outcome == kUntouched; }),
           "an Apply that was refused wrote outcomes");
  f.Expect(LastEvent(sale).seq == 0 && sale.StockOf().reserved == 0,
           "an Apply that was refused was applied");
}

// Pairs of names that are one where a backend keeps less than all of each.
std::vector<std::pair<std::string, std::string>> NearlyTheSame() {
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"Sale", "sale"}, {"a.b", "a_b"}, {"a-b", "a.b"}, {"7", "07"}, {"a", "a."}};
  // They differ in the last character.
  for (const std::size_t size : {std::size_t{17}, std::size_t{33}, SaleId::kMaxSize}) {
    const std::string same(size - 1, 'n');
    pairs.emplace_back(same + '1', same + '2');
  }
  return pairs;
}

void CheckSaleNames(Storage& storage, Findings& f) {
  std::vector<std::string> names;
  for (const auto& [one, other] : NearlyTheSame()) {
    for (const std::string& name : {one, other}) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    SaleTerms terms = WideTerms(names[i]);
    terms.lines.front().units = static_cast<Units>(100 + i);
    ProbedSale sale(storage, terms, f);
    sale.ExpectCode(ReserveOf(1, 1, static_cast<Units>(i + 1)), Code::kDone,
                    "a reserve in a sale of a name that is nearly another one's");
    const Result<std::uint64_t> revision = storage.sales().Put({.terms = terms});
    f.Expect(revision.ok() && *revision == 1,
             "the catalogue takes a sale for one whose name is nearly the same");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const SaleId id(names[i]);
    const Result<SaleRef> ref = storage.inventory().Resolve(id);
    f.Expect(ref.ok() && ref->id() == id, "Resolve tells another name");
    const Result<SaleStock> stock = storage.inventory().ReadStock(id, kScriptOrigin);
    f.Expect(stock.ok() && stock->lines.front().limit == 100 + i &&
                 stock->lines.front().reserved == i + 1,
             "a sale has the stock of one whose name is nearly the same");
    const Result<FlashSale> sale = storage.sales().Get(id);
    f.Expect(sale.ok() && sale->terms.id == id && sale->terms.lines.front().units == 100 + i,
             "the catalogue gives a sale whose name is nearly the same");
  }
}

void CheckProductNames(Storage& storage, Findings& f) {
  std::size_t number = 0;
  for (const auto& [one, other] : NearlyTheSame()) {
    SaleTerms terms = WideTerms("s" + std::to_string(number++));
    // Both in one sale, and each in one of its own.
    terms.lines = {{.product = one, .units = 1}, {.product = other, .units = 1}};
    f.ExpectStatus(storage.inventory().Create(terms).status(), StatusCode::kOk,
                   "Create with products whose names are nearly the same");
    terms.lines.pop_back();
    f.ExpectStatus(storage.sales().Put({.terms = terms}).status(), StatusCode::kOk, "Put");
    const SaleId of_one = terms.id;
    terms.id = "s" + std::to_string(number++);
    terms.lines = {{.product = other, .units = 1}};
    f.ExpectStatus(storage.sales().Put({.terms = terms}).status(), StatusCode::kOk, "Put");
    const Result<std::vector<FlashSale>> found = storage.sales().FindByProduct(one, 99);
    f.Expect(
        found.ok() && std::any_of(found->begin(), found->end(),
                                  [&](const FlashSale& sale) { return sale.terms.id == of_one; }),
        "the sale of a product is not found");
    if (!found.ok()) continue;
    for (const FlashSale& sale : *found) {
      f.Expect(sale.terms.lines.front().product == ProductId(one),
               "a sale of a product whose name is nearly the same is found");
    }
  }
}

}  // namespace

std::vector<CheckResult> CheckBounds(const StorageFactory& open) {
  constexpr std::array<NamedCheck, 11> kChecks = {{
      {"bounds/lines", &CheckLines},
      {"bounds/units", &CheckUnits},
      {"bounds/releases", &CheckReleases},
      {"bounds/admission numbers", &CheckAdmissionNumbers},
      {"bounds/admission grants", &CheckAdmissionGrants},
      {"bounds/limits", &CheckLimits},
      {"bounds/quotes", &CheckQuotes},
      {"bounds/batches", &CheckBatches},
      {"bounds/outcomes of another number", &CheckOutcomesOfAnotherNumber},
      {"bounds/names of sales", &CheckSaleNames},
      {"bounds/names of products", &CheckProductNames},
  }};
  return RunChecks(open, kChecks);
}

}  // namespace flashsale::inline v0
