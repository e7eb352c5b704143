#include "testing/queue_comparison.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "testing/probed_queue.h"
#include "testing/reference_queue.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::uint64_t kUsers = 24;

std::string Us(Time t) { return std::to_string(t.time_since_epoch().count()); }

std::string TextOf(const QueueEntry& entry) {
  return std::string(Name(entry.state)) + " tier " + std::to_string(entry.tier) + " ticket " +
         std::to_string(entry.ticket) + " place " + std::to_string(entry.place) + " restored " +
         std::to_string(entry.restored_place) + " joined " + Us(entry.joined_at) + " admission " +
         std::to_string(entry.admission.number) + " grant " +
         std::to_string(entry.admission.grant) + " until " + Us(entry.admission.until);
}

std::string TextOf(const QueueAnswer& answer) {
  return std::string(Name(answer.code)) + " " + TextOf(answer.entry) + " ahead " +
         std::to_string(answer.ahead);
}

// Random calls to one queue and its model, compared.
class Comparison {
 public:
  Comparison(QueueRepository& ours, const QueueComparisonOptions& options, std::uint64_t seed)
      : ours_(ours), options_(options), random_(seed) {
    Open();
  }

  // What went wrong; empty if nothing did.
  std::string Run() {
    for (step_ = 1; step_ <= options_.steps && error_.empty(); ++step_) {
      Step();
      CompareState();
      if (Chance(10)) CompareEverybody();
    }
    return error_;
  }

 private:
  using Numbers = std::pair<std::uint64_t, std::uint64_t>;  // an admission's: ours, the model's
  // The same commands to ours and to the model, which have admissions of other numbers.
  struct Batch {
    std::vector<QueueCommand> ours;
    std::vector<QueueCommand> models;
  };

  std::uint64_t Draw(std::uint64_t below) { return random_() % below; }
  bool Chance(std::uint64_t percent) { return Draw(100) < percent; }
  Duration DrawDuration(std::int64_t below_us) {
    return Duration(static_cast<std::int64_t>(Draw(static_cast<std::uint64_t>(below_us))));
  }
  UserId DrawUser() { return QueueUser(Draw(kUsers)); }

  void Fail(const std::string& what) {
    if (error_.empty()) error_ = "step " + std::to_string(step_) + " (" + last_ + "): " + what;
  }
  void Expect(bool holds, std::string_view sentence) {
    if (!holds) Fail(std::string(sentence));
  }
  // The same answer, or the same error.
  bool Agree(const Status& a, const Status& b) {
    if (a.code() != b.code()) Fail("got " + a.ToString() + ", expected " + b.ToString());
    return a.ok() && b.ok();
  }

