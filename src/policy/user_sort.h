#ifndef FLASHSALE_SRC_POLICY_USER_SORT_H_
#define FLASHSALE_SRC_POLICY_USER_SORT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/base/id.h"
#include "policy/radix_sort.h"

namespace flashsale::inline v0 {

struct UserKey {
  static constexpr std::size_t kSize = sizeof(UserId::Bytes);
  static std::uint8_t ByteOf(const UserId& user, std::size_t i) { return user.bytes()[i]; }
  static bool Less(const UserId& a, const UserId& b) { return a < b; }
};

// By their bytes.  Throws std::bad_alloc.
inline void SortUsers(std::vector<UserId>& users) { RadixSort<UserKey>(users); }

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_USER_SORT_H_
