#ifndef FLASHSALE_BENCH_CHILD_PROCESS_H_
#define FLASHSALE_BENCH_CHILD_PROCESS_H_

#include <pwd.h>
#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace flashsale::bench {

// Where in PATH a program is; empty where it is in none of its folders.
std::string FindInPath(const std::string& name);

// A program that we have started, and whose words go nowhere.  It hears a signal when this object
// ends, or our program does, whose thread that started it has to live as long. Thread safety: as an
// int.
class ChildProcess {
 public:
  struct Options {
    std::string program;  // its path
    std::vector<std::string> arguments;
    // What it hears at the end.
    int end_signal = SIGKILL;
    // Who runs it; null: who runs us.
    const passwd* user = nullptr;
  };
  // Throws std::runtime_error where the system has no process for it.
  explicit ChildProcess(const Options& options);
  // Returns when it has ended.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  bool HasEnded();
  // Returns when it has ended by itself: whether it says that it succeeded.
  bool Succeeds();

 private:
  const int end_signal_;
  pid_t process_ = -1;  // -1: has ended
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_CHILD_PROCESS_H_
