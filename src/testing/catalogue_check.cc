#include "testing/catalogue_check.h"

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "flashsale/testing/digest.h"
#include "testing/findings.h"
#include "testing/script_case.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::hours;

SaleTerms TermsOf(const SaleId& id, Time start) {
  SaleTerms terms;
  terms.id = id;
  terms.lines = {{.product = "shirt", .units = 4}};
  terms.start = start;
  terms.end = start + hours{1};
  terms.waves = {{.at = start, .released = 4}};
  return terms;
}

void CheckRevisions(Storage& storage, Findings& f) {
  FlashSaleRepository& sales = storage.sales();
  FlashSale sale{.terms = TermsOf("a", kScriptOrigin)};
  sale.revision = 1;
  f.ExpectError(sales.Put(sale), StatusCode::kNotFound, "Put of a revision of no sale");
  f.ExpectError(sales.Get("a"), StatusCode::kNotFound, "Get of no sale");
  sale.revision = 0;
  const Result<std::uint64_t> first = sales.Put(sale);
  f.Expect(first.ok() && *first == 1, "the first revision is not 1");
  f.ExpectError(sales.Put(sale), StatusCode::kConflict, "Put of a sale that is there");
  sale.revision = 1;
  sale.marks.paused = true;
  const Result<std::uint64_t> second = sales.Put(sale);
  f.Expect(second.ok() && *second == 2, "the second revision is not 2");
  f.ExpectError(sales.Put(sale), StatusCode::kConflict, "Put of an old revision");

  const Result<FlashSale> read = sales.Get("a");
  const Result<SaleTerms> completed = Validate(sale.terms);
  f.Expect(
      read.ok() && read->revision == 2 && read->marks == sale.marks && read->terms == *completed,
      "Get tells another sale than was put");
  f.ExpectStatus(sales.Remove("a", 1), StatusCode::kConflict, "Remove of an old revision");
  f.ExpectStatus(sales.Remove("a", 2), StatusCode::kOk, "Remove");
  f.ExpectStatus(sales.Remove("a", 2), StatusCode::kNotFound, "Remove of no sale");
  f.ExpectError(sales.Get("a"), StatusCode::kNotFound, "Get of a removed sale");
  sale.terms.end = sale.terms.start;
  sale.revision = 0;
  f.ExpectError(sales.Put(sale), StatusCode::kInvalidArgument, "Put of terms that are not valid");
}

std::string IdsOf(const Result<std::vector<FlashSale>>& sales) {
  std::string ids;
  if (!sales.ok()) return sales.status().ToString();
  for (const FlashSale& sale : *sales) ids.append(sale.terms.id.view()) += ' ';
  return ids;
}

void CheckSearches(Storage& storage, Findings& f) {
  FlashSaleRepository& sales = storage.sales();
  const auto put = [&](const SaleId& id, Time start, const ProductId& product) {
    FlashSale sale{.terms = TermsOf(id, start)};
    sale.terms.lines.push_back({.product = product, .units = 1});
    f.Expect(sales.Put(sale).ok(), "Put");
  };
  put("c", kScriptOrigin, "cap");
  put("b", kScriptOrigin + hours{2}, "hat");
  put("a", kScriptOrigin + hours{2}, "cap");
  put("d", kScriptOrigin + hours{1}, "hat");
  f.Expect(IdsOf(sales.FindByWindow({}, 9)) == "c d a b ", "not all by start, then id");
  f.Expect(IdsOf(sales.FindByWindow({}, 2)) == "c d ", "not the first two");
  f.Expect(IdsOf(sales.FindByWindow(
               {.from = kScriptOrigin + hours{1}, .to = kScriptOrigin + hours{2}}, 9)) == "d ",
           "a window that meets [start, end) of one sale only");
  f.Expect(IdsOf(sales.FindByWindow({.from = kScriptOrigin + hours{3}}, 9)).empty(),
           "a window after all sales");
  f.Expect(IdsOf(sales.FindByProduct("cap", 9)) == "c a ", "the sales of a product");
  f.Expect(IdsOf(sales.FindByProduct("shirt", 3)) == "c d a ", "the first sales of a product");
  f.Expect(IdsOf(sales.FindByProduct("shoe", 9)).empty(), "the sales of no product");
}

