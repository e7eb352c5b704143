#include "backend/journal/journaled_queue.h"

#include <algorithm>
#include <new>
#include <utility>

namespace flashsale::inline v0::journal {
namespace {

// Commands that are carried out before it is looked how much waits to be written.
constexpr std::size_t kSlice = 1'024;

LineScribe& ScribeOf(const memory::WaitingLine& line) {
  return static_cast<LineScribe&>(*line.log());
}

}  // namespace

void LineScribe::OnEvent(const QueueEvent& event) noexcept {
  if (stopped_.load(std::memory_order_acquire)) return;
  const GroupCommit::Ticket commit =
      commits_.Append([&](RecordWriter& writer) { writer.Write(number_, event); });
  // An admission is used from any thread.
  GroupCommit::Ticket last = last_commit_.load(std::memory_order_relaxed);
  while (commit > last &&
         !last_commit_.compare_exchange_weak(last, commit, std::memory_order_acq_rel)) {
  }
}

void JournaledQueue::OnOpen(memory::WaitingLine& line) {
  LineNumber number = 0;
  const GroupCommit::Ticket commit = commits_.Append([&](RecordWriter& writer) {
    number = next_number_++;
    writer.LineOpened(number, use_, line.opened_at(), line.terms());
  });
  if (commit == 0) throw std::bad_alloc();
  line.Show(std::make_unique<LineScribe>(commits_, number, commit));
}

void JournaledQueue::OnForget(memory::WaitingLine& line) noexcept {
  LineScribe& scribe = ScribeOf(line);
  if (!scribe.Stop()) return;
  commits_.Append([&](RecordWriter& writer) { writer.LineForgotten(scribe.number()); });
}

void JournaledQueue::Add(LineNumber number, std::unique_ptr<memory::WaitingLine>& line) {
  line->Show(std::make_unique<LineScribe>(commits_, number, 0));
  lines_.Add(line);
}

GroupCommit::Ticket JournaledQueue::TicketOf(const SaleRef& sale) {
  {
    const auto line = lines_.Pin(sale);
    if (line.get() != nullptr) return ScribeOf(*line).last_commit();
  }
  return commits_.Last();
}

template <typename Answer, typename Call>
Answer JournaledQueue::Kept(const SaleRef& sale, Call call) {
  Status status = commits_.Admit();
  if (!status.ok()) return status;
  Answer answer = call();
  status = commits_.Await(TicketOf(sale));
  if (!status.ok()) return status;
  return answer;
}

template <typename Answer, typename Call>
Answer JournaledQueue::KeptAt(const SaleRef& sale, Time now, Call call) {
  if (IsValid(now)) commits_.NoteTime(now);
  return Kept<Answer>(sale, call);
}

Result<Outcome> JournaledQueue::Open(const QueueTerms& terms, Time now) {
  return KeptAt<Result<Outcome>>(terms.sale, now, [&] { return lines_.Open(terms, now); });
}

Status JournaledQueue::Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
                             std::span<QueueAnswer> answers) {
  if (answers.size() != commands.size() || commands.empty()) {
    return lines_.Apply(sale, now, commands, answers);
  }
  if (IsValid(now)) commits_.NoteTime(now);
  for (std::size_t first = 0; first < commands.size(); first += kSlice) {
    const std::size_t count = std::min(kSlice, commands.size() - first);
    Status status = commits_.Admit();
    if (!status.ok()) return status;
    status = lines_.Apply(sale, now, commands.subspan(first, count), answers.subspan(first, count));
    if (!status.ok()) return status;
  }
  return commits_.Await(TicketOf(sale));
}

Status JournaledQueue::MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                                std::span<const std::uint64_t> numbers) {
  Status status = commits_.Admit();
  return status.ok() ? lines_.MarkUsed(now, probes, numbers) : status;
}

Result<QueueState> JournaledQueue::Read(const SaleRef& sale, Time now) {
  return KeptAt<Result<QueueState>>(sale, now, [&] { return lines_.Read(sale, now); });
}

Result<std::size_t> JournaledQueue::Admit(const SaleRef& sale, Time now, const AdmitPlan& plan,
                                          std::span<QueueEntry> admitted) {
  return KeptAt<Result<std::size_t>>(sale, now,
                                     [&] { return lines_.Admit(sale, now, plan, admitted); });
}

Result<LapseReport> JournaledQueue::LapseDue(const SaleRef& sale, Time now, std::size_t most) {
  return KeptAt<Result<LapseReport>>(sale, now, [&] { return lines_.LapseDue(sale, now, most); });
}

Status JournaledQueue::SetPace(const SaleRef& sale, Time now, const QueuePace& pace) {
  return KeptAt<Status>(sale, now, [&] { return lines_.SetPace(sale, now, pace); });
}

Status JournaledQueue::Pause(const SaleRef& sale, Time now) {
  return KeptAt<Status>(sale, now, [&] { return lines_.Pause(sale, now); });
}

Status JournaledQueue::Resume(const SaleRef& sale, Time now) {
  return KeptAt<Status>(sale, now, [&] { return lines_.Resume(sale, now); });
}

Status JournaledQueue::Freeze(const SaleRef& sale, Time now, std::uint8_t tier) {
  return KeptAt<Status>(sale, now, [&] { return lines_.Freeze(sale, now, tier); });
}

Result<std::size_t> JournaledQueue::ReadEntrants(const SaleRef& sale, std::uint8_t tier,
                                                 std::uint64_t after, std::span<Entrant> entrants) {
  return Kept<Result<std::size_t>>(
      sale, [&] { return lines_.ReadEntrants(sale, tier, after, entrants); });
}

Status JournaledQueue::Arrange(const SaleRef& sale, const Arrangement& arrangement) {
  return Kept<Status>(sale, [&] { return lines_.Arrange(sale, arrangement); });
}

Status JournaledQueue::Begin(const SaleRef& sale, Time now, std::uint8_t tier) {
  return KeptAt<Status>(sale, now, [&] { return lines_.Begin(sale, now, tier); });
}

Status JournaledQueue::Close(const SaleRef& sale, Time now) {
  return KeptAt<Status>(sale, now, [&] { return lines_.Close(sale, now); });
}

Status JournaledQueue::Forget(const SaleRef& sale) {
  return Kept<Status>(sale, [&] { return lines_.Forget(sale); });
}

}  // namespace flashsale::inline v0::journal
