#include "flashsale/testing/digest.h"

#include <openssl/evp.h>

#include <concepts>
#include <cstddef>
#include <new>

#include "testing/contract_rules.h"

namespace flashsale::inline v0 {
namespace {

// Writes one entity.
class Encoder {
 public:
  explicit Encoder(std::uint8_t tag) { Put(tag); }

  template <std::unsigned_integral T>
  Encoder& Put(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
    return *this;
  }
  Encoder& Put(bool value) { return Put(static_cast<std::uint8_t>(value ? 1 : 0)); }
  Encoder& Put(Duration value) { return Put(static_cast<std::uint64_t>(value.count())); }
  Encoder& Put(Time value) { return Put(value.time_since_epoch()); }
  Encoder& Put(const std::array<std::uint8_t, 16>& bytes) {
    for (const std::uint8_t byte : bytes) bytes_.push_back(static_cast<char>(byte));
    return *this;
  }
  Encoder& Put(std::string_view text) {
    Put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
    return *this;
  }

  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::array<unsigned char, 32> Sha256(std::string_view text) {
  std::array<unsigned char, 32> hash{};
  if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();  // the only way in which hashing memory with SHA-256 fails
  }
  return hash;
}

std::uint32_t Size(std::size_t size) { return static_cast<std::uint32_t>(size); }

}  // namespace

void DigestVisitor::AddEntity(std::string_view encoded) {
  const std::array<unsigned char, 32> hash = Sha256(encoded);
  std::uint64_t carry = 0;
  for (std::size_t word = 0; word < sum_.size(); ++word) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | hash[word * 8 + i];
    const std::uint64_t sum = sum_[word] + value;
    const std::uint64_t with_carry = sum + carry;
    carry = (sum < value ? 1U : 0U) + (with_carry < sum ? 1U : 0U);
    sum_[word] = with_carry;
  }
}

void DigestVisitor::OnSale(const Sale& sale) {
  terms_ = sale.terms;
  marks_ = sale.marks;
  lines_.assign(sale.lines.begin(), sale.lines.end());
  const SaleTerms& t = terms_;
  Encoder encoder(1);
  encoder.Put(t.id.view()).Put(t.start).Put(t.end).Put(t.limit_per_user);
  encoder.Put(t.limit_ceiling.value_or(0)).Put(t.max_units_per_order.value_or(0));
  encoder.Put(t.max_open_holds).Put(t.hold).Put(t.longest_hold.value_or(Duration{0}));
  encoder.Put(static_cast<std::uint8_t>(t.end_policy))
      .Put(static_cast<std::uint8_t>(t.late_confirm));
  encoder.Put(t.requires_admission).Put(t.admissions_per_second).Put(t.max_stray_tombstones);
  encoder.Put(Size(t.lines.size())).Put(Size(t.key_limits.size()));
  encoder.Put(marks_.started_early).Put(marks_.paused).Put(marks_.closed).Put(marks_.cancelled);
  encoder.Put(marks_.settled).Put(marks_.closed_at);
  AddEntity(encoder.bytes());
  for (const Wave& wave : t.waves) {
    Encoder term(7);
    term.Put(wave.at).Put(Size(wave.line)).Put(wave.released);
    AddEntity(term.bytes());
  }
  for (std::size_t i = 0; i < t.key_limits.size(); ++i) {
    Encoder term(3);
    term.Put(Size(i)).Put(std::string_view(t.key_limits[i].name)).Put(t.key_limits[i].limit);
    AddEntity(term.bytes());
  }
}

Reservation DigestVisitor::Normalize(const Reservation& record, Tally& user) {
  Reservation shown = record;
  if (record.state == ReservationState::kActive && contract::IsOver(terms_, marks_, record, now_)) {
    shown.state = marks_.cancelled ? ReservationState::kCancelled : ReservationState::kExpired;
    if (record.line < lines_.size()) lines_[record.line].reserved -= record.units;
    user.held -= record.units;
    --user.open_holds;
    for (std::size_t i = 0; i < record.keys.size(); ++i) {
      if (!record.keys[i].is_nil()) keys_[TallyKey::Of(i, record.keys[i])].held -= record.units;
    }
  }
  if (shown.state != ReservationState::kActive) shown.deadline = Time{};
  return shown;
}

void DigestVisitor::OnUser(const UserId& user, const Tally& tally,
                           std::span<const Reservation> records) {
  Tally charged = tally;
  for (const Reservation& record : records) {
    const Reservation shown = Normalize(record, charged);
    Encoder encoder(5);
    encoder.Put(user.bytes()).Put(shown.id.bytes()).Put(static_cast<std::uint8_t>(shown.state));
    encoder.Put(shown.line).Put(shown.asked).Put(shown.units).Put(shown.reserved_at);
    encoder.Put(shown.deadline).Put(shown.quote).Put(shown.admission);
    for (const LimitKey& key : shown.keys) encoder.Put(key.bytes());
    AddEntity(encoder.bytes());
  }
  Encoder encoder(4);
  encoder.Put(user.bytes()).Put(charged.limit).Put(charged.held).Put(charged.bought);
  encoder.Put(charged.open_holds).Put(charged.records).Put(charged.admission);
  encoder.Put(charged.admission_used);
  AddEntity(encoder.bytes());
}

void DigestVisitor::OnKey(const TallyKey& key, const Tally& tally) {
  Charge& charge = keys_[key];
  charge.held += tally.held;
  charge.bought += tally.bought;
}

std::string DigestVisitor::Finish() {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const SaleLine& line = terms_.lines[i];
    Encoder encoder(2);
    encoder.Put(Size(i)).Put(line.product.view()).Put(line.units);
    encoder.Put(line.released_at_first.value_or(line.units)).Put(lines_[i].released);
    encoder.Put(lines_[i].reserved).Put(lines_[i].sold);
    AddEntity(encoder.bytes());
  }
  for (const auto& [key, charge] : keys_) {
    if (charge.held == 0 && charge.bought == 0) continue;
    Encoder encoder(6);
    encoder.Put(key.kind).Put(key.bytes).Put(static_cast<Units>(charge.held));
    encoder.Put(static_cast<Units>(charge.bought));
    AddEntity(encoder.bytes());
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t word : sum_) {
    for (std::size_t i = 0; i < 8; ++i) {
      const auto byte = static_cast<std::uint8_t>(word >> (8 * i));
      text.push_back(kHex[byte >> 4]);
      text.push_back(kHex[byte & 15]);
    }
  }
  return text;
}

Result<std::string> ReadDigest(InventoryRepository& repository, const SaleRef& sale, Time now) {
  DigestVisitor visitor(now);
  const Status status = repository.Snapshot(sale, visitor);
  if (!status.ok()) return status;
  return visitor.Finish();
}

}  // namespace flashsale::inline v0
