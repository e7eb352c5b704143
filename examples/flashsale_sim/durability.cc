#include "examples/flashsale_sim/durability.h"

#include <cstddef>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/text.h"
#include "flashsale/domain/event.h"
#include "flashsale/testing/digest.h"

namespace flashsale::sim {
namespace {

constexpr std::size_t kEventsPerRead = 4'096;

Result<std::uint64_t> CountEvents(InventoryRepository& inventory, const SaleId& sale) {
  std::vector<Event> events(kEventsPerRead);
  std::uint64_t counted = 0;
  for (std::uint64_t cursor = 0;;) {
    const Result<EventPage> page = inventory.ReadEvents(SaleRef(sale), cursor, events);
    if (!page.ok()) return page.status();
    cursor = page->cursor;
    counted += page->count;
    if (page->count < events.size()) return counted;
  }
}

}  // namespace

std::vector<Check> ChecksOf(const DurabilityReport& report) {
  return {{"reopen_mismatches", report.reopen_mismatches,
           "what was acknowledged is there when the store is opened again"}};
}

void WriteDurability(const DurabilityReport& report, bool with_machine, std::ostream& out) {
  fmt::print(out, "journal: {} in {}, {:.0f} bytes a reservation, the queue's included\n",
             FormatBytes(report.on_disk.journal_bytes), Counted(report.on_disk.commits, "commit"),
             report.JournalBytesPerReservation());
  if (!with_machine) return;
  fmt::print(out, "its files take {}: '{}' and those beside it\n",
             FormatBytes(report.on_disk.file_bytes), report.path);
}

void AddDurability(const DurabilityReport& report, bool with_machine, Json& json) {
  json["commits"] = report.on_disk.commits;
  json["journal_bytes"] = report.on_disk.journal_bytes;
  json["journal_bytes_per_reservation"] = report.JournalBytesPerReservation();
  for (const std::string& finding : report.findings) json["findings"].push_back(finding);
  if (!with_machine) return;
  json["backend_file"] = report.path;
  json["disk_bytes"] = report.on_disk.file_bytes;
}

Page::Figure FigureOf(const DurabilityReport& report) {
  return {.name = "Journal",
          .value = FormatBytes(report.on_disk.journal_bytes),
          .note = fmt::format("{:.0f} bytes a reservation", report.JournalBytesPerReservation())};
}

Status DurabilityCheck::Remember(const SaleId& sale, Time now) {
  Result<Told> told = Ask(sale, now);
  if (!told.ok()) return told.status();
  remembered_.push_back({.sale = sale, .at = now, .told = *std::move(told)});
  return {};
}

Result<DurabilityCheck::Told> DurabilityCheck::Ask(const SaleId& sale, Time now) {
  Storage& storage = backend_.storage();
  Result<std::string> digest = ReadDigest(storage.inventory(), SaleRef(sale), now);
  if (!digest.ok()) return digest.status();
  const Result<std::uint64_t> events = CountEvents(storage.inventory(), sale);
  if (!events.ok()) return events.status();
  const Result<QueueState> queue = storage.queue().Read(SaleRef(sale), now);
  if (!queue.ok()) return queue.status();
  const Result<FlashSale> entry = storage.sales().Get(sale);
  if (!entry.ok()) return entry.status();
  return Told{.digest = *std::move(digest),
              .events = *events,
              .tickets = queue->joined,
              .admissions = queue->admitted,
              .revision = entry->revision};
}

void DurabilityCheck::Compare(const Remembered& before, DurabilityReport& report) {
  const Result<Told> after = Ask(before.sale, before.at);
  if (after.ok() && *after == before.told) return;
  ++report.reopen_mismatches;
  if (!after.ok()) {
    report.findings.push_back(fmt::format("opened again, the store cannot tell of {}: {}",
                                          before.sale.view(), after.status().ToString()));
    return;
  }
  const Told& was = before.told;
  report.findings.push_back(fmt::format(
      "opened again, the store has of {}: {} of {} events, {} of {} tickets, {} of {} admissions, "
      "{} digest, {} catalogue",
      before.sale.view(), after->events, was.events, after->tickets, was.tickets, after->admissions,
      was.admissions, after->digest == was.digest ? "the same" : "another",
      after->revision == was.revision ? "the same" : "another"));
}

Result<DurabilityReport> DurabilityCheck::Reopen(std::uint64_t reservations) {
  Result<Backend::OnDisk> on_disk = backend_.Reopen();
  if (!on_disk.ok()) return on_disk.status();
  DurabilityReport report{.path = backend_.name().path,
                          .on_disk = *on_disk,
                          .reservations = reservations,
                          .reopen_mismatches = 0,
                          .findings = {}};
  for (const Remembered& before : remembered_) Compare(before, report);
  for (const SaleId& sale : forgotten_) {
    if (backend_.storage().inventory().Resolve(sale).status().code() == StatusCode::kNotFound) {
      continue;
    }
    ++report.reopen_mismatches;
    report.findings.push_back(
        fmt::format("opened again, the store knows {}, which was forgotten", sale.view()));
  }
  return report;
}

}  // namespace flashsale::sim
