#include "flashsale/domain/event.h"

namespace flashsale::inline v0 {

std::string_view Name(EventType type) {
  switch (type) {
    case EventType::kReserved: return "Reserved";
    case EventType::kConfirmed: return "Confirmed";
    case EventType::kRevived: return "Revived";
    case EventType::kCancelled: return "Cancelled";
    case EventType::kTombstoned: return "Tombstoned";
    case EventType::kExtended: return "Extended";
    case EventType::kExpired: return "Expired";
    case EventType::kVoided: return "Voided";
    case EventType::kStartedEarly: return "StartedEarly";
    case EventType::kPaused: return "Paused";
    case EventType::kResumed: return "Resumed";
    case EventType::kReleased: return "Released";
    case EventType::kClosed: return "Closed";
    case EventType::kSaleCancelled: return "SaleCancelled";
    case EventType::kSettled: return "Settled";
    case EventType::kClock: return "Clock";
  }
  return "?";
}

std::string_view Name(Edge edge) {
  switch (edge) {
    case Edge::kSaleStarted: return "SaleStarted";
    case Edge::kSaleEnded: return "SaleEnded";
    case Edge::kSoldOut: return "SoldOut";
    case Edge::kRestocked: return "Restocked";
    case Edge::kSoldOutForGood: return "SoldOutForGood";
    case Edge::kLineSoldOut: return "LineSoldOut";
    case Edge::kLineRestocked: return "LineRestocked";
  }
  return "?";
}

}  // namespace flashsale::inline v0
