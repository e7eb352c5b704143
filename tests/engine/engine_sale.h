#ifndef FLASHSALE_TESTS_ENGINE_ENGINE_SALE_H_
#define FLASHSALE_TESTS_ENGINE_ENGINE_SALE_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/sale_engine.h"
#include "tests/hard_cases/crowd.h"

namespace flashsale::engine {

// The state of a sale in an order that does not depend on where the engine keeps what.
struct SortedState {
  SaleMarks marks;
  std::vector<Stock> lines;
  std::map<UserId, std::pair<Tally, std::map<ReservationId, Reservation>>> users;
  std::map<TallyKey, Tally> keys;

  friend bool operator==(const SortedState&, const SortedState&) = default;
};

// One engine, spoken to as its repository does.
class EngineSale {
 public:
  explicit EngineSale(const SaleTerms& terms,
                      EngineOptions options = {.hash_seed = 20'240'229,
                                               .events_per_sale = std::size_t{1} << 16,
                                               .max_records = std::uint64_t{1} << 32}) {
    Result<SaleTerms> valid = Validate(terms);
    REQUIRE_MESSAGE(valid.ok(), valid.status().ToString());
    engine_ = SaleEngine::New(*valid, options);
    REQUIRE(engine_ != nullptr);
  }

  SaleEngine& operator*() { return *engine_; }
  SaleEngine* operator->() { return engine_.get(); }

  std::vector<Outcome> Do(Time now, std::span<const Command> commands) {
    std::vector<Outcome> outcomes(commands.size());
    engine_->Apply(now, commands, outcomes);
    return outcomes;
  }
  Code Do(Time now, const Command& command) { return Do(now, std::span(&command, 1))[0].code; }

  Stock StockOf(std::size_t line = 0) { return engine_->ReadStock(kStart).lines.at(line); }

  // Every event so far; none may be lost.
  std::vector<Event> Events() {
    std::vector<Event> events(engine_->ReadStock(kStart).seq);
    const EventPage page = engine_->ReadEvents(0, events);
    REQUIRE_FALSE(page.lost.has_value());
    REQUIRE(page.count == events.size());
    return events;
  }
  std::size_t CountOf(EventType type) {
    const std::vector<Event> events = Events();
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [type](const Event& event) { return event.type == type; }));
  }

  SortedState State() {
    class Visitor final : public SnapshotVisitor {
     public:
      void OnSale(const Sale& sale) override {
        state.marks = sale.marks;
        state.lines.assign(sale.lines.begin(), sale.lines.end());
      }
      void OnUser(const UserId& user, const Tally& tally,
                  std::span<const Reservation> records) override {
        auto& [its_tally, its_records] = state.users[user];
        its_tally = tally;
        for (const Reservation& record : records) its_records.emplace(record.id, record);
      }
      void OnKey(const TallyKey& key, const Tally& tally) override { state.keys[key] = tally; }
      SortedState state;
    };
    Visitor visitor;
    engine_->Snapshot(visitor);
    return visitor.state;
  }

 private:
  std::unique_ptr<SaleEngine> engine_;
};

}  // namespace flashsale::engine

#endif  // FLASHSALE_TESTS_ENGINE_ENGINE_SALE_H_
