#include "service/lapsed_admissions.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "base/mutex.h"

namespace flashsale::inline v0 {
namespace {

constexpr const char* kName = "lapsed";

}  // namespace

bool IsOver(const Admission& admission, const Tally& tally, Units limit_per_user) {
  if (admission.number == 0 || tally.open_holds != 0) return false;
  // A higher number, which an offer of a waitlist may have, puts an end to it, too.
  const bool is_used_up =
      tally.admission > admission.number ||
      (tally.admission == admission.number && tally.admission_used >= admission.grant);
  const bool has_all = tally.bought >= std::max(tally.limit, limit_per_user);
  return is_used_up || has_all;
}

class LapsedAdmissions::Sink final : public EventSink {
 public:
  Sink(InventoryRepository& inventory, QueueRepository& queues)
      : inventory_(inventory), queues_(queues) {}

  Result<std::uint64_t> EndOfLog(const SaleId& sale, Time now) {
    const Result<SaleStock> stock = inventory_.ReadStock(sale, now);
    if (!stock.ok()) return stock.status();
    return stock->seq;
  }
  void Add(const SaleTerms& terms) {
    const MutexLock lock(mutex_);
    limits_[terms.id] = terms.limit_per_user;
  }
  void Remove(const SaleId& sale) {
    const MutexLock lock(mutex_);
    limits_.erase(sale);
  }

  SinkAnswer Deliver(const SaleId& sale, std::span<const Event> events) override {
    std::vector<AdmissionProbe> probes;
    for (const Event& event : events) {
      if (event.type != EventType::kExpired) continue;
      probes.push_back(queues_.Probe(sale, event.user));
    }
    if (probes.empty()) return SinkAnswer::kAccepted;
    const Time now = now_.load(std::memory_order_relaxed);
    std::vector<Admission> admissions(probes.size());
    if (!queues_.FindAdmissions(now, probes, admissions).ok()) return SinkAnswer::kBusy;
    const Units limit = LimitOf(sale);
    std::vector<QueueCommand> commands;
    for (std::size_t i = 0; i < probes.size(); ++i) {
      if (admissions[i].number == 0) continue;
      const Result<Tally> tally = inventory_.ReadTally(sale, TallyKey::Of(probes[i].user));
      if (!tally.ok()) return SinkAnswer::kBusy;
      if (!IsOver(admissions[i], *tally, limit)) continue;
      commands.push_back({.verb = QueueVerb::kComplete,
                          .user = probes[i].user,
                          .admission = admissions[i].number});
    }
    std::vector<QueueAnswer> answers(commands.size());
    const bool done = commands.empty() || queues_.Apply(sale, now, commands, answers).ok();
    return done ? SinkAnswer::kAccepted : SinkAnswer::kBusy;
  }

  // The windows of these end by themselves.
  void OnLost(const SaleId& /*sale*/, const EventPage::Lost& /*lost*/) override {}

  // Relaxed: nothing is published with it.
  void SetTime(Time now) { now_.store(now, std::memory_order_relaxed); }

 private:
  Units LimitOf(const SaleId& sale) {
    const MutexLock lock(mutex_);
    const auto found = limits_.find(sale);
    return found == limits_.end() ? 0 : found->second;
  }

  InventoryRepository& inventory_;
  QueueRepository& queues_;
  std::atomic<Time> now_{Time{}};
  Mutex mutex_;
  std::map<SaleId, Units> limits_ FLASHSALE_GUARDED_BY(mutex_);
};

Result<std::unique_ptr<LapsedAdmissions>> LapsedAdmissions::New(InventoryRepository& inventory,
                                                                QueueRepository& queues) {
  Result<std::unique_ptr<EventPublisher>> events = EventPublisher::New(inventory);
  if (!events.ok()) return events.status();
  const auto sink = std::make_shared<Sink>(inventory, queues);
  std::unique_ptr<LapsedAdmissions> made(new LapsedAdmissions(*std::move(events), sink));
  Status status = made->events_->AddSink(
      {.name = kName, .sink = sink, .executor = made->at_once_, .cursors = {}});
  if (!status.ok()) return status;
  return made;
}

LapsedAdmissions::LapsedAdmissions(std::unique_ptr<EventPublisher> events,
                                   std::shared_ptr<Sink> sink)
    : sink_(std::move(sink)), events_(std::move(events)) {}

LapsedAdmissions::~LapsedAdmissions() = default;

Status LapsedAdmissions::Add(const SaleTerms& terms, Time now) {
  const Result<std::uint64_t> end = sink_->EndOfLog(terms.id, now);
  if (!end.ok()) return end.status();
  sink_->Add(terms);
  if (Status status = events_->AddSale(terms.id); !status.ok()) return status;
  return events_->SetCursor(kName, {.sale = terms.id, .seq = *end});
}

void LapsedAdmissions::Remove(const SaleId& sale) {
  events_->RemoveSale(sale);
  sink_->Remove(sale);
}

Status LapsedAdmissions::Poll(Time now) {
  sink_->SetTime(now);
  return events_->Poll(now).last_error;
}

}  // namespace flashsale::inline v0
