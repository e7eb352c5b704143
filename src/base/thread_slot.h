#ifndef FLASHSALE_SRC_BASE_THREAD_SLOT_H_
#define FLASHSALE_SRC_BASE_THREAD_SLOT_H_

#include <cstddef>
#include <cstdint>

// The variable is read on paths that take a few nanoseconds, and from a shared library the general
// model takes as many again.  Four bytes fit what loaders keep back for this.
#if defined(__ELF__)
#define FLASHSALE_TLS_INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#else
#define FLASHSALE_TLS_INITIAL_EXEC
#endif

namespace flashsale::inline v0 {

// A small number for each thread, so that what threads count apart lies apart.
//
// As many threads as kOwnedThreadSlots have a number of their own for as long as they live: nobody
// else has it meanwhile, and whoever gets it next sees everything that its owner before wrote.  So
// an owner may add to its own counter by a load and a store.  Further threads share the numbers
// from kOwnedThreadSlots to kThreadSlots - 1 and have to add by a read-modify-write.
//
// Thread safety: any thread; wait-free but for a thread's first call.
// Blocking: never.  Ownership: none.  Clock: none.
inline constexpr std::uint32_t kOwnedThreadSlots = 64;
inline constexpr std::uint32_t kThreadSlots = kOwnedThreadSlots + 8;

constexpr bool IsOwnedSlot(std::uint32_t slot) { return slot < kOwnedThreadSlots; }

namespace thread_slot_internal {

inline constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};
extern constinit thread_local std::uint32_t mine FLASHSALE_TLS_INITIAL_EXEC;
std::uint32_t Claim();

}  // namespace thread_slot_internal

inline std::uint32_t MyThreadSlot() {
  const std::uint32_t mine = thread_slot_internal::mine;
  return mine != thread_slot_internal::kNoSlot ? mine : thread_slot_internal::Claim();
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_THREAD_SLOT_H_
