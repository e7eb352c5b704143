#ifndef FLASHSALE_BACKEND_MEMORY_H_
#define FLASHSALE_BACKEND_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/repository/storage.h"

namespace flashsale::inline v0 {

struct MemoryOptions {
  // How many events of each sale are kept for readers; a power of two from 1,024 to 2^30.  A reader
  // that falls further behind is told what it lost.  128 bytes an event, 192 with three limit keys,
  // used only as events come.
  std::size_t events_per_sale = std::size_t{1} << 16;

  // The most records (reservations and tombstones) of each sale; then new ones answer StorageFull.
  // 1 to 2^32.
  std::uint64_t max_records_per_sale = std::uint64_t{1} << 32;

  // Makes Create take all the memory that a sale needs once every unit has found a buyer of its
  // own, so that no reserve waits for a page or for a table that grows.  Otherwise memory comes
  // with users.
  bool prefault = false;

  // For how many users, addresses, networks and devices, each, the rates are kept; 1 to 2^32.  Nine
  // bytes each, used only as keys come.  Beyond that those who have used least are forgotten first.
  std::uint64_t rate_keys = std::uint64_t{1} << 20;

  // For how many devices and networks, each kind of them, the users are counted; 1 to 2^32.  16
  // bytes each, used only as keys come: room for a key of five users.  Beyond that those with the
  // fewest users are forgotten first.
  std::uint64_t fingerprint_keys = std::uint64_t{1} << 20;

  // Keys of the hash tables, so that nobody can choose ids that collide; 0: drawn from the system.
  std::uint64_t hash_seed = 0;
};

// Everything in this process's memory, nothing survives it.  Any thread; no call blocks for longer
// than other calls for the same users take, but while a Snapshot's visitor holds the sale still; a
// thousand sales share no lock.
//
// A queue takes about 75 bytes for each of those who wait and 128 to 256 for each live admission;
// its memory grows with the most who were ever there at once, not with those who pass through.  It
// is returned when the queue is closed (that of those who wait) and forgotten (all of it).
//
// Errors: InvalidArgument (names the option).
FLASHSALE_EXPORT Result<std::unique_ptr<Storage>> OpenMemoryStorage(
    const MemoryOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BACKEND_MEMORY_H_
