#ifndef FLASHSALE_TESTS_LINEARIZABILITY_LAWFUL_LOG_H_
#define FLASHSALE_TESTS_LINEARIZABILITY_LAWFUL_LOG_H_

#include <array>
#include <optional>
#include <span>
#include <string>

#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/testing/event_fold.h"

namespace flashsale {

// What is wrong with the log of a sale; empty if nothing is.  The log is a linearization of its
// own: each prefix of it must be lawful.
inline std::string ComplaintAboutLog(InventoryRepository& inventory, const SaleTerms& terms) {
  std::array<Event, 512> events;
  const Result<EventPage> page = inventory.ReadEvents(terms.id, 0, events);
  if (!page.ok()) return page.status().ToString();
  EventFold fold(*Validate(terms));
  for (const Event& event : std::span(events).first(page->count)) {
    if (const std::optional<std::string> complaint = fold.Add(event); complaint.has_value()) {
      return *complaint;
    }
  }
  return "";
}

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_LINEARIZABILITY_LAWFUL_LOG_H_
