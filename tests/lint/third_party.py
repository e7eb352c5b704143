"""Public headers speak std and flashsale only: no include, name or macro of anybody else."""

import re

import lint

STD_HEADERS = frozenset("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono
    cinttypes climits clocale cmath codecvt compare complex concepts condition_variable coroutine
    csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque
    exception execution filesystem format forward_list fstream functional future initializer_list
    iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource
    mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
    semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
    string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version
""".split())

# Standard, but not in the compilers that we promise to support.
TOO_NEW = frozenset(("format",))

FOREIGN = re.compile(r"""\b(?:
      (?:absl|fmt|boost|nlohmann|prometheus|doctest|benchmark|CLI|pqxx)\s*::
    | ABSL_\w+ | BOOST_\w+ | FMT_\w+
    | redis(?:Async)?(?:Context|Reply|Options|SSL)\w* | hiredis\w*
    | PG(?:conn|result)\b | PQ[a-z]\w+ | libpq\w*
    | sqlite3\w*
    | CURL\w* | curl_\w+
    | EVP_\w+ | HMAC_\w+ | SSL_\w+ | OPENSSL_\w+
    | rd_kafka\w* | nats(?:Connection|Msg|Options)\w* | jsCtx
    )""", re.VERBOSE)


def check(root):
    findings = []
    for path in lint.files(root, ("include",), (".h", ".hpp")):
        text = lint.read(path)
        for match in lint.INCLUDE.finditer(text):
            name, line = match[2], lint.line_of(text, match.start())
            if match[1] == '"':
                if not name.startswith("flashsale/"):
                    findings.append(lint.finding(
                        root, path, line, f'"{name}" is not one of our public headers'))
            elif name in TOO_NEW:
                findings.append(lint.finding(
                    root, path, line, f"<{name}> is not in every compiler that we support"))
            elif name not in STD_HEADERS:
                findings.append(lint.finding(
                    root, path, line, f"<{name}> is not a header of the standard library"))
        code = lint.code_only(text)
        for match in FOREIGN.finditer(code):
            findings.append(lint.finding(root, path, lint.line_of(code, match.start()),
                                         f"'{match[0]}' is a name of a third party"))
    return findings


def _sample(text):
    return {"include/flashsale/base/a.h": text}


BAD_SAMPLES = {
    "a third party's include": (_sample("#include <absl/hash/hash.h>\n"), "<absl/hash/hash.h>"),
    "in quotes": (_sample('#include "fmt/format.h"\n'), '"fmt/format.h"'),
    "a system header": (_sample("#include <unistd.h>\n"), "<unistd.h>"),
    "too new": (_sample("#include <format>\n"), "every compiler"),
    "a private header": (_sample('#include "engine/e.h"\n'), "public headers"),
    "a type of Abseil": (_sample("absl::string_view f();\n"), "'absl::'"),
    "a declaration ahead of Boost": (_sample("namespace x { boost::asio::io_context* c; }"), "boost"),
    "hiredis": (_sample("struct redisContext;\n"), "redisContext"),
    "libpq": (_sample("struct A { PGconn* c; };\n"), "PGconn"),
    "sqlite": (_sample("struct sqlite3;\n"), "sqlite3"),
}
GOOD_SAMPLE = _sample("""#include <span>
#include "flashsale/export.h"
// Like absl::Span, of sqlite3 and fmt::format.
inline const char* kName = "boost::system";
namespace flashsale::inline v0 { void OpenSqliteStorage(); }
""")

if __name__ == "__main__":
    lint.main(check, BAD_SAMPLES, GOOD_SAMPLE)
