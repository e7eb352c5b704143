#include "examples/flashsale_sim/backend.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/sqlite/folder.h"

namespace flashsale::sim {
namespace {

using sqlite_test::Contents;
using sqlite_test::Folder;
using sqlite_test::SetContents;

BackendName Sqlite(const std::string& path) { return {.kind = BackendKind::kSqlite, .path = path}; }

TEST_CASE("a backend's name is read as it is written") {
  for (const std::string_view text :
       {"memory", "sqlite:a.db", "sqlite:/b/c d:e", "sqlite:memory"}) {
    CAPTURE(text);
    const Result<BackendName> name = ParseBackendName(text);
    REQUIRE(name.ok());
    CHECK(ToString(*name) == text);
  }
  CHECK(ParseBackendName("memory")->kind == BackendKind::kMemory);
  const Result<BackendName> sqlite = ParseBackendName("sqlite:a.db");
  CHECK(sqlite->kind == BackendKind::kSqlite);
  CHECK(Name(sqlite->kind) == "sqlite");
  CHECK(sqlite->path == "a.db");
}

TEST_CASE("what names no backend is told what there is") {
  for (const std::string_view text : {"", "Memory", "memory:", "memory:x", "sqlite",
                                      "sqlite:", "sqlit", "postgres://host/db", "redis"}) {
    CAPTURE(text);
    const Status status = ParseBackendName(text).status();
    CHECK(status.code() == StatusCode::kInvalidArgument);
    CHECK(status.message() == "'" + std::string(text) + "': expected memory or sqlite:PATH");
  }
}

TEST_CASE("a sale in memory leaves nothing") {
  CHECK(Backend::CheckIsNew({}).ok());
  const auto backend = Backend::Open({}, {});
  REQUIRE(backend.ok());
  CHECK_FALSE((*backend)->is_durable());
}

#ifdef FLASHSALE_SIM_WITH_SQLITE

TEST_CASE("no file that is there is touched, be it the database or one beside it") {
  const Folder folder(Folder::Kind::kMemory);
  const std::string path = folder / "sale.db";
  for (const char* suffix : {"", "-wal", "-shm", "-lock", "-head", "-reserve"}) {
    const std::string file = path + suffix;
    CAPTURE(file);
    SetContents(file, {'m', 'i', 'n', 'e'});
    for (const Status& status :
         {Backend::CheckIsNew(Sqlite(path)), Backend::Open(Sqlite(path), {}).status()}) {
      CHECK(status.code() == StatusCode::kFailedPrecondition);
      CHECK(status.message() == "expected the name of a new file; '" + file + "' is there already");
    }
    CHECK(Contents(file).size() == 4);
    std::filesystem::remove(file);
    CHECK(std::filesystem::is_empty(folder / "."));
  }
  // An empty one may be about to be written by somebody, and a link leads to one.
  SetContents(path, {});
  CHECK_FALSE(Backend::CheckIsNew(Sqlite(path)).ok());
  std::filesystem::remove(path);
  std::filesystem::create_symlink(folder / "nowhere", path);
  CHECK_FALSE(Backend::CheckIsNew(Sqlite(path)).ok());
}

TEST_CASE("what the backend says when it cannot be opened is passed on") {
  const Folder folder(Folder::Kind::kMemory);
  const std::string path = folder / "no/such/sale.db";
  CHECK(Backend::CheckIsNew(Sqlite(path)).ok());
  const Status status = Backend::Open(Sqlite(path), {}).status();
  CHECK(status.code() == StatusCode::kNotFound);
  CHECK(status.message().find("there is no directory '" + folder / "no/such") != std::string::npos);
}

TEST_CASE("a durable backend is opened again with what was in it, and its commits are counted") {
  const Folder folder(Folder::Kind::kMemory);
  const auto backend = Backend::Open(Sqlite(folder / "sale.db"), {});
  REQUIRE(backend.ok());
  CHECK((*backend)->is_durable());
  SaleTerms terms{.id = "drop",
                  .lines = {{.product = "thing", .units = 3}},
                  .start = Time(Duration(1)),
                  .end = Time(Duration(2))};
  REQUIRE((*backend)->storage().inventory().Create(terms).ok());
  const Result<Backend::OnDisk> first = (*backend)->Reopen();
  REQUIRE(first.ok());
  CHECK(first->commits == 1);
  CHECK(first->journal_bytes > 84);  // what a commit without records has
  CHECK(first->journal_bytes < first->file_bytes);
  CHECK((*backend)->storage().inventory().Resolve("drop").ok());
  terms.id = "another";
  REQUIRE((*backend)->storage().inventory().Create(terms).ok());
  const Result<Backend::OnDisk> second = (*backend)->Reopen();
  REQUIRE(second.ok());
  CHECK(second->commits == 2);
  CHECK(second->journal_bytes > first->journal_bytes);
}

#else

TEST_CASE("a build without SQLite says so") {
  const BackendName name = Sqlite("sale.db");
  for (const Status& status : {Backend::CheckIsNew(name), Backend::Open(name, {}).status()}) {
    CHECK(status.code() == StatusCode::kFailedPrecondition);
    CHECK(status.message().find("FLASHSALE_WITH_SQLITE=ON") != std::string::npos);
  }
}

#endif

}  // namespace
}  // namespace flashsale::sim
