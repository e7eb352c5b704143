#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OPTIONS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OPTIONS_H_

#include <istream>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

namespace flashsale::audit {

// Exit codes of the program.
inline constexpr int kExitHeld = 0;
inline constexpr int kExitRefuted = 1;
inline constexpr int kExitBadInput = 2;  // an option, a file that is not there or is no journal

struct CheckOptions {
  std::string file;
  std::string sale;  // empty: all
  std::vector<std::string> draws;
  std::vector<std::string> hashes;        // COMMIT:HEX, that were kept elsewhere
  std::vector<std::string> names_hashes;  // likewise
  bool with_ids = false;
  bool without_pages = false;
  std::string json;
  std::string csv;
  std::string html;
};

// Into a journal of its own.
struct CopyOptions {
  std::string file;
  std::string to;
  std::string sale;  // empty: all that was not forgotten
};

struct EraseOptions {
  std::string file;
  std::vector<std::string> users;
  std::vector<std::string> keys;
};

// The ledger of a sale against the shop's own orders.
struct ReconcileOptions {
  std::string file;
  std::string orders;  // a file, or "-": standard input
  std::string sale;    // empty: the only one
  std::string as_of;   // empty: nothing was bought since they were listed
  bool apply = false;
  bool with_ids = false;
  bool all = false;
  std::string json;
};

// What the command line asks for, or the exit code after its help or its mistakes were written.
using Request = std::variant<int, CheckOptions, CopyOptions, EraseOptions, ReconcileOptions>;

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& errors;
};
Request ParseCommandLine(int argc, const char* const* argv, const Streams& streams);

// Each carries out what was asked for, and returns the exit code.
int Check(const CheckOptions& options, const Streams& streams);
int Copy(const CopyOptions& options, const Streams& streams);
int Erase(const EraseOptions& options, const Streams& streams);
int Reconcile(const ReconcileOptions& options, const Streams& streams);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OPTIONS_H_
