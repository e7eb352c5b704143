// Random histories of a queue, against a plain model: at each step everybody stands where they
// should, no position has grown, and nobody has a ticket, an admission or a reserve too many.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/priority_strategy.h"
#include "tests/service/queue_model.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

constexpr std::uint64_t kUsers = QueueModel::kUsers;
constexpr int kSteps = 300;

class ByLot final : public AllocationStrategy {
 public:
  std::string_view name() const override { return "by-lot"; }
  bool keeps_arrival_order() const override { return false; }
  Status Order(const OrderRequest& request, std::span<std::uint32_t> order) const override {
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return LotOf(request.entrants[a].user) < LotOf(request.entrants[b].user);
    });
    return {};
  }
};

struct Plan {
  std::uint64_t seed = 1;
  std::uint32_t tiers = 1;
  bool drawn = false;
  // The line is put together from tickets of one that was lost.
  bool restores = false;
};

class History final : public QueueObserver {
 public:
  explicit History(const Plan& plan) : plan_(plan), random_(plan.seed), keys_(*KeyRing::New()) {
    const std::vector<std::uint8_t> secret(32, 7);
    REQUIRE(keys_->Add({.id = "k", .secret = secret}).ok());
    REQUIRE(keys_->SignWith("k").ok());
    if (plan.tiers > 1) {
      std::vector<std::uint32_t> weights(plan.tiers);
      for (std::uint32_t& weight : weights) weight = static_cast<std::uint32_t>(1 + Below(4));
      const AllocationStrategy* const order = plan.drawn ? &by_lot_ : nullptr;
      priority_ = *PriorityStrategy::New({.weights = weights, .order = order});
    }
    if (plan.restores) LoseOne();
    Open();
  }

  void Run() {
    for (step_ = 0; step_ < kSteps; ++step_) {
      Step();
      Audit();
    }
    last_ = "close";
    if (model_.paused_at.has_value()) Resume();
    REQUIRE(shop().service().Close("drop")->code == Code::kDone);
    for (std::uint64_t who = 0; who < kUsers; ++who) {
      if (model_.people[who].state == TicketState::kWaiting) model_.people[who] = {};
      if (model_.people[who].state == TicketState::kNone) {
        CHECK(shop().Position(who).outcome.code == Code::kSaleEnded);
      }
      CHECK(shop().Join(who).outcome.code == Code::kSaleEnded);
    }
    shop().service().queue().Observe(nullptr);
    seen_admitted += admitted_;
    seen_moved_up += moved_up_;
  }

  static inline std::uint64_t seen_admitted = 0;
  static inline std::uint64_t seen_moved_up = 0;

