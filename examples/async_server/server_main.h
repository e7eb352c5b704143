#ifndef FLASHSALE_EXAMPLES_ASYNC_SERVER_SERVER_MAIN_H_
#define FLASHSALE_EXAMPLES_ASYNC_SERVER_SERVER_MAIN_H_

#include <functional>

#include "examples/async_server/line_server.h"
#include "flashsale/service/flash_sale_service.h"

namespace flashsale::line_server {

// Serves until the server is stopped; false where it could not begin.
using ServeFunction = std::function<bool(LineServer&, FlashSaleService&)>;

// What main() of both servers is, but for how they serve:
//
//   PROGRAM [PORT]        sells; see line_protocol.h
//   PROGRAM --self-test   lets a crowd of clients buy everything, and checks the books
//   PROGRAM --help
//
// Exit code: 0; 1 where it could not serve, or the books are wrong; 2 for a bad argument.
int ServerMain(int argc, char** argv, const ServeFunction& serve);

}  // namespace flashsale::line_server

#endif  // FLASHSALE_EXAMPLES_ASYNC_SERVER_SERVER_MAIN_H_
