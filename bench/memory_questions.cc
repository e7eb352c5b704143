// How much memory does a sale take?
#include <fmt/format.h>

#include <algorithm>

#include "bench/arrivals.h"
#include "bench/footprint.h"
#include "bench/plain_engine.h"
#include "bench/question.h"

namespace flashsale::bench {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Memory is the same however often one looks.
Trial Always(const Sample& sample) {
  return [sample] { return sample; };
}

// In percent, of what was added since `before`.
double ShareInHugePages(const ResidentMemory& after, const ResidentMemory& before) {
  return 100 * (static_cast<double>(after.huge) - static_cast<double>(before.huge)) /
         (static_cast<double>(after.all) - static_cast<double>(before.all));
}

Question BytesPerHolder(const Settings& settings) {
  const std::uint64_t users = settings.users;
  return {
      .name = fmt::format("memory_per_holder_{}", SizeName(users)),
      .asks = fmt::format("How many bytes are resident for each of {} shoppers who hold a unit, "
                          "all included but more than a few events; and in the plain engine, with "
                          "a tenth of the shoppers?",
                          users),
      .unit = "B",
      .reference_name = "plain engine",
      .target = Target::OursAtMost(160),
      .prepare = [users](const Settings& s) -> Trial {
        const std::uint64_t plain_users = users / 10;
        const auto before = static_cast<double>(ReadResidentMemory().all);
        PlainEngine plain(BenchTerms(static_cast<Units>(plain_users)));
        ReserveAll(plain, Crowd(s.seed), {.count = plain_users, .batch = kFillingBatch});
        const auto after = static_cast<double>(ReadResidentMemory().all);
        return Always({.ours = static_cast<double>(EngineFootprint(s, users).all) /
                               static_cast<double>(users),
                       .reference = (after - before) / static_cast<double>(plain_users)});
      }};
}

// The limits are only limits if they have no better pages.
Question HugePages(const Settings& settings) {
  const std::uint64_t users = settings.users;
  return {.name = fmt::format("memory_huge_pages_{}", SizeName(users)),
          .asks =
              "Which share of the engine's memory lies in huge pages, and which of the memory that "
              "loads and updates are measured over?",
          .unit = "%",
          .reference_name = "memory of the limits",
          .target = {},
          .prepare = [users](const Settings& s) -> Trial {
            const ResidentMemory engine = EngineFootprint(s, users);
            const ResidentMemory before = ReadResidentMemory();
            const MachineLimits limits(std::max<std::size_t>(engine.all, kHugePage), s.seed);
            const ResidentMemory after = ReadResidentMemory();
            return Always({.ours = ShareInHugePages(engine, {}),
                           .reference = ShareInHugePages(after, before)});
          }};
}

std::vector<Question> MemoryQuestions(const Settings& settings) {
  return {BytesPerHolder(settings), HugePages(settings)};
}

const QuestionRegistration kRegistration("memory", &MemoryQuestions);

}  // namespace
}  // namespace flashsale::bench
