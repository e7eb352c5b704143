#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_RECORD_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_RECORD_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "backend/journal/bytes.h"
#include "backend/journal/line_codec.h"
#include "base/sha256.h"
#include "engine/event_sink.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/queue_event.h"

namespace flashsale::inline v0::journal {

// What the records of a journal are; docs/journal.md has them byte by byte.  Up to 30 they are the
// EventTypes.  The numbers never change, nor does what is written under them: what is written
// otherwise gets a number of its own.
enum class RecordKind : std::uint8_t {
  kLastEvent = 30,
  kSession = 32,  // the journal was opened: parties are numbered anew
  kSale = 33,     // the events that follow are of another sale
  kSaleCreated = 34,
  kSaleForgotten = 35,
  kCataloguePut = 36,
  kCatalogueRemoved = 37,
  kEdges = 38,  // the next record is an event that carries these
  kTime = 39,   // nothing but the time that its commit tells
  kLine = 40,   // the events of a line that follow are of another one
  kLineOpened = 41,
  kLineForgotten = 42,  // from 43 on: what happens in a line, see line_codec.h
  kCopied = 60,         // the journal is a copy of another, which ended there
};

// Sales are numbered from 1 as they are created, and no number is given twice.
using SaleNumber = std::uint64_t;
// So are lines, queues and waitlists together.
using LineNumber = std::uint64_t;
enum class LineUse : std::uint8_t { kQueue = 1, kWaitlist = 2 };

// Writes the records of one commit, and beside them the names that they mention: ids of users and
// limit keys, which the records know only as "the next name".
//
// Everything throws std::bad_alloc, and then what was written of the last record has to be taken
// back: see Rollback.  Thread safety: as an int.
class RecordWriter {
 public:
  // Nothing is written yet, nothing known of what was before.
  void Clear();
  void Swap(RecordWriter& other) noexcept;
  Bytes records() const { return records_.bytes(); }
  Bytes names() const { return names_.bytes(); }
  // Of records and names, in bytes.
  std::size_t size() const { return records_.size() + names_.size(); }
  bool empty() const { return records_.empty(); }

  // Brings back the state in which Mark was called.
  struct Point {
    std::size_t records = 0;
    std::size_t names = 0;
    SaleNumber sale = 0;
    LineNumber line = 0;
    Time at{};
  };
  Point Mark() const;
  void Rollback(const Point& point);

  void Session(Time at);
  void Copied(std::uint64_t commit, const Sha256Hash& hash);
  void KeptTime() { records_.U8(static_cast<std::uint8_t>(RecordKind::kTime)); }
  void SaleCreated(SaleNumber sale, const SaleTerms& terms);
  void SaleForgotten(SaleNumber sale);
  void CataloguePut(const FlashSale& sale);
  void CatalogueRemoved(const SaleId& sale);
  void LineOpened(LineNumber line, LineUse use, Time at, const QueueTerms& terms);
  void LineForgotten(LineNumber line);
  void Write(LineNumber line, const QueueEvent& event);

  struct Entry {
    SaleNumber sale = 0;
    const Event& event;
    const engine::Party& party;
    // The party was not mentioned in this session before: its user is named.
    bool introduces = false;
  };
  void Write(const Entry& entry);

 private:
  void PutName(const std::array<std::uint8_t, 16>& name) { names_.Raw(name); }

  ByteWriter records_;
  ByteWriter names_;
  SaleNumber sale_ = 0;  // of the section; 0: none yet
  LineNumber line_ = 0;
  Time at_{};  // of the event before
};

// One record as it was read.  Which members mean something says `kind`.
struct Record {
  std::uint8_t kind = 0;
  bool is_event() const { return kind <= static_cast<std::uint8_t>(RecordKind::kLastEvent); }
  bool is_line_event() const { return kind >= kFirstLineEvent && kind <= kLastLineEvent; }

  SaleNumber sale = 0;
  // Of an event.  Of what has no party, and of kReserved and kTombstoned, everything; of other
  // transitions seq, time, type, units, returned, deadline, and user_limit of kRevived: the rest
  // stands in the record of its reservation, which the party names.
  Event event = {};
  engine::Party party = {};
  bool introduces = false;
  // The user, where `introduces`; nil where the name was erased.
  UserId user = {};

  std::optional<FlashSale> listed;  // kCataloguePut; its terms alone: kSaleCreated
  std::optional<SaleId> id;         // kCatalogueRemoved
  Time at{};                        // kSession, kLineOpened

  std::uint64_t copied_commit = 0;  // kCopied
  Sha256Hash copied_hash{};

  LineNumber line = 0;  // of an event of a line, kLineOpened, kLineForgotten
  LineUse use = LineUse::kQueue;
  std::optional<QueueTerms> queue_terms;  // kLineOpened
  // Valid as long as the record.
  std::optional<QueueEvent> line_event;
  std::vector<std::uint64_t> tickets;
};

// Reads the records of one commit.  Thread safety: as an int.
class RecordReader {
 public:
  // Both must outlive it.
  RecordReader(Bytes records, Bytes names) : records_(records), names_(names) {}

  // The next record; false at the end, and where there is none that can be read: then ok() is
  // false.  Throws std::bad_alloc.
  bool Next(Record& record);
  bool ok() const { return records_.ok() && names_.ok(); }
  // Where the last record began.
  std::size_t position() const { return position_; }
  // Whether every name was used: so it is at the end of what was written together.
  bool UsedAllNames() const { return names_.AtEnd(); }

 private:
  // Reads the sections that begin here: what follows is of their sales and lines.
  void ReadSections();
  void ReadEvent(std::uint8_t first, Record& record);
  template <typename Id>
  Id ReadName() {
    std::array<std::uint8_t, 16> bytes{};
    const Bytes raw = names_.Raw(bytes.size());
    for (std::size_t i = 0; i < raw.size(); ++i) bytes[i] = raw[i];
    return Id::FromBytes(bytes);
  }

  ByteReader records_;
  ByteReader names_;
  std::size_t position_ = 0;
  SaleNumber sale_ = 0;
  LineNumber line_ = 0;
  std::uint64_t seq_ = 0;  // of the next event of the section
  Time at_{};
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_RECORD_H_
