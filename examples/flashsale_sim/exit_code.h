#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_EXIT_CODE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_EXIT_CODE_H_

namespace flashsale::sim {

// Exit codes of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitInvariantBroken = 1;
inline constexpr int kExitBadInput = 2;     // an option, or the input
inline constexpr int kExitStoreFailed = 3;  // the store answered with an error

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_EXIT_CODE_H_
