#include "bench/redis_server.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace flashsale::bench {
namespace {

[[noreturn]] void Fail(std::string_view what) {
  throw std::runtime_error(fmt::format("redis-server: {}", what));
}

// Empty where there is none.
std::string FindProgram() {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string program = fmt::format("{}/redis-server", rest.substr(0, end));
    if (access(program.c_str(), X_OK) == 0) return program;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return "";
}

}  // namespace

bool RedisServer::IsInstalled() { return !FindProgram().empty(); }

RedisServer::RedisServer() {
  const std::string program = FindProgram();
  if (program.empty()) Fail("not in PATH");
  folder_ = (std::filesystem::temp_directory_path() / "flashsale_bench_XXXXXX").string();
  if (mkdtemp(folder_.data()) == nullptr) Fail("no folder for its socket");
  const std::string socket = folder_ + "/socket";
  const std::array<const char*, 16> arguments = {program.c_str(),
                                                 "--port",
                                                 "0",
                                                 "--unixsocket",
                                                 socket.c_str(),
                                                 "--save",
                                                 "",
                                                 "--appendonly",
                                                 "no",
                                                 "--daemonize",
                                                 "no",
                                                 "--dir",
                                                 folder_.c_str(),
                                                 "--logfile",
                                                 "/dev/null",
                                                 nullptr};
  const pid_t parent = getpid();
  server_ = fork();
  if (server_ == 0) {
    // Only what is safe after a fork of a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) execv(program.c_str(), const_cast<char* const*>(arguments.data()));
    _exit(127);
  }
  try {
    if (server_ < 0) Fail("not started");
    Connect();
  } catch (...) {
    Stop();
    throw;
  }
}

RedisServer::~RedisServer() { Stop(); }

void RedisServer::Stop() {
  if (socket_ >= 0) close(socket_);
  if (server_ > 0) {
    kill(server_, SIGKILL);
    waitpid(server_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisServer::Connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ + "/socket";
  if (path.size() >= sizeof(address.sun_path)) Fail("the path of its socket is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  constexpr int kTries = 1'000;
  for (int i = 0; i < kTries; ++i) {
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) Fail("no socket");
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return;
    close(socket_);
    socket_ = -1;
    if (waitpid(server_, nullptr, WNOHANG) != 0) {
      server_ = -1;
      Fail("ended at once");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  Fail("does not answer");
}

void RedisServer::Command(std::size_t arguments) {
  fmt::format_to(std::back_inserter(pipeline_), "*{}\r\n", arguments);
  ++commands_;
}

void RedisServer::Argument(std::string_view bytes) {
  fmt::format_to(std::back_inserter(pipeline_), "${}\r\n", bytes.size());
  pipeline_ += bytes;
  pipeline_ += "\r\n";
}

RedisServer::Answers RedisServer::Run() {
  for (std::size_t sent = 0; sent < pipeline_.size();) {
    const ssize_t some =
        send(socket_, pipeline_.data() + sent, pipeline_.size() - sent, MSG_NOSIGNAL);
    if (some <= 0) Fail("the connection broke");
    sent += static_cast<std::size_t>(some);
  }
  pipeline_.clear();
  Answers answers;
  for (; commands_ != 0; --commands_) {
    const std::string line = ReadLine();
    if (!line.starts_with(':')) continue;
    std::uint64_t number = 0;
    std::from_chars(line.data() + 1, line.data() + line.size(), number);
    ++answers.numbers;
    answers.sum += number;
  }
  return answers;
}

void RedisServer::ReadMore() {
  constexpr std::size_t kAtOnce = std::size_t{64} << 10;
  received_.erase(0, read_);
  read_ = 0;
  const std::size_t before = received_.size();
  received_.resize(before + kAtOnce);
  const ssize_t some = recv(socket_, received_.data() + before, kAtOnce, 0);
  if (some <= 0) Fail("the connection broke");
  received_.resize(before + static_cast<std::size_t>(some));
}

std::string RedisServer::ReadLine() {
  while (true) {
    const std::size_t end = received_.find("\r\n", read_);
    if (end == std::string::npos) {
      ReadMore();
      continue;
    }
    std::string line = received_.substr(read_, end - read_);
    read_ = end + 2;
    return line;
  }
}

std::string RedisServer::ReadBytes(std::size_t count) {
  while (received_.size() - read_ < count) ReadMore();
  std::string bytes = received_.substr(read_, count);
  read_ += count;
  return bytes;
}

double RedisServer::Info(std::string_view section, std::string_view field) {
  Command(2);
  Argument("INFO");
  Argument(section);
  if (send(socket_, pipeline_.data(), pipeline_.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(pipeline_.size())) {
    Fail("the connection broke");
  }
  pipeline_.clear();
  commands_ = 0;
  // "$123", so many bytes, and a line's end.
  const std::string head = ReadLine();
  std::size_t size = 0;
  if (head.empty()) Fail("INFO was not answered");
  std::from_chars(head.data() + 1, head.data() + head.size(), size);
  const std::string text = ReadBytes(size + 2);
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
