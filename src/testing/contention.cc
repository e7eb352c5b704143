#include "flashsale/testing/contention.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "flashsale/testing/digest.h"
#include "flashsale/testing/event_fold.h"
#include "flashsale/testing/invariants.h"

namespace flashsale::inline v0 {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};
constexpr Units kLimitPerUser = 3;
constexpr Units kLimitPerDevice = 4;

SaleTerms CrowdedSale() {
  return {.id = "contention",
          .lines = {{.product = "large", .units = 40}, {.product = "small", .units = 3}},
          .start = kStart,
          .end = kStart + 24h,
          .limit_per_user = kLimitPerUser,
          .max_open_holds = 2,
          .key_limits = {{.name = "device", .limit = kLimitPerDevice}},
          .hold = 1ms,
          .late_confirm = LateConfirm::kRevive};
}

using ReservationKey = std::pair<UserId, ReservationId>;

// What the answers add up to, of one thread or of all.
struct Sums {
  std::array<std::uint64_t, 128> answers{};
  std::map<EventType, std::uint64_t> transitions;
  std::vector<ReservationKey> reserved;
  std::uint64_t bought = 0;
  std::uint64_t refunded = 0;
  std::uint64_t failed_calls = 0;

  void Add(const Command& command, const Outcome& outcome) {
    ++answers[static_cast<std::size_t>(outcome.code)];
    if (outcome.code == Code::kRevived) {
      ++transitions[EventType::kRevived];
      bought += outcome.units;
    }
    if (outcome.code != Code::kDone) return;
    switch (command.verb) {
      case Verb::kReserve:
        ++transitions[EventType::kReserved];
        reserved.emplace_back(command.user, command.id);
        break;
      case Verb::kConfirm:
        ++transitions[EventType::kConfirmed];
        bought += outcome.units;
        break;
      case Verb::kCancel:
        ++transitions[outcome.units == 0 ? EventType::kTombstoned : EventType::kCancelled];
        break;
      case Verb::kExtend:
        ++transitions[EventType::kExtended];
        break;
      case Verb::kVoid:
        ++transitions[EventType::kVoided];
        refunded += outcome.units;
        break;
      default:
        break;
    }
  }

  void Add(const Sums& other) {
    for (std::size_t i = 0; i < answers.size(); ++i) answers[i] += other.answers[i];
    for (const auto& [type, count] : other.transitions) transitions[type] += count;
    reserved.insert(reserved.end(), other.reserved.begin(), other.reserved.end());
    bought += other.bought;
    refunded += other.refunded;
    failed_calls += other.failed_calls;
  }
};

