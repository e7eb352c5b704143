#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_TIER_LINE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_TIER_LINE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flashsale/repository/queue_repository.h"

namespace flashsale::audit {

// The line of one tier, by tickets: its stages, the order that its entrants were given, and who is
// to be let in next.  What each call returns is why it must not be so; nothing where it may.
//
// Thread safety: as an int.
class TierLine {
 public:
  using Complaint = std::optional<std::string>;
  // Whether the holder of a ticket waits still.
  using Waits = std::function<bool(std::uint64_t ticket)>;

  explicit TierLine(QueueStage stage) : stage_(stage) {}

  QueueStage stage() const { return stage_; }
  bool arranged() const { return !ranks_.empty(); }

  void Join(std::uint64_t ticket);
  Complaint Freeze();
  // From here on the entrants are who they are now.
  Complaint List(const Waits& waits);
  Complaint Arrange(std::uint64_t first_place, std::span<const std::uint64_t> tickets);
  Complaint Begin(const Waits& waits);
  void Close() { stage_ = QueueStage::kClosed; }
  Complaint Admit(std::uint64_t ticket, const Waits& waits);

  // Of a tier that was arranged and has begun: those who were listed, by ticket, and in the order
  // that they were given.  Empty again after Forget.
  const std::vector<std::uint64_t>& listed() const { return listed_; }
  std::vector<std::uint64_t> InOrder() const;
  void Forget();

 private:
  static constexpr std::uint64_t kNoPlace = ~std::uint64_t{0};

  std::size_t IndexOf(std::uint64_t ticket) const;  // in listed_, its size where it is not

  QueueStage stage_;
  std::size_t entrants_ = 0;          // of order_, when it froze
  std::vector<std::uint64_t> order_;  // who joined, then who is to be let in first
  std::size_t next_ = 0;              // in order_
  bool is_listed_ = false;
  std::vector<std::uint64_t> listed_;
  std::vector<std::uint64_t> ranks_;  // of listed_
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_TIER_LINE_H_
