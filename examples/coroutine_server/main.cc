// The server of examples/async_server with coroutines: a request is a function from its line to its
// answer, which waits where it would else block and goes on where the loop's executor resumes it.
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>
#include <variant>

#include "examples/async_server/line_protocol.h"
#include "examples/async_server/line_server.h"
#include "examples/async_server/server_main.h"
#include "flashsale/runtime/async_service.h"
#include "flashsale/runtime/manual_executor.h"
#include "flashsale/runtime/task.h"

namespace flashsale::line_server {
namespace {

// The shop outlives every request; the request itself is the coroutine's own.
Task<Result<Outcome>> Ask(AsyncFlashSaleService& shop, Request request) {
  if (const auto* const reserve = std::get_if<ReserveRequest>(&request.call)) {
    co_return co_await shop.Reserve(*reserve);
  }
  if (const auto* const confirm = std::get_if<ConfirmRequest>(&request.call)) {
    co_return co_await shop.Confirm(*confirm);
  }
  co_return co_await shop.Cancel(std::get<CancelRequest>(request.call));
}

Task<> Answer(AsyncFlashSaleService& shop, LineServer& server, ConnectionId connection,
              Request request) {
  const Result<Outcome> answer = co_await Ask(shop, request);
  // On the loop's thread again.
  server.Send(connection, FormatAnswer(request.id, answer));
}

void Report(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const std::exception& error) {
    std::cerr << "a request failed: " << error.what() << '\n';
  }
}

bool Serve(LineServer& server, FlashSaleService& service) {
  auto executor = ManualExecutor::New({.wake = [&server] { server.Wake(); }});
  if (!executor.ok()) return false;
  // Destroyed before the executor, and completes what is still on its way.
  auto shop = AsyncFlashSaleService::New(service, {.executor = executor->get()});
  if (!shop.ok()) return false;

  const auto on_line = [&](ConnectionId connection, const IpAddress& peer, std::string_view line) {
    auto request = ParseRequest(line, peer);
    if (!request.has_value()) {
      server.Send(connection, "? BadRequest");
    } else if (!Spawn(**executor, Answer(**shop, server, connection, *std::move(request)),
                      Report)) {
      server.Send(connection, "? Overloaded");
    }
  };
  server.Run({.on_line = on_line, .on_turn = [&] { (*executor)->RunReady(); }});
  return true;
}

}  // namespace
}  // namespace flashsale::line_server

int main(int argc, char** argv) {
  return flashsale::line_server::ServerMain(argc, argv, flashsale::line_server::Serve);
}
