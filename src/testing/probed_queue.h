#ifndef FLASHSALE_SRC_TESTING_PROBED_QUEUE_H_
#define FLASHSALE_SRC_TESTING_PROBED_QUEUE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "flashsale/repository/queue_repository.h"
#include "flashsale/repository/storage.h"
#include "testing/findings.h"

namespace flashsale::inline v0 {

// When checks of queues take place.
inline constexpr Time kQueueOrigin = kMinTime + std::chrono::hours{400'000};

// A queue that lets people in as they come, a hundred at once.
inline QueueTerms PlainQueue() {
  return {.sale = "queue",
          .pace = {.admissions_per_second = 1'000, .max_in_flight = 100},
          .max_waiting = 1'000,
          .admission_window = std::chrono::seconds{60},
          .grant = 2,
          .heartbeat_timeout = std::chrono::seconds{30},
          .tiers = 2};
}

inline UserId QueueUser(std::uint64_t number) { return UserId::FromInteger(number); }

// One queue of a storage under test; what fails that should not is a finding.
class ProbedQueue {
 public:
  ProbedQueue(Storage& storage, const QueueTerms& terms, Findings& findings,
              Time now = kQueueOrigin)
      : queues_(storage.queue()), sale_(terms.sale), findings_(findings) {
    const Result<Outcome> opened = queues_.Open(terms, now);
    findings_.Expect(opened.ok() && opened->code == Code::kDone, "a queue is not opened");
  }

  QueueRepository& queues() { return queues_; }
  const SaleRef& sale() const { return sale_; }

  std::vector<QueueAnswer> Apply(Time now, const std::vector<QueueCommand>& commands) {
    std::vector<QueueAnswer> answers(commands.size());
    const Status status = queues_.Apply(sale_, now, commands, answers);
    findings_.Expect(status.ok(), "a batch is not carried out");
    return answers;
  }
  QueueAnswer Do(QueueVerb verb, std::uint64_t user, Time now, std::uint64_t admission = 0) {
    return Apply(now, {{.verb = verb, .user = QueueUser(user), .admission = admission}}).front();
  }
  QueueAnswer Join(std::uint64_t user, Time now, std::uint8_t tier = 0) {
    return Apply(now, {{.verb = QueueVerb::kJoin, .tier = tier, .user = QueueUser(user)}}).front();
  }
  QueueAnswer Look(std::uint64_t user, Time now) { return Do(QueueVerb::kLook, user, now); }
  void ExpectCode(QueueVerb verb, std::uint64_t user, Time now, Code code,
                  std::string_view sentence) {
    findings_.Expect(Do(verb, user, now).code == code, sentence);
  }

  QueueState Read(Time now) {
    const Result<QueueState> state = queues_.Read(sale_, now);
    findings_.Expect(state.ok(), "Read of a queue that is there fails");
    return state.ok() ? *state : QueueState{};
  }

  // Lets in as many of tier 0 as there are, at most `most`.
  std::vector<QueueEntry> Admit(Time now, std::size_t most, std::uint8_t tier = 0) {
    const std::vector<TierPick> picks(most, {.tier = tier});
    std::vector<QueueEntry> admitted(most);
    const Result<std::size_t> count =
        queues_.Admit(sale_, now, {.revision = Read(now).revision, .picks = picks}, admitted);
    findings_.Expect(count.ok() && *count <= most, "a plan of the present revision fails");
    admitted.resize(count.ok() ? *count : 0);
    return admitted;
  }

  Admission Find(std::uint64_t user, Time now) {
    const AdmissionProbe probe = queues_.Probe(sale_, QueueUser(user));
    Admission admission;
    findings_.Expect(queues_.FindAdmissions(now, {&probe, 1}, {&admission, 1}).ok(),
                     "FindAdmissions fails");
    return admission;
  }

  void MarkUsed(std::uint64_t user, Time now, std::uint64_t number) {
    const AdmissionProbe probe = queues_.Probe(sale_, QueueUser(user));
    findings_.Expect(queues_.MarkUsed(now, {&probe, 1}, {&number, 1}).ok(), "MarkUsed fails");
  }

  // Until nothing is due any more; how much lapsed in all, and what was said last.
  LapseReport Lapse(Time now, std::size_t most = 1'000) {
    LapseReport all;
    for (int call = 0; call < 100'000; ++call) {
      const Result<LapseReport> report = queues_.LapseDue(sale_, now, most);
      findings_.Expect(report.ok(), "LapseDue fails");
      if (!report.ok()) return all;
      all.fell_silent += report->fell_silent;
      all.windows_lapsed += report->windows_lapsed;
      all.next_due = report->next_due;
      if (!report->more) return all;
    }
    findings_.Expect(false, "LapseDue says for ever that more is due");
    return all;
  }

  std::vector<Entrant> Entrants(std::uint8_t tier, std::size_t page = 3) {
    std::vector<Entrant> all;
    std::vector<Entrant> some(page);
    for (std::uint64_t after = 0;;) {
      const Result<std::size_t> count = queues_.ReadEntrants(sale_, tier, after, some);
      findings_.Expect(count.ok() && *count <= page, "entrants of a frozen queue are not read");
      if (!count.ok() || *count == 0 || *count > page) return all;
      all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*count));
      if (all.back().ticket <= after) {
        findings_.Expect(false, "entrants come again after the ticket that was named");
        return all;
      }
      after = all.back().ticket;
    }
  }

 private:
  QueueRepository& queues_;
  const SaleRef sale_;
  Findings& findings_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_PROBED_QUEUE_H_
