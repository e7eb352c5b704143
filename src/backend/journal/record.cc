#include "backend/journal/record.h"

#include <algorithm>
#include <utility>

#include "backend/journal/terms_codec.h"
#include "flashsale/version.h"

namespace flashsale::inline v0::journal {
namespace {

// Beside the kind of an event.
constexpr std::uint8_t kKindMask = 0x3F;
constexpr std::uint8_t kIntroduces = 0x40;
constexpr std::uint8_t kLaterRecord = 0x80;  // not the first of its user: which one follows

// What a kReserved has besides.
enum ReservedFlag : std::uint8_t {
  kHasQuote = 1 << 0,
  kHasAdmission = 1 << 1,
  kHasKeys = 1 << 2,  // and the two bits above, one for each key
};
constexpr std::uint8_t kLastReservedFlags = (kHasKeys << kMaxLimitKeys) - 1;

bool IsAct(EventType type) {
  switch (type) {
    case EventType::kStartedEarly:
    case EventType::kPaused:
    case EventType::kResumed:
    case EventType::kReleased:
    case EventType::kClosed:
    case EventType::kSaleCancelled:
    case EventType::kSettled:
    case EventType::kClock:
      return true;
    default:
      return false;
  }
}

bool IsOfShopper(EventType type) {
  return type >= EventType::kReserved && type <= EventType::kVoided;
}

std::int64_t Since(Time time, Time before) { return (time - before).count(); }

}  // namespace

void RecordWriter::Clear() {
  records_.Clear();
  names_.Clear();
  sale_ = 0;
  line_ = 0;
  at_ = Time{};
}

void RecordWriter::Swap(RecordWriter& other) noexcept {
  records_.Swap(other.records_);
  names_.Swap(other.names_);
  std::swap(sale_, other.sale_);
  std::swap(line_, other.line_);
  std::swap(at_, other.at_);
}

RecordWriter::Point RecordWriter::Mark() const {
  return {
      .records = records_.size(), .names = names_.size(), .sale = sale_, .line = line_, .at = at_};
}

void RecordWriter::Rollback(const Point& point) {
  records_.Truncate(point.records);
  names_.Truncate(point.names);
  sale_ = point.sale;
  line_ = point.line;
  at_ = point.at;
}

void RecordWriter::Session(Time at) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kSession));
  PutTime(records_, at);
  records_.Varint(FLASHSALE_VERSION);
}

void RecordWriter::Copied(std::uint64_t commit, const Sha256Hash& hash) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kCopied));
  records_.Varint(commit);
  records_.Raw(hash);
}

void RecordWriter::SaleCreated(SaleNumber sale, const SaleTerms& terms) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kSaleCreated));
  records_.Varint(sale);
  PutTerms(records_, terms);
}

void RecordWriter::SaleForgotten(SaleNumber sale) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kSaleForgotten));
  records_.Varint(sale);
}

void RecordWriter::CataloguePut(const FlashSale& sale) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kCataloguePut));
  PutTerms(records_, sale.terms);
  PutMarks(records_, sale.marks);
  records_.Varint(sale.revision);
}

void RecordWriter::CatalogueRemoved(const SaleId& sale) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kCatalogueRemoved));
  records_.Text(sale.view());
}

void RecordWriter::LineOpened(LineNumber line, LineUse use, Time at, const QueueTerms& terms) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kLineOpened));
  records_.Varint(line);
  records_.U8(static_cast<std::uint8_t>(use));
  PutTime(records_, at);
  PutQueueTerms(records_, terms);
}

void RecordWriter::LineForgotten(LineNumber line) {
  records_.U8(static_cast<std::uint8_t>(RecordKind::kLineForgotten));
  records_.Varint(line);
}

void RecordWriter::Write(LineNumber line, const QueueEvent& event) {
  if (line != line_) {
    records_.U8(static_cast<std::uint8_t>(RecordKind::kLine));
    records_.Varint(line);
    line_ = line;
  }
  PutLineEvent(records_, names_, at_, event);
}

