#include "backend/journal/terms_codec.h"

#include <optional>
#include <string>
#include <utility>

namespace flashsale::inline v0::journal {
namespace {

enum TermsFlag : std::uint8_t {
  kCutAtEnd = 1 << 0,
  kRevives = 1 << 1,
  kRequiresAdmission = 1 << 2,
};
enum MarksFlag : std::uint8_t {
  kStartedEarly = 1 << 0,
  kPaused = 1 << 1,
  kClosed = 1 << 2,
  kCancelled = 1 << 3,
  kSettled = 1 << 4,
};

constexpr std::uint8_t Flag(bool set, std::uint8_t bit) { return set ? bit : std::uint8_t{0}; }

}  // namespace

// Of validated terms: what may be left unset is set.
void PutTerms(ByteWriter& writer, const SaleTerms& terms) {
  writer.Text(terms.id.view());
  writer.Varint(terms.lines.size());
  for (const SaleLine& line : terms.lines) {
    writer.Text(line.product.view());
    writer.Varint(line.units);
    writer.Varint(line.released_at_first.value_or(line.units));
  }
  PutTime(writer, terms.start);
  PutTime(writer, terms.end);
  writer.Varint(terms.waves.size());
  for (const Wave& wave : terms.waves) {
    PutTime(writer, wave.at);
    writer.Varint(wave.line);
    writer.Varint(wave.released);
  }
  writer.Varint(terms.limit_per_user);
  writer.Varint(*terms.limit_ceiling);
  writer.Varint(*terms.max_units_per_order);
  writer.Varint(terms.max_open_holds);
  writer.Varint(terms.key_limits.size());
  for (const KeyLimit& key : terms.key_limits) {
    writer.Text(key.name);
    writer.Varint(key.limit);
  }
  writer.Signed(terms.hold.count());
  writer.Signed(terms.longest_hold->count());
  writer.U8(static_cast<std::uint8_t>(Flag(terms.end_policy == EndPolicy::kCut, kCutAtEnd) |
                                      Flag(terms.late_confirm == LateConfirm::kRevive, kRevives) |
                                      Flag(terms.requires_admission, kRequiresAdmission)));
  writer.Varint(terms.admissions_per_second);
  writer.Varint(terms.max_stray_tombstones);
}

SaleTerms GetTerms(ByteReader& reader) {
  SaleTerms terms;
  terms.id = SaleId(reader.Text());
  const std::uint64_t lines = reader.Varint();
  for (std::uint64_t i = 0; i < lines && reader.ok(); ++i) {
    SaleLine line;
    line.product = ProductId(reader.Text());
    line.units = reader.Small<Units>();
    line.released_at_first = reader.Small<Units>();
    terms.lines.push_back(std::move(line));
  }
  terms.start = GetTime(reader);
  terms.end = GetTime(reader);
  const std::uint64_t waves = reader.Varint();
  for (std::uint64_t i = 0; i < waves && reader.ok(); ++i) {
    Wave wave;
    wave.at = GetTime(reader);
    wave.line = reader.Small<std::uint16_t>();
    wave.released = reader.Small<Units>();
    terms.waves.push_back(wave);
  }
  terms.limit_per_user = reader.Small<Units>();
  terms.limit_ceiling = reader.Small<Units>();
  terms.max_units_per_order = reader.Small<Units>();
  terms.max_open_holds = reader.Small<std::uint32_t>();
  const std::uint64_t keys = reader.Varint();
  for (std::uint64_t i = 0; i < keys && reader.ok(); ++i) {
    KeyLimit key;
    key.name = std::string(reader.Text());
    key.limit = reader.Small<Units>();
    terms.key_limits.push_back(std::move(key));
  }
  terms.hold = Duration(reader.Signed());
  terms.longest_hold = Duration(reader.Signed());
  const std::uint8_t flags = reader.U8();
  if (flags > (kCutAtEnd | kRevives | kRequiresAdmission)) reader.Fail();
  terms.end_policy = (flags & kCutAtEnd) != 0 ? EndPolicy::kCut : EndPolicy::kGrace;
  terms.late_confirm = (flags & kRevives) != 0 ? LateConfirm::kRevive : LateConfirm::kRefuse;
  terms.requires_admission = (flags & kRequiresAdmission) != 0;
  terms.admissions_per_second = reader.Small<std::uint32_t>();
  terms.max_stray_tombstones = reader.Small<std::uint32_t>();
  if (!reader.ok()) return {};
  Result<SaleTerms> valid = Validate(std::move(terms));
  if (!valid.ok()) {
    reader.Fail();
    return {};
  }
  return *std::move(valid);
}

void PutMarks(ByteWriter& writer, const SaleMarks& marks) {
  writer.U8(static_cast<std::uint8_t>(Flag(marks.started_early, kStartedEarly) |
                                      Flag(marks.paused, kPaused) | Flag(marks.closed, kClosed) |
                                      Flag(marks.cancelled, kCancelled) |
                                      Flag(marks.settled, kSettled)));
  PutTime(writer, marks.closed_at);
}

SaleMarks GetMarks(ByteReader& reader) {
  const std::uint8_t flags = reader.U8();
  if (flags > (kStartedEarly | kPaused | kClosed | kCancelled | kSettled)) reader.Fail();
  return {.started_early = (flags & kStartedEarly) != 0,
          .paused = (flags & kPaused) != 0,
          .closed = (flags & kClosed) != 0,
          .cancelled = (flags & kCancelled) != 0,
          .settled = (flags & kSettled) != 0,
          .closed_at = GetTime(reader)};
}

}  // namespace flashsale::inline v0::journal
