#include "flashsale/testing/event_fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>

#include "testing/contract_rules.h"

namespace flashsale::inline v0 {
namespace {

// The ids of tests are hashes or counters: both halves together tell them apart.
struct TallyKeyHash {
  std::size_t operator()(const TallyKey& key) const {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), key.bytes.data(), sizeof(halves));
    constexpr std::uint64_t kOddConstant = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
    const std::uint64_t mixed = (halves[0] ^ (halves[1] * kOddConstant)) + key.kind;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
  }
};

bool IsAct(EventType type) { return type >= EventType::kStartedEarly; }

// The transition that an event about a known reservation makes.
struct Transition {
  ReservationState from;
  ReservationState to;
};
std::optional<Transition> TransitionOf(EventType type) {
  using enum ReservationState;
  switch (type) {
    case EventType::kConfirmed:
      return Transition{kActive, kPurchased};
    case EventType::kRevived:
      return Transition{kExpired, kPurchased};
    case EventType::kCancelled:
      return Transition{kActive, kCancelled};
    case EventType::kExtended:
      return Transition{kActive, kActive};
    case EventType::kExpired:
      return Transition{kActive, kExpired};
    case EventType::kVoided:
      return Transition{kPurchased, kCancelled};
    default:
      return std::nullopt;
  }
}

}  // namespace

// Its Check functions return what the event breaks, empty if nothing, and change nothing.
class EventFold::State {
 public:
  explicit State(const SaleTerms& terms) : terms_(terms), edges_(terms) {
    for (const SaleLine& line : terms.lines) {
      lines_.push_back(
          {.limit = line.units, .released = line.released_at_first.value_or(line.units)});
    }
  }

  std::string Add(const Event& event) {
    std::string broken = Check(event);
    if (!broken.empty()) return broken;
    Record(event);
    const Edges due = edges_.After(event, lines_);
    if (due != event.edges) {
      return fmt::format("edges: {} marked, {} occurred", Names(event.edges), Names(due));
    }
    if (event.type == EventType::kClock && due.empty()) return "a clock event that tells nothing";
    return {};
  }

  const Reservation* Find(const UserId& user, const ReservationId& id) const {
    const auto found = users_.find(TallyKey::Of(user));
    if (found == users_.end()) return nullptr;
    for (const Reservation& record : found->second.records) {
      if (record.id == id) return &record;
    }
    return nullptr;
  }

  Tally ReadTally(const TallyKey& key) const {
    if (key.kind == 0) {
      const auto user = users_.find(key);
      return user == users_.end() ? Tally{} : user->second.tally;
    }
    const auto found = keys_.find(key);
    return found == keys_.end() ? Tally{} : found->second;
  }

  void Show(SnapshotVisitor& visitor) const {
    visitor.OnSale({.terms = terms_, .marks = marks_, .seq = seq_, .lines = lines_});
    for (const auto& [key, user] : users_) {
      visitor.OnUser(UserId::FromBytes(key.bytes), user.tally, user.records);
    }
    for (const auto& [key, tally] : keys_) {
      if (tally.held + tally.bought != 0) visitor.OnKey(key, tally);
    }
  }

  std::uint64_t seq() const { return seq_; }
  const SaleMarks& marks() const { return marks_; }
  std::span<const Stock> lines() const { return lines_; }

 private:
  struct User {
    Tally tally;
    bool only_tombstones = true;
    std::vector<Reservation> records;
  };

  static std::string Names(const Edges& edges) {
    std::string names;
    for (unsigned bit = 0; bit < 16; ++bit) {
      const auto edge = static_cast<Edge>(1U << bit);
      if (edges.Has(edge)) names.append(names.empty() ? "" : "+").append(Name(edge));
    }
    return names.empty() ? "none" : names;
  }

  std::string Check(const Event& event) const {
    if (event.seq != seq_ + 1) return fmt::format("I7: follows seq {}", seq_);
    if (!IsValid(event.at)) return "a time outside of what the library counts in";
    if (event.line >= lines_.size()) return fmt::format("I4: no line {}", event.line);
    if (IsAct(event.type)) return CheckAct(event);
    if (event.user.is_nil() || event.id.is_nil()) return "I4: about nobody's reservation";
    if (event.type == EventType::kReserved) return CheckReserved(event);
    if (event.type == EventType::kTombstoned) return CheckTombstoned(event);
    return CheckTransition(event);
  }

