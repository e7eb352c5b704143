#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_OUTPUT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_OUTPUT_H_

#include <fstream>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "examples/flashsale_sim/backend_name.h"
#include "examples/flashsale_sim/progress.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"

namespace flashsale::sim {

// Where a run says what.
struct Output {
  std::ostream& report;
  std::ostream& errors;
  // Whether `errors` is a terminal, which is shown how far the run has come.
  bool shows_progress = false;
};

// A file that a run writes at its end, opened before it, so that a wrong name costs no time.
// Thread safety: one thread.
class OutputFile {
 public:
  // `option` names it in what is said.  No path: there is none.
  OutputFile(std::string_view option, const std::string& path) : option_(option), path_(path) {}

  bool wanted() const { return !path_.empty(); }
  // False, and said why, where the file cannot be written.
  bool Open(const Output& output);
  std::ostream& stream() { return stream_; }
  bool Close(const Output& output);

 private:
  const std::string option_;
  const std::string path_;
  std::ofstream stream_;
};

// Says that what --backend names cannot be opened, and why.  Returns the exit code.
int RefuseBackend(const BackendName& backend, const Status& status, const Output& output);

// What the last failed call of the operating system gave as its reason.
std::string LastSystemError();

// Shows how far a run has come, where somebody looks; empty where nobody does.
// `waits_for`: what bounds it, if not the processor.
std::function<void(const Progress&)> ProgressLine(const Output& output, Duration open_for,
                                                  std::string_view waits_for = {});
void ClearProgressLine(const Output& output);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_OUTPUT_H_
