#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAVE_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAVE_AUDIT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/sale_terms.h"

namespace flashsale::sim {

// What an audit of waves found: 0 for a sale that releases its stock when it said that it would.
struct WaveReport {
  // Waves that came before their time, or too late, or not at all, or with other units.
  std::uint64_t astray = 0;
  std::uint64_t released = 0;
  std::vector<std::string> findings = {};

  bool ok() const { return astray == 0; }
};

// Compares the releases of a sale, out of its event stream, with the waves that it was to have.
// Thread safety: one thread.  Blocking: never.  Ownership: none.  Clock: none.
class WaveAudit {
 public:
  struct Terms {
    // What each line begins with is in these.
    std::vector<SaleLine> lines;
    std::vector<Wave> waves;
    // How late one may come.
    Duration tolerance{0};
  };
  explicit WaveAudit(const Terms& terms);

  void OnEvent(const Event& event);

  // With those among the findings that were due by `now`, tolerance and all, and did not come.
  WaveReport Report(Time now) const;

 private:
  struct Line {
    Units released = 0;
    std::vector<Wave> waves;
    std::size_t next = 0;
  };

  static void Find(WaveReport& report, std::string text);

  const Duration tolerance_;
  std::vector<Line> lines_;
  WaveReport report_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAVE_AUDIT_H_
