#include "flashsale/service/queue_place.h"

#include "flashsale/service/queue_observer.h"

namespace flashsale::inline v0 {

std::string_view Name(Outlook outlook) {
  switch (outlook) {
    case Outlook::kUnknown:
      return "unknown";
    case Outlook::kInReach:
      return "in-reach";
    case Outlook::kIfReturned:
      return "if-returned";
    case Outlook::kOutOfReach:
      return "out-of-reach";
    case Outlook::kSoldOut:
      return "sold-out";
  }
  return "outlook?";
}

std::string_view Name(QueueFlow flow) {
  switch (flow) {
    case QueueFlow::kFlowing:
      return "flowing";
    case QueueFlow::kUnitsClaimed:
      return "units-claimed";
    case QueueFlow::kSoldOut:
      return "sold-out";
    case QueueFlow::kOver:
      return "over";
  }
  return "flow?";
}

void QueueObserver::OnFlow(const SaleId& /*sale*/, Time /*now*/,
                           const QueueFlowChange& /*change*/) {}

}  // namespace flashsale::inline v0