void RecordWriter::Write(const Entry& entry) {
  const Event& event = entry.event;
  if (entry.sale != sale_) {
    records_.U8(static_cast<std::uint8_t>(RecordKind::kSale));
    records_.Varint(entry.sale);
    records_.Varint(event.seq);
    sale_ = entry.sale;
  }
  if (!event.edges.empty()) {
    records_.U8(static_cast<std::uint8_t>(RecordKind::kEdges));
    records_.Varint(event.edges.bits());
  }
  std::uint8_t first = static_cast<std::uint8_t>(event.type);
  if (entry.introduces) first |= kIntroduces;
  if (entry.party.record != 0) first |= kLaterRecord;
  records_.U8(first);
  records_.Signed(Since(event.at, at_));
  at_ = event.at;
  if (event.type == EventType::kReleased) {
    records_.Varint(event.line);
    records_.Varint(event.units);
  }
  if (IsAct(event.type)) return;

  records_.Varint(entry.party.place);
  if (entry.party.record != 0) records_.U8(entry.party.record);
  if (entry.introduces) PutName(event.user.bytes());
  switch (event.type) {
    case EventType::kReserved: {
      std::uint8_t flags = 0;
      if (event.quote != 0) flags |= kHasQuote;
      if (event.admission != 0) flags |= kHasAdmission;
      for (std::size_t i = 0; i < kMaxLimitKeys; ++i) {
        if (!event.keys[i].is_nil()) flags |= static_cast<std::uint8_t>(kHasKeys << i);
      }
      records_.U8(flags);
      records_.Varint(event.line);
      records_.Varint(event.units);
      records_.Varint(event.user_limit);
      records_.Signed(Since(event.deadline, event.at));
      records_.Raw(event.id.bytes());
      if (event.quote != 0) records_.U64(event.quote);
      if (event.admission != 0) records_.Varint(event.admission);
      for (const LimitKey& key : event.keys) {
        if (!key.is_nil()) PutName(key.bytes());
      }
      return;
    }
    case EventType::kTombstoned:
      records_.Raw(event.id.bytes());
      return;
    case EventType::kConfirmed:
    case EventType::kRevived:
      records_.Varint(event.returned);
      if (event.type == EventType::kRevived) records_.Varint(event.user_limit);
      break;
    default:
      break;
  }
  records_.Varint(event.units);
  records_.Signed(Since(event.deadline, event.at));
}

void RecordReader::ReadSections() {
  while (ok() && !records_.AtEnd()) {
    const std::uint8_t first = records_.Peek();
    if (first == static_cast<std::uint8_t>(RecordKind::kSale)) {
      records_.U8();
      sale_ = records_.Varint();
      seq_ = records_.Varint();
      if (sale_ == 0 || seq_ == 0) records_.Fail();
    } else if (first == static_cast<std::uint8_t>(RecordKind::kLine)) {
      records_.U8();
      line_ = records_.Varint();
      if (line_ == 0) records_.Fail();
    } else {
      return;
    }
  }
}