// One thread of the crowd.
class Shopper {
 public:
  Shopper(InventoryRepository& repository, const SaleRef& sale, const ContentionOptions& options,
          std::size_t index, std::atomic<std::int64_t>& clock_us)
      : repository_(repository),
        sale_(sale),
        // Enough users that none runs out of records, few enough that threads meet on each.
        users_(std::max<std::size_t>(4, options.threads * options.calls_per_thread / 10)),
        resent_per_thousand_(options.resent_per_thousand),
        random_(options.seed * 1'000 + index),
        clock_us_(clock_us) {}

  void Run(std::size_t calls) {
    for (calls_ = 0; calls_ < calls; ++calls_) {
      // Ten microseconds a call: a hold lives for about a hundred calls of the crowd.  Relaxed: any
      // order of times is lawful.
      const Time now = kStart + Duration(clock_us_.fetch_add(10, std::memory_order_relaxed)) -
                       Duration(OneIn(8) ? 500 : 0);
      if (OneIn(50)) {
        if (!repository_.ExpireDue(sale_, std::max(now, kStart), 10).ok()) ++sums_.failed_calls;
        continue;
      }
      commands_.resize(OneIn(8) ? 1 + Below(20) : 1);
      for (Command& command : commands_) command = NextCommand();
      Send(std::max(now, kStart));
      if (resent_per_thousand_ > 0 && Below(1000) < resent_per_thousand_)
        Send(std::max(now, kStart));
    }
  }

  const Sums& sums() const { return sums_; }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

  void Send(Time now) {
    outcomes_.assign(commands_.size(), Outcome{});
    if (!repository_.Apply(sale_, now, commands_, outcomes_).ok()) {
      ++sums_.failed_calls;
      return;
    }
    for (std::size_t i = 0; i < commands_.size(); ++i) {
      sums_.Add(commands_[i], outcomes_[i]);
      if (commands_[i].verb == Verb::kReserve && outcomes_[i].code == Code::kDone) {
        held_[next_held_++ % held_.size()] = commands_[i];
      }
    }
  }

  Command NextCommand() {
    Command command;
    // Every second call is about a hold of one's own, if there is one.
    const Command& own = held_[Below(held_.size())];
    const bool about_own = OneIn(2) && !own.user.is_nil();
    // Every second one is about a user whom all threads have to do with just now.
    const std::size_t user = (OneIn(2) ? calls_ / 8 : Below(users_)) % users_;
    command.user = about_own ? own.user : UserId::FromInteger(user);
    command.id = about_own ? own.id : ReservationId::FromInteger(Below(8));
    static constexpr std::array kAboutOwn = {Verb::kConfirm, Verb::kConfirm, Verb::kCancel,
                                             Verb::kExtend,  Verb::kVoid,    Verb::kVoid};
    command.verb = about_own   ? kAboutOwn[Below(kAboutOwn.size())]
                   : OneIn(10) ? kAboutOwn[Below(kAboutOwn.size())]
                               : Verb::kReserve;
    if (command.verb == Verb::kConfirm && OneIn(4)) command.units = 1;
    if (command.verb == Verb::kReserve) {
      command.line = OneIn(4) ? 1 : 0;
      command.units = static_cast<Units>(1 + Below(2));
      if (!OneIn(3)) command.keys[0] = LimitKey::FromInteger(user / 4);
    }
    return command;
  }

  InventoryRepository& repository_;
  const SaleRef sale_;
  const std::size_t users_;
  const std::uint32_t resent_per_thousand_;
  std::mt19937_64 random_;
  std::atomic<std::int64_t>& clock_us_;
  std::size_t calls_ = 0;
  std::array<Command, 16> held_{};
  std::size_t next_held_ = 0;
  std::vector<Command> commands_;
  std::vector<Outcome> outcomes_;
  Sums sums_;
};

// Goes through the books of a sale after the crowd has left.
class Audit {
 public:
  Audit(InventoryRepository& repository, const SaleRef& sale, const SaleTerms& terms,
        ContentionReport& report)
      : repository_(repository), sale_(sale), terms_(terms), report_(report), fold_(terms) {}

  void Run(const Sums& sums, Time now) {
    if (!ReadEvents()) return;
    for (const Event& event : events_) FoldIn(event);
    report_.users_over_limit = over_limit_.size();
    Expect(report_.oversold == 0, std::to_string(report_.oversold) + " units oversold");
    Expect(over_limit_.empty(), std::to_string(over_limit_.size()) + " users over their limit");

    for (const EventType type :
         {EventType::kReserved, EventType::kConfirmed, EventType::kRevived, EventType::kCancelled,
          EventType::kTombstoned, EventType::kExtended, EventType::kVoided}) {
      const auto answered = sums.transitions.find(type);
      ExpectEqual("events " + std::string(Name(type)) + " and answers that tell of one",
                  transitions_[type], answered == sums.transitions.end() ? 0 : answered->second);
    }
    ExpectEqual("calls that failed", sums.failed_calls, 0);
    ExpectSame(reserved_, sums.reserved);

    std::uint64_t sold = 0;
    const Result<SaleStock> stock = repository_.ReadStock(sale_, now);
    if (!Succeeded(stock.status(), "ReadStock")) return;
    for (std::size_t i = 0; i < stock->lines.size(); ++i) {
      sold += stock->lines[i].sold;
      Expect(stock->lines[i] == fold_.lines()[i],
             "line " + std::to_string(i) + " differs from the fold of the events");
    }
    ExpectEqual("units sold and those that answers tell of", sold, sums.bought - sums.refunded);

    const Result<std::vector<std::string>> broken = CheckInvariants(repository_, sale_);
    if (!Succeeded(broken.status(), "Snapshot")) return;
    for (const std::string& sentence : *broken) report_.broken.push_back(sentence);

    const Result<std::string> digest = ReadDigest(repository_, sale_, now);
    if (!Succeeded(digest.status(), "Snapshot")) return;
    DigestVisitor of_fold(now);
    fold_.Show(of_fold);
    Expect(*digest == of_fold.Finish(), "the store's digest differs from that of its events");

    ProbeFreeUnits(*stock, now);
  }

