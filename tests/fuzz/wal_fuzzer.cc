// A write-ahead log of any frames at all, whole and not: what the library takes for its extent is
// what SQLite reads of it, and once the rest is cut off there is none.
//
// The first byte of the input: bit 0, what follows are the bytes of the file; else bit 1, checksums
// are big-endian, and what follows are frames, three bytes each: bits 0 of another log, 1 damaged,
// 2 the last of its transaction, 3 cut short, which ends the file, 4 the chain of checksums begins
// anew; the page; what it is filled with.

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "backend/sqlite/vfs_file.h"
#include "backend/sqlite/wal_check.h"
#include "tests/sqlite/simulated_disk.h"

namespace {

using flashsale::Result;
using flashsale::Status;
using flashsale::StatusCode;
using flashsale::sqlite::CheckWal;
using flashsale::sqlite::VfsFile;
using flashsale::sqlite::WalExtent;
using flashsale::sqlite_test::FileBytes;
using flashsale::sqlite_test::SimulatedDisk;

constexpr std::size_t kHeaderSize = 32;
constexpr std::uint32_t kPageSize = 512;
constexpr std::size_t kFrameSize = 24 + kPageSize;

void Require(bool holds) {
  if (!holds) std::abort();
}

void Put(FileBytes& bytes, std::uint32_t word) {
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
}

// The checksum of https://www.sqlite.org/fileformat2.html#walformat.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void Add(const FileBytes& bytes, std::size_t from, std::size_t count, bool big) {
    const auto word = [&](std::size_t at) {
      std::uint32_t value = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        value |= std::uint32_t{bytes[at + i]} << (8 * (big ? 3 - i : i));
      }
      return value;
    };
    for (std::size_t at = from; at < from + count; at += 8) {
      first += word(at) + second;
      second += word(at + 4) + first;
    }
  }
};

FileBytes LogOf(const std::uint8_t* data, std::size_t size, bool big) {
  FileBytes log;
  Put(log, big ? 0x377F'0683 : 0x377F'0682);
  Put(log, 3'007'000);
  Put(log, kPageSize);
  for (const std::uint32_t word : {1U, 0x1234'5678U, 0x9ABC'DEF0U}) Put(log, word);
  Checksum checksum;
  checksum.Add(log, 0, 24, big);
  const Checksum of_header = checksum;
  Put(log, checksum.first);
  Put(log, checksum.second);
  for (std::size_t i = 0; i + 3 <= size; i += 3) {
    const std::uint8_t how = data[i];
    const std::size_t begin = log.size();
    Put(log, data[i + 1] % 4U + 1);
    Put(log, (how & 4U) != 0 ? 4 : 0);
    Put(log, (how & 1U) != 0 ? 0x1234'5677 : 0x1234'5678);
    Put(log, 0x9ABC'DEF0);
    FileBytes page(kPageSize, data[i + 2]);
    if ((how & 16U) != 0) checksum = of_header;
    checksum.Add(log, begin, 8, big);
    checksum.Add(page, 0, page.size(), big);
    Put(log, checksum.first);
    Put(log, checksum.second);
    if ((how & 2U) != 0) page[data[i + 2]] ^= 1;
    log.insert(log.end(), page.begin(), page.end());
    if ((how & 8U) != 0) {
      log.resize(begin + data[i + 2]);
      break;
    }
  }
  return log;
}

// A database of one page, in WAL mode.
FileBytes EmptyDatabase() {
  SimulatedDisk disk;
  sqlite3* database = nullptr;
  Require(sqlite3_open_v2("x", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                          disk.name().c_str()) == SQLITE_OK);
  for (const char* const sql : {"PRAGMA page_size = 512", "PRAGMA journal_mode = WAL"}) {
    Require(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  sqlite3_close(database);
  return disk.image().at("x");
}

// How many frames SQLite finds in the log.
int FramesToSqlite(const FileBytes& log) {
  static const FileBytes empty = EmptyDatabase();
  SimulatedDisk disk({{"x", empty}, {"x-wal", log}});
  sqlite3* database = nullptr;
  Require(sqlite3_open_v2("x", &database, SQLITE_OPEN_READWRITE, disk.name().c_str()) == SQLITE_OK);
  sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // Opens the log, whatever is on the page.
  sqlite3_exec(database, "PRAGMA user_version", nullptr, nullptr, nullptr);
  int frames = 0;
  int brought_in = 0;
  sqlite3_wal_checkpoint_v2(database, nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &brought_in);
  sqlite3_close(database);
  return frames;
}

Result<WalExtent> ExtentOf(const FileBytes& log) {
  const SimulatedDisk disk({{"x-wal", log}});
  sqlite3_vfs* const vfs = sqlite3_vfs_find(disk.name().c_str());
  Require(vfs != nullptr);
  Result<VfsFile> file = VfsFile::Open(*vfs, "x-wal", VfsFile::Mode::kRead);
  Require(file.ok());
  return CheckWal(*file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool raw = (data[0] & 1U) != 0;
  FileBytes log =
      raw ? FileBytes(data + 1, data + size) : LogOf(data + 1, size - 1, (data[0] & 2U) != 0);
  if (log.empty()) return 0;
  const Result<WalExtent> extent = ExtentOf(log);
  if (!extent.ok()) {
    Require(extent.status().code() == StatusCode::kDataLoss);
    Require(extent.status().message().find("frame ") != std::string::npos);
    return 0;
  }
  Require(extent->size <= log.size());
  if (!raw) {
    const auto frames = static_cast<std::size_t>(std::max(FramesToSqlite(log), 0));
    Require(extent->size == kHeaderSize + frames * kFrameSize);
  }
  log.resize(extent->size);
  if (log.empty()) return 0;
  const Result<WalExtent> again = ExtentOf(log);
  Require(again.ok() && again->size == extent->size && !again->has_rest);
  return 0;
}
