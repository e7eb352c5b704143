// Puts the backend of this folder to the proof that every backend of flashsale has to pass.
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>

#include "examples/custom_backend/map_storage.h"
#include "flashsale/testing/conformance.h"

namespace {

flashsale::Result<std::unique_ptr<flashsale::Storage>> Open(const flashsale::StorageNeeds& needs) {
  const std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();
  return custom_backend::OpenMapStorage(
      {.max_records_per_sale = needs.max_records_per_sale.value_or(unbounded)});
}

}  // namespace

int main() {
  const flashsale::ConformanceReport report = flashsale::RunConformance(Open);
  std::cout << report.Summary();
  return report.passed() ? 0 : 1;
}
