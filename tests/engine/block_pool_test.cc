#include "engine/block_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale::engine {
namespace {

constexpr std::size_t kUnit = 192;
constexpr int kChunkOrder = 6;
constexpr std::size_t kChunkBytes = kUnit << kChunkOrder;

struct Block {
  std::byte* bytes;
  int order;
  std::byte tag;
};

void Fill(const Block& block) { std::fill_n(block.bytes, kUnit << block.order, block.tag); }
bool IsWhole(const Block& block) {
  return std::all_of(block.bytes, block.bytes + (kUnit << block.order),
                     [&block](std::byte b) { return b == block.tag; });
}

// Allocates and frees at random; false where a block was not whole when it was freed, i.e. somebody
// else had a part of it.
bool Churn(BlockPool& pool, std::uint64_t seed, int rounds, std::size_t most_blocks,
           const std::set<std::byte*>* chunks) {
  std::mt19937_64 random(seed);
  std::vector<Block> blocks;
  bool lawful = true;
  const auto free_one = [&] {
    std::swap(blocks[random() % blocks.size()], blocks.back());
    lawful = lawful && IsWhole(blocks.back());
    pool.Free(blocks.back().bytes, blocks.back().order);
    blocks.pop_back();
  };
  for (int i = 0; i < rounds; ++i) {
    if (blocks.size() == most_blocks || (!blocks.empty() && random() % 2 == 0)) {
      free_one();
      continue;
    }
    Block block{.bytes = nullptr,
                .order = static_cast<int>(random() % 4),
                .tag = static_cast<std::byte>(random() % 256)};
    block.bytes = pool.Allocate(block.order);
    if (block.bytes == nullptr) return false;
    lawful = lawful && reinterpret_cast<std::uintptr_t>(block.bytes) % 64 == 0;
    if (chunks != nullptr) {
      const auto home = std::find_if(chunks->begin(), chunks->end(), [&](std::byte* chunk) {
        return block.bytes >= chunk && block.bytes + (kUnit << block.order) <= chunk + kChunkBytes;
      });
      lawful = lawful && home != chunks->end();
    }
    Fill(block);
    blocks.push_back(block);
  }
  while (!blocks.empty()) free_one();
  return lawful;
}

std::set<std::byte*> AllocateChunks(BlockPool& pool, std::size_t count) {
  std::set<std::byte*> chunks;
  for (std::size_t i = 0; i < count; ++i) chunks.insert(pool.Allocate(kChunkOrder));
  return chunks;
}

void FreeChunks(BlockPool& pool, const std::set<std::byte*>& chunks) {
  for (std::byte* const chunk : chunks) pool.Free(chunk, kChunkOrder);
}

TEST_CASE("what is freed merges until whole chunks are there again, and nothing new is asked for") {
  constexpr std::size_t kChunks = 8;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    BlockPool pool(kUnit, kChunkBytes);
    const std::set<std::byte*> chunks = AllocateChunks(pool, kChunks);
    REQUIRE(chunks.size() == kChunks);
    REQUIRE(chunks.count(nullptr) == 0);
    FreeChunks(pool, chunks);
    // 60 blocks cannot spoil all of the 64 largest that are asked for: no more chunks are needed.
    REQUIRE(Churn(pool, seed, 5'000, 60, &chunks));
    REQUIRE(AllocateChunks(pool, kChunks) == chunks);
    FreeChunks(pool, chunks);
  }
}

TEST_CASE("neighbours merge into the block that a growing table doubles into") {
  BlockPool pool(kUnit, kChunkBytes);
  std::byte* const first = pool.Allocate(0);
  std::byte* const second = pool.Allocate(0);
  CHECK(second == first + kUnit);
  pool.Free(second, 0);
  pool.Free(first, 0);
  CHECK(pool.Allocate(1) == first);
}

TEST_CASE("blocks larger than a chunk get a chunk of their own and come back from it") {
  BlockPool pool(kUnit, kChunkBytes);
  const Block large{
      .bytes = pool.Allocate(kChunkOrder + 3), .order = kChunkOrder + 3, .tag = std::byte{0x5A}};
  REQUIRE(large.bytes != nullptr);
  Fill(large);
  CHECK(IsWhole(large));
  pool.Free(large.bytes, large.order);
  CHECK(pool.Allocate(kChunkOrder + 3) == large.bytes);
}

TEST_CASE("what the system cannot give is refused, and the pool goes on") {
  BlockPool pool(std::size_t{1} << 40, std::size_t{1} << 40);
  CHECK(pool.Allocate(BlockPool::kMaxOrder) == nullptr);
  BlockPool small(kUnit, kChunkBytes);
  CHECK(small.Allocate(0) != nullptr);
}

TEST_CASE("threads never share a block") {
  constexpr std::size_t kThreads = 4;
  BlockPool pool(kUnit, kChunkBytes);
  std::atomic<int> unlawful = 0;
  AtOnce(kThreads, [&](std::size_t thread) {
    if (!Churn(pool, thread, Rounds(400'000), 30, nullptr)) ++unlawful;
  });
  CHECK(unlawful == 0);
}

}  // namespace
}  // namespace flashsale::engine
