#ifndef FLASHSALE_TESTS_AUDIT_FORGE_H_
#define FLASHSALE_TESTS_AUDIT_FORGE_H_

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/journal/commit.h"
#include "backend/journal/record.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/queue_event.h"
#include "flashsale/domain/sale_terms.h"
#include "testing/contract_rules.h"
#include "tests/audit/audited.h"
#include "tests/journal/memory_medium.h"

namespace flashsale::audit_test {

using namespace std::chrono_literals;

inline constexpr Time kStart = kMinTime + std::chrono::hours{1'000};
inline UserId User(std::uint64_t number) { return UserId::FromInteger(number); }
inline ReservationId Id(std::uint64_t number) { return ReservationId::FromInteger(number); }

// Writes a journal by hand: its chain is whole whatever it tells.  Edges are marked where they
// occur, so that what a test wants to be wrong is all that is.
class Forge {
 public:
  static SaleTerms Terms(Units units = 3) {
    return {.id = "drop",
            .lines = {{.product = "thing", .units = units}},
            .start = kStart,
            .end = kStart + 1h,
            .limit_per_user = 2};
  }

  explicit Forge(SaleTerms terms = Terms()) : terms_(*Validate(std::move(terms))), edges_(terms_) {
    for (const SaleLine& line : terms_.lines) {
      lines_.push_back(
          {.limit = line.units, .released = line.released_at_first.value_or(line.units)});
    }
    writer_.Session(kStart - 1h);
    writer_.SaleCreated(1, terms_);
    Commit(kStart - 1h);
  }

  // A queue; what happens in it goes by this number.
  void OpenQueue(QueueTerms terms) {
    terms.sale = terms_.id;
    writer_.LineOpened(1, journal::LineUse::kQueue, kStart - 1h, terms);
    Commit(kStart - 1h);
  }
  void Queue(const QueueEvent& event) { writer_.Write(1, event); }
  // The waitlist of the first line, likewise.
  void OpenList(Time at) {
    QueueTerms terms{.sale = WaitlistName(terms_.id, 0)};
    writer_.LineOpened(2, journal::LineUse::kWaitlist, at, terms);
  }
  void List(const QueueEvent& event) { writer_.Write(2, event); }
  // The sale once more.
  void CreateAgain() { writer_.SaleCreated(2, terms_); }

  // An event, its number and its edges the next that there are, unless the event has others.
  void Add(Event event) {
    ++seq_;
    if (event.seq == 0) event.seq = seq_;
    seq_ = event.seq;
    Apply(event);
    const Edges edges = edges_.After(event, lines_);
    if (event.edges.empty()) event.edges = edges;
    engine::Party party;
    bool introduces = false;
    if (!event.user.is_nil()) {
      auto [known, is_new] = parties_.try_emplace(event.user, parties_.size(), 0);
      introduces = is_new;
      party.place = static_cast<engine::Place>(known->second.first);
      auto record = records_.find({event.user, event.id});
      const bool makes = event.type == EventType::kReserved || event.type == EventType::kTombstoned;
      if (makes) {
        records_[{event.user, event.id}] = known->second.second;
        party.record = known->second.second++;
      } else if (record != records_.end()) {
        party.record = record->second;
      }
    }
    writer_.Write({.sale = 1, .event = event, .party = party, .introduces = introduces});
  }

  Event Reserve(std::uint64_t user, std::uint64_t id, Time at, Units units = 1) const {
    return {.at = at,
            .type = EventType::kReserved,
            .units = units,
            .user = User(user),
            .id = Id(id),
            .deadline = at + 5min,
            .user_limit = terms_.limit_per_user};
  }
  Event After(EventType type, const Event& reserve, Time at) const {
    Event event = reserve;
    event.type = type;
    event.at = at;
    event.user_limit = 0;
    return event;
  }

  void Commit(Time latest) {
    const journal::CommitHeader header{
        .number = kept_->commits.size() + 1, .latest = latest, .previous = hash_};
    journal::ByteWriter records;
    journal::ByteWriter names;
    hash_ = journal::SealCommit(header, writer_.records(), hasher_, records);
    journal::SealNames(writer_.names(), hasher_, names);
    kept_->commits.push_back({.number = header.number,
                              .records = {records.bytes().begin(), records.bytes().end()},
                              .names = {names.bytes().begin(), names.bytes().end()}});
    writer_.Clear();
  }

  // Of all that was written, in a last commit.
  AuditReport Audit(AuditOptions options = {}) {
    if (!writer_.empty()) Commit(kStart + 2h);
    journal_test::MemoryMedium medium(kept_);
    return AuditOf(medium, std::move(options));
  }
  std::string Refuted(AuditOptions options = {}) {
    return audit_test::Refuted(Audit(std::move(options)));
  }

  journal_test::Kept& kept() { return *kept_; }

 private:
  void Apply(const Event& event) {
    Stock& line = lines_[event.line];
    switch (event.type) {
      case EventType::kReserved:
        line.reserved += event.units;
        break;
      case EventType::kConfirmed:
        line.reserved -= event.units + event.returned;
        line.sold += event.units;
        break;
      case EventType::kCancelled:
      case EventType::kExpired:
        line.reserved -= event.units;
        break;
      default:
        break;
    }
  }

  const SaleTerms terms_;
  contract::EdgeTracker edges_;
  std::vector<Stock> lines_;
  std::uint64_t seq_ = 0;
  std::map<UserId, std::pair<std::uint64_t, std::uint8_t>> parties_;  // number, records
  std::map<std::pair<UserId, ReservationId>, std::uint8_t> records_;
  journal::RecordWriter writer_;
  Sha256 hasher_;
  Sha256Hash hash_{};
  const std::shared_ptr<journal_test::Kept> kept_ = std::make_shared<journal_test::Kept>();
};

}  // namespace flashsale::audit_test

#endif  // FLASHSALE_TESTS_AUDIT_FORGE_H_
