#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_SECTION_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_SECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "examples/flashsale_audit/figures.h"
#include "examples/flashsale_audit/flow_series.h"
#include "examples/flashsale_audit/offer_audit.h"
#include "examples/flashsale_audit/queue_audit.h"
#include "examples/flashsale_audit/sale_audit.h"
#include "examples/flashsale_audit/sale_meter.h"
#include "flashsale/base/id.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/queue_event.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/policy/draw_record.h"

namespace flashsale::audit {

// One sale of a journal, with its queue and its waitlists: brings each event to who judges it and
// to who counts it.  Thread safety: as an int.
class SaleSection {
 public:
  explicit SaleSection(const SaleId& sale) : sale_(sale) {}
  SaleSection(const SaleSection&) = delete;
  SaleSection& operator=(const SaleSection&) = delete;

  // A queue or a waitlist.
  struct Line {
    QueueAudit audit;
    std::optional<OfferAudit> offers;  // of a waitlist whose sale and line are known
    bool is_waitlist = false;
    bool forgotten = false;
  };

  const SaleId& sale() const { return sale_; }
  bool has_sale() const { return audit_ != nullptr; }
  bool has_queue() const { return queue_ != nullptr; }
  bool forgotten() const { return forgotten_; }
  void Forget() { forgotten_ = true; }

  // REQUIRES: Validate made `terms`; not has_sale().
  void Create(const SaleTerms& terms);
  struct Opening {
    const QueueTerms& terms;
    Time at;
    bool is_waitlist = false;
    std::optional<std::uint16_t> line;  // of the sale, where it is known that it is a waitlist's
    std::span<const DrawRecord> draws;
  };
  Line& Open(const Opening& opening);

  // REQUIRES: has_sale().
  void Add(std::uint64_t commit, const Event& event);
  void Add(std::uint64_t commit, Line& line, const QueueEvent& event);

  // Whether the draw of a tier was compared with what was published of it.
  bool HasCompared(std::uint8_t tier) const {
    return queue_ != nullptr && queue_->audit.HasCompared(tier);
  }
  SaleReport Finish(bool with_ids);

 private:
  void JudgeAdmission(std::uint64_t commit, const Event& event);

  const SaleId sale_;
  bool forgotten_ = false;
  FlowSeries series_;
  std::unique_ptr<SaleAudit> audit_;
  std::unique_ptr<SaleMeter> meter_;
  std::unique_ptr<Line> queue_;
  std::vector<std::unique_ptr<Line>> lists_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_SECTION_H_
