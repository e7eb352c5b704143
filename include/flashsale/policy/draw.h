#ifndef FLASHSALE_POLICY_DRAW_H_
#define FLASHSALE_POLICY_DRAW_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/draw_seed.h"

namespace flashsale::inline v0 {

// A draw that anybody can check; docs/draw.md has the protocol and the files.  Nothing here reads a
// clock or throws; any thread may call it.

// Who takes part: nobody twice, neither in one list nor in both.
struct DrawLists {
  // Those who go first, in the order of arrival; nobody where all are drawn.
  std::span<const UserId> fifo = {};
  // Those who are drawn, sorted by id.
  std::span<const UserId> drawn = {};
};

// How many of so many entrants go first: entrants * fifo_per_mille / 1,000, rounded down.
// REQUIRES: entrants < 2^32, fifo_per_mille <= 1,000.
constexpr std::uint64_t FifoCount(std::uint64_t entrants, std::uint32_t fifo_per_mille) {
  return entrants * fifo_per_mille / 1'000;
}

// What is published at the freeze.
// Errors: InvalidArgument where the list of those who are drawn is not sorted, or somebody takes
// part twice; ResourceExhausted.
FLASHSALE_EXPORT Result<DrawFreeze> FreezeDraw(const DrawLists& lists);

// The key that ranks are made with: HKDF-SHA256 (RFC 5869) of the seed, with the root of those who
// go first as salt, and "flashsale/1/draw-key/SALE/TIER", the root of those who are drawn and the
// beacon, if there is one, as info.
// Errors: FailedPrecondition where the record has no freeze, no seed, or not the beacon that it has
// a source of; ResourceExhausted.
FLASHSALE_EXPORT Result<DrawHash> DrawKey(const DrawRecord& record);

// Writes a permutation of 0 to entrants.size() - 1: by HMAC-SHA256(key, the 16 bytes of the user
// id), lowest first, ties by id.  REQUIRES: the spans have one size, below 2^32.
// Errors: ResourceExhausted.  Memory: 32 bytes an entrant.
FLASHSALE_EXPORT Status OrderDraw(const DrawHash& key, std::span<const UserId> entrants,
                                  std::span<std::uint32_t> order);

// Checks a draw of which everything is published, and works its whole order out again: those who go
// first, then those who were drawn.
// Errors: InvalidArgument, which says what is wrong: the seed is not the committed one, a count, a
// share or a root does not fit the lists, somebody takes part twice; FailedPrecondition where
// something has not been published yet; ResourceExhausted.
FLASHSALE_EXPORT Result<std::vector<UserId>> ReplayDraw(const DrawRecord& record,
                                                        const DrawLists& lists);

// A list of users as a text file: 32 digits of `0-9 a-f` and a line feed each.
// May throw std::bad_alloc and nothing else.
FLASHSALE_EXPORT std::string FormatUsers(std::span<const UserId> users);
// Errors: InvalidArgument, which names the line; ResourceExhausted.
FLASHSALE_EXPORT Result<std::vector<UserId>> ParseUsers(std::string_view text);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_DRAW_H_
