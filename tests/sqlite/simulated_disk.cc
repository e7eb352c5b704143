#include "tests/sqlite/simulated_disk.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace flashsale::sqlite_test {
namespace {

constexpr std::size_t kSector = 512;

}  // namespace

// --- what a loss of power leaves

PowerLoss::PowerLoss(const DiskImage& before) {
  for (const auto& [name, bytes] : before) {
    files_[name] = {.there = true, .there_for_good = true, .synced = bytes, .unsynced = {}};
  }
}

void PowerLoss::Apply(FileBytes& bytes, const DiskOperation& operation, std::size_t count) {
  if (operation.kind == DiskOperation::Kind::kTruncate) {
    bytes.resize(operation.offset);
    return;
  }
  const std::size_t end = operation.offset + count;
  if (bytes.size() < end) bytes.resize(end);
  std::copy_n(operation.bytes.begin(), count,
              bytes.begin() + static_cast<std::ptrdiff_t>(operation.offset));
}

void PowerLoss::Do(const DiskOperation& operation) {
  File& file = files_[operation.file];
  switch (operation.kind) {
    case DiskOperation::Kind::kCreate:
      file.there = true;
      break;
    case DiskOperation::Kind::kWrite:
    case DiskOperation::Kind::kTruncate:
      file.unsynced.push_back(operation);
      break;
    case DiskOperation::Kind::kSync:
      for (const DiskOperation& write : file.unsynced) {
        Apply(file.synced, write, write.bytes.size());
      }
      file.unsynced.clear();
      break;
    case DiskOperation::Kind::kFailedSync:
      file.unsynced.clear();
      break;
    case DiskOperation::Kind::kDelete:
      // A file that comes back has what it had: nothing here writes to a name that was removed
      // before its folder was synced.
      file.there = false;
      break;
  }
  if (operation.syncs_folder) {
    for (auto i = files_.begin(); i != files_.end();) {
      i->second.there_for_good = i->second.there;
      i = i->second.there ? std::next(i) : files_.erase(i);
    }
  }
}

bool PowerLoss::IsClean() const {
  return std::all_of(files_.begin(), files_.end(), [](const auto& file) {
    return file.second.unsynced.empty() && file.second.there == file.second.there_for_good;
  });
}

DiskImage PowerLoss::After(Loss loss, std::mt19937_64& random) const {
  DiskImage image;
  for (const auto& [name, file] : files_) {
    const bool there = loss == Loss::kNothing ? file.there : file.there_for_good;
    if (!there) continue;
    FileBytes bytes = file.synced;
    const std::size_t whole = loss == Loss::kNothing ? file.unsynced.size()
                              : loss == Loss::kTorn && !file.unsynced.empty()
                                  ? random() % file.unsynced.size()
                                  : 0;
    for (std::size_t i = 0; i < whole; ++i) {
      Apply(bytes, file.unsynced[i], file.unsynced[i].bytes.size());
    }
    if (loss == Loss::kTorn && whole < file.unsynced.size()) {
      const DiskOperation& torn = file.unsynced[whole];
      Apply(bytes, torn, torn.bytes.empty() ? 0 : random() % torn.bytes.size());
    }
    if (loss == Loss::kScattered) {
      for (const DiskOperation& write : file.unsynced) {
        if (random() % 2 == 0) continue;
        if (write.kind == DiskOperation::Kind::kTruncate) {
          Apply(bytes, write, 0);
          continue;
        }
        // Sector by sector.
        for (std::size_t at = 0; at < write.bytes.size();) {
          const std::size_t to = (write.offset + at) / kSector * kSector + kSector - write.offset;
          const std::size_t count = std::min(to, write.bytes.size()) - at;
          if (random() % 4 != 0) {
            DiskOperation sector{
                .kind = DiskOperation::Kind::kWrite,
                .file = name,
                .offset = write.offset + at,
                .bytes = {write.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                          write.bytes.begin() + static_cast<std::ptrdiff_t>(at + count)}};
            Apply(bytes, sector, count);
          }
          at += count;
        }
      }
    }
    image[name] = std::move(bytes);
  }
  return image;
}

