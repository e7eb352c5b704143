#include "backend/journal/journaled_inventory.h"

#include <algorithm>
#include <utility>

namespace flashsale::inline v0::journal {
namespace {

// Commands that are carried out before it is looked how much waits to be written.
constexpr std::size_t kSlice = 1'024;

SaleScribe& ScribeOf(const engine::SaleEngine& sale) {
  return static_cast<SaleScribe&>(*sale.sink());
}

// Whether the answer says something that only a record could tell.
bool TellsOfRecord(const Outcome& outcome) {
  switch (outcome.code) {
    case Code::kSoldOut:
    case Code::kInvalid:
    case Code::kUnknownSale:
    case Code::kNotStarted:
    case Code::kStorageFull:
      return false;
    default:
      return true;
  }
}

bool IsForWantOfRoom(const Outcome& outcome) { return outcome.code == Code::kStorageFull; }

}  // namespace

bool SaleScribe::Introduce(engine::Place place) {
  const std::size_t word = place / 64;
  if (word >= introduced_.size()) introduced_.resize(std::max(word + 1, 2 * introduced_.size()));
  const std::uint64_t bit = std::uint64_t{1} << (place % 64);
  const bool introduces = (introduced_[word] & bit) == 0;
  introduced_[word] |= bit;
  return introduces;
}

void SaleScribe::OnEvents(std::span<const engine::LoggedEvent> events) noexcept {
  if (stopped_.load(std::memory_order_acquire)) return;
  const GroupCommit::Ticket commit = commits_.Append([&](RecordWriter& writer) {
    for (const auto& [event, party] : events) {
      writer.Write({.sale = number_,
                    .event = event,
                    .party = party,
                    .introduces = party.place != engine::kNoPlace && Introduce(party.place)});
    }
    history_->Note(events.front().event.seq, commits_.gathering());
  });
  last_commit_.store(commit, std::memory_order_release);
}

void JournaledInventory::OnCreate(engine::SaleEngine& sale) {
  const GroupCommit::Ticket commit = commits_.Append(
      [&](RecordWriter& writer) { writer.SaleCreated(next_number_, sale.terms()); });
  if (commit == 0) throw std::bad_alloc();
  sale.Show(std::make_unique<SaleScribe>(commits_, next_number_++,
                                         std::make_unique<SaleHistory>(commit), commit));
}

void JournaledInventory::OnForget(engine::SaleEngine& sale) noexcept {
  SaleScribe& scribe = ScribeOf(sale);
  sale.FoldThrough(sale.last_seq());
  scribe.Stop();
  commits_.Append([&](RecordWriter& writer) { writer.SaleForgotten(scribe.number()); });
}

void JournaledInventory::Add(SaleNumber number, std::unique_ptr<engine::SaleEngine>& sale,
                             std::unique_ptr<SaleHistory> history) {
  sale->Show(std::make_unique<SaleScribe>(commits_, number, std::move(history), 0));
  engines_.Add(sale);
}

GroupCommit::Ticket JournaledInventory::TicketOf(const SaleRef& sale) {
  {
    const auto engine = engines_.Pin(sale);
    if (engine.get() != nullptr) {
      engine->FoldThrough(engine->last_seq());
      return ScribeOf(*engine).last_commit();
    }
  }
  return commits_.Last();
}

template <typename Answer, typename Read>
Answer JournaledInventory::Kept(const SaleRef& sale, Read read) {
  Status status = commits_.Admit();
  if (!status.ok()) return status;
  Answer answer = read();
  status = commits_.Await(TicketOf(sale));
  if (!status.ok()) return status;
  return answer;
}

Result<Outcome> JournaledInventory::Create(const SaleTerms& terms) {
  return Kept<Result<Outcome>>(terms.id, [&] { return engines_.Create(terms); });
}

Status JournaledInventory::Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
                                 std::span<Outcome> outcomes) {
  CommitTicket ticket;
  Status status = ApplyUncommitted(sale, now, commands, outcomes, ticket);
  return status.ok() ? AwaitCommit(ticket) : status;
}

Status JournaledInventory::ApplyUncommitted(const SaleRef& sale, Time now,
                                            std::span<const Command> commands,
                                            std::span<Outcome> outcomes, CommitTicket& ticket) {
  ticket = {};
  if (outcomes.size() != commands.size() || commands.empty()) {
    return engines_.Apply(sale, now, commands, outcomes);
  }
  if (IsValid(now)) commits_.NoteTime(now);
  bool tells = false;
  for (std::size_t first = 0; first < commands.size(); first += kSlice) {
    const std::size_t count = std::min(kSlice, commands.size() - first);
    Status status = commits_.Admit();
    if (!status.ok()) return status;
    status =
        engines_.Apply(sale, now, commands.subspan(first, count), outcomes.subspan(first, count));
    if (!status.ok()) return status;
    const auto slice = outcomes.subspan(first, count);
    tells = tells || std::any_of(slice.begin(), slice.end(), TellsOfRecord);
    if (std::any_of(slice.begin(), slice.end(), IsForWantOfRoom)) commits_.LookForRoom();
  }
  if (tells) ticket.number = TicketOf(sale);
  return {};
}

Result<SaleStock> JournaledInventory::ReadStock(const SaleRef& sale, Time now) {
  return Kept<Result<SaleStock>>(sale, [&] { return engines_.ReadStock(sale, now); });
}

Result<Tally> JournaledInventory::ReadTally(const SaleRef& sale, const TallyKey& key) {
  return Kept<Result<Tally>>(sale, [&] { return engines_.ReadTally(sale, key); });
}

Result<std::optional<Reservation>> JournaledInventory::Find(const SaleRef& sale, const UserId& user,
                                                            const ReservationId& id) {
  return Kept<Result<std::optional<Reservation>>>(sale,
                                                  [&] { return engines_.Find(sale, user, id); });
}

Result<ExpireReport> JournaledInventory::ExpireDue(const SaleRef& sale, Time now,
                                                   std::size_t max_holds) {
  if (IsValid(now)) commits_.NoteTime(now);
  return Kept<Result<ExpireReport>>(sale, [&] { return engines_.ExpireDue(sale, now, max_holds); });
}

Result<EventPage> JournaledInventory::ReadEvents(const SaleRef& sale, std::uint64_t after,
                                                 std::span<Event> events) {
  return Kept<Result<EventPage>>(sale, [&]() -> Result<EventPage> {
    Result<EventPage> page = engines_.ReadEvents(sale, after, events);
    if (!page.ok() || !page->lost.has_value()) return page;
    // Memory has forgotten them; the journal has not.
    const auto engine = engines_.Pin(sale);
    if (engine.get() == nullptr) return page;
    const SaleScribe& scribe = ScribeOf(*engine);
    const Result<std::size_t> count =
        scribe.history().Read(medium_, scribe.number(), *engine, after, events);
    if (!count.ok()) return count.status();
    if (*count == 0) return page;
    return EventPage{.count = *count, .cursor = events[*count - 1].seq};
  });
}

Status JournaledInventory::Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) {
  return Kept<Status>(sale, [&] { return engines_.Snapshot(sale, visitor); });
}

Result<Outcome> JournaledInventory::Forget(const SaleRef& sale, Time now) {
  return Kept<Result<Outcome>>(sale, [&] { return engines_.Forget(sale, now); });
}

}  // namespace flashsale::inline v0::journal
