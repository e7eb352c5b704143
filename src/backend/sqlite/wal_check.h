#ifndef FLASHSALE_SRC_BACKEND_SQLITE_WAL_CHECK_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_WAL_CHECK_H_

#include "backend/sqlite/vfs_file.h"
#include "flashsale/base/status.h"

namespace flashsale::inline v0::sqlite {

// Looks through a write-ahead log before SQLite does, which takes the first frame that is not whole
// for the end and forgets whatever follows.  So it should be where the machine went down while the
// last transaction was written; but where a later transaction follows on the frame, that was whole
// when its transaction was kept, and has been damaged since: DataLoss, naming the frame.
//
// The format is that of https://www.sqlite.org/fileformat2.html#walformat.
// Errors, beside that: those of the file; ResourceExhausted.
Status CheckWal(VfsFile& wal);

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_WAL_CHECK_H_
