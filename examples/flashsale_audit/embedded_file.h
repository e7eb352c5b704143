#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_EMBEDDED_FILE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_EMBEDDED_FILE_H_

#include <span>

#include "examples/flashsale_sim/embedded_file.h"

namespace flashsale::audit {

using sim::EmbeddedFile;

// What lies in html/, and the style that the simulator's page has.  Written by the build.
std::span<const EmbeddedFile> AuditPageFiles();

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_EMBEDDED_FILE_H_
