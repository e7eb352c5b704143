#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_HTML_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_HTML_REPORT_H_

#include <ostream>

#include "examples/flashsale_sim/page.h"

namespace flashsale::sim {

// The story of a run as a page with plots, in one file that loads nothing.  Made of the files in
// html/, which the build embeds.
void WriteHtml(const Page& page, std::ostream& out);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_HTML_REPORT_H_
