// A server of one thread that never waits for its store: an epoll loop over a Lane.
//
// Lines are parsed on the loop's thread and handed to the lane, whose worker calls the store.
// Answers come back as tasks of a ManualExecutor, which the loop runs once a turn: so all that the
// loop owns is touched by its thread alone, and there is no lock in this file.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "examples/async_server/line_protocol.h"
#include "examples/async_server/line_server.h"
#include "examples/async_server/server_main.h"
#include "flashsale/runtime/lane.h"
#include "flashsale/runtime/manual_executor.h"

namespace flashsale::line_server {
namespace {

// One request on its way: lives from its line to its answer.
class PendingAnswer final : public LaneCompletion {
 public:
  static void Start(Lane& lane, LineServer& server, ConnectionId connection, Request request) {
    const LaneCall call{.sale = kSale, .command = request.command};
    auto* const pending = new PendingAnswer(server, connection, std::move(request.id));
    const auto refusal = lane.Submit(call, *pending);
    if (refusal.has_value()) pending->Complete(*refusal);
  }

  // On the loop's thread.
  void Complete(const Result<Outcome>& answer) override {
    const std::unique_ptr<PendingAnswer> self(this);
    server_.Send(connection_, FormatAnswer(id_, answer));
  }

 private:
  PendingAnswer(LineServer& server, ConnectionId connection, std::string id)
      : server_(server), connection_(connection), id_(std::move(id)) {}

  LineServer& server_;
  const ConnectionId connection_;
  const std::string id_;
};

bool Serve(LineServer& server, InventoryRepository& inventory, Clock& clock) {
  auto executor = ManualExecutor::New({.wake = [&server] { server.Wake(); }});
  if (!executor.ok()) return false;
  // Destroyed before the executor, and completes what is still on its way.
  auto lane = Lane::New(inventory, clock, {.executor = executor->get()});
  if (!lane.ok()) return false;

  const auto on_line = [&](ConnectionId connection, std::string_view line) {
    auto request = ParseRequest(line);
    if (request.has_value()) {
      PendingAnswer::Start(**lane, server, connection, *std::move(request));
    } else {
      server.Send(connection, "? BadRequest");
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