void CheckCreate(Storage& storage, Findings& f) {
  InventoryRepository& inventory = storage.inventory();
  SaleTerms terms = TermsOf("a", kScriptOrigin);
  const auto create = [&] {
    const Result<Outcome> outcome = inventory.Create(terms);
    return outcome.ok() ? outcome->code : Code::kInvalid;
  };
  f.Expect(create() == Code::kDone, "Create of a new sale");
  f.Expect(create() == Code::kAlreadyDone, "Create of the same sale");
  terms.limit_ceiling = terms.limit_per_user;
  f.Expect(create() == Code::kAlreadyDone, "Create of the same terms, spelled out");
  terms.limit_per_user = terms.limit_ceiling.emplace(7);
  f.ExpectError(inventory.Create(terms), StatusCode::kAlreadyExists, "Create of other terms");
  terms.id = "b";
  terms.lines.clear();
  f.ExpectError(inventory.Create(terms), StatusCode::kInvalidArgument, "Create without lines");
  for (const std::string& name : {std::string("a\0b", 3), std::string("a\r\nb"), std::string("'"),
                                  std::string("\""), std::string(), std::string(1 << 20, 'a')}) {
    terms = TermsOf(name, kScriptOrigin);
    f.ExpectError(inventory.Create(terms), StatusCode::kInvalidArgument, "Create with an odd id");
    terms = TermsOf("b", kScriptOrigin);
    terms.lines.front().product = name;
    f.ExpectError(inventory.Create(terms), StatusCode::kInvalidArgument,
                  "Create of an odd product");
  }
  const Result<SaleStock> stock = inventory.ReadStock("a", kScriptOrigin);
  f.Expect(stock.ok() && stock->lines.front().available() == 4 && stock->seq == 0,
           "a failed Create changed the sale");
}

void CheckUnknownSales(Storage& storage, Findings& f) {
  InventoryRepository& inventory = storage.inventory();
  const UserId user = UserId::FromInteger(1);
  DigestVisitor visitor(kScriptOrigin);
  std::array<Event, 4> events;
  for (const SaleId& id : {SaleId("nosuch"), SaleId("no name")}) {
    const SaleRef sale(id);
    constexpr StatusCode kNotFound = StatusCode::kNotFound;
    f.ExpectError(inventory.Resolve(id), kNotFound, "Resolve");
    f.ExpectError(inventory.ReadStock(sale, kScriptOrigin), kNotFound, "ReadStock");
    f.ExpectError(inventory.ReadTally(sale, TallyKey::Of(user)), kNotFound, "ReadTally");
    f.ExpectError(inventory.Find(sale, user, ReservationId::FromInteger(1)), kNotFound, "Find");
    f.ExpectError(inventory.ExpireDue(sale, kScriptOrigin, 1), kNotFound, "ExpireDue");
    f.ExpectError(inventory.ReadEvents(sale, 0, events), kNotFound, "ReadEvents");
    f.ExpectStatus(inventory.Snapshot(sale, visitor), kNotFound, "Snapshot");
    f.ExpectStatus(inventory.Apply(sale, kScriptOrigin, {}, {}), StatusCode::kOk,
                   "Apply of an empty batch");
  }
  const SaleTerms terms = TermsOf("a", kScriptOrigin);
  f.Expect(inventory.Create(terms).ok(), "Create");
  for (const Time now : {kMinTime - Duration{1}, kMaxTime + Duration{1}}) {
    constexpr StatusCode kInvalid = StatusCode::kInvalidArgument;
    f.ExpectError(inventory.ReadStock("a", now), kInvalid, "ReadStock at an odd time");
    f.ExpectError(inventory.ExpireDue("a", now, 1), kInvalid, "ExpireDue at an odd time");
  }
}

// One command; the outcome of a call that failed is Invalid.
Outcome Send(InventoryRepository& inventory, const SaleRef& sale, Time now,
             const Command& command) {
  Outcome outcome;
  const Status status = inventory.Apply(sale, now, std::span(&command, 1), std::span(&outcome, 1));
  return status.ok() ? outcome : Outcome{};
}

