#ifndef FLASHSALE_SRC_BACKEND_SQLITE_SPARE_ROOM_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_SPARE_ROOM_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <utility>

#include "flashsale/base/status.h"

namespace flashsale::inline v0::sqlite {

// Room that a file of zeros keeps free on a disk, until it is needed.
class SpareRoom {
 public:
  // The file of this name, with so many bytes; none where that is 0.
  SpareRoom(sqlite3_vfs& vfs, std::string name, std::uint64_t bytes)
      : vfs_(vfs), name_(std::move(name)), bytes_(bytes) {}

  // Errors: InvalidArgument where the disk is smaller than that.
  Status CheckSize() const;

  // Sets it aside.  False where there is no such room: then nothing is.
  bool SetAside();
  void GiveUp();
  // Asked again and again while there is none: looks now and then.
  bool LookAgain();

 private:
  bool Write() const;

  sqlite3_vfs& vfs_;
  const std::string name_;
  const std::uint64_t bytes_;
  bool is_there_ = false;
  std::uint32_t calls_until_look_ = 0;
};

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_SPARE_ROOM_H_
