#include "backend/journal/group_commit.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "flashsale/domain/sale_terms.h"
#include "tests/journal/memory_medium.h"

namespace flashsale::journal {
namespace {

using journal_test::Kept;
using journal_test::MemoryMedium;

struct World {
  std::shared_ptr<Kept> kept = std::make_shared<Kept>();
  MemoryMedium medium{kept};
  std::atomic<bool> nearly_full{false};
  GroupCommit commits{medium, nearly_full, {}, {}, {.max_pending_bytes = 64}};

  GroupCommit::Ticket Forget(SaleNumber sale) {
    return commits.Append([sale](RecordWriter& writer) { writer.SaleForgotten(sale); });
  }
};

// The numbers of the sales that were forgotten, as they were written.
std::vector<SaleNumber> Written(const Kept& kept) {
  std::vector<SaleNumber> sales;
  Sha256 hasher;
  Sha256Hash previous{};
  for (std::size_t i = 0; i < kept.commits.size(); ++i) {
    const OpenedCommit commit = OpenCommit(kept.commits[i].records, i + 1, previous, hasher);
    REQUIRE_MESSAGE(commit.damage.empty(), commit.damage);
    previous = commit.hash;
    RecordReader reader(commit.records, {});
    for (Record record; reader.Next(record);) sales.push_back(record.sale);
    REQUIRE(reader.ok());
  }
  return sales;
}

TEST_CASE("what is waited for is kept, in order, and nothing twice") {
  World world;
  CHECK(world.commits.Last() == 0);
  CHECK(world.commits.Await(0).ok());
  CHECK(world.Forget(1) == 1);
  CHECK(world.Forget(2) == 1);
  CHECK(world.commits.Last() == 1);
  CHECK(!world.commits.IsKept(1));
  CHECK(world.kept->commits.empty());
  CHECK(world.commits.Await(1).ok());
  CHECK(world.commits.IsKept(1));
  CHECK(world.commits.Last() == 1);
  CHECK(world.Forget(3) == 2);
  CHECK(world.commits.Await(2).ok());
  CHECK(world.commits.Await(1).ok());
  CHECK(Written(*world.kept) == std::vector<SaleNumber>{1, 2, 3});
  CHECK(world.kept->commits.size() == 2);
}

TEST_CASE("all who come while a commit is on its way share the next one") {
  constexpr int kThreads = 8;
  World world;
  std::atomic<int> appended{0};
  world.kept->before_append = [&](const JournalCommit& commit) {
    // The first commit takes until everybody has come.
    while (commit.number == 1 && appended < kThreads) std::this_thread::yield();
    return Status();
  };
  REQUIRE(world.Forget(1'000) == 1);
  std::vector<std::thread> threads;
  threads.emplace_back([&] { CHECK(world.commits.Await(1).ok()); });
  while (world.commits.Last() == 1 && !world.commits.IsKept(1)) {
    // Until the first commit is closed, what comes would be part of it.
    std::this_thread::yield();
    if (world.Forget(999) == 2) break;
  }
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const GroupCommit::Ticket ticket = world.Forget(static_cast<SaleNumber>(t + 1));
      ++appended;
      CHECK(ticket == 2);
      CHECK(world.commits.Await(ticket).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(world.kept->commits.size() == 2);
}

TEST_CASE("whoever would add too much to what waits writes it first") {
  World world;
  for (SaleNumber sale = 1; sale <= 40; ++sale) {
    REQUIRE(world.commits.Admit().ok());
    world.Forget(sale);
  }
  // Two bytes each: 33 of them are more than the 64 that may wait.
  CHECK(world.kept->commits.size() == 1);
  CHECK(Written(*world.kept).size() == 33);
}

TEST_CASE("where there is no room nothing is lost: it is written when there is") {
  World world;
  int full = 2;
  world.kept->before_append = [&](const JournalCommit&) {
    return full-- > 0 ? Status(StatusCode::kResourceExhausted, "no room") : Status();
  };
  world.Forget(1);
  CHECK(world.commits.Await(1).code() == StatusCode::kUnknown);
  world.Forget(2);
  CHECK(world.commits.Await(2).code() == StatusCode::kUnknown);
  CHECK(world.commits.Await(2).ok());
  CHECK(Written(*world.kept) == std::vector<SaleNumber>{1, 2});
}

TEST_CASE("after a failure nothing is written or acknowledged any more") {
  World world;
  world.Forget(1);
  REQUIRE(world.commits.Await(1).ok());
  bool failed = false;
  world.kept->before_append = [&](const JournalCommit&) {
    CHECK(!failed);
    failed = true;
    return Status(StatusCode::kUnavailable, "the disk is gone");
  };
  world.Forget(2);
  const Status first = world.commits.Await(2);
  CHECK(first.code() == StatusCode::kUnknown);
  CHECK(first.message() == "the journal has failed: Unavailable: the disk is gone");
  CHECK(world.commits.Await(2).code() == StatusCode::kUnknown);
  // Not even what was kept before is told any more.
  CHECK(world.commits.Await(1).code() == StatusCode::kUnknown);
  CHECK(world.commits.Admit().code() == StatusCode::kFenced);
  world.Forget(3);
  CHECK(world.commits.Await(world.commits.Last()).code() == StatusCode::kUnknown);
  CHECK(Written(*world.kept) == std::vector<SaleNumber>{1});
}

TEST_CASE("a commit tells the latest time that was used, and whether room is short") {
  World world;
  world.commits.NoteTime(kMinTime + Duration{70});
  world.commits.NoteTime(kMinTime + Duration{50});
  world.kept->nearly_full = true;
  world.Forget(1);
  CHECK(!world.nearly_full);
  REQUIRE(world.commits.Await(1).ok());
  CHECK(world.nearly_full);
  Sha256 hasher;
  const OpenedCommit commit = OpenCommit(world.kept->commits[0].records, 1, {}, hasher);
  CHECK(commit.header.latest == kMinTime + Duration{70});
  world.kept->nearly_full = false;
  world.Forget(2);
  REQUIRE(world.commits.Await(2).ok());
  CHECK(!world.nearly_full);
}

}  // namespace
}  // namespace flashsale::journal
