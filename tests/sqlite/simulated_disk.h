#ifndef FLASHSALE_TESTS_SQLITE_SIMULATED_DISK_H_
#define FLASHSALE_TESTS_SQLITE_SIMULATED_DISK_H_

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace flashsale::sqlite_test {

using FileBytes = std::vector<std::uint8_t>;
// What lies on a disk, by the names of the files.
using DiskImage = std::map<std::string, FileBytes>;

// What is done to a disk, in order.
struct DiskOperation {
  enum class Kind : std::uint8_t {
    kCreate,
    kWrite,
    kTruncate,  // `offset` is the size
    kSync,      // of one file, and of the folder where `syncs_folder`
    // What was to be synced is lost, and a later sync does not know: so do systems that forget
    // pages which they could not write.
    kFailedSync,
    kDelete,
  };
  Kind kind = Kind::kWrite;
  std::string file;
  std::uint64_t offset = 0;
  FileBytes bytes = {};
  bool syncs_folder = false;
};

// What a loss of power makes of what was not synced.
enum class Loss : std::uint8_t {
  kNothing,    // all of it was on its way to the disk, and got there
  kAll,        // none of it got there
  kTorn,       // the writes up to one got there, and that one in part
  kScattered,  // some of the writes got there, in no order, and some sectors of others
};

// A disk whose power is lost after the first of these operations: folds them in, and says what may
// lie there then.  What was synced is there; a file that was made is there if its folder was synced
// since, as it is when SQLite syncs a log for the first time.
class PowerLoss {
 public:
  explicit PowerLoss(const DiskImage& before);

  void Do(const DiskOperation& operation);
  DiskImage After(Loss loss, std::mt19937_64& random) const;
  // Whether anything could be lost.
  bool IsClean() const;

 private:
  struct File {
    bool there = false;  // as programs see it
    bool there_for_good = false;
    FileBytes synced;
    std::vector<DiskOperation> unsynced;  // writes and truncations
    // Until its folder is synced: what lay under this name.
  };

  static void Apply(FileBytes& bytes, const DiskOperation& operation, std::size_t count);

  std::map<std::string, File> files_;
};

// A disk in memory that SQLite sees as a VFS of the name that it has.
//
// Thread safety: one thread.
class SimulatedDisk {
 public:
  explicit SimulatedDisk(DiskImage image = {});
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  const std::string& name() const { return name_; }
  // As programs see it now.
  const DiskImage& image() const { return files_; }
  // All that was done to it.
  const std::vector<DiskOperation>& operations() const { return operations_; }

  // Asked before each operation, with its number from 0: what SQLite is answered instead, or
  // SQLITE_OK; a write may be done in part all the same.
  struct Fault {
    int code = SQLITE_OK;
    std::size_t written = 0;
  };
  std::function<Fault(std::size_t, const DiskOperation&)> before;

 private:
  friend struct SimulatedFile;
  struct Methods;

  // Answers what `before` has to say, or does it.
  int Do(DiskOperation operation);

  static std::uint64_t next_number_;
  const std::string name_;
  DiskImage files_;
  std::vector<DiskOperation> operations_;
  // Whoever has a file open, by who it is: connections exclude each other as on a real disk.
  using Holder = const void*;
  struct SharedMemory {
    std::vector<std::unique_ptr<std::uint8_t[]>> regions;
    std::set<Holder> mapped_by;
    std::array<std::set<Holder>, SQLITE_SHM_NLOCK> shared = {};
    std::array<Holder, SQLITE_SHM_NLOCK> exclusive = {};
  };
  std::map<std::string, std::map<Holder, int>> locks_;  // the level of each
  std::map<std::string, SharedMemory> shared_memory_;
  sqlite3_vfs vfs_{};
};

}  // namespace flashsale::sqlite_test

#endif  // FLASHSALE_TESTS_SQLITE_SIMULATED_DISK_H_
