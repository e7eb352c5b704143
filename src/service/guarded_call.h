#ifndef FLASHSALE_SRC_SERVICE_GUARDED_CALL_H_
#define FLASHSALE_SRC_SERVICE_GUARDED_CALL_H_

#include <exception>
#include <new>
#include <utility>

#include "flashsale/base/status.h"

namespace flashsale::inline v0 {

// What `call()` answers, or a Status for what it threw: implementations of ours throw nothing but
// what a host's may do, and a periodic job must go on.  Out of memory: ResourceExhausted.
template <typename Answer, typename Call>
Answer Guarded(Call&& call) {
  try {
    return std::forward<Call>(call)();
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "");
  } catch (const std::exception& error) {
    return Status(StatusCode::kInternal, error.what());
  } catch (...) {
    return Status(StatusCode::kInternal, "an exception that is no std::exception");
  }
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_GUARDED_CALL_H_
