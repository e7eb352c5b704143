#ifndef FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_STORAGE_H_
#define FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_STORAGE_H_

#include <cstdint>
#include <limits>
#include <memory>

#include "flashsale/repository/storage.h"

namespace custom_backend {

struct MapOptions {
  // The most records of each sale; then new ones answer StorageFull.
  std::uint64_t max_records_per_sale = std::numeric_limits<std::uint64_t>::max();
};

// A backend as its user might write one: one mutex, standard maps, nothing survives the process.
// Keeps every event.  When memory runs out it terminates, rather than apply half a command.
std::unique_ptr<flashsale::Storage> OpenMapStorage(const MapOptions& options = {});

}  // namespace custom_backend

#endif  // FLASHSALE_EXAMPLES_CUSTOM_BACKEND_MAP_STORAGE_H_