// --- the VFS

struct SimulatedFile {
  sqlite3_file base;
  SimulatedDisk* disk;
  std::string* name;
  bool deletes_on_close;
  bool is_log;
  bool was_synced;

  FileBytes& bytes() const { return disk->files_[*name]; }
};

struct SimulatedDisk::Methods {
  static SimulatedFile& FileOf(sqlite3_file* file) {
    return *reinterpret_cast<SimulatedFile*>(file);
  }
  static SimulatedDisk& DiskOf(sqlite3_vfs* vfs) {
    return *static_cast<SimulatedDisk*>(vfs->pAppData);
  }

  static int Close(sqlite3_file* file) {
    SimulatedFile& f = FileOf(file);
    f.disk->locks_[*f.name].erase(file);
    if (f.deletes_on_close) f.disk->files_.erase(*f.name);
    delete f.name;
    return SQLITE_OK;
  }
  static int Read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
    const FileBytes& bytes = FileOf(file).bytes();
    const auto at = static_cast<std::size_t>(offset);
    const auto size = static_cast<std::size_t>(count);
    const std::size_t there = at < bytes.size() ? std::min(size, bytes.size() - at) : 0;
    if (there != 0) std::memcpy(to, bytes.data() + at, there);
    std::memset(static_cast<std::uint8_t*>(to) + there, 0, size - there);
    return there == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  static int Write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    const SimulatedFile& f = FileOf(file);
    const auto* const bytes = static_cast<const std::uint8_t*>(from);
    return f.disk->Do({.kind = DiskOperation::Kind::kWrite,
                       .file = *f.name,
                       .offset = static_cast<std::uint64_t>(offset),
                       .bytes = {bytes, bytes + count}});
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    const SimulatedFile& f = FileOf(file);
    return f.disk->Do({.kind = DiskOperation::Kind::kTruncate,
                       .file = *f.name,
                       .offset = static_cast<std::uint64_t>(size)});
  }
  static int Sync(sqlite3_file* file, int /*flags*/) {
    SimulatedFile& f = FileOf(file);
    const int code = f.disk->Do({.kind = DiskOperation::Kind::kSync,
                                 .file = *f.name,
                                 .syncs_folder = f.is_log && !f.was_synced});
    f.was_synced = f.was_synced || code == SQLITE_OK;
    return code;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(FileOf(file).bytes().size());
    return SQLITE_OK;
  }
  static int Lock(sqlite3_file* file, int level) {
    const SimulatedFile& f = FileOf(file);
    auto& levels = f.disk->locks_[*f.name];
    // What another one may have at the most.
    const int most = level == SQLITE_LOCK_SHARED     ? SQLITE_LOCK_RESERVED
                     : level == SQLITE_LOCK_RESERVED ? SQLITE_LOCK_SHARED
                                                     : SQLITE_LOCK_NONE;
    for (const auto& [holder, has] : levels) {
      if (holder != file && has > most) return SQLITE_BUSY;
    }
    levels[file] = std::max(levels[file], level);
    return SQLITE_OK;
  }
  static int Unlock(sqlite3_file* file, int level) {
    const SimulatedFile& f = FileOf(file);
    int& has = f.disk->locks_[*f.name][file];
    has = std::min(has, level);
    return SQLITE_OK;
  }
  static int CheckReservedLock(sqlite3_file* file, int* reserved) {
    const SimulatedFile& f = FileOf(file);
    *reserved = 0;
    for (const auto& [holder, has] : f.disk->locks_[*f.name]) {
      if (has >= SQLITE_LOCK_RESERVED) *reserved = 1;
    }
    return SQLITE_OK;
  }
  static int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int SectorSize(sqlite3_file*) { return static_cast<int>(kSector); }
  static int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
  static int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
    const SimulatedFile& f = FileOf(file);
    SharedMemory& shared = f.disk->shared_memory_[*f.name];
    shared.mapped_by.insert(file);
    auto& regions = shared.regions;
    const auto index = static_cast<std::size_t>(region);
    *memory = nullptr;
    if (index >= regions.size()) {
      if (extend == 0) return SQLITE_OK;
      regions.resize(index + 1);
    }
    if (regions[index] == nullptr) {
      regions[index] = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(size));
    }
    *memory = regions[index].get();
    return SQLITE_OK;
  }
  static int ShmLock(sqlite3_file* file, int first, int count, int flags) {
    const SimulatedFile& f = FileOf(file);
    SharedMemory& memory = f.disk->shared_memory_[*f.name];
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    const auto slots = [&](auto visit) {
      for (int i = first; i < first + count; ++i) visit(static_cast<std::size_t>(i));
    };
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      slots([&](std::size_t i) {
        memory.shared[i].erase(file);
        if (memory.exclusive[i] == file) memory.exclusive[i] = nullptr;
      });
      return SQLITE_OK;
    }
    bool free = true;
    slots([&](std::size_t i) {
      const bool others_share = memory.shared[i].size() > memory.shared[i].count(file);
      free = free && (memory.exclusive[i] == nullptr || memory.exclusive[i] == file) &&
             !(exclusive && others_share);
    });
    if (!free) return SQLITE_BUSY;
    slots([&](std::size_t i) {
      if (exclusive) {
        memory.exclusive[i] = file;
      } else {
        memory.shared[i].insert(file);
      }
    });
    return SQLITE_OK;
  }
  static void ShmBarrier(sqlite3_file*) {}
  static int ShmUnmap(sqlite3_file* file, int remove) {
    const SimulatedFile& f = FileOf(file);
    const auto memory = f.disk->shared_memory_.find(*f.name);
    if (memory == f.disk->shared_memory_.end()) return SQLITE_OK;
    memory->second.mapped_by.erase(file);
    for (auto& holders : memory->second.shared) holders.erase(file);
    for (Holder& holder : memory->second.exclusive) {
      if (holder == file) holder = nullptr;
    }
    if (remove != 0 && memory->second.mapped_by.empty()) f.disk->shared_memory_.erase(memory);
    return SQLITE_OK;
  }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* got) {
    static const sqlite3_io_methods methods = {.iVersion = 2,
                                               .xClose = &Close,
                                               .xRead = &Read,
                                               .xWrite = &Write,
                                               .xTruncate = &Truncate,
                                               .xSync = &Sync,
                                               .xFileSize = &FileSize,
                                               .xLock = &Lock,
                                               .xUnlock = &Unlock,
                                               .xCheckReservedLock = &CheckReservedLock,
                                               .xFileControl = &FileControl,
                                               .xSectorSize = &SectorSize,
                                               .xDeviceCharacteristics = &DeviceCharacteristics,
                                               .xShmMap = &ShmMap,
                                               .xShmLock = &ShmLock,
                                               .xShmBarrier = &ShmBarrier,
                                               .xShmUnmap = &ShmUnmap,
                                               .xFetch = nullptr,
                                               .xUnfetch = nullptr};
    SimulatedDisk& disk = DiskOf(vfs);
    file->pMethods = nullptr;
    const std::string path = name == nullptr ? "(temporary)" : name;
    if (disk.files_.find(path) == disk.files_.end()) {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      const int code = disk.Do({.kind = DiskOperation::Kind::kCreate, .file = path});
      if (code != SQLITE_OK) return SQLITE_CANTOPEN;
    }
    *reinterpret_cast<SimulatedFile*>(file) = {
        .base = {.pMethods = &methods},
        .disk = &disk,
        .name = new std::string(path),
        .deletes_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
        .is_log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0,
        .was_synced = false};
    if (got != nullptr) *got = flags;
    return SQLITE_OK;
  }
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    SimulatedDisk& disk = DiskOf(vfs);
    if (disk.files_.find(name) == disk.files_.end()) return SQLITE_IOERR_DELETE_NOENT;
    return disk.Do(
        {.kind = DiskOperation::Kind::kDelete, .file = name, .syncs_folder = sync_folder != 0});
  }
  static int Access(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* there) {
    const DiskImage& files = DiskOf(vfs).files_;
    *there = files.find(name) != files.end() ? 1 : 0;
    return SQLITE_OK;
  }
  static int FullPathname(sqlite3_vfs*, const char* name, int size, char* full) {
    sqlite3_snprintf(size, full, "%s", name);
    return SQLITE_OK;
  }
  static int Randomness(sqlite3_vfs*, int size, char* bytes) {
    static std::mt19937_64 random(1);
    for (int i = 0; i < size; ++i) bytes[i] = static_cast<char>(random());
    return size;
  }
  static int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int CurrentTime(sqlite3_vfs*, double* time) {
    *time = 2'460'000.5;
    return SQLITE_OK;
  }
  static int GetLastError(sqlite3_vfs*, int, char*) { return 0; }
};