 private:
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }
  Shop& shop() { return *shop_; }
  Time Now() { return shop_->clock().Now(); }
  static UserId UserOf(std::uint64_t who) { return QueueModel::UserOf(who); }

  const AllocationStrategy* Strategy() const {
    if (priority_ != nullptr) return priority_.get();
    return plan_.drawn ? &by_lot_ : nullptr;
  }
  std::unique_ptr<Shop> NewShop() {
    return std::make_unique<Shop>([this](FlashSaleServiceOptions& options) {
      options.token_keys = keys_.get();
      if (Strategy() != nullptr) options.strategies = {Strategy()};
      options.join_on_reserve = OneIn(2);
      joins_on_reserve_ = options.join_on_reserve;
    });
  }

  SaleTerms TermsOfSale() {
    SaleTerms terms = Shop::QueuedTerms(100'000, static_cast<std::uint32_t>(1 + Below(20)));
    terms.limit_per_user = 30;
    terms.max_open_holds = 8;
    terms.hold = 30min;
    return terms;
  }
  QueueSetup Setup() {
    QueueSetup setup{.strategy = Strategy(),
                     .max_in_flight = static_cast<std::uint32_t>(1 + Below(6)),
                     .admission_window = 1s + Duration(static_cast<int>(Below(6'000'000))),
                     .grant = static_cast<std::uint32_t>(1 + Below(3)),
                     .heartbeat_timeout = 3s + Duration(static_cast<int>(Below(9'000'000))),
                     .tiers = plan_.tiers,
                     .pre_queue = plan_.drawn || !OneIn(4)};
    for (std::uint32_t tier = 1; tier < plan_.tiers; ++tier) {
      setup.opens_after[tier] = 1s * static_cast<int>(Below(30));
    }
    if (plan_.tiers > 1) {
      setup.credits_for[0] = 10;
      setup.max_credits = 10;
    }
    return setup;
  }

  // A queue in which people had tickets; all that is left are these.
  void LoseOne() {
    const std::unique_ptr<Shop> lost = NewShop();
    lost->clock().Advance(-1h);
    lost->Create(TermsOfSale(), {.strategy = Strategy(), .tiers = plan_.tiers});
    for (std::uint64_t i = 0; i < kUsers; ++i) {
      const std::uint64_t who = (i * 7 + plan_.seed) % kUsers;  // an order of its own
      const auto tier = static_cast<std::uint8_t>(Below(plan_.tiers));
      const auto place = lost->service().Join({.sale = "drop", .user = UserOf(who), .tier = tier});
      tickets_[who] = {.text = *lost->service().IssueToken("drop", *place),
                       .tier = tier,
                       .place = place->entry.ticket};
    }
  }

  void Open() {
    shop_ = NewShop();
    const bool late = OneIn(3);
    shop().clock().Set(Shop::kOpening + (late ? Duration(5s) : Duration(-10s)));
    QueueSetup setup = Setup();
    if (plan_.restores) setup.restore_window = 8s;
    shop().Create(TermsOfSale(), setup);
    model_.terms = shop().Queue().terms;
    model_.drawn = plan_.drawn;
    model_.start = Shop::kOpening;
    model_.opened_at = Now();
    most_ = model_.terms.pace.max_in_flight;
    for (std::uint32_t tier = 0; tier < plan_.tiers; ++tier) {
      model_.stages[tier] = Now() < model_.terms.opens[tier] || plan_.restores
                                ? QueueStage::kGathering
                                : QueueStage::kRunning;
    }
    shop().service().queue().Observe(this);
  }

  // --- what happens

  void OnAdmitted(const SaleId&, Time now, std::span<const QueueEntry> entries) override {
    model_.FollowTurn(Now());
    CHECK_FALSE(model_.paused_at.has_value());
    for (const QueueEntry& entry : entries) {
      const std::uint64_t who = entry.user.bytes()[15];
      Person& person = model_.people[who];
      REQUIRE(person.state == TicketState::kWaiting);
      REQUIRE(model_.stages[person.tier] == QueueStage::kRunning);
      REQUIRE(model_.LineOf(person.tier).front() == who);
      CHECK(entry.ticket == person.ticket);
      CHECK(entry.admission.number > last_admission_);
      CHECK(entry.admission.until == now + model_.terms.admission_window);
      last_admission_ = entry.admission.number;
      given_[last_admission_] = entry.user;
      person.state = TicketState::kAdmitted;
      person.admission = last_admission_;
      person.until = model_.Own(now) + model_.terms.admission_window;
      ++admitted_;
      REQUIRE(model_.Inside() <= most_);
    }
  }

  void Step() {
    const std::uint64_t who = Below(kUsers);
    switch (Below(16)) {
      case 0:
      case 1:
      case 2:
        return Join(who);
      case 3:
      case 4:
        return Ask(who);
      case 5:
        return OneIn(2) ? Leave(who) : Ask(who);
      case 6:
      case 7:
        return Reserve(who);
      case 8:
        return EndHold(who);
      case 9:
        return OneIn(3) ? Operate() : Ask(who);
      default:
        return Pass();
    }
  }

  void Pass() {
    last_ = "pass";
    constexpr std::array<std::uint64_t, 3> kMost = {2, 300'000, 1'500'000};
    shop().clock().Advance(Duration(static_cast<std::int64_t>(Below(kMost[Below(3)]))));
    // Mostly somebody polls at once.
    if (OneIn(5)) return model_.Follow(Now());
    Poll();
  }
  void Poll() {
    model_.FollowTurn(Now());
    shop().service().queue().Poll("drop", Now());
    shop().service().Poll();
  }

  void Join(std::uint64_t who) {
    last_ = "join " + std::to_string(who);
    JoinRequest request{
        .sale = "drop", .user = UserOf(who), .tier = static_cast<std::uint8_t>(Below(plan_.tiers))};
    Person& person = model_.people[who];
    const bool knew = person.state != TicketState::kNone;
    std::uint8_t tier = request.tier;
    std::uint64_t restored = 0;
    bool in_time = false;
    if (plan_.restores && !OneIn(3)) {
      request.ticket = tickets_[who].text;
      tier = tickets_[who].tier;
      in_time = model_.stages[tier] == QueueStage::kGathering &&
                Now() < model_.opened_at + model_.terms.restore_window;
      if (in_time) restored = tickets_[who].place;
    } else if (plan_.tiers > 1 && OneIn(3)) {
      request.credits = static_cast<std::uint32_t>(8 + Below(4));
      if (request.credits >= 10) tier = 0;
    }
    const auto place = shop().service().Join(request);
    if (model_.gave_up[who]) restored = 0;
    // Who came without a place that they had gets it back with it, in its tier.
    const bool has_none = person.state == TicketState::kWaiting && person.restored_place == 0;
    const bool moves = in_time && has_none && person.tier != tier;
    if (knew && !moves && has_none && restored != 0) model_.Restore(person, restored);
    if (moves) model_.Drop(person);
    CHECK(place->outcome.code == (knew && !moves ? Code::kAlreadyDone : Code::kDone));
    if (!knew || moves) model_.Stand(who, tier, restored, Now());
    Told(who, *place);
  }
  void Ask(std::uint64_t who) {
    last_ = "ask " + std::to_string(who);
    const QueuePlace place = shop().Position(who);
    const bool knows = model_.people[who].state != TicketState::kNone;
    CHECK(place.outcome.code == (knows ? Code::kDone : Code::kUnknownTicket));
    Told(who, place);
  }

  // What somebody is told whom the queue hears of by it.
  void Told(std::uint64_t who, const QueuePlace& place) {
    Person& person = model_.people[who];
    REQUIRE(place.entry.state == person.state);
    if (person.state == TicketState::kNone) return;
    CHECK(place.entry.tier == person.tier);
    CHECK(place.entry.ticket == person.ticket);
    if (person.state == TicketState::kAdmitted) {
      CHECK(place.position == 0);
      return;
    }
    person.heard_at = model_.Own(Now());
    const bool runs = model_.stages[person.tier] == QueueStage::kRunning;
    const bool is_known = runs || (!plan_.drawn && !model_.was_restored &&
                                   Now() >= model_.opened_at + model_.terms.restore_window);
    REQUIRE((place.position != 0) == is_known);
    if (is_known) Note(person, model_.PositionOf(who), place.position);
  }
  // Exact where everybody who is silent was met, and never more than what was told before.
  void Note(Person& person, std::uint64_t due, std::uint64_t told) {
    REQUIRE(told >= due);
    REQUIRE(told <= due + model_.unmet[person.tier]);
    REQUIRE((person.told == 0 || told <= person.told));
    if (told < person.told) ++moved_up_;
    person.told = told;
  }

  void Leave(std::uint64_t who) {
    last_ = "leave " + std::to_string(who);
    const bool knows = model_.people[who].state != TicketState::kNone;
    const auto left = shop().service().Leave("drop", UserOf(who));
    CHECK(left->code == (knows ? Code::kDone : Code::kAlreadyDone));
    Person& person = model_.people[who];
    if (person.state == TicketState::kWaiting && person.restored_place != 0) {
      model_.gave_up[who] = true;
    }
    QueueModel::Drop(person);
  }

  void Reserve(std::uint64_t who) {
    last_ = "reserve " + std::to_string(who);
    Person& person = model_.people[who];
    const ReservationId id = ReservationId::FromInteger(++last_id_);
    const auto held = shop().service().Reserve({.sale = "drop", .user = UserOf(who), .id = id});
    const bool may = model_.IsOpen(Now()) && !model_.paused_at.has_value();
    if (person.reserved_under != person.admission) person.reserves = 0;
    if (may && person.state == TicketState::kAdmitted) {
      const bool is_granted = person.reserves < model_.terms.grant;
      // What the limits say comes before or after; nothing is had without a grant.
      CHECK((held->code == Code::kDone || held->code == Code::kNotAdmitted ||
             held->code == Code::kTooManyHolds || held->code == Code::kTooManyAttempts));
      if (held->code == Code::kDone) {
        REQUIRE(is_granted);
        person.reserved_under = person.admission;
        ++person.reserves;
        person.holds.push_back(id);
      } else if (is_granted) {
        CHECK(held->code != Code::kNotAdmitted);
      }
      return;
    }
    REQUIRE(held->code != Code::kDone);
    if (!may) return;
    // It speaks for who waits, and takes a ticket for who has none.
    if (person.state == TicketState::kNone && joins_on_reserve_) {
      CHECK(held->code == Code::kQueued);
      model_.Stand(who, static_cast<std::uint8_t>(plan_.tiers - 1), 0, Now());
    } else {
      CHECK(held->code ==
            (person.state == TicketState::kNone ? Code::kNotAdmitted : Code::kQueued));
      person.heard_at = model_.Own(Now());
    }
  }

  void EndHold(std::uint64_t who) {
    last_ = "end a hold of " + std::to_string(who);
    Person& person = model_.people[who];
    if (person.holds.empty()) return;
    const std::size_t which = Below(person.holds.size());
    const ReservationId id = person.holds[which];
    const auto ended =
        OneIn(2) ? shop().service().Confirm({.sale = "drop", .user = UserOf(who), .id = id})
                 : shop().service().Cancel({.sale = "drop", .user = UserOf(who), .id = id});
    CHECK(ended->code == Code::kDone);
    person.holds.erase(person.holds.begin() + static_cast<std::ptrdiff_t>(which));
    const bool is_used_up = person.reserved_under == person.admission &&
                            person.reserves >= model_.terms.grant && person.holds.empty();
    if (person.state == TicketState::kAdmitted && is_used_up) QueueModel::Drop(person);
  }

  void Operate() {
    if (OneIn(3)) {
      last_ = "pace";
      const QueuePace pace{.admissions_per_second = static_cast<std::uint32_t>(1 + Below(30)),
                           .max_in_flight = static_cast<std::uint32_t>(1 + Below(6))};
      most_ = pace.max_in_flight;
      REQUIRE(shop().service().queue().SetPace("drop", Now(), pace).ok());
      return;
    }
    if (!model_.IsOpen(Now())) {
      if (OneIn(3)) {
        last_ = "start";
        model_.started_early = true;
        model_.FollowTurn(Now());
        REQUIRE(shop().service().Start("drop")->code == Code::kDone);
        return;
      }
      if (OneIn(2)) return;
    }
    if (model_.paused_at.has_value()) return Resume();
    last_ = "pause";
    model_.Follow(Now());
    model_.unmet.fill(0);
    model_.paused_at = Now();
    REQUIRE(shop().service().Pause("drop")->code == Code::kDone);
  }
  void Resume() {
    last_ = "resume";
    model_.Follow(Now());
    model_.stood_still += Now() - *model_.paused_at;
    model_.paused_at.reset();
    model_.FollowTurn(Now());
    REQUIRE(shop().service().Resume("drop")->code == Code::kDone);
  }

  // --- what holds at every step

  void Audit() {
    CAPTURE(step_);
    CAPTURE(last_);
    AuditEverybody();
    AuditReserves();
  }

  // Everybody is looked at, which is no heartbeat.
  void AuditEverybody() {
    std::array<QueueCommand, kUsers> looks;
    std::array<QueueAnswer, kUsers> answers;
    for (std::uint64_t who = 0; who < kUsers; ++who) looks[who].user = UserOf(who);
    REQUIRE(shop().storage().queue().Apply("drop", Now(), looks, answers).ok());
    const QueueState state = shop().Queue();
    std::array<std::uint64_t, kMaxTiers> waiting{};
    std::set<std::uint64_t> tickets;
    for (std::uint64_t who = 0; who < kUsers; ++who) {
      Person& person = model_.people[who];
      const QueueAnswer& answer = answers[who];
      REQUIRE(answer.entry.state == person.state);
      if (person.state == TicketState::kNone) continue;
      REQUIRE(answer.entry.ticket == person.ticket);
      REQUIRE(tickets.insert(person.ticket).second);
      if (person.state == TicketState::kAdmitted) continue;
      ++waiting[person.tier];
      const std::uint64_t due = model_.PositionOf(who);
      REQUIRE(answer.ahead + 1 >= due);
      REQUIRE(answer.ahead + 1 <= due + model_.unmet[person.tier]);
      // What they would be told.
      if (person.told != 0) Note(person, due, answer.ahead + 1);
    }
    // Nobody has a ticket beside the one that they are told of.
    for (std::uint32_t tier = 0; tier < plan_.tiers; ++tier) {
      REQUIRE(state.stages[tier] == model_.stages[tier]);
      REQUIRE(state.waiting[tier] >= waiting[tier]);
      REQUIRE(state.waiting[tier] <= waiting[tier] + model_.unmet[tier]);
    }
    AuditAdmissions();
    REQUIRE(state.joined == model_.last_ticket);
    REQUIRE(state.in_flight == model_.Inside());
    REQUIRE(state.paused == model_.paused_at.has_value());
  }

  // Who is inside may reserve, and nobody else.
  void AuditAdmissions() {
    VirtualQueue& queue = shop().service().queue();
    std::array<AdmissionProbe, kUsers> probes;
    std::array<Admission, kUsers> found;
    for (std::uint64_t who = 0; who < kUsers; ++who) probes[who] = queue.Probe("drop", UserOf(who));
    REQUIRE(queue.FindAdmissions(Now(), probes, found).ok());
    for (std::uint64_t who = 0; who < kUsers; ++who) {
      const Person& person = model_.people[who];
      const bool is_inside = person.state == TicketState::kAdmitted;
      REQUIRE(found[who].number == (is_inside ? person.admission : 0));
      if (is_inside) REQUIRE(found[who].until - Now() == person.until - model_.Own(Now()));
    }
  }

  // From the log alone.
  void AuditReserves() {
    std::array<Event, 16> events;
    for (;;) {
      const auto page = shop().storage().inventory().ReadEvents("drop", cursor_, events);
      REQUIRE(page.ok());
      if (page->count == 0) return;
      for (const Event& event : std::span(events).first(page->count)) {
        cursor_ = event.seq;
        if (event.type != EventType::kReserved) continue;
        const auto given = given_.find(event.admission);
        REQUIRE(given != given_.end());
        REQUIRE(given->second == event.user);
        REQUIRE(++used_[event.admission] <= model_.terms.grant);
      }
    }
  }

  struct OldTicket {
    std::string text;
    std::uint8_t tier = 0;
    std::uint64_t place = 0;
  };

  const Plan plan_;
  std::mt19937_64 random_;
  const std::unique_ptr<KeyRing> keys_;
  const ByLot by_lot_;
  std::unique_ptr<PriorityStrategy> priority_;
  std::array<OldTicket, kUsers> tickets_;
  bool joins_on_reserve_ = false;
  std::unique_ptr<Shop> shop_;
  int step_ = 0;
  std::string last_;
  QueueModel model_;

  std::uint32_t most_ = 0;
  std::uint64_t last_admission_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint64_t admitted_ = 0;
  std::uint64_t moved_up_ = 0;
  std::uint64_t cursor_ = 0;
  std::map<std::uint64_t, UserId> given_;        // by admission
  std::map<std::uint64_t, std::uint32_t> used_;  // by admission
};

void RunSeeds(Plan plan, std::uint64_t seeds) {
  const char* const full = std::getenv("FLASHSALE_TEST_FULL");
  if (full != nullptr && std::string_view(full) == "1") seeds *= 50;
  History::seen_admitted = 0;
  History::seen_moved_up = 0;
  for (; plan.seed <= seeds; ++plan.seed) {
    CAPTURE(plan.seed);
    plan.tiers = static_cast<std::uint32_t>(1 + plan.seed % 3);
    History(plan).Run();
  }
  // A history in which nobody gets anywhere proves nothing.
  CHECK(History::seen_admitted > 10 * seeds);
  CHECK(History::seen_moved_up > 10 * seeds);
}

TEST_CASE("everybody stands where they should, whatever happens: first come, first served") {
  RunSeeds({}, 40);
}
TEST_CASE("everybody stands where they should, whatever happens: after a draw") {
  RunSeeds({.drawn = true}, 40);
}
TEST_CASE("everybody stands where they should, whatever happens: in a line that was lost") {
  RunSeeds({.restores = true}, 30);
  RunSeeds({.drawn = true, .restores = true}, 30);
}

}  // namespace
}  // namespace flashsale::service_test
