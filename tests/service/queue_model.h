#ifndef FLASHSALE_TESTS_SERVICE_QUEUE_MODEL_H_
#define FLASHSALE_TESTS_SERVICE_QUEUE_MODEL_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::service_test {

// A draw in which who goes before whom does not depend on who else takes part.
inline std::uint64_t LotOf(const UserId& user) {
  return (user.bytes()[15] + 1U) * std::uint64_t{0x9E3779B97F4A7C15} >> 40;
}

// A person as the model knows them.  Times are the queue's own, which stand still in a pause.
struct Person {
  TicketState state = TicketState::kNone;
  std::uint8_t tier = 0;
  std::uint64_t ticket = 0;
  std::uint64_t restored_place = 0;
  bool is_entrant = false;
  Time heard_at{};
  std::uint64_t told = 0;  // the position, as they were told it last
  std::uint64_t admission = 0;
  Time until{};
  // Of their reservations.
  std::vector<ReservationId> holds;
  std::uint64_t reserved_under = 0;
  std::uint32_t reserves = 0;
};

// A queue as the service serves it, in the plainest way: who stands where is looked for among all,
// each time anew.
struct QueueModel {
  static constexpr std::uint64_t kUsers = 16;

  QueueTerms terms;
  bool drawn = false;  // by LotOf; else first come, first served
  Time start{};        // of the sale
  Time opened_at{};

  std::array<Person, kUsers> people;
  std::array<bool, kUsers> gave_up{};  // left with a place that was brought back
  std::array<QueueStage, kMaxTiers> stages{};
  std::array<std::uint64_t, kMaxTiers> unmet{};  // silent, and perhaps counted still
  bool started_early = false;
  bool was_restored = false;
  std::optional<Time> paused_at;
  Duration stood_still{0};
  std::uint64_t last_ticket = 0;

  static UserId UserOf(std::uint64_t who) { return UserId::FromInteger(who); }
  Time Own(Time now) const { return paused_at.value_or(now) - stood_still; }
  bool IsOpen(Time now) const { return started_early || now >= start; }

  // What time alone brings about.
  void Follow(Time now) {
    for (Person& person : people) {
      const bool is_silent =
          person.state == TicketState::kWaiting && Own(now) >= SilentFrom(terms, person.heard_at);
      const bool is_over = person.state == TicketState::kAdmitted && Own(now) >= person.until;
      if (is_silent) ++unmet[person.tier];
      if (is_silent || is_over) Drop(person);
    }
    for (std::uint32_t tier = 0; tier < terms.tiers; ++tier) {
      const bool is_over = now >= GatheringEnd(terms, tier, opened_at);
      if (stages[tier] == QueueStage::kGathering && is_over) Freeze(tier);
    }
  }
  // What a turn of the service does before anybody is let in.
  void FollowTurn(Time now) {
    Follow(now);
    unmet.fill(0);
    if (!IsOpen(now) || paused_at.has_value()) return;
    const bool restores = now < opened_at + terms.restore_window;
    const Time first = *std::min_element(terms.opens.begin(), terms.opens.begin() + terms.tiers);
    for (std::uint32_t tier = 0; tier < terms.tiers; ++tier) {
      if (stages[tier] == QueueStage::kGathering && !restores && terms.opens[tier] == first) {
        Freeze(tier);
      }
      if (stages[tier] == QueueStage::kFrozen) stages[tier] = QueueStage::kRunning;
    }
  }

  // Somebody who has none is given a ticket.
  void Stand(std::uint64_t who, std::uint8_t tier, std::uint64_t restored, Time now) {
    Person& person = people[who];
    person.state = TicketState::kWaiting;
    person.tier = tier;
    person.ticket = ++last_ticket;
    person.restored_place = 0;
    person.is_entrant = false;
    person.heard_at = Own(now);
    person.told = 0;
    if (restored != 0) Restore(person, restored);
  }
  void Restore(Person& person, std::uint64_t place) {
    person.restored_place = place;
    was_restored = true;
  }
  static void Drop(Person& person) {
    person.state = TicketState::kNone;
    person.told = 0;
  }
  void Freeze(std::uint32_t tier) {
    stages[tier] = QueueStage::kFrozen;
    for (Person& person : people) {
      if (person.state == TicketState::kWaiting && person.tier == tier) person.is_entrant = true;
    }
  }

  // Who waits in a tier, who is let in first coming first.
  std::vector<std::uint64_t> LineOf(std::uint32_t tier) const {
    std::vector<std::uint64_t> line;
    for (std::uint64_t who = 0; who < kUsers; ++who) {
      const Person& person = people[who];
      if (person.state == TicketState::kWaiting && person.tier == tier) line.push_back(who);
    }
    const bool runs = stages[tier] == QueueStage::kRunning;
    const bool was_drawn_before = was_restored && terms.opens[tier] <= opened_at;
    const auto key = [&](std::uint64_t who) {
      const Person& person = people[who];
      // Until it runs, in the order of tickets.
      if (!runs || !person.is_entrant) return std::tuple(runs, std::uint64_t{0}, person.ticket);
      if (drawn && !was_drawn_before) {
        return std::tuple(false, LotOf(UserOf(who)), std::uint64_t{0});
      }
      const std::uint64_t place = person.restored_place;
      constexpr std::uint64_t kBehind = std::uint64_t{1} << 60;
      return std::tuple(false, place == 0 ? kBehind : place, person.ticket);
    };
    std::sort(line.begin(), line.end(),
              [&](std::uint64_t a, std::uint64_t b) { return key(a) < key(b); });
    return line;
  }
  // How many of those who wait in their tier are ahead, and one.
  std::uint64_t PositionOf(std::uint64_t who) const {
    const std::vector<std::uint64_t> line = LineOf(people[who].tier);
    return 1 + static_cast<std::uint64_t>(std::find(line.begin(), line.end(), who) - line.begin());
  }
  std::size_t Inside() const {
    return static_cast<std::size_t>(
        std::count_if(people.begin(), people.end(),
                      [](const Person& p) { return p.state == TicketState::kAdmitted; }));
  }
};

}  // namespace flashsale::service_test

#endif  // FLASHSALE_TESTS_SERVICE_QUEUE_MODEL_H_
