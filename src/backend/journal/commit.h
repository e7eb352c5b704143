#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_COMMIT_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_COMMIT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "backend/journal/bytes.h"
#include "base/sha256.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0::journal {

// A commit as it lies in a journal; docs/journal.md has it byte by byte.  In front of its records
// stand its number and the hash of the commit before, behind them the hash of all that: so nothing
// can be changed, left out or put in without a break that everybody sees.

// What a commit says of itself.
struct CommitHeader {
  static constexpr std::size_t kSize = 52;

  std::uint64_t number = 0;  // from 1, dense
  // No time before it was used later than this.
  Time latest{};
  Sha256Hash previous{};  // of the commit before; of the first: zeros
};

// Of the checksum in front of a commit's names.
inline constexpr std::size_t kNamesCheckSize = 8;

// Writes the bytes of a commit around `records`, and tells its hash.  Throws std::bad_alloc.
Sha256Hash SealCommit(const CommitHeader& header, Bytes records, Sha256& hasher,
                      ByteWriter& sealed);

// The names beside a commit's records, behind a checksum of their own: they are not part of the
// chain, so that a person can be forgotten.  Throws std::bad_alloc.
void SealNames(Bytes names, Sha256& hasher, ByteWriter& sealed);

struct OpenedCommit {
  CommitHeader header;
  Bytes records;
  Sha256Hash hash{};
  // Why it is none; empty: it is one.
  std::string damage;
  bool is_newer = false;  // a later version has written it
};
// Looks through a commit that should follow on the one with this number and hash.  Throws
// std::bad_alloc.
OpenedCommit OpenCommit(Bytes sealed, std::uint64_t number, const Sha256Hash& previous,
                        Sha256& hasher);
// The names, or nothing where they are damaged.  Throws std::bad_alloc.
bool OpenNames(Bytes sealed, Sha256& hasher, Bytes& names);

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_COMMIT_H_