 private:
  bool ReadEvents() {
    events_.resize(std::size_t{1} << 12);
    std::size_t count = 0;
    for (;;) {
      const std::uint64_t after = count == 0 ? 0 : events_[count - 1].seq;
      const Result<EventPage> page =
          repository_.ReadEvents(sale_, after, std::span(events_).subspan(count));
      if (!Succeeded(page.status(), "ReadEvents")) return false;
      if (page->lost.has_value()) {
        report_.broken.push_back("the store kept too few events to be audited");
        return false;
      }
      if (page->count == 0) break;
      count += page->count;
      if (count == events_.size()) events_.resize(events_.size() * 2);
    }
    events_.resize(count);
    report_.events = count;
    return true;
  }

  void FoldIn(const Event& event) {
    if (const std::optional<std::string> complaint = fold_.Add(event);
        complaint.has_value() && report_.broken.size() < 10) {
      report_.broken.push_back(*complaint);
    }
    ++transitions_[event.type];

    // Once more with plain sums: what is promised of each line and charged to each name.
    const std::int64_t units = event.units;
    std::int64_t change = 0;
    switch (event.type) {
      case EventType::kReserved:
        keys_of_[{event.user, event.id}] = event.keys[0];
        reserved_.emplace_back(event.user, event.id);
        change = units;
        break;
      case EventType::kRevived:
        change = units;
        break;
      case EventType::kConfirmed:
        change = -static_cast<std::int64_t>(event.returned);
        break;
      case EventType::kCancelled:
      case EventType::kExpired:
      case EventType::kVoided:
        change = -units;
        break;
      default:
        return;
    }
    std::int64_t& promised = promised_[event.line];
    promised += change;
    const std::int64_t beyond =
        promised - static_cast<std::int64_t>(terms_.lines[event.line].units);
    if (beyond > 0) {
      report_.oversold = std::max(report_.oversold, static_cast<std::uint64_t>(beyond));
    }
    Charge(TallyKey::Of(event.user), change, kLimitPerUser);
    const LimitKey& device = keys_of_[{event.user, event.id}];
    if (!device.is_nil()) Charge(TallyKey::Of(0, device), change, kLimitPerDevice);
  }

  void Charge(const TallyKey& key, std::int64_t change, Units limit) {
    std::int64_t& charged = charged_[key];
    charged += change;
    if (charged > static_cast<std::int64_t>(limit)) over_limit_.insert(key);
  }

  // Every unit that is free or lapsed goes to somebody who comes now, and not one more.
  void ProbeFreeUnits(const SaleStock& stock, Time now) {
    const Time later = now + terms_.hold + *terms_.longest_hold;  // whatever is held has lapsed
    for (std::size_t line = 0; line < stock.lines.size(); ++line) {
      const std::uint64_t free = stock.lines[line].available() + stock.lines[line].reserved;
      // Books that have lost their balance are found out already; this would go on for billions.
      if (free > terms_.lines[line].units) continue;
      std::uint64_t got = 0;
      for (; got <= free; ++got) {
        const Command command{
            .verb = Verb::kReserve,
            .line = static_cast<std::uint16_t>(line),
            .units = 1,
            .user = UserId::FromText("probe-" + std::to_string(line) + "-" + std::to_string(got)),
            .id = ReservationId::FromInteger(1)};
        Outcome outcome;
        if (!Succeeded(repository_.Apply(sale_, later, {&command, 1}, {&outcome, 1}), "Apply")) {
          return;
        }
        if (outcome.code != Code::kDone) break;
      }
      if (got < free) report_.undersold += free - got;
      ExpectEqual("units of line " + std::to_string(line) + " to be had and free ones", got, free);
    }
  }

