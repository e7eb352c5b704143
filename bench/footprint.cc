#include "bench/footprint.h"

#include <algorithm>
#include <map>

#include "bench/arrivals.h"

namespace flashsale::bench {
namespace {

// What a page that was freed meanwhile by someone else would make negative.
std::uint64_t Difference(std::uint64_t after, std::uint64_t before) {
  return after > before ? after - before : 0;
}

ResidentMemory Measure(const Settings& settings, std::uint64_t users) {
  const ResidentMemory before = ReadResidentMemory();
  EngineUnderTest engine(static_cast<Units>(users), Memory::kAsUsersCome);
  ReserveAll(engine, Crowd(settings.seed), {.count = users, .batch = kFillingBatch});
  const ResidentMemory after = ReadResidentMemory();
  return {.all = Difference(after.all, before.all), .huge = Difference(after.huge, before.huge)};
}

}  // namespace

const ResidentMemory& EngineFootprint(const Settings& settings, std::uint64_t users) {
  static std::map<std::uint64_t, ResidentMemory> known;
  const auto found = known.find(users);
  if (found != known.end()) return found->second;
  return known.emplace(users, Measure(settings, users)).first->second;
}

MachineLimits& LimitsAtSize(const Settings& settings, std::uint64_t users) {
  return LimitsOf(static_cast<std::size_t>(EngineFootprint(settings, users).all), settings.seed);
}

}  // namespace flashsale::bench