  std::string CheckAct(const Event& event) const {
    if (!event.user.is_nil() || !event.id.is_nil()) return "an act about a reservation";
    if (event.type == EventType::kClock) return {};
    const contract::Act act = ActOf(event.type);
    const Phase phase = contract::PhaseOf(terms_, marks_, event.at);
    if (contract::AnswerToAct(act, phase, marks_) != Code::kDone) {
      return fmt::format("I4: {} in phase {}", Name(event.type), Name(phase));
    }
    const Stock& line = lines_[event.line];
    if (act == contract::Act::kRelease &&
        (event.units == 0 || std::uint64_t{line.released} + event.units > line.limit)) {
      return fmt::format("I1: a wave of {} after {} of {}", event.units, line.released, line.limit);
    }
    if (act == contract::Act::kSettle && reserved_ != 0) {
      return fmt::format("I4: settled with {} units held", reserved_);
    }
    return {};
  }

  static contract::Act ActOf(EventType type) {
    switch (type) {
      case EventType::kStartedEarly:
        return contract::Act::kStart;
      case EventType::kPaused:
        return contract::Act::kPause;
      case EventType::kResumed:
        return contract::Act::kResume;
      case EventType::kReleased:
        return contract::Act::kRelease;
      case EventType::kClosed:
        return contract::Act::kClose;
      case EventType::kSaleCancelled:
        return contract::Act::kCancelSale;
      default:
        return contract::Act::kSettle;
    }
  }

  std::string CheckReserved(const Event& event) const {
    const Phase phase = contract::PhaseOf(terms_, marks_, event.at);
    if (phase != Phase::kOpen) return fmt::format("I4: reserved in phase {}", Name(phase));
    if (Find(event.user, event.id) != nullptr) return "I4: the id was known";
    if (event.units == 0 || event.units > *terms_.max_units_per_order) {
      return fmt::format("I4: {} units, {} per order", event.units, *terms_.max_units_per_order);
    }
    // A reserve may ask for another hold than that of the terms, which the event does not tell.
    if (event.deadline <= event.at ||
        event.deadline > contract::DeadlineOfHold(terms_, event.at, *terms_.longest_hold)) {
      return "I4: the deadline is not within the longest hold and the cut";
    }
    const Tally user = ReadTally(TallyKey::Of(event.user));
    if (user.records >= kMaxRecordsPerUser) return "the user has too many records";
    if (event.user_limit < user.limit || event.user_limit > *terms_.limit_ceiling) {
      return fmt::format("I3: a limit of {} after {}, ceiling {}", event.user_limit, user.limit,
                         *terms_.limit_ceiling);
    }
    if (event.admission == 0 ? terms_.requires_admission : event.admission < user.admission) {
      return fmt::format("I6: admission {} after {}", event.admission, user.admission);
    }
    return CheckTake(event, event.user_limit);
  }

  // That the units an event takes are there, and within every limit.
  std::string CheckTake(const Event& event, Units user_limit) const {
    const Stock& line = lines_[event.line];
    if (event.units > line.available()) {
      return fmt::format("I1: takes {} of {} available", event.units, line.available());
    }
    const Tally user = ReadTally(TallyKey::Of(event.user));
    if (std::uint64_t{user.held} + user.bought + event.units > user_limit) {
      return fmt::format("I3: the user has {} held and {} bought, takes {}, limit {}", user.held,
                         user.bought, event.units, user_limit);
    }
    for (std::size_t i = 0; i < event.keys.size(); ++i) {
      if (event.keys[i].is_nil()) continue;
      if (i >= terms_.key_limits.size()) return "I3: a limit key that the terms do not name";
      const Tally key = ReadTally(TallyKey::Of(i, event.keys[i]));
      if (std::uint64_t{key.held} + key.bought + event.units > terms_.key_limits[i].limit) {
        return fmt::format("I3: the {} has {} held and {} bought, takes {}, limit {}",
                           terms_.key_limits[i].name, key.held, key.bought, event.units,
                           terms_.key_limits[i].limit);
      }
    }
    return {};
  }

