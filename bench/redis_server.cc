#include "bench/redis_server.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace flashsale::bench {
namespace {

[[noreturn]] void Fail(std::string_view what) {
  throw std::runtime_error(fmt::format("redis-server: {}", what));
}

std::string FindProgram() { return FindInPath("redis-server"); }

}  // namespace

void RedisConnection::Command(std::size_t arguments) {
  fmt::format_to(std::back_inserter(pipeline_), "*{}\r\n", arguments);
  ++commands_;
}

void RedisConnection::Argument(std::string_view bytes) {
  fmt::format_to(std::back_inserter(pipeline_), "${}\r\n", bytes.size());
  pipeline_ += bytes;
  pipeline_ += "\r\n";
}

void RedisConnection::Send() {
  socket_.Send(pipeline_);
  pipeline_.clear();
  sent_ += std::exchange(commands_, 0);
}

RedisConnection::Answers RedisConnection::Receive() {
  Answers answers;
  for (; sent_ != 0; --sent_) {
    const std::string line = socket_.ReceiveLine();
    if (!line.starts_with(':')) continue;
    std::uint64_t number = 0;
    std::from_chars(line.data() + 1, line.data() + line.size(), number);
    ++answers.numbers;
    answers.sum += number;
  }
  return answers;
}

std::string RedisConnection::Ask() {
  Send();
  sent_ = 0;
  // "$123", so many bytes, and a line's end.
  const std::string head = socket_.ReceiveLine();
  if (!head.starts_with('$')) Fail(fmt::format("an unexpected answer, '{}'", head));
  std::size_t size = 0;
  std::from_chars(head.data() + 1, head.data() + head.size(), size);
  std::string text = socket_.Receive(size + 2);
  text.resize(size);
  return text;
}

bool RedisServer::IsInstalled() { return !FindProgram().empty(); }

RedisServer::RedisServer(const std::string& append_only_folder)
    : folder_(std::filesystem::temp_directory_path().string()) {
  const std::string program = FindProgram();
  if (program.empty()) Fail("not in PATH");
  const bool appends = !append_only_folder.empty();
  const std::vector<std::string> arguments = {"--port",
                                              "0",
                                              "--unixsocket",
                                              folder_.PathOf("socket"),
                                              "--save",
                                              "",
                                              "--appendonly",
                                              appends ? "yes" : "no",
                                              "--appendfsync",
                                              "always",
                                              "--auto-aof-rewrite-percentage",
                                              "0",
                                              "--daemonize",
                                              "no",
                                              "--dir",
                                              appends ? append_only_folder : folder_.path()};
  server_ = std::make_unique<ChildProcess>(
      ChildProcess::Options{.program = program, .arguments = arguments});
  connection_ = Connect();
}

std::unique_ptr<RedisConnection> RedisServer::Connect() {
  auto connection = std::make_unique<RedisConnection>(folder_.PathOf("socket"));
  constexpr int kTries = 1'000;
  for (int i = 0; i < kTries; ++i) {
    if (connection->Connect()) return connection;
    if (server_->HasEnded()) Fail("ended at once");
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  Fail("does not answer");
}

double RedisServer::Info(std::string_view section, std::string_view field) {
  connection_->Command(2);
  connection_->Argument("INFO");
  connection_->Argument(section);
  const std::string text = connection_->Ask();
  const std::string name = fmt::format("\n{}:", field);
  const std::size_t found = text.find(name);
  if (found == std::string::npos) Fail(fmt::format("INFO does not say {}", field));
  return std::strtod(text.c_str() + found + name.size(), nullptr);
}

double RedisServer::ProcessorNanoseconds() {
  return 1e9 * (Info("cpu", "used_cpu_user") + Info("cpu", "used_cpu_sys"));
}

double RedisServer::AllocatedBytes() { return Info("memory", "used_memory"); }

}  // namespace flashsale::bench
