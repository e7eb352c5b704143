#ifndef FLASHSALE_BENCH_QUEUE_UNDER_TEST_H_
#define FLASHSALE_BENCH_QUEUE_UNDER_TEST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/crowd.h"
#include "bench/machine_limits.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/backend/memory.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::bench {

// Of a million who wait a tenth, and no fewer than two, does something.
constexpr std::uint64_t FewOf(std::uint64_t users) {
  return std::max<std::uint64_t>(users / 10, 2);
}

// One queue of the memory backend, called as a host does that resolved it once.
// Thread safety: as an int.
class QueueUnderTest {
 public:
  // So many commands a call where it does not matter.
  static constexpr std::size_t kBatch = 64;

  explicit QueueUnderTest(std::uint64_t seed);

  // Nanoseconds a command of `verb` by users user(0) to user(count - 1), `batch` a call, each of
  // which is answered `code`.
  template <typename User>
  double Each(QueueVerb verb, std::uint64_t count, std::size_t batch, Code code, User user) {
    return batch == 1 ? EachAlone(verb, count, code, user)
                      : EachInBatches(verb, count, batch, code, user);
  }

  // Users 0 to count - 1, in this order; nanoseconds each.
  double JoinAll(std::uint64_t count, std::size_t batch = kBatch) {
    return Each(QueueVerb::kJoin, count, batch, Code::kDone, [](std::uint64_t i) { return i; });
  }

  // Lets in so many, as many a call as the pace lets in at once; nanoseconds in all.
  double AdmitAll(std::uint64_t count);

 private:
  template <typename User>
  double EachAlone(QueueVerb verb, std::uint64_t count, Code code, User user) {
    std::uint64_t right = 0;
    const double taken = NanosecondsOf([&] {
      QueueAnswer answer;
      for (std::uint64_t i = 0; i < count; ++i) {
        const QueueCommand command{.verb = verb, .user = crowd_.User(user(i))};
        if (!queue_->Apply(sale_, now_, {&command, 1}, {&answer, 1}).ok()) return;
        right += answer.code == code ? 1U : 0U;
      }
    });
    Require(right == count, "a command of the queue was answered wrongly");
    return taken / static_cast<double>(count);
  }
  template <typename User>
  double EachInBatches(QueueVerb verb, std::uint64_t count, std::size_t batch, Code code,
                       User user) {
    std::vector<QueueCommand> commands(batch);
    std::vector<QueueAnswer> answers(batch);
    std::uint64_t right = 0;
    const double taken = NanosecondsOf([&] {
      for (std::uint64_t first = 0; first < count; first += batch) {
        const std::size_t size = std::min<std::uint64_t>(batch, count - first);
        for (std::size_t i = 0; i < size; ++i) {
          commands[i] = {.verb = verb, .user = crowd_.User(user(first + i))};
        }
        const auto asked = std::span(commands).first(size);
        const auto given = std::span(answers).first(size);
        if (!queue_->Apply(sale_, now_, asked, given).ok()) return;
        for (const QueueAnswer& answer : given) right += answer.code == code ? 1U : 0U;
      }
    });
    Require(right == count, "a command of the queue was answered wrongly");
    return taken / static_cast<double>(count);
  }

  const Crowd crowd_;
  const std::unique_ptr<Storage> storage_;
  QueueRepository* const queue_;
  SaleRef sale_;
  Time now_;
};

// Bytes that stay resident for so many who wait.  Measured once, then remembered.
std::uint64_t QueueFootprint(const Settings& settings, std::uint64_t users);
// The limits over as much memory.
MachineLimits& LimitsAtQueue(const Settings& settings, std::uint64_t users);

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_QUEUE_UNDER_TEST_H_
