#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_DURABILITY_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_DURABILITY_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "examples/flashsale_sim/backend.h"
#include "examples/flashsale_sim/page.h"
#include "examples/flashsale_sim/report.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"

namespace flashsale::sim {

// What a durable backend left behind, and whether it is what was there before.
struct DurabilityReport {
  std::string path;
  Backend::OnDisk on_disk;
  // How many reservations were ever made in it.
  std::uint64_t reservations = 0;
  // Sales of which it tells otherwise since it was opened again.
  std::uint64_t reopen_mismatches = 0;
  std::vector<std::string> findings;

  bool ok() const { return reopen_mismatches == 0; }
  // Whatever else was written for the sale included: the queue, above all.
  double JournalBytesPerReservation() const {
    return reservations == 0
               ? 0
               : static_cast<double>(on_disk.journal_bytes) / static_cast<double>(reservations);
  }
};
std::vector<Check> ChecksOf(const DurabilityReport& report);
// For people, a line; for programs, members of an object.  Where the files are and what they take
// can be left out, so that two runs, which need two files, have the same bytes.
void WriteDurability(const DurabilityReport& report, bool with_machine, std::ostream& out);
void AddDurability(const DurabilityReport& report, bool with_machine, Json& json);
// For the page.
Page::Figure FigureOf(const DurabilityReport& report);

// Compares what a durable backend says of sales with what it says once it was closed and opened.
// Thread safety: one thread.
// Blocking: as the backend.  Ownership: the backend must outlive it.  Clock: none.
class DurabilityCheck {
 public:
  explicit DurabilityCheck(Backend& backend) : backend_(backend) {}

  // A sale of which nothing changes any more; `now` is an instant at or after the last change.
  // Errors: those of the store.
  Status Remember(const SaleId& sale, Time now);
  // A sale that was forgotten, so that the store must not know it.
  void RememberForgotten(const SaleId& sale) { forgotten_.push_back(sale); }

  // REQUIRES: as Backend::Reopen.  Errors: those of the backend.
  Result<DurabilityReport> Reopen(std::uint64_t reservations);

 private:
  // What the store tells of a sale.
  struct Told {
    std::string digest;  // of what it sold: flashsale/testing/digest.h
    std::uint64_t events = 0;
    std::uint64_t tickets = 0;
    std::uint64_t admissions = 0;
    std::uint64_t revision = 0;  // in the catalogue

    friend bool operator==(const Told&, const Told&) = default;
  };
  struct Remembered {
    SaleId sale;
    Time at{};
    Told told;
  };
  Result<Told> Ask(const SaleId& sale, Time now);
  void Compare(const Remembered& before, DurabilityReport& report);

  Backend& backend_;
  std::vector<Remembered> remembered_;
  std::vector<SaleId> forgotten_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_DURABILITY_H_
