#ifndef FLASHSALE_RUNTIME_COMPLETION_H_
#define FLASHSALE_RUNTIME_COMPLETION_H_

#include "flashsale/base/status.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What the caller of something asynchronous wants to hear.
//
// Implementer's duty: Complete returns soon, for it holds up the answers behind it; it may make
// further calls.
template <typename Answer>
class FLASHSALE_EXPORT Completion {
 public:
  // Called once for each call that was accepted.  What it throws is caught and counted.
  virtual void Complete(const Result<Answer>& answer) = 0;

 protected:
  ~Completion() = default;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_COMPLETION_H_
