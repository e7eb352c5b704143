#ifndef FLASHSALE_EXAMPLES_ASYNC_SERVER_SERVER_MAIN_H_
#define FLASHSALE_EXAMPLES_ASYNC_SERVER_SERVER_MAIN_H_

#include <functional>

#include "examples/async_server/line_server.h"
#include "flashsale/base/clock.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::line_server {

// The sale that both servers sell.
inline constexpr const char* kSale = "drop";

// Serves until the server is stopped; false where it could not begin.
using ServeFunction = std::function<bool(LineServer&, InventoryRepository&, Clock&)>;

// What main() of both servers is, but for how they serve:
//
//   PROGRAM [PORT]        RESERVE user id units, CONFIRM user id, CANCEL user id; see
//   line_protocol.h PROGRAM --self-test   lets a crowd of clients buy everything, and checks the
//   books
int ServerMain(int argc, char** argv, const ServeFunction& serve);

}  // namespace flashsale::line_server

#endif  // FLASHSALE_EXAMPLES_ASYNC_SERVER_SERVER_MAIN_H_
