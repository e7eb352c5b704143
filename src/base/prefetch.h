#ifndef FLASHSALE_SRC_BASE_PREFETCH_H_
#define FLASHSALE_SRC_BASE_PREFETCH_H_

namespace flashsale::inline v0 {

// Asks for a cache line that is going to be read, or written.  Any address will do.  To a compiler
// a prefetch is nothing, so that GCC drops calls of functions that do no more: what it is asked
// here stays.
inline void AskFor(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}
inline void AskToWrite(const void* address) {
  __builtin_prefetch(address, 1);
  asm volatile("");
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_PREFETCH_H_
