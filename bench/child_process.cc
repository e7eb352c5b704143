#include "bench/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace flashsale::bench {

std::string FindInPath(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string program = fmt::format("{}/{}", rest.substr(0, end), name);
    if (access(program.c_str(), X_OK) == 0) return program;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return "";
}

ChildProcess::ChildProcess(const Options& options) : end_signal_(options.end_signal) {
  std::vector<char*> arguments = {const_cast<char*>(options.program.c_str())};
  for (const std::string& argument : options.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) throw std::runtime_error(fmt::format("{}: not started", options.program));
  if (process_ > 0) return;

  // Only what is safe after a fork of a program with threads.
  const passwd* const user = options.user;
  if (user != nullptr && (setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
                          setuid(user->pw_uid) != 0)) {
    _exit(127);
  }
  // After that, for a change of the user takes it back.
  prctl(PR_SET_PDEATHSIG, options.end_signal);
  if (getppid() != parent) _exit(127);
  const int nowhere = open("/dev/null", O_RDWR);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, stream);
  execv(options.program.c_str(), arguments.data());
  _exit(127);
}

ChildProcess::~ChildProcess() {
  if (process_ < 0) return;
  kill(process_, end_signal_);
  waitpid(process_, nullptr, 0);
}

bool ChildProcess::HasEnded() {
  if (process_ >= 0 && waitpid(process_, nullptr, WNOHANG) != 0) process_ = -1;
  return process_ < 0;
}

bool ChildProcess::Succeeds() {
  int status = -1;
  if (process_ >= 0) waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace flashsale::bench