  QueuePace DrawPace() {
    constexpr std::array<std::uint32_t, 4> kPaces = {1, 7, 100, 30'000};
    constexpr std::array<std::uint32_t, 4> kInFlight = {1, 3, 10, 1'000};
    return {.admissions_per_second = kPaces[Draw(4)], .max_in_flight = kInFlight[Draw(4)]};
  }

  void Open() {
    constexpr std::array<std::uint64_t, 3> kCaps = {6, 15, 1'000};
    terms_ = {.sale = "queue",
              .pace = DrawPace(),
              .max_waiting = kCaps[Draw(3)],
              .admission_window = std::chrono::seconds{1} + DrawDuration(20'000'000),
              .grant = static_cast<std::uint32_t>(1 + Draw(3)),
              .heartbeat_timeout = std::chrono::seconds{1} + DrawDuration(20'000'000),
              .tiers = static_cast<std::uint32_t>(1 + Draw(3)),
              .restore_window = Chance(20) ? DrawDuration(20'000'000) : Duration(0)};
    for (std::uint32_t tier = 0; tier < terms_.tiers; ++tier) {
      if (Chance(60)) terms_.opens[tier] = now_ + DrawDuration(60'000'000);
    }
    sale_ = SaleRef(terms_.sale);
    last_ = "open";
    Agree(Of(ours_.Open(terms_, now_)), Of(model_.Open(terms_, now_)));
    if (const Result<SaleRef> resolved = ours_.Resolve(terms_.sale); resolved.ok() && Chance(50)) {
      sale_ = *resolved;
    }
    numbers_.clear();
    unanswered_ = {};
    entrants_.clear();
    last_number_ = 0;
    const Result<QueueState> ours = ours_.Read(sale_, now_);
    const Result<QueueState> model = model_.Read(sale_, now_);
    if (!Agree(Of(ours), Of(model))) return;
    revisions_ = {ours->revision, model->revision};
    fell_silent_ = 0;
    met_ = true;
  }
  template <typename T>
  static Status Of(const Result<T>& result) {
    return result.ok() ? Status() : result.status();
  }

  void Step() {
    if (!unanswered_.ours.empty() && Chance(5)) {
      last_ = "late resend";
      return Send(std::exchange(unanswered_, {}));
    }
    const std::uint64_t kind = Draw(1'000);
    if (kind < 420) return Apply();
    if (kind < 450) return Use();
    if (kind < 700) return Advance();
    if (kind < 880) return Admit();
    if (kind < 920) return Lapse();
    if (kind < 960) return Direct();
    if (kind < 990) return Prepare();
    End();
  }

  void Advance() {
    // From a microsecond to seconds.
    constexpr std::array<std::int64_t, 4> kMost = {2, 10'000, 1'000'000, 8'000'000};
    now_ += DrawDuration(kMost[Draw(4)]);
    last_ = "advance to " + Us(now_);
    met_ = false;
    if (Chance(60)) MeetAll();
  }

  // Frees whoever is silent in both.
  void MeetAll() {
    for (int call = 0; call < 10'000; ++call) {
      const Result<LapseReport> report = ours_.LapseDue(sale_, now_, 1 + Draw(8));
      if (!Agree(Of(report), Status())) return;
      if (report->more) continue;
      const Result<LapseReport> due = model_.LapseDue(sale_, now_, 1);
      Expect(report->next_due <= due->next_due, "next_due lies behind what lapses first");
      Expect(report->next_due > now_, "next_due has passed and nothing more is due");
      met_ = true;
      return;
    }
    Fail("LapseDue says for ever that more is due");
  }

  void Lapse() {
    last_ = "lapse";
    MeetAll();
  }

  std::uint64_t Silent() {
    const Result<QueueState> state = model_.Read(sale_, now_);
    return state.ok() ? state->fell_silent - fell_silent_ : 0;
  }

  void Apply() {
    const Batch batch = DrawBatch();
    const bool resent =
        options_.resent_per_thousand != 0 && Draw(1'000) < options_.resent_per_thousand;
    if (resent && Chance(30)) {
      const auto part = static_cast<std::ptrdiff_t>(Draw(batch.ours.size() + 1));
      Send({.ours = {batch.ours.begin(), batch.ours.begin() + part},
            .models = {batch.models.begin(), batch.models.begin() + part}});
    }
    Send(batch);
    if (!resent) return;
    if (Chance(50)) {
      last_ += ", again";
      Send(batch);
    } else {
      unanswered_ = batch;
    }
  }

  Batch DrawBatch() {
    const std::size_t size = Chance(50) ? 1 : Draw(7);
    Batch batch;
    last_ = "apply";
    for (std::size_t i = 0; i < size; ++i) {
      QueueCommand command;
      command.user = Chance(1) ? UserId{} : DrawUser();
      command.verb = Chance(45) ? QueueVerb::kJoin : static_cast<QueueVerb>(Draw(8));
      command.place = Draw(12);
      command.tier = static_cast<std::uint8_t>(Draw(Chance(5) ? 5 : terms_.tiers));
      const auto known = numbers_.find(command.user);
      const Numbers numbers = known == numbers_.end() || Chance(10) ? Numbers{1, 1} : known->second;
      command.admission = numbers.first;
      batch.ours.push_back(command);
      command.admission = numbers.second;
      batch.models.push_back(command);
      last_ += " " + std::to_string(static_cast<int>(command.verb)) + ":" +
               std::to_string(command.user.bytes()[15]);
    }
    return batch;
  }

  void Send(const Batch& batch) {
    // At the cap it matters who was met.
    if (terms_.max_waiting < kUsers && !met_) MeetAll();
    const std::size_t size = batch.ours.size();
    std::vector<QueueAnswer> answers(size);
    std::vector<QueueAnswer> expected(size);
    if (!Agree(ours_.Apply(sale_, now_, batch.ours, answers),
               model_.Apply(sale_, now_, batch.models, expected))) {
      return;
    }
    const std::uint64_t slack = Silent();
    for (std::size_t i = 0; i < size; ++i) CompareAnswer(answers[i], expected[i], slack);
  }

  void Use() {
    const UserId user = DrawUser();
    const auto known = numbers_.find(user);
    const Numbers numbers = known == numbers_.end() || Chance(10) ? Numbers{1, 1} : known->second;
    last_ = "use " + std::to_string(user.bytes()[15]);
    const AdmissionProbe probe = ours_.Probe(sale_, user);
    const AdmissionProbe model_probe = model_.Probe(sale_, user);
    Agree(ours_.MarkUsed(now_, {&probe, 1}, {&numbers.first, 1}),
          model_.MarkUsed(now_, {&model_probe, 1}, {&numbers.second, 1}));
  }

  void CompareAnswer(QueueAnswer got, QueueAnswer expected, std::uint64_t slack) {
    const std::string text = "got " + TextOf(got) + ", expected " + TextOf(expected);
    Expect(got.ahead >= expected.ahead && got.ahead <= expected.ahead + slack, text);
    got.ahead = expected.ahead;
    CompareAdmission(got.entry, expected.entry);
    Expect(got == expected, text);
  }

  // Numbers are the store's to choose: each of ours belongs to one of the model's.
  void CompareAdmission(QueueEntry& got, const QueueEntry& expected) {
    if (expected.state != TicketState::kAdmitted) return;
    Expect(numbers_[expected.user] == Numbers(got.admission.number, expected.admission.number),
           "an admission has another number than when it was given");
    got.admission.number = expected.admission.number;
  }

  void Admit() {
    const Result<QueueState> ours = ours_.Read(sale_, now_);
    const Result<QueueState> model = model_.Read(sale_, now_);
    if (!Agree(Of(ours), Of(model))) return;
    const std::uint64_t stale = Chance(5) ? 1 : 0;
    std::vector<TierPick> picks(Draw(std::min<std::uint64_t>(model->room, 12) + 3));
    for (TierPick& pick : picks) {
      pick.tier = static_cast<std::uint8_t>(Draw(terms_.tiers + (Chance(1) ? 1U : 0U)));
      pick.state = random_();
    }
    AdmitPlan plan{.revision = ours->revision - stale, .picks = picks};
    std::vector<QueueEntry> got(Draw(16));
    std::vector<QueueEntry> expected(got.size());
    last_ = "admit " + std::to_string(picks.size());
    const Result<std::size_t> count = ours_.Admit(sale_, now_, plan, got);
    plan.revision = model->revision - stale;
    const Result<std::size_t> due = model_.Admit(sale_, now_, plan, expected);
    if (!Agree(Of(count), Of(due))) return;
    Expect(*count == *due,
           "lets in " + std::to_string(*count) + ", expected " + std::to_string(*due));
    if (!error_.empty()) return;
    for (std::size_t i = 0; i < *count; ++i) {
      const std::uint64_t number = got[i].admission.number;
      Expect(number > last_number_ &&
                 number >= static_cast<std::uint64_t>(now_.time_since_epoch().count()),
             "an admission's number does not grow, or lies before its microsecond");
      last_number_ = std::max(last_number_, number);
      numbers_[expected[i].user] = {number, expected[i].admission.number};
      CompareAdmission(got[i], expected[i]);
      Expect(got[i] == expected[i],
             "lets in " + TextOf(got[i]) + ", expected " + TextOf(expected[i]));
    }
  }

  void Direct() {
    switch (Draw(3)) {
      case 0: {
        last_ = "pace";
        const QueuePace pace = DrawPace();
        Agree(ours_.SetPace(sale_, now_, pace), model_.SetPace(sale_, now_, pace));
        return;
      }
      case 1:
        last_ = "pause";
        Agree(ours_.Pause(sale_, now_), model_.Pause(sale_, now_));
        return;
      default:
        last_ = "resume";
        Agree(ours_.Resume(sale_, now_), model_.Resume(sale_, now_));
    }
  }

  template <typename Call>
  void WithTier(Call call) {
    const auto tier = static_cast<std::uint8_t>(Draw(terms_.tiers + (Chance(2) ? 1U : 0U)));
    Agree(call(ours_, tier), call(model_, tier));
  }

  // What leads from the gathering to the sale.
  void Prepare() {
    switch (Draw(6)) {
      case 0:
        last_ = "freeze";
        return WithTier([this](QueueRepository& queues, std::uint8_t tier) {
          return queues.Freeze(sale_, now_, tier);
        });
      case 1:
        return Entrants();
      case 2:
        return Arrange();
      case 3:
      case 4:
        return ArrangeAll();
      default:
        last_ = "begin";
        WithTier([this](QueueRepository& queues, std::uint8_t tier) {
          return queues.Begin(sale_, now_, tier);
        });
    }
  }

  std::vector<Entrant> ReadEntrants(QueueRepository& from, std::uint8_t tier, Status& status) {
    std::vector<Entrant> all(100);
    const Result<std::size_t> count = from.ReadEntrants(sale_, tier, 0, all);
    status = Of(count);
    all.resize(count.ok() ? std::min<std::size_t>(*count, 100) : 0);
    return all;
  }

  void Entrants() {
    last_ = "entrants";
    const auto tier = static_cast<std::uint8_t>(Draw(terms_.tiers));
    Status status;
    Status due;
    const std::vector<Entrant> got = ReadEntrants(ours_, tier, status);
    const std::vector<Entrant> all = ReadEntrants(model_, tier, due);
    if (!Agree(status, due)) return;
    // Those who have left since may be missing.
    std::size_t next = 0;
    for (const Entrant& entrant : all) {
      const bool there = next < got.size() && got[next] == entrant;
      if (there) ++next;
      std::array<QueueAnswer, 1> stands;
      const QueueCommand look{.user = entrant.user};
      static_cast<void>(model_.Apply(sale_, now_, {&look, 1}, stands));
      Expect(there || stands[0].entry.ticket != entrant.ticket, "an entrant is missing");
    }
    Expect(next == got.size(), "who is no entrant is read as one, or out of order");
    if (Chance(50)) entrants_[tier] = got;
  }

  // Stretches of one order a tier, or of another one.
  void Arrange() {
    last_ = "arrange";
    const auto tier = static_cast<std::uint8_t>(Draw(terms_.tiers));
    std::vector<Entrant>& known = entrants_[tier];
    if (Chance(10)) std::shuffle(known.begin(), known.end(), random_);
    std::vector<std::uint64_t> tickets;
    tickets.reserve(known.size() + 1);
    for (const Entrant& entrant : known) tickets.push_back(entrant.ticket);
    if (Chance(5)) tickets.push_back(1'000'000);
    const std::size_t first = Chance(60) ? 0 : Draw(tickets.size() + 1);
    const Arrangement arrangement{
        .tier = tier, .first = first, .tickets = std::span(tickets).subspan(first)};
    Agree(ours_.Arrange(sale_, arrangement), model_.Arrange(sale_, arrangement));
  }

  // A whole draw of one tier, in stretches.
  void ArrangeAll() {
    last_ = "arrange all";
    const auto tier = static_cast<std::uint8_t>(Draw(terms_.tiers));
    Status status;
    Status due;
    const std::vector<Entrant> known = ReadEntrants(ours_, tier, status);
    ReadEntrants(model_, tier, due);
    if (!Agree(status, due)) return;
    std::vector<std::uint64_t> tickets;
    tickets.reserve(known.size() + 1);
    for (const Entrant& entrant : known) tickets.push_back(entrant.ticket);
    std::shuffle(tickets.begin(), tickets.end(), random_);
    for (std::size_t first = 0; first < tickets.size();) {
      const std::size_t count = std::min<std::size_t>(1 + Draw(10), tickets.size() - first);
      const Arrangement arrangement{
          .tier = tier, .first = first, .tickets = std::span(tickets).subspan(first, count)};
      if (!Agree(ours_.Arrange(sale_, arrangement), model_.Arrange(sale_, arrangement))) return;
      first += count;
    }
  }

  void End() {
    last_ = "close";
    if (Chance(40)) {
      Agree(ours_.Close(sale_, now_), model_.Close(sale_, now_));
      return;
    }
    last_ = "forget";
    Agree(ours_.Forget(sale_), model_.Forget(sale_));
    Agree(Of(ours_.Read(sale_, now_)), Of(model_.Read(sale_, now_)));
    Open();
  }

  void CompareState() {
    const Result<QueueState> read = ours_.Read(sale_, now_);
    const Result<QueueState> due = model_.Read(sale_, now_);
    if (!Agree(Of(read), Of(due))) return;
    QueueState got = *read;
    QueueState expected = *due;
    fell_silent_ = got.fell_silent;
    const std::uint64_t slack = expected.fell_silent - got.fell_silent;
    Expect(got.fell_silent <= expected.fell_silent, "more fell silent than did");
    // Who was silent when the queue was closed lost their ticket to that.
    const bool closed = got.is_closed();
    Expect(closed || !met_ || slack == 0,
           "who fell silent is not met although nothing more is due");
    std::uint64_t more = 0;
    for (std::size_t tier = 0; tier < kMaxTiers; ++tier) {
      Expect(got.waiting[tier] >= expected.waiting[tier], "a tier has fewer than wait there");
      more += got.waiting[tier] - expected.waiting[tier];
    }
    Expect(closed || more == slack, "a tier has more than wait there");
    if (expected.next_room <= now_) {
      Expect(got.next_room <= now_, "next_room lies ahead although the pace has room");
      got.next_room = expected.next_room;
    }
    Expect(got.next_room == expected.next_room, "next_room");
    const auto [last_ours, last_model] = revisions_;
    Expect(
        (got.revision > last_ours) == (expected.revision > last_model) && got.revision >= last_ours,
        "the revision grows where it should not, or does not where it should");
    revisions_ = {got.revision, expected.revision};
    Expect(got.terms == expected.terms && got.pace == expected.pace &&
               got.pace_set_at == expected.pace_set_at && got.stages == expected.stages &&
               got.opened_at == expected.opened_at && got.paused == expected.paused,
           "terms, stage or pause");
    Expect(got.in_flight == expected.in_flight && got.unused == expected.unused &&
               got.room == expected.room,
           "in flight " + std::to_string(got.in_flight) + ", unused " + std::to_string(got.unused) +
               ", room " + std::to_string(got.room) + ", expected " +
               std::to_string(expected.in_flight) + ", " + std::to_string(expected.unused) + ", " +
               std::to_string(expected.room));
    Expect(got.strategy == expected.strategy, "what the strategy keeps");
    Expect(got.joined == expected.joined && got.restored == expected.restored &&
               got.admitted == expected.admitted && got.completed == expected.completed &&
               got.left == expected.left && got.windows_lapsed == expected.windows_lapsed,
           "a count since the queue was opened");
  }

  void CompareEverybody() {
    std::vector<UserId> users(kUsers);
    std::vector<QueueCommand> looks(kUsers);
    for (std::uint64_t i = 0; i < kUsers; ++i) looks[i].user = users[i] = QueueUser(i);
    std::vector<AdmissionProbe> probes(kUsers);
    std::vector<AdmissionProbe> model_probes(kUsers);
    ours_.ProbeAll(sale_, users, probes);
    model_.ProbeAll(sale_, users, model_probes);
    std::vector<Admission> got(kUsers);
    std::vector<Admission> expected(kUsers);
    if (!Agree(ours_.FindAdmissions(now_, probes, got),
               model_.FindAdmissions(now_, model_probes, expected))) {
      return;
    }
    for (std::uint64_t i = 0; i < kUsers; ++i) {
      Expect((got[i].number != 0) == (expected[i].number != 0),
             "FindAdmissions finds who has none, or does not find who has one");
      if (expected[i].number == 0) continue;
      Expect(numbers_[looks[i].user] == Numbers(got[i].number, expected[i].number) &&
                 got[i].grant == expected[i].grant && got[i].until == expected[i].until,
             "FindAdmissions tells another admission than was given");
    }
    std::vector<QueueAnswer> answers(kUsers);
    std::vector<QueueAnswer> due(kUsers);
    const std::uint64_t slack = Silent();
    if (!Agree(ours_.Apply(sale_, now_, looks, answers), model_.Apply(sale_, now_, looks, due))) {
      return;
    }
    for (std::uint64_t i = 0; i < kUsers; ++i) CompareAnswer(answers[i], due[i], slack);
  }

  QueueRepository& ours_;
  const QueueComparisonOptions& options_;
  ReferenceQueues model_;
  std::mt19937_64 random_;
  QueueTerms terms_;
  SaleRef sale_;
  Time now_ = kQueueOrigin;
  std::uint32_t step_ = 0;
  std::string last_;
  std::string error_;
  std::map<UserId, Numbers> numbers_;
  Batch unanswered_;                                       // to be sent again
  std::map<std::uint8_t, std::vector<Entrant>> entrants_;  // as they were read
  std::uint64_t last_number_ = 0;
  Numbers revisions_;
  std::uint64_t fell_silent_ = 0;  // as ours counted when it was read last
  bool met_ = true;                // nobody is silent whom ours has not met
};

}  // namespace

std::vector<CheckResult> CompareQueues(const StorageFactory& open,
                                       const QueueComparisonOptions& options) {
  std::vector<CheckResult> results;
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    const std::uint64_t seed = options.first_seed + i;
    CheckResult result{.name = "queues/random/seed=" + std::to_string(seed)};
    try {
      const Result<std::unique_ptr<Storage>> storage = open({});
      result.message = storage.ok() ? Comparison((*storage)->queue(), options, seed).Run()
                                    : storage.status().ToString();
    } catch (const std::exception& thrown) {
      result.message = std::string("the backend threw: ") + thrown.what();
    }
    result.passed = result.message.empty();
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace flashsale::inline v0
