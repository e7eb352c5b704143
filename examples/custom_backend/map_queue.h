#ifndef FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_QUEUE_H_
#define FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "flashsale/repository/queue_repository.h"

namespace custom_backend {

// The queue of one sale in maps: a user's ticket by their id, and each tier's line by rank.  A rank
// is the place of the arrangement, then the ticket.  Who falls silent is gone with the next call.
class MapQueue {
 public:
  MapQueue(const flashsale::QueueTerms& terms, flashsale::Time now);

  const flashsale::QueueTerms& terms() const { return terms_; }

  flashsale::QueueAnswer Carry(flashsale::Time now, const flashsale::QueueCommand& command);
  flashsale::Admission FindAdmission(flashsale::Time now, const flashsale::UserId& user) const;
  void MarkUsed(const flashsale::UserId& user, std::uint64_t number);
  flashsale::QueueState Read(flashsale::Time now);
  flashsale::Result<std::size_t> Admit(flashsale::Time now, const flashsale::AdmitPlan& plan,
                                       std::span<flashsale::QueueEntry> admitted);
  flashsale::LapseReport LapseDue(flashsale::Time now);
  void SetPace(flashsale::Time now, const flashsale::QueuePace& pace);
  void Pause(flashsale::Time now);
  void Resume(flashsale::Time now);
  flashsale::Status Freeze(flashsale::Time now, std::uint8_t tier);
  flashsale::Result<std::size_t> ReadEntrants(std::uint8_t tier, std::uint64_t after,
                                              std::span<flashsale::Entrant> entrants) const;
  flashsale::Status Arrange(const flashsale::Arrangement& arrangement);
  flashsale::Status Begin(flashsale::Time now, std::uint8_t tier);
  void Close(flashsale::Time now);

 private:
  // Who was given no place comes behind who was.
  using Rank = std::pair<std::uint64_t, std::uint64_t>;  // place, ticket
  static constexpr std::uint64_t kBehind = ~std::uint64_t{0};

  struct Ticket {
    flashsale::QueueEntry entry;  // as it was joined; the admission's end in the queue's time
    Rank rank{};                  // of who waits
    flashsale::Time last_seen{};  // in the queue's time
    bool used = false;
  };
  struct Placed {
    flashsale::UserId user;
    std::uint64_t restored_place = 0;
    std::optional<std::uint64_t> place = std::nullopt;
  };
  using Tickets = std::map<flashsale::UserId, Ticket>;

  // The queue's time at `now`, with everything ended that ends by then.
  flashsale::Time Enter(flashsale::Time now);
  // An instant of the queue's time as it will be on the host's clock, were a pause to end now.
  flashsale::Time Shown(flashsale::Time at, flashsale::Time now) const;
  flashsale::Time NextDue() const;
  flashsale::QueueEntry EntryOf(const Ticket& ticket, flashsale::Time now) const;
  Tickets::iterator Remove(Tickets::iterator ticket);
  std::uint32_t Room(flashsale::Time at) const;
  void LetIn(flashsale::Time at, Ticket& ticket);
  bool TakesBack(const flashsale::QueueCommand& command) const;
  flashsale::Code Join(flashsale::Time at, const flashsale::QueueCommand& command);
  void FreezeTier(std::size_t tier);
  bool IsEntrantStill(std::uint64_t ticket, const Placed& entrant) const;

  const flashsale::QueueTerms terms_;
  flashsale::QueueState state_;
  flashsale::Time latest_{};
  std::optional<flashsale::Time> paused_at_;
  flashsale::Duration stood_still_{0};
  std::int64_t tat_ns_ = 0;
  std::uint64_t last_number_ = 0;
  Tickets tickets_;
  std::set<flashsale::UserId> gave_up_;  // who has left with a place that was brought back
  std::array<std::map<Rank, flashsale::UserId>, flashsale::kMaxTiers> lines_;
  std::array<std::map<std::uint64_t, Placed>, flashsale::kMaxTiers> entrants_;  // by ticket
};

// All queues, behind one mutex.
class MapQueues final : public flashsale::QueueRepository {
 public:
  flashsale::Result<flashsale::Outcome> Open(const flashsale::QueueTerms& terms,
                                             flashsale::Time now) override;
  flashsale::Result<flashsale::SaleRef> Resolve(const flashsale::SaleId& sale) override;
  flashsale::Status Apply(const flashsale::SaleRef& sale, flashsale::Time now,
                          std::span<const flashsale::QueueCommand> commands,
                          std::span<flashsale::QueueAnswer> answers) override;
  flashsale::AdmissionProbe Probe(const flashsale::SaleRef& sale,
                                  const flashsale::UserId& user) override {
    return {.sale = sale, .user = user};
  }
  flashsale::Status FindAdmissions(flashsale::Time now,
                                   std::span<const flashsale::AdmissionProbe> probes,
                                   std::span<flashsale::Admission> admissions) override;
  flashsale::Status MarkUsed(flashsale::Time now, std::span<const flashsale::AdmissionProbe> probes,
                             std::span<const std::uint64_t> numbers) override;
  flashsale::Result<flashsale::QueueState> Read(const flashsale::SaleRef& sale,
                                                flashsale::Time now) override;
  flashsale::Result<std::size_t> Admit(const flashsale::SaleRef& sale, flashsale::Time now,
                                       const flashsale::AdmitPlan& plan,
                                       std::span<flashsale::QueueEntry> admitted) override;
  flashsale::Result<flashsale::LapseReport> LapseDue(const flashsale::SaleRef& sale,
                                                     flashsale::Time now,
                                                     std::size_t most) override;
  flashsale::Status SetPace(const flashsale::SaleRef& sale, flashsale::Time now,
                            const flashsale::QueuePace& pace) override;
  flashsale::Status Pause(const flashsale::SaleRef& sale, flashsale::Time now) override;
  flashsale::Status Resume(const flashsale::SaleRef& sale, flashsale::Time now) override;
  flashsale::Status Freeze(const flashsale::SaleRef& sale, flashsale::Time now,
                           std::uint8_t tier) override;
  flashsale::Result<std::size_t> ReadEntrants(const flashsale::SaleRef& sale, std::uint8_t tier,
                                              std::uint64_t after,
                                              std::span<flashsale::Entrant> entrants) override;
  flashsale::Status Arrange(const flashsale::SaleRef& sale,
                            const flashsale::Arrangement& arrangement) override;
  flashsale::Status Begin(const flashsale::SaleRef& sale, flashsale::Time now,
                          std::uint8_t tier) override;
  flashsale::Status Close(const flashsale::SaleRef& sale, flashsale::Time now) override;
  flashsale::Status Forget(const flashsale::SaleRef& sale) override;

 private:
  template <typename R, typename Use>
  R With(const flashsale::SaleRef& sale, flashsale::Time now, Use use);

  std::mutex mutex_;
  std::map<flashsale::SaleId, MapQueue> queues_;
};

}  // namespace custom_backend

#endif  // FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_QUEUE_H_