  std::string CheckTombstoned(const Event& event) const {
    if (Find(event.user, event.id) != nullptr) return "I4: the id was known";
    const auto found = users_.find(TallyKey::Of(event.user));
    const bool stray = found == users_.end() || found->second.only_tombstones;
    if (found != users_.end() && found->second.records.size() >= kMaxRecordsPerUser) {
      return "the user has too many records";
    }
    if (stray && stray_tombstones_ >= terms_.max_stray_tombstones) {
      return "too many tombstones of users without another record";
    }
    return {};
  }

  std::string CheckTransition(const Event& event) const {
    const Reservation* record = Find(event.user, event.id);
    const std::optional<Transition> transition = TransitionOf(event.type);
    if (!transition.has_value()) return "no such type of event";
    if (record == nullptr) return fmt::format("I4: {} an unknown reservation", Name(event.type));
    if (record->state != transition->from) {
      return fmt::format("I4: {} when {}", Name(event.type), Name(record->state));
    }
    if (event.line != record->line || event.quote != record->quote ||
        event.admission != record->admission || event.keys != record->keys) {
      return "the event tells other terms than the reservation has";
    }
    std::string broken = CheckUnits(event, *record);
    return broken.empty() ? CheckTime(event, *record) : broken;
  }

  static std::string CheckUnits(const Event& event, const Reservation& record) {
    const bool part_of = event.type == EventType::kRevived && event.units <= record.units;
    const bool parted = event.type == EventType::kConfirmed &&
                        std::uint64_t{event.units} + event.returned == record.units;
    if (event.type != EventType::kConfirmed && event.returned != 0) return "I5: returned units";
    if (event.units == 0 || (event.units != record.units && !part_of && !parted) ||
        (event.type == EventType::kConfirmed && !parted)) {
      return fmt::format("I5: {} units and {} returned, of {}", event.units, event.returned,
                         record.units);
    }
    return {};
  }

  std::string CheckTime(const Event& event, const Reservation& record) const {
    const bool over = contract::IsOver(terms_, marks_, record, event.at);
    switch (event.type) {
      case EventType::kConfirmed:
      case EventType::kExtended:
        if (over) return fmt::format("I4: {} a hold that is over", Name(event.type));
        break;
      case EventType::kCancelled:
        if (over && !marks_.cancelled) return "I4: Cancelled a hold that has lapsed";
        break;
      case EventType::kExpired:
        if (!over) return "I4: Expired a live hold";
        if (marks_.cancelled) return "I4: Expired a hold of a cancelled sale";
        break;
      case EventType::kRevived:
        if (!contract::RevivesIn(terms_, contract::PhaseOf(terms_, marks_, event.at))) {
          return "I4: Revived where nothing is";
        }
        return CheckTake(event, ReadTally(TallyKey::Of(event.user)).limit);
      default:
        return {};
    }
    const Time deadline = event.type == EventType::kExtended
                              ? contract::DeadlineAfterExtend(terms_, marks_, record, event.at)
                              : record.deadline;
    if (event.deadline != deadline) return "I4: another deadline than the contract gives";
    if (event.type == EventType::kExtended && deadline == record.deadline) {
      return "I4: Extended, and the deadline did not move";
    }
    return {};
  }

  void Record(const Event& event) {
    seq_ = event.seq;
    switch (event.type) {
      case EventType::kReserved:
        RecordReserved(event);
        break;
      case EventType::kTombstoned:
        RecordTombstoned(event);
        break;
      case EventType::kStartedEarly:
        marks_.started_early = true;
        break;
      case EventType::kPaused:
        marks_.paused = true;
        break;
      case EventType::kResumed:
        marks_.paused = false;
        break;
      case EventType::kReleased:
        lines_[event.line].released += event.units;
        break;
      case EventType::kClosed:
        marks_.closed = true;
        marks_.closed_at = event.at;
        break;
      case EventType::kSaleCancelled:
        marks_.cancelled = true;
        break;
      case EventType::kSettled:
        marks_.settled = true;
        break;
      case EventType::kClock:
        break;
      case EventType::kConfirmed:
      case EventType::kRevived:
      case EventType::kCancelled:
      case EventType::kExtended:
      case EventType::kExpired:
      case EventType::kVoided:
        RecordTransition(event);
        break;
    }
  }

