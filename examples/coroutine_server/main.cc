// The server of examples/async_server with coroutines: a request is a function from its line to its
// answer, which the lane suspends and the loop's executor resumes.
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

#include "examples/async_server/line_protocol.h"
#include "examples/async_server/line_server.h"
#include "examples/async_server/server_main.h"
#include "flashsale/runtime/awaitable.h"
#include "flashsale/runtime/lane.h"
#include "flashsale/runtime/manual_executor.h"
#include "flashsale/runtime/task.h"

namespace flashsale::line_server {
namespace {

// The lane and the server outlive every request; the request itself is the coroutine's own.
Task<> Answer(Lane& lane, LineServer& server, ConnectionId connection, Request request) {
  const Result<Outcome> answer =
      co_await CallLane(lane, {.sale = kSale, .command = request.command});
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

bool Serve(LineServer& server, InventoryRepository& inventory, Clock& clock) {
  auto executor = ManualExecutor::New({.wake = [&server] { server.Wake(); }});
  if (!executor.ok()) return false;
  // Destroyed before the executor, and completes what is still on its way.
  auto lane = Lane::New(inventory, clock, {.executor = executor->get()});
  if (!lane.ok()) return false;

  const auto on_line = [&](ConnectionId connection, std::string_view line) {
    auto request = ParseRequest(line);
    if (!request.has_value()) {
      server.Send(connection, "? BadRequest");
    } else if (!Spawn(**executor, Answer(**lane, server, connection, *std::move(request)),
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
