#include "backend/sqlite/checkpointer.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace flashsale::inline v0::sqlite {
namespace {

// How many frames may be brought in between two commits: some milliseconds' worth.
constexpr int kFewFrames = 1'024;
// How often the thread begins anew to catch up with the commits, before it leaves the rest to them.
constexpr int kAttempts = 8;

}  // namespace

Checkpointer::Checkpointer(Database& committing, Database own, std::uint64_t frames)
    : committing_(committing),
      own_(std::move(own)),
      frames_(static_cast<int>(std::min<std::uint64_t>(frames, std::numeric_limits<int>::max()))) {
  // Takes the place of SQLite's own checkpoints.
  sqlite3_wal_hook(committing_.handle(), &OnWal, this);
  if (own_.handle() != nullptr) thread_ = std::thread([this] { Work(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  sqlite3_wal_hook(committing_.handle(), nullptr, nullptr);
}

int Checkpointer::OnWal(void* self, sqlite3* /*database*/, const char* /*name*/, int frames) {
  static_cast<Checkpointer*>(self)->logged_ = frames;
  return SQLITE_OK;
}

void Checkpointer::OnCommit() {
  if (logged_ <= frames_ || saves_room_) return;
  if (own_.handle() == nullptr || nearly_done_.exchange(false)) {
    sqlite3_wal_checkpoint_v2(committing_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                              nullptr);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  changed_.notify_one();
}

void Checkpointer::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return wanted_ || ended_; });
    if (ended_) return;
    wanted_ = false;
    lock.unlock();
    int logged = 0;
    int brought_in = 0;
    for (int i = 0; i < kAttempts; ++i) {
      const int code = sqlite3_wal_checkpoint_v2(own_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                                 &logged, &brought_in);
      if (code != SQLITE_OK || logged - brought_in <= kFewFrames) break;
    }
    nearly_done_.store(true);
    lock.lock();
    // What was asked for meanwhile was this.
    wanted_ = false;
  }
}

}  // namespace flashsale::inline v0::sqlite