bool RecordReader::Next(Record& record) {
  ReadSections();
  if (!ok() || records_.AtEnd()) return false;
  position_ = records_.position();
  record = Record{};
  const std::uint8_t first = records_.U8();
  record.kind = first & kKindMask;
  if (record.is_event()) {
    ReadEvent(first, record);
    return ok();
  }
  if (record.is_line_event()) {
    if (line_ == 0) records_.Fail();
    record.line = line_;
    record.line_event = GetLineEvent(first, records_, names_, at_, record.tickets);
    return ok();
  }
  if (first != record.kind) records_.Fail();
  switch (static_cast<RecordKind>(record.kind)) {
    case RecordKind::kSession:
      record.at = GetTime(records_);
      records_.Varint();
      break;
    case RecordKind::kEdges: {
      const Edges edges(records_.Small<std::uint16_t>());
      const std::uint8_t next = records_.U8();
      record.kind = next & kKindMask;
      if (edges.empty() || !record.is_event()) {
        records_.Fail();
        break;
      }
      ReadEvent(next, record);
      record.event.edges = edges;
      break;
    }
    case RecordKind::kSaleCreated:
      record.sale = records_.Varint();
      record.listed.emplace().terms = GetTerms(records_);
      break;
    case RecordKind::kTime:
      break;
    case RecordKind::kCopied: {
      record.copied_commit = records_.Varint();
      const Bytes hash = records_.Raw(record.copied_hash.size());
      std::copy(hash.begin(), hash.end(), record.copied_hash.begin());
      break;
    }
    case RecordKind::kSaleForgotten:
      record.sale = records_.Varint();
      break;
    case RecordKind::kCataloguePut:
      record.listed.emplace().terms = GetTerms(records_);
      record.listed->marks = GetMarks(records_);
      record.listed->revision = records_.Varint();
      break;
    case RecordKind::kCatalogueRemoved:
      record.id = SaleId(records_.Text());
      if (!record.id->valid()) records_.Fail();
      break;
    case RecordKind::kLineOpened: {
      record.line = records_.Varint();
      const std::uint8_t use = records_.U8();
      record.use = static_cast<LineUse>(use);
      if (record.use != LineUse::kQueue && record.use != LineUse::kWaitlist) records_.Fail();
      record.at = GetTime(records_);
      if (!IsValid(record.at)) records_.Fail();
      record.queue_terms = GetQueueTerms(records_);
      break;
    }
    case RecordKind::kLineForgotten:
      record.line = records_.Varint();
      break;
    default:
      records_.Fail();
      break;
  }
  return ok();
}

void RecordReader::ReadEvent(std::uint8_t first, Record& record) {
  Event& event = record.event;
  event.type = static_cast<EventType>(record.kind);
  const bool is_act = IsAct(event.type);
  if (sale_ == 0 || !(is_act ? first == record.kind : IsOfShopper(event.type))) {
    records_.Fail();
    return;
  }
  record.sale = sale_;
  event.seq = seq_++;
  event.at = at_ = at_ + Duration(records_.Signed());
  if (!IsValid(at_)) records_.Fail();
  if (event.type == EventType::kReleased) {
    event.line = records_.Small<std::uint16_t>();
    event.units = records_.Small<Units>();
  }
  if (is_act) return;

  record.party.place = records_.Small<engine::Place>();
  if (record.party.place == engine::kNoPlace) records_.Fail();
  if ((first & kLaterRecord) != 0) {
    record.party.record = records_.U8();
    if (record.party.record == 0) records_.Fail();
  }
  record.introduces = (first & kIntroduces) != 0;
  if (record.introduces) record.user = ReadName<UserId>();
  const auto get_id = [this] {
    std::array<std::uint8_t, 16> bytes{};
    const Bytes raw = records_.Raw(bytes.size());
    for (std::size_t i = 0; i < raw.size(); ++i) bytes[i] = raw[i];
    return ReservationId::FromBytes(bytes);
  };
  const auto get_deadline = [&] {
    event.deadline = event.at + Duration(records_.Signed());
    if (!IsValid(event.deadline)) records_.Fail();
  };
  switch (event.type) {
    case EventType::kReserved: {
      const std::uint8_t flags = records_.U8();
      if (flags > kLastReservedFlags) records_.Fail();
      event.line = records_.Small<std::uint16_t>();
      event.units = records_.Small<Units>();
      event.user_limit = records_.Small<Units>();
      get_deadline();
      event.id = get_id();
      if ((flags & kHasQuote) != 0) event.quote = records_.U64();
      if ((flags & kHasAdmission) != 0) event.admission = records_.Varint();
      for (std::size_t i = 0; i < kMaxLimitKeys; ++i) {
        if ((flags & kHasKeys << i) != 0) event.keys[i] = ReadName<LimitKey>();
      }
      return;
    }
    case EventType::kTombstoned:
      event.id = get_id();
      return;
    case EventType::kConfirmed:
    case EventType::kRevived:
      event.returned = records_.Small<Units>();
      if (event.type == EventType::kRevived) event.user_limit = records_.Small<Units>();
      break;
    default:
      break;
  }
  event.units = records_.Small<Units>();
  get_deadline();
}

}  // namespace flashsale::inline v0::journal
