// How large is a journal, and how soon is it read?
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bench/crowd.h"
#include "bench/disk_folder.h"
#include "bench/durable_sale.h"
#include "bench/engine_under_test.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::bench {
namespace {

// As many commands a commit where somebody is in a hurry.
constexpr std::size_t kBatch = 1'000;

// So many reserve; perhaps they all confirm.  The storage is closed then.
struct Journal {
  std::uint64_t reservations = 0;
  bool confirmed = false;
};
void Write(const Journal& journal, const DiskFolder& folder, std::uint64_t seed) {
  SaleOnDisk sale(folder.PathOf("sale"), journal.reservations);
  const Crowd crowd(seed);
  sale.Apply(crowd, {.count = journal.reservations, .batch = kBatch});
  if (!journal.confirmed) return;
  sale.Apply(crowd, {.count = journal.reservations, .batch = kBatch, .verb = Verb::kConfirm});
}

Question BytesPerReservation(std::uint64_t users, bool confirmed) {
  return {.name = fmt::format("durable_bytes_per_{}_{}", confirmed ? "sale" : "reservation",
                              SizeName(users)),
          .asks = fmt::format(
              "How many bytes of disk, all files of a closed storage together, does each of {} "
              "reservations{} take, {} a commit, against the ids of its user and itself?",
              users, confirmed ? " and its confirm" : "", kBatch),
          .unit = "B",
          .reference_name = "two ids",
          .target = Target::OursAtMost(80),
          .prepare = [users, confirmed](const Settings& s) -> Trial {
            const DiskFolder folder(s.folder);
            Write({.reservations = users, .confirmed = confirmed}, folder, s.seed);
            const auto bytes = static_cast<double>(folder.Bytes());
            return [sample = Sample{.ours = bytes / static_cast<double>(users),
                                    .reference = sizeof(UserId) + sizeof(ReservationId)}] {
              return sample;
            };
          }};
}

// Reads what lies in the folder and hashes it with SHA-256, as whoever looks for damage does.
double NanosecondsToReadAndHash(const DiskFolder& folder) {
  return NanosecondsOf([&] {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                       &EVP_MD_CTX_free);
    std::vector<char> bytes(std::size_t{1} << 20);
    bool right = EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      while (right && file) {
        file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        const auto some = static_cast<std::size_t>(file.gcount());
        right = EVP_DigestUpdate(hash.get(), bytes.data(), some) == 1;
      }
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    right = right && EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr) == 1;
    Require(right, "a journal could not be hashed");
    Keep(digest[0]);
  });
}

// How long a storage takes to open; check() looks whether all is there.
template <typename Check>
double NanosecondsToOpen(const std::string& path, Check check) {
  std::unique_ptr<Storage> storage;
  const double taken = NanosecondsOf([&] { storage = OpenDurableStorage({.path = path}); });
  check(*storage);
  return taken;
}

Question RecoveredEvents(std::uint64_t events) {
  return {
      .name = fmt::format("durable_recovery_{}", SizeName(events)),
      .asks = fmt::format(
          "How many events a second of processor time are recovered when a storage is opened whose "
          "journal has {}, half of them reserves and half confirms, in the page "
          "cache, all checks included, against reading its files and hashing them "
          "with SHA-256?",
          events),
      .unit = "M/s",
      .reference_name = "read and SHA-256",
      .target = Target::OursAtLeast(2),
      .prepare = [events](const Settings& s) -> Trial {
        auto folder = std::make_shared<DiskFolder>(s.folder);
        Write({.reservations = events / 2, .confirmed = true}, *folder, s.seed);
        return [folder, events]() -> Sample {
          const std::string path = folder->PathOf("sale");
          const double taken = NanosecondsToOpen(path, [&](Storage& storage) {
            const SaleStock stock =
                Given(storage.inventory().ReadStock(BenchTerms(1).id, storage.latest_time()));
            Require(stock.lines[0].sold == static_cast<Units>(events / 2),
                    "a sale was not recovered");
          });
          const double rate = 1e3 * static_cast<double>(events);
          return {.ours = rate / taken, .reference = rate / NanosecondsToReadAndHash(*folder)};
        };
      }};
}

// So many join a durable queue, which is closed then.
void WriteQueue(const std::string& path, std::uint64_t tickets, std::uint64_t seed) {
  const auto storage = OpenDurableStorage({.path = path});
  const QueueTerms terms{.sale = "queue",
                         .max_waiting = std::uint64_t{1} << 31,
                         .heartbeat_timeout = std::chrono::hours{24}};
  Given(storage->queue().Open(terms, kOpening));
  const SaleRef queue = Given(storage->queue().Resolve(terms.sale));
  const Crowd crowd(seed);
  std::vector<QueueCommand> commands(kBatch);
  std::vector<QueueAnswer> answers(kBatch);
  for (std::uint64_t first = 0; first < tickets; first += kBatch) {
    const std::size_t size = std::min<std::uint64_t>(kBatch, tickets - first);
    for (std::size_t i = 0; i < size; ++i) {
      commands[i] = {.verb = QueueVerb::kJoin, .user = crowd.User(first + i)};
    }
    const auto now = kOpening + Duration(static_cast<Duration::rep>(first));
    Given(storage->queue().Apply(queue, now, std::span(commands).first(size),
                                 std::span(answers).first(size)));
  }
}

Question RestoredTickets(std::uint64_t tickets) {
  return {
      .name = fmt::format("durable_restore_tickets_{}", SizeName(tickets)),
      .asks = fmt::format(
          "How many tickets a second of processor time are restored when a storage is opened in "
          "whose queue {} wait, in the page cache, all checks included, against "
          "reading its files and hashing them with SHA-256?",
          tickets),
      .unit = "M/s",
      .reference_name = "read and SHA-256",
      .target = Target::OursAtLeast(0.5),  // ten million in 20 s
      .prepare = [tickets](const Settings& s) -> Trial {
        auto folder = std::make_shared<DiskFolder>(s.folder);
        const std::string path = folder->PathOf("queue");
        WriteQueue(path, tickets, s.seed);
        return [folder, path, tickets]() -> Sample {
          const double taken = NanosecondsToOpen(path, [&](Storage& storage) {
            const QueueState state = Given(storage.queue().Read("queue", storage.latest_time()));
            Require(state.waiting[0] == tickets, "a queue was not recovered");
          });
          const double rate = 1e3 * static_cast<double>(tickets);
          return {.ours = rate / taken, .reference = rate / NanosecondsToReadAndHash(*folder)};
        };
      }};
}

std::vector<Question> DurableJournalQuestions(const Settings& settings) {
  const std::uint64_t users = settings.users / 10;
  return {BytesPerReservation(settings.users / 2, false),
          BytesPerReservation(settings.users / 2, true), RecoveredEvents(2 * users),
          RestoredTickets(users)};
}

const QuestionRegistration kRegistration("durable_journal", &DurableJournalQuestions);

}  // namespace
}  // namespace flashsale::bench