Command CancelOf(std::uint64_t id) {
  return {
      .verb = Verb::kCancel, .user = UserId::FromInteger(1), .id = ReservationId::FromInteger(id)};
}

void CheckCursors(Storage& storage, Findings& f) {
  InventoryRepository& inventory = storage.inventory();
  f.Expect(inventory.Create(TermsOf("a", kScriptOrigin)).ok(), "Create");
  constexpr std::uint64_t kEvents = 10;
  for (std::uint64_t i = 1; i <= kEvents; ++i) {
    f.Expect(Send(inventory, "a", kScriptOrigin, CancelOf(i)).code == Code::kDone, "cancel");
  }
  std::array<Event, 4> events;
  std::uint64_t cursor = 0;
  std::uint64_t read = 0;
  while (true) {
    const Result<EventPage> page = inventory.ReadEvents("a", cursor, events);
    if (!page.ok() || page->lost.has_value()) return f.Expect(false, "ReadEvents");
    for (std::size_t i = 0; i < page->count; ++i) {
      f.Expect(events[i].seq == ++read, "an event out of order");
      f.Expect(events[i].id == ReservationId::FromInteger(read), "another event than recorded");
    }
    f.Expect(page->cursor == read, "the cursor is not the last event read");
    if (page->count == 0) break;
    cursor = page->cursor;
  }
  f.Expect(read == kEvents, "not every event was read");
  const Result<EventPage> none = inventory.ReadEvents("a", 3, std::span<Event>());
  f.Expect(none.ok() && none->count == 0 && none->cursor == 3, "a read into no room");
  f.ExpectError(inventory.ReadEvents("a", kEvents + 1, events), StatusCode::kFailedPrecondition,
                "a cursor beyond the last event");
}

void CheckResolvedNames(Storage& storage, Findings& f) {
  InventoryRepository& inventory = storage.inventory();
  const SaleTerms terms = TermsOf("a", kScriptOrigin);
  f.Expect(inventory.Create(terms).ok(), "Create");
  const Result<SaleRef> resolved = inventory.Resolve("a");
  if (!resolved.ok()) return f.Expect(false, "Resolve");
  const SaleRef sale = resolved.value();
  f.Expect(sale.id() == terms.id, "a resolved name has another id");
  f.Expect(Send(inventory, sale, kScriptOrigin, CancelOf(1)).code == Code::kDone, "cancel");
  const auto forget = [&] {
    Send(inventory, sale, kScriptOrigin, {.verb = Verb::kClose});
    Send(inventory, sale, kScriptOrigin, {.verb = Verb::kSettle});
    const Result<Outcome> outcome = inventory.Forget(sale, kScriptOrigin);
    return outcome.ok() && outcome->code == Code::kDone;
  };
  f.Expect(forget(), "Forget by a resolved name");
  f.Expect(Send(inventory, sale, kScriptOrigin, CancelOf(1)).code == Code::kUnknownSale,
           "a resolved name finds a forgotten sale");
  f.Expect(inventory.Create(TermsOf("other", kScriptOrigin)).ok(), "Create of another sale");
  f.Expect(Send(inventory, sale, kScriptOrigin, CancelOf(1)).code == Code::kUnknownSale,
           "the name of a forgotten sale finds another one");
  f.Expect(inventory.Create(terms).ok(), "Create anew");
  f.Expect(Send(inventory, sale, kScriptOrigin, CancelOf(1)).code == Code::kDone,
           "a resolved name does not find the sale made anew");
  f.Expect(forget(), "Forget of the sale made anew");
}

}  // namespace

std::vector<CheckResult> CheckCatalogue(const StorageFactory& open) {
  constexpr std::array<NamedCheck, 6> kChecks = {{
      {"catalogue/revisions", &CheckRevisions},
      {"catalogue/searches", &CheckSearches},
      {"calls/create", &CheckCreate},
      {"calls/unknown sales and odd times", &CheckUnknownSales},
      {"calls/cursors", &CheckCursors},
      {"calls/resolved names", &CheckResolvedNames},
  }};
  return RunChecks(open, kChecks);
}

}  // namespace flashsale::inline v0