std::uint64_t SimulatedDisk::next_number_ = 0;

SimulatedDisk::SimulatedDisk(DiskImage image)
    : name_("disk-" + std::to_string(++next_number_)), files_(std::move(image)) {
  vfs_ = {.iVersion = 1,
          .szOsFile = sizeof(SimulatedFile),
          .mxPathname = 512,
          .pNext = nullptr,
          .zName = name_.c_str(),
          .pAppData = this,
          .xOpen = &Methods::Open,
          .xDelete = &Methods::Delete,
          .xAccess = &Methods::Access,
          .xFullPathname = &Methods::FullPathname,
          .xDlOpen = nullptr,
          .xDlError = nullptr,
          .xDlSym = nullptr,
          .xDlClose = nullptr,
          .xRandomness = &Methods::Randomness,
          .xSleep = &Methods::Sleep,
          .xCurrentTime = &Methods::CurrentTime,
          .xGetLastError = &Methods::GetLastError,
          .xCurrentTimeInt64 = nullptr,
          .xSetSystemCall = nullptr,
          .xGetSystemCall = nullptr,
          .xNextSystemCall = nullptr};
  sqlite3_vfs_register(&vfs_, 0);
}

SimulatedDisk::~SimulatedDisk() { sqlite3_vfs_unregister(&vfs_); }

