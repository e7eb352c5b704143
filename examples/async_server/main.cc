// A server of one thread that waits for nothing but its clients: an epoll loop over an
// AsyncFlashSaleService.
//
// Lines are parsed on the loop's thread and submitted.  What the gates refuse is answered at once;
// the rest goes through the lane, whose worker calls the store, and its answers come back as tasks
// of a ManualExecutor, which the loop runs once a turn: so all that the loop owns is touched by its
// thread alone, and there is no lock in this file.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "examples/async_server/line_protocol.h"
#include "examples/async_server/line_server.h"
#include "examples/async_server/server_main.h"
#include "flashsale/runtime/async_service.h"
#include "flashsale/runtime/manual_executor.h"

namespace flashsale::line_server {
namespace {

// One request on its way: lives from its line to its answer.
class PendingAnswer final : public Completion<Outcome> {
 public:
  static void Start(AsyncFlashSaleService& shop, LineServer& server, ConnectionId connection,
                    Request request) {
    auto* const pending = new PendingAnswer(server, connection, std::move(request.id));
    const auto at_once =
        std::visit([&](const auto& call) { return shop.Submit(call, *pending); }, request.call);
    if (at_once.has_value()) pending->Complete(*at_once);
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

bool Serve(LineServer& server, FlashSaleService& service) {
  auto executor = ManualExecutor::New({.wake = [&server] { server.Wake(); }});
  if (!executor.ok()) return false;
  // Destroyed before the executor, and completes what is still on its way.
  auto shop = AsyncFlashSaleService::New(service, {.executor = executor->get()});
  if (!shop.ok()) return false;

  const auto on_line = [&](ConnectionId connection, const IpAddress& peer, std::string_view line) {
    auto request = ParseRequest(line, peer);
    if (request.has_value()) {
      PendingAnswer::Start(**shop, server, connection, *std::move(request));
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
