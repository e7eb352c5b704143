#ifndef FLASHSALE_SRC_BACKEND_SQLITE_WAL_CHECK_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_WAL_CHECK_H_

#include <cstdint>

#include "backend/sqlite/vfs_file.h"
#include "flashsale/base/status.h"

namespace flashsale::inline v0::sqlite {

// What SQLite reads of a write-ahead log.
struct WalExtent {
  std::uint64_t size = 0;  // in bytes: the header and the frames up to the last transaction
  // Behind that stands what SQLite wrote and never finished, under the marks by which it knows the
  // frames of this log.  Where something new is written over a part of it, the other part reads as
  // if it followed: it is to be cut off before.
  bool has_rest = false;
};

// Looks through a write-ahead log before SQLite does, which takes the first frame that is not whole
// for the end and forgets whatever follows.  So it should be where the machine went down while the
// last transaction was written; but where a later transaction follows on the frame, that was whole
// when its transaction was kept, and has been damaged since: DataLoss, naming the frame.
//
// The format is that of https://www.sqlite.org/fileformat2.html#walformat.
// Errors, beside that: those of the file; ResourceExhausted.
Result<WalExtent> CheckWal(VfsFile& wal);

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_WAL_CHECK_H_