  void RecordReserved(const Event& event) {
    User& user = users_[TallyKey::Of(event.user)];
    if (std::exchange(user.only_tombstones, false)) stray_tombstones_ -= user.records.size();
    user.records.push_back({.user = event.user,
                            .id = event.id,
                            .state = ReservationState::kActive,
                            .line = event.line,
                            .asked = event.units,
                            .units = event.units,
                            .reserved_at = event.at,
                            .deadline = event.deadline,
                            .quote = event.quote,
                            .admission = event.admission,
                            .keys = event.keys});
    Tally& tally = user.tally;
    ++tally.records;
    tally.limit = event.user_limit;
    if (event.admission > tally.admission) {
      tally.admission = event.admission;
      tally.admission_used = 0;
    }
    if (event.admission != 0) ++tally.admission_used;
    Charge(user.records.back(), +1);
  }

  void RecordTombstoned(const Event& event) {
    User& user = users_[TallyKey::Of(event.user)];
    user.records.push_back(
        {.user = event.user, .id = event.id, .state = ReservationState::kCancelled});
    ++user.tally.records;
    if (user.only_tombstones) ++stray_tombstones_;
  }

  void RecordTransition(const Event& event) {
    User& user = users_[TallyKey::Of(event.user)];
    const auto record =
        std::find_if(user.records.begin(), user.records.end(),
                     [&event](const Reservation& other) { return other.id == event.id; });
    Charge(*record, -1);
    record->state = TransitionOf(event.type)->to;
    if (record->state == ReservationState::kPurchased) record->units = event.units;
    if (event.type == EventType::kExtended) record->deadline = event.deadline;
    Charge(*record, +1);
  }

  // Puts the record's units on (+1) or takes them off (-1) stock, user and keys.
  void Charge(const Reservation& record, int sign) {
    const bool held = record.state == ReservationState::kActive;
    if (!held && record.state != ReservationState::kPurchased) return;
    const Units units = sign > 0 ? record.units : Units{0} - record.units;  // modulo 2^32
    Stock& line = lines_[record.line];
    (held ? line.reserved : line.sold) += units;
    if (held) reserved_ = sign > 0 ? reserved_ + record.units : reserved_ - record.units;
    Tally& user = users_[TallyKey::Of(record.user)].tally;
    (held ? user.held : user.bought) += units;
    if (held) user.open_holds = sign > 0 ? user.open_holds + 1 : user.open_holds - 1;
    for (std::size_t i = 0; i < record.keys.size(); ++i) {
      if (record.keys[i].is_nil()) continue;
      Tally& key = keys_[TallyKey::Of(i, record.keys[i])];
      key.limit = terms_.key_limits[i].limit;
      (held ? key.held : key.bought) += units;
    }
  }

  SaleTerms terms_;
  SaleMarks marks_;
  std::uint64_t seq_ = 0;
  std::vector<Stock> lines_;
  std::uint64_t reserved_ = 0;  // over all lines
  std::uint64_t stray_tombstones_ = 0;
  std::unordered_map<TallyKey, User, TallyKeyHash> users_;
  std::unordered_map<TallyKey, Tally, TallyKeyHash> keys_;
  contract::EdgeTracker edges_;
};

EventFold::EventFold(const SaleTerms& terms) : state_(std::make_unique<State>(terms)) {}
EventFold::EventFold(EventFold&&) noexcept = default;
EventFold& EventFold::operator=(EventFold&&) noexcept = default;
EventFold::~EventFold() = default;

std::optional<std::string> EventFold::Add(const Event& event) {
  const std::string broken = state_->Add(event);
  if (broken.empty()) return std::nullopt;
  return fmt::format("seq {}: {}", event.seq, broken);
}

std::uint64_t EventFold::seq() const { return state_->seq(); }
const SaleMarks& EventFold::marks() const { return state_->marks(); }
std::span<const Stock> EventFold::lines() const { return state_->lines(); }
Tally EventFold::ReadTally(const TallyKey& key) const { return state_->ReadTally(key); }
const Reservation* EventFold::Find(const UserId& user, const ReservationId& id) const {
  return state_->Find(user, id);
}
void EventFold::Show(SnapshotVisitor& visitor) const { state_->Show(visitor); }

}  // namespace flashsale::inline v0
