#include "bench/postgres_server.h"

#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace flashsale::bench {
namespace {

constexpr std::string_view kUser = "flashsale";

[[noreturn]] void Fail(std::string_view what) {
  throw std::runtime_error(fmt::format("postgres: {}", what));
}

// Debian keeps the server's programs out of PATH.  Empty where there is none.
std::string FindProgram(const std::string& name) {
  std::string program = FindInPath(name);
  if (!program.empty()) return program;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string candidate = (version.path() / "bin" / name).string();
    if (access(candidate.c_str(), X_OK) == 0) program = std::max(program, candidate);
  }
  return program;
}

// Who runs it: it refuses to run as root.  Null: who runs us, or nobody.
const passwd* OtherUser() { return getuid() == 0 ? getpwnam("postgres") : nullptr; }

// Whether everybody may pass through the folder and all that it lies in.
bool AnybodyComesTo(const std::filesystem::path& folder) {
  for (std::filesystem::path path = std::filesystem::canonical(folder);;
       path = path.parent_path()) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0 || (status.st_mode & S_IXOTH) == 0) return false;
    if (path == path.root_path()) return true;
  }
}

void GiveTo(const passwd* user, const DiskFolder& folder) {
  if (user != nullptr && chown(folder.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
    Fail("its folder cannot be given to it");
  }
}

// Numbers go with the highest byte first.
void PutInteger(std::string& bytes, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) bytes += static_cast<char>(value >> (8 * i));
}
std::uint64_t IntegerIn(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// A message: its type, its length, which counts itself, and what it says.
void PutMessage(std::string& bytes, std::string_view type, std::string_view body) {
  bytes += type;
  PutInteger(bytes, body.size() + 4, 4);
  bytes += body;
}

// As the texts of messages end.
std::string Ended(std::string_view text) { return std::string(text) + '\0'; }

}  // namespace

std::string PostgresInteger(std::int32_t value) {
  std::string bytes;
  PutInteger(bytes, static_cast<std::uint32_t>(value), 4);
  return bytes;
}

bool PostgresConnection::Connect(std::string_view user) {
  if (!socket_.Connect()) return false;
  std::string body;
  PutInteger(body, 3 << 16, 4);  // the version
  for (const std::string_view text : {std::string_view("user"), user, std::string_view("database"),
                                      std::string_view("postgres"), std::string_view()}) {
    body += Ended(text);
  }
  std::string message;
  PutMessage(message, "", body);
  try {
    socket_.Send(message);
    ReceiveUntilReady();
  } catch (const std::runtime_error&) {
    return false;  // it is starting up
  }
  return true;
}

std::string PostgresConnection::ReceiveUntilReady() {
  std::string value;
  std::string error;
  for (;;) {
    const std::string head = socket_.Receive(5);
    const std::string body = socket_.Receive(IntegerIn(std::string_view(head).substr(1)) - 4);
    switch (head[0]) {
      case 'D':  // a row: the count of its values, the length of the first, that
        if (body.size() > 6) value = body.substr(6, IntegerIn(std::string_view(body).substr(2, 4)));
        break;
      case 'E':  // fields, each a letter and a text
        for (std::size_t at = 0; at < body.size() && body[at] != '\0';) {
          const std::string text = body.c_str() + at + 1;
          if (body[at] == 'M') error = text;
          at += text.size() + 2;
        }
        if (error.empty()) error = "an error";
        // One that comes while the connection is made ends it.
        break;
      case 'Z':
        if (!error.empty()) Fail(error);
        return value;
      default:
        break;
    }
  }
}

void PostgresConnection::Execute(std::string_view sql) {
  std::string message;
  PutMessage(message, "Q", Ended(sql));
  socket_.Send(message);
  ReceiveUntilReady();
}

void PostgresConnection::Prepare(std::string_view sql) {
  std::string message;
  PutMessage(message, "P", Ended("call") + Ended(sql) + std::string(2, '\0'));
  PutMessage(message, "S", "");
  socket_.Send(message);
  ReceiveUntilReady();
}

void PostgresConnection::SendCall(std::span<const std::string_view> arguments) {
  std::string body = Ended("") + Ended("call");
  // That all arguments are binary, these, that all values that come back are.
  PutInteger(body, 1, 2);
  PutInteger(body, 1, 2);
  PutInteger(body, arguments.size(), 2);
  for (const std::string_view argument : arguments) {
    PutInteger(body, argument.size(), 4);
    body += argument;
  }
  PutInteger(body, 1, 2);
  PutInteger(body, 1, 2);
  std::string message;
  PutMessage(message, "B", body);
  PutMessage(message, "E", Ended("") + std::string(4, '\0'));  // all rows
  PutMessage(message, "S", "");
  socket_.Send(message);
}

std::int32_t PostgresConnection::ReceiveAnswer() {
  return static_cast<std::int32_t>(IntegerIn(ReceiveUntilReady()));
}

std::string PostgresServer::WhyNot(const std::string& folder) {
  if (FindProgram("postgres").empty() || FindProgram("initdb").empty()) {
    return "no postgres in PATH or /usr/lib/postgresql";
  }
  if (getuid() != 0) return "";
  if (OtherUser() == nullptr) return "postgres does not run as root, and there is no user postgres";
  if (!AnybodyComesTo(folder)) {
    return fmt::format("the user postgres, who runs it for root, does not come to '{}'", folder);
  }
  return "";
}

PostgresServer::PostgresServer(const std::string& folder)
    : files_(std::filesystem::canonical(folder).string()),
      socket_(std::filesystem::temp_directory_path().string()) {
  const passwd* const user = OtherUser();
  GiveTo(user, files_);
  GiveTo(user, socket_);
  ChildProcess make_files(
      {.program = FindProgram("initdb"),
       .arguments = {"--pgdata", files_.path(), "--username", std::string(kUser), "--auth", "trust",
                     "--encoding", "UTF8", "--locale", "C", "--no-sync"},
       .user = user});
  if (!make_files.Succeeds()) Fail("initdb failed");
  // SIGQUIT: it ends at once, and takes its own processes along.
  server_ = std::make_unique<ChildProcess>(ChildProcess::Options{
      .program = FindProgram("postgres"),
      .arguments = {"-D", files_.path(), "-k", socket_.path(), "-c", "listen_addresses="},
      .end_signal = SIGQUIT,
      .user = user});
  Connect();
}

std::unique_ptr<PostgresConnection> PostgresServer::Connect() {
  auto connection = std::make_unique<PostgresConnection>(socket_.PathOf(".s.PGSQL.5432"));
  constexpr int kTries = 1'000;
  for (int i = 0; i < kTries; ++i) {
    if (connection->Connect(kUser)) return connection;
    if (server_->HasEnded()) Fail("ended at once");
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  Fail("does not answer");
}

}  // namespace flashsale::bench