int SimulatedDisk::Do(DiskOperation operation) {
  Fault fault;
  if (before) fault = before(operations_.size(), operation);
  if (fault.code != SQLITE_OK) {
    if (operation.kind == DiskOperation::Kind::kSync) {
      operation.kind = DiskOperation::Kind::kFailedSync;
      operations_.push_back(std::move(operation));
      return fault.code;
    }
    if (operation.kind != DiskOperation::Kind::kWrite || fault.written == 0) return fault.code;
    operation.bytes.resize(std::min(fault.written, operation.bytes.size()));
  }
  switch (operation.kind) {
    case DiskOperation::Kind::kCreate:
      files_[operation.file];
      break;
    case DiskOperation::Kind::kWrite: {
      FileBytes& bytes = files_[operation.file];
      const std::size_t end = operation.offset + operation.bytes.size();
      if (bytes.size() < end) bytes.resize(end);
      std::copy(operation.bytes.begin(), operation.bytes.end(),
                bytes.begin() + static_cast<std::ptrdiff_t>(operation.offset));
      break;
    }
    case DiskOperation::Kind::kTruncate:
      files_[operation.file].resize(operation.offset);
      break;
    case DiskOperation::Kind::kSync:
    case DiskOperation::Kind::kFailedSync:
      break;
    case DiskOperation::Kind::kDelete:
      files_.erase(operation.file);
      break;
  }
  operations_.push_back(std::move(operation));
  return fault.code;
}

}  // namespace flashsale::sqlite_test
