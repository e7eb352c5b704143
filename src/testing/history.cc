#include "flashsale/testing/history.h"

#include <algorithm>
#include <string>
#include <utility>

namespace flashsale::inline v0 {
namespace {

// The end of an id is what tells ids of a test apart.
template <typename Id>
std::string ShortName(const Id& id) {
  const std::string text = id.ToString();
  return text.substr(text.size() - 4);
}

}  // namespace

std::string ToString(const Call& call) {
  std::string text = "[" + std::to_string(call.invoked) + "..";
  if (call.has_returned()) text += std::to_string(call.returned);
  text += "] thread " + std::to_string(call.thread) + " at " +
          std::to_string(call.now.time_since_epoch().count()) + ": ";
  switch (call.kind) {
    case CallKind::kCommand: {
      const Command& command = call.command;
      text += Name(command.verb);
      if (!IsOperatorAct(command.verb)) {
        text += " user " + ShortName(command.user) + " id " + ShortName(command.id);
      }
      if (command.verb == Verb::kReserve || command.verb == Verb::kRelease) {
        text += " line " + std::to_string(command.line);
      }
      if (command.units != 0) text += " units " + std::to_string(command.units);
      if (command.user_limit != 0) text += " user limit " + std::to_string(command.user_limit);
      if (command.admission_number != 0) {
        text += " admission " + std::to_string(command.admission_number) + "/" +
                std::to_string(command.admission_grant);
      }
      for (const LimitKey& key : command.keys) {
        if (!key.is_nil()) text += " key " + ShortName(key);
      }
      text += " -> " + (call.has_returned() ? ToString(call.outcome) : "no reply");
      break;
    }
    case CallKind::kExpireDue:
      text += "expire-due";
      break;
    case CallKind::kFind:
      text += "find user " + ShortName(call.command.user) + " id " + ShortName(call.command.id) +
              " -> ";
      if (call.found.has_value()) {
        text += std::string(Name(call.found->state)) + " units " +
                std::to_string(call.found->units) + " until " +
                std::to_string(call.found->deadline.time_since_epoch().count());
      } else {
        text += "nothing";
      }
      break;
    case CallKind::kReadTally:
      text += "read-tally kind " + std::to_string(call.tally_key.kind) + " -> held " +
              std::to_string(call.tally.held) + " bought " + std::to_string(call.tally.bought);
      break;
    case CallKind::kReadStock:
      text += "read-stock line " + std::to_string(call.command.line) + " -> released " +
              std::to_string(call.stock.released) + " reserved " +
              std::to_string(call.stock.reserved) + " sold " + std::to_string(call.stock.sold);
      break;
  }
  return text;
}

HistoryRecorder::HistoryRecorder(InventoryRepository& repository, const SaleRef& sale,
                                 std::size_t threads)
    : repository_(repository), sale_(sale) {
  for (std::size_t i = 0; i < threads; ++i) {
    clients_.emplace_back(*this, static_cast<std::uint32_t>(i));
  }
}

HistoryRecorder::~HistoryRecorder() = default;

History HistoryRecorder::TakeHistory() {
  History history;
  for (Client& client : clients_) {
    history.insert(history.end(), client.calls_.begin(), client.calls_.end());
    client.calls_.clear();
  }
  return history;
}

HistoryRecorder::Client::Client(HistoryRecorder& recorder, std::uint32_t thread)
    : recorder_(recorder), thread_(thread) {
  calls_.reserve(64);  // so that most recordings allocate nothing while threads run
}

Call HistoryRecorder::Client::Begin(CallKind kind, Time now) {
  Call call;
  call.thread = thread_;
  call.kind = kind;
  call.now = now;
  call.invoked = recorder_.ticks_.fetch_add(1, std::memory_order_acq_rel);
  return call;
}

void HistoryRecorder::Client::End(Call call, const Status& status) {
  if (status.ok()) {
    call.returned = recorder_.ticks_.fetch_add(1, std::memory_order_acq_rel);
  } else if (!status.MayHaveBeenApplied()) {
    return;
  }
  calls_.push_back(std::move(call));
}

Result<Outcome> HistoryRecorder::Client::Apply(Time now, const Command& command) {
  Outcome outcome;
  Status status = ApplyBatch(now, {&command, 1}, {&outcome, 1});
  if (!status.ok()) return status;
  return outcome;
}

Status HistoryRecorder::Client::ApplyBatch(Time now, std::span<const Command> commands,
                                           std::span<Outcome> outcomes) {
  const Call batch = Begin(CallKind::kCommand, now);
  Status status = recorder_.repository_.Apply(recorder_.sale_, now, commands, outcomes);
  // A batch that was refused as a whole may have been applied in part, so for a batch of several
  // commands every error says no more than Unknown.
  const bool may_be_applied = !status.ok() && (status.MayHaveBeenApplied() || commands.size() > 1);
  if (!status.ok() && !may_be_applied) return status;
  const std::uint64_t returned =
      status.ok() ? recorder_.ticks_.fetch_add(1, std::memory_order_acq_rel) : Call::kNeverReturned;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Call& call = calls_.emplace_back(batch);
    call.command = commands[i];
    call.returned = returned;
    if (status.ok()) call.outcome = outcomes[i];
  }
  return status;
}

Status HistoryRecorder::Client::ExpireDue(Time now, std::size_t max_holds) {
  Call call = Begin(CallKind::kExpireDue, now);
  const Result<ExpireReport> report =
      recorder_.repository_.ExpireDue(recorder_.sale_, now, max_holds);
  End(std::move(call), report.status());
  return report.status();
}

Status HistoryRecorder::Client::Find(const UserId& user, const ReservationId& id) {
  Call call = Begin(CallKind::kFind, Time{});
  call.command.user = user;
  call.command.id = id;
  const Result<std::optional<Reservation>> found =
      recorder_.repository_.Find(recorder_.sale_, user, id);
  if (!found.ok()) return found.status();
  call.found = *found;
  End(std::move(call), found.status());
  return found.status();
}

Status HistoryRecorder::Client::ReadTally(const TallyKey& key) {
  Call call = Begin(CallKind::kReadTally, Time{});
  call.tally_key = key;
  const Result<Tally> tally = recorder_.repository_.ReadTally(recorder_.sale_, key);
  if (!tally.ok()) return tally.status();
  call.tally = *tally;
  End(std::move(call), tally.status());
  return tally.status();
}

Status HistoryRecorder::Client::ReadStock(Time now) {
  const Call read = Begin(CallKind::kReadStock, now);
  const Result<SaleStock> stock = recorder_.repository_.ReadStock(recorder_.sale_, now);
  if (!stock.ok()) return stock.status();
  const std::uint64_t returned = recorder_.ticks_.fetch_add(1, std::memory_order_acq_rel);
  for (std::size_t line = 0; line < stock->lines.size(); ++line) {
    Call& call = calls_.emplace_back(read);
    call.command.line = static_cast<std::uint16_t>(line);
    call.returned = returned;
    call.stock = stock->lines[line];
  }
  return Status();
}

}  // namespace flashsale::inline v0
