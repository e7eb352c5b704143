#ifndef FLASHSALE_SRC_BACKEND_SQLITE_CHECKPOINTER_H_
#define FLASHSALE_SRC_BACKEND_SQLITE_CHECKPOINTER_H_

#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "backend/sqlite/database.h"

namespace flashsale::inline v0::sqlite {

// Brings the write-ahead log into the database while commits go on, with a connection and a thread
// of its own; the little that was written meanwhile is brought in between two commits, so that the
// log begins anew and its file, which has its size already, is written over.
//
// Thread safety: all on the thread that commits.
class Checkpointer {
 public:
  // `committing`: the connection that commits.  `own`: one to the same database, or none: then all
  // is done between two commits.
  Checkpointer(Database& committing, Database own, std::uint64_t frames);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // After each commit.  A checkpoint that fails leaves everything as it is, to be tried again.
  void OnCommit();

  // There is little room: the log is to stay small, and whoever commits brings it in.
  void set_saves_room(bool saves) { saves_room_ = saves; }
  bool WantsRoom() const { return saves_room_ && logged_ > kSmallLog; }

 private:
  // Frames.
  static constexpr int kSmallLog = 64;

  static int OnWal(void* self, sqlite3* database, const char* name, int frames);
  void Work();

  Database& committing_;
  Database own_;
  const int frames_;  // that the log may have
  int logged_ = 0;    // frames in the log, as of the last commit
  bool saves_room_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;  // under mutex_
  bool ended_ = false;   // under mutex_
  // Few frames are left to bring in.
  std::atomic<bool> nearly_done_{false};
  std::thread thread_;
};

}  // namespace flashsale::inline v0::sqlite

#endif  // FLASHSALE_SRC_BACKEND_SQLITE_CHECKPOINTER_H_
