#include "backend/journal/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

namespace flashsale::inline v0::journal {
namespace {

Status OutOfMemory() { return {StatusCode::kResourceExhausted, "out of memory"}; }

}  // namespace

void Recovery::BeginSession(std::uint64_t commit) {
  for (auto& [number, sale] : sales_) {
    sale.history->BeginSession(commit, std::exchange(sale.places, {}));
  }
}

Status Recovery::Finish() {
  for (auto& [number, sale] : sales_) {
    if (!sale.engine->FinishRestore()) return OutOfMemory();
  }
  for (auto& [number, line] : lines_) {
    line.line->FinishReplay(last().latest);
    line.users = {};
  }
  BeginSession(commit());
  return {};
}

void Recovery::OnAhead(const Record& record) {
  if (!record.is_event() || record.party.place == engine::kNoPlace) return;
  const auto sale = sales_.find(record.sale);
  if (sale == sales_.end()) return;
  if (record.introduces) {
    sale->second.engine->Prefetch(record.user);
    return;
  }
  const std::vector<engine::Place>& places = sale->second.places;
  const engine::Place number = record.party.place;
  if (number < places.size() && places[number] != engine::kNoPlace) {
    sale->second.engine->PrefetchPlace(places[number]);
  }
}

const char* Recovery::OnRecord(Record& record) {
  if (record.is_event()) return FoldEvent(record);
  if (record.is_line_event()) return FoldLineEvent(record);
  switch (static_cast<RecordKind>(record.kind)) {
    case RecordKind::kSession:
      BeginSession(commit());
      return nullptr;
    case RecordKind::kTime:
    case RecordKind::kCopied:
      return nullptr;
    case RecordKind::kSaleCreated:
      return FoldCreation(record);
    case RecordKind::kSaleForgotten:
      return sales_.erase(record.sale) == 1 ? nullptr : "a sale is forgotten that there is not";
    case RecordKind::kCataloguePut: {
      FlashSale& listed = catalogue_[record.listed->terms.id];
      if (record.listed->revision != listed.revision + 1) return "another revision than the next";
      listed = *std::move(record.listed);
      return nullptr;
    }
    case RecordKind::kCatalogueRemoved:
      return catalogue_.erase(*record.id) == 1 ? nullptr : "a sale is removed that is not listed";
    case RecordKind::kLineOpened:
      return FoldOpening(record);
    case RecordKind::kLineForgotten:
      return lines_.erase(record.line) == 1 ? nullptr : "a queue is forgotten that there is not";
    default:
      return "a record of an unknown kind";
  }
}

const char* Recovery::FoldCreation(const Record& record) {
  if (record.sale <= last_sale_) return "a sale's number is given twice";
  const SaleId& id = record.listed->terms.id;
  const bool is_there = std::any_of(sales_.begin(), sales_.end(), [&id](const auto& sale) {
    return sale.second.engine->terms().id == id;
  });
  if (is_there) return "a sale is created that is there already";
  auto engine = engine::SaleEngine::New(record.listed->terms, options_);
  if (engine == nullptr) throw std::bad_alloc();
  Sale& sale = sales_[record.sale];
  sale.engine = std::move(engine);
  sale.history = std::make_unique<SaleHistory>(commit());
  last_sale_ = record.sale;
  return nullptr;
}

const char* Recovery::FoldOpening(const Record& record) {
  if (record.line <= last_line_) return "a queue's number is given twice";
  const SaleId& sale = record.queue_terms->sale;
  const bool is_there = std::any_of(lines_.begin(), lines_.end(), [&](const auto& line) {
    return line.second.use == record.use && line.second.line->terms().sale == sale;
  });
  if (is_there) return "a queue is opened that is there already";
  lines_[record.line] = {
      .use = record.use,
      .line = std::make_unique<memory::WaitingLine>(*record.queue_terms, record.at, hash_)};
  last_line_ = record.line;
  return nullptr;
}

const char* Recovery::FoldLineEvent(Record& record) {
  const auto found = lines_.find(record.line);
  if (found == lines_.end()) return "an event of a queue that there is not";
  Line& line = found->second;
  QueueEvent& event = *record.line_event;
  const char* const wrong = line.users.Complete(event);
  return wrong != nullptr ? wrong : line.line->Replay(event);
}

const char* Recovery::FoldEvent(Record& record) {
  const auto found = sales_.find(record.sale);
  if (found == sales_.end()) return "an event of a sale that there is not";
  auto& [engine, history, places] = found->second;
  Event& event = record.event;
  if (event.seq != engine->last_seq() + 1) return "another event than the next";
  engine::Party party = record.party;
  const engine::Place number = party.place;
  if (number != engine::kNoPlace) {
    const bool is_record =
        event.type == EventType::kReserved || event.type == EventType::kTombstoned;
    if (record.introduces) {
      if (number < places.size() && places[number] != engine::kNoPlace) {
        return "a party is introduced twice";
      }
      event.user = record.user;
      party.place = engine::kNoPlace;
      if (!is_record) {
        party.place = engine->PlaceOf(record.user);
        if (party.place == engine::kNoPlace) return "a change of nobody's";
      }
    } else {
      if (number >= places.size() || places[number] == engine::kNoPlace) {
        return "a party that was not introduced";
      }
      party.place = places[number];
      if (is_record) event.user = engine->UserAt(party.place);
    }
  }
  const engine::SaleEngine::Restored restored = engine->Restore(event, party);
  if (restored.out_of_memory) throw std::bad_alloc();
  if (restored.impossible != nullptr) return restored.impossible;
  history->Note(event.seq, commit());
  if (record.introduces) {
    constexpr std::size_t kMostAhead = std::size_t{1} << 24;  // numbers come nearly in order
    if (number >= places.size()) {
      if (number - places.size() > kMostAhead) return "a party's number is beyond all others";
      places.resize(std::max<std::size_t>(number + std::size_t{1}, 2 * places.size()),
                    engine::kNoPlace);
    }
    places[number] = restored.place;
  }
  return nullptr;
}

}  // namespace flashsale::inline v0::journal