  void Expect(bool holds, const std::string& sentence) {
    if (!holds) report_.broken.push_back(sentence);
  }
  void ExpectEqual(const std::string& what, std::uint64_t one, std::uint64_t other) {
    Expect(one == other, what + ": " + std::to_string(one) + " and " + std::to_string(other));
  }
  // Equal numbers may hide that one was answered for another.
  void ExpectSame(std::vector<ReservationKey> in_events, std::vector<ReservationKey> in_answers) {
    std::sort(in_events.begin(), in_events.end());
    std::sort(in_answers.begin(), in_answers.end());
    Expect(in_events == in_answers, "the events tell of other reservations than the answers");
  }
  bool Succeeded(const Status& status, const std::string& call) {
    Expect(status.ok(), call + ": " + status.ToString());
    return status.ok();
  }

  InventoryRepository& repository_;
  const SaleRef sale_;
  const SaleTerms& terms_;
  ContentionReport& report_;
  EventFold fold_;
  std::vector<Event> events_;
  std::map<EventType, std::uint64_t> transitions_;
  std::map<std::uint16_t, std::int64_t> promised_;
  std::map<ReservationKey, LimitKey> keys_of_;
  std::vector<ReservationKey> reserved_;
  std::map<TallyKey, std::int64_t> charged_;
  std::set<TallyKey> over_limit_;
};

}  // namespace

ContentionReport RunContention(Storage& storage, const ContentionOptions& options) {
  ContentionReport report;
  InventoryRepository& repository = storage.inventory();
  const Result<SaleTerms> terms = Validate(CrowdedSale());
  if (!terms.ok()) {
    report.broken.push_back(terms.status().ToString());
    return report;
  }
  const Result<Outcome> created = repository.Create(*terms);
  const Result<SaleRef> sale = repository.Resolve(terms->id);
  if (!created.ok() || !sale.ok()) {
    report.broken.push_back("Create: " + created.status().ToString() +
                            ", Resolve: " + sale.status().ToString());
    return report;
  }

  std::atomic<std::int64_t> clock_us = 0;
  std::vector<Shopper> shoppers;
  shoppers.reserve(options.threads);
  for (std::size_t i = 0; i < options.threads; ++i) {
    shoppers.emplace_back(repository, *sale, options, i, clock_us);
  }
  {
    std::barrier start(static_cast<std::ptrdiff_t>(options.threads));
    std::vector<std::jthread> threads;
    threads.reserve(shoppers.size());
    for (Shopper& shopper : shoppers) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        shopper.Run(options.calls_per_thread);
      });
    }
  }
  Sums sums;
  for (const Shopper& shopper : shoppers) sums.Add(shopper.sums());
  report.answers = sums.answers;
  const Time now = kStart + Duration(clock_us.load(std::memory_order_relaxed));
  Audit(repository, *sale, *terms, report).Run(sums, now);
  return report;
}

CheckResult CheckContention(const StorageFactory& open, const ContentionOptions& options) {
  CheckResult result{.name = "contention/seed=" + std::to_string(options.seed)};
  const Result<std::unique_ptr<Storage>> storage = open({});
  if (!storage.ok()) {
    result.message = storage.status().ToString();
    return result;
  }
  const ContentionReport report = RunContention(**storage, options);
  result.passed = report.broken.empty();
  for (const std::string& sentence : report.broken) result.message += sentence + "\n";
  return result;
}

}  // namespace flashsale::inline v0
