#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_RECOVERY_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_RECOVERY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/journal/journal_walk.h"
#include "backend/journal/record.h"
#include "backend/journal/sale_history.h"
#include "backend/journal/ticket_users.h"
#include "backend/memory/waiting_line.h"
#include "engine/keyed_hash.h"
#include "engine/sale_engine.h"

namespace flashsale::inline v0::journal {

// Folds a journal: feed it every commit, and it has what was there when the last was kept.
//
// Thread safety: as an int.
class Recovery final : public JournalWalk {
 public:
  explicit Recovery(const engine::EngineOptions& options)
      : options_(options), hash_(options.hash_seed) {}

  // After the last of them: what is written next is another session's.  Errors: ResourceExhausted.
  Status Finish();

  struct Sale {
    std::unique_ptr<engine::SaleEngine> engine;
    std::unique_ptr<SaleHistory> history;
    // Of this session: where in the engine a party's user is; by the number that the journal has
    // for them.
    std::vector<engine::Place> places;
  };
  // Those that were not forgotten.
  std::map<SaleNumber, Sale>& sales() { return sales_; }
  SaleNumber last_sale() const { return last_sale_; }
  const std::map<SaleId, FlashSale>& catalogue() const { return catalogue_; }

  struct Line {
    LineUse use = LineUse::kQueue;
    std::unique_ptr<memory::WaitingLine> line;
    TicketUsers users;
  };
  // Those that were not forgotten.
  std::map<LineNumber, Line>& lines() { return lines_; }
  LineNumber last_line() const { return last_line_; }

 private:
  // Parties are numbered anew from this commit on.
  void BeginSession(std::uint64_t commit);
  const char* OnRecord(Record& record) override;
  void OnAhead(const Record& record) override;
  const char* FoldEvent(Record& record);
  const char* FoldCreation(const Record& record);
  const char* FoldOpening(const Record& record);
  const char* FoldLineEvent(Record& record);

  const engine::EngineOptions options_;
  const engine::KeyedHash hash_;
  std::map<SaleNumber, Sale> sales_;
  SaleNumber last_sale_ = 0;
  std::map<SaleId, FlashSale> catalogue_;
  std::map<LineNumber, Line> lines_;
  LineNumber last_line_ = 0;
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_RECOVERY_H_
