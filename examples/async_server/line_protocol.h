#ifndef FLASHSALE_EXAMPLES_ASYNC_SERVER_LINE_PROTOCOL_H_
#define FLASHSALE_EXAMPLES_ASYNC_SERVER_LINE_PROTOCOL_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "flashsale/base/ip_address.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/service/requests.h"

namespace flashsale::line_server {

// One request a line, one answer a line, which begins with the id of its request, because answers
// may come in another order:
//
//   RESERVE user id units  ->  id Done active 1 units until …
//   CONFIRM user id        ->  id Done purchased 1 units
//   CANCEL user id         ->  id Done cancelled 1 units
struct Request {
  std::string id;
  std::variant<ReserveRequest, ConfirmRequest, CancelRequest> call;
};

// The sale that both servers sell.
inline constexpr const char* kSale = "drop";

// Of whoever is at the other end.  Nothing where the line is none of these.
std::optional<Request> ParseRequest(std::string_view line, const IpAddress& peer);

std::string FormatAnswer(const std::string& id, const Result<Outcome>& answer);

}  // namespace flashsale::line_server

#endif  // FLASHSALE_EXAMPLES_ASYNC_SERVER_LINE_PROTOCOL_H_
