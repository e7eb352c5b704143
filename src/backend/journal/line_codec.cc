#include "backend/journal/line_codec.h"

#include <array>
#include <string>
#include <utility>

#include "backend/journal/terms_codec.h"

namespace flashsale::inline v0::journal {
namespace {

using Kind = QueueEvent::Kind;

// Beside the kind of kJoined.
constexpr std::uint8_t kKindMask = 0x3F;
constexpr std::uint8_t kHasTier = 0x40;   // another than 0
constexpr std::uint8_t kHasPlace = 0x80;  // one was brought back

bool HasTime(Kind kind) {
  switch (kind) {
    case Kind::kFellSilent:
    case Kind::kTurn:
    case Kind::kListed:
    case Kind::kArranged:
    case Kind::kUsed:
      return false;
    default:
      return true;
  }
}

void PutPace(ByteWriter& writer, const QueuePace& pace) {
  writer.Varint(pace.admissions_per_second);
  writer.Varint(pace.max_in_flight);
}

QueuePace GetPace(ByteReader& reader) {
  QueuePace pace;
  pace.admissions_per_second = reader.Small<std::uint32_t>();
  pace.max_in_flight = reader.Small<std::uint32_t>();
  return pace;
}

}  // namespace

void PutLineEvent(ByteWriter& records, ByteWriter& names, Time& at, const QueueEvent& event) {
  auto first =
      static_cast<std::uint8_t>(kFirstLineEvent + static_cast<std::uint8_t>(event.kind) - 1);
  if (event.kind == Kind::kJoined) {
    if (event.tier != 0) first |= kHasTier;
    if (event.place != 0) first |= kHasPlace;
  }
  records.U8(first);
  if (HasTime(event.kind)) {
    records.Signed((event.at - at).count());
    at = event.at;
  }
  switch (event.kind) {
    case Kind::kJoined:
      if (event.tier != 0) records.U8(event.tier);
      if (event.place != 0) records.Varint(event.place);
      names.Raw(event.user.bytes());
      break;
    case Kind::kPlaced:
      records.Varint(event.ticket);
      records.Varint(event.place);
      break;
    case Kind::kUsed:
      records.Varint(event.ticket);
      records.Varint(event.number);
      break;
    case Kind::kFellSilent:
    case Kind::kLeft:
    case Kind::kAdmitted:
    case Kind::kCompleted:
      records.Varint(event.ticket);
      break;
    case Kind::kTurn:
      records.Varint(event.number);
      break;
    case Kind::kPaceChanged:
      PutPace(records, event.pace);
      break;
    case Kind::kFrozen:
    case Kind::kListed:
    case Kind::kBegun:
      records.U8(event.tier);
      break;
    case Kind::kArranged: {
      records.U8(event.tier);
      records.Varint(event.number);
      records.Varint(event.tickets.size());
      std::uint64_t before = 0;
      for (const std::uint64_t ticket : event.tickets) {
        records.Signed(static_cast<std::int64_t>(ticket - std::exchange(before, ticket)));
      }
      break;
    }
    case Kind::kPaused:
    case Kind::kResumed:
    case Kind::kClosed:
      break;
  }
}

QueueEvent GetLineEvent(std::uint8_t first, ByteReader& records, ByteReader& names, Time& at,
                        std::vector<std::uint64_t>& tickets) {
  QueueEvent event;
  event.kind = static_cast<Kind>((first & kKindMask) - kFirstLineEvent + 1);
  const bool is_joined = event.kind == Kind::kJoined;
  if (!is_joined && (first & ~kKindMask) != 0) records.Fail();
  if (HasTime(event.kind)) {
    event.at = at = at + Duration(records.Signed());
    if (!IsValid(at)) records.Fail();
  }
  const auto get_number = [&records] {
    const std::uint64_t number = records.Varint();
    if (number == 0 || number > kMaxExactInteger) records.Fail();
    return number;
  };
  switch (event.kind) {
    case Kind::kJoined: {
      if ((first & kHasTier) != 0) event.tier = records.U8();
      if ((first & kHasPlace) != 0) event.place = get_number();
      std::array<std::uint8_t, 16> bytes{};
      const Bytes raw = names.Raw(bytes.size());
      for (std::size_t i = 0; i < raw.size(); ++i) bytes[i] = raw[i];
      event.user = UserId::FromBytes(bytes);
      break;
    }
    case Kind::kPlaced:
      event.ticket = records.Varint();
      event.place = get_number();
      break;
    case Kind::kUsed:
      event.ticket = records.Varint();
      event.number = get_number();
      break;
    case Kind::kFellSilent:
    case Kind::kLeft:
    case Kind::kAdmitted:
    case Kind::kCompleted:
      event.ticket = records.Varint();
      break;
    case Kind::kTurn:
      event.number = records.Varint();
      break;
    case Kind::kPaceChanged:
      event.pace = GetPace(records);
      break;
    case Kind::kFrozen:
    case Kind::kListed:
    case Kind::kBegun:
      event.tier = records.U8();
      break;
    case Kind::kArranged: {
      event.tier = records.U8();
      event.number = records.Varint();
      const std::uint64_t count = records.Varint();
      std::uint64_t ticket = 0;
      for (std::uint64_t i = 0; i < count && records.ok(); ++i) {
        ticket += static_cast<std::uint64_t>(records.Signed());
        tickets.push_back(ticket);
      }
      event.tickets = tickets;
      break;
    }
    case Kind::kPaused:
    case Kind::kResumed:
    case Kind::kClosed:
      break;
  }
  return event;
}

void PutQueueTerms(ByteWriter& writer, const QueueTerms& terms) {
  writer.Text(terms.sale.view());
  PutPace(writer, terms.pace);
  writer.Varint(terms.max_waiting);
  writer.Signed(terms.admission_window.count());
  writer.Varint(terms.grant);
  writer.Signed(terms.heartbeat_timeout.count());
  writer.Varint(terms.tiers);
  for (std::size_t tier = 0; tier < terms.tiers; ++tier) {
    PutTime(writer, terms.opens[tier]);
    writer.Varint(terms.credits_for[tier]);
  }
  writer.Varint(terms.max_credits);
  writer.Signed(terms.restore_window.count());
  writer.Text(terms.strategy);
}

QueueTerms GetQueueTerms(ByteReader& reader) {
  QueueTerms terms;
  terms.sale = SaleId(reader.Text());
  terms.pace = GetPace(reader);
  terms.max_waiting = reader.Varint();
  terms.admission_window = Duration(reader.Signed());
  terms.grant = reader.Small<std::uint32_t>();
  terms.heartbeat_timeout = Duration(reader.Signed());
  terms.tiers = reader.Small<std::uint32_t>();
  if (terms.tiers > kMaxTiers) reader.Fail();
  for (std::size_t tier = 0; tier < terms.tiers && reader.ok(); ++tier) {
    terms.opens[tier] = GetTime(reader);
    terms.credits_for[tier] = reader.Small<std::uint32_t>();
  }
  terms.max_credits = reader.Small<std::uint32_t>();
  terms.restore_window = Duration(reader.Signed());
  terms.strategy = std::string(reader.Text());
  if (reader.ok() && !Validate(terms).ok()) reader.Fail();
  return terms;
}

}  // namespace flashsale::inline v0::journal
