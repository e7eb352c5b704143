#include "flashsale/policy/draw_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/field_check.h"
#include "flashsale/domain/queue_terms.h"
#include "policy/draw_json.h"
#include "policy/hex.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kLongestSource = 128;
constexpr std::uint32_t kMostPerMille = 1'000;
constexpr std::uint64_t kMostEntrants = std::uint64_t{1} << 32;

bool IsSource(std::string_view text) {
  return text.size() <= kLongestSource && std::all_of(text.begin(), text.end(), [](char c) {
           return c >= ' ' && c <= '~' && c != '"' && c != '\\';
         });
}

std::string TextOf(const DrawHash& hash) { return ToHex(hash); }
std::string TextOf(const DrawSeed& seed) { return ToHex(seed.bytes()); }
std::string TextOf(const std::vector<std::uint8_t>& bytes) { return ToHex(bytes); }
std::string TextOf(std::uint64_t number) { return std::to_string(number); }
std::string TextOf(const std::string& text) { return Printable(text); }
std::string TextOf(const SaleId& sale) { return Printable(sale.view()); }

// Whether what was published stands unchanged.
class Continuity {
 public:
  template <typename T>
  Continuity& Same(std::string_view field, const T& earlier, const T& later) {
    if (earlier != later) check_.That(false, field, TextOf(later), TextOf(earlier));
    return *this;
  }
  template <typename T>
  Continuity& Kept(std::string_view field, const std::optional<T>& earlier,
                   const std::optional<T>& later) {
    if (!earlier.has_value()) return *this;
    if (!later.has_value()) {
      check_.That(false, field, "none", TextOf(*earlier));
      return *this;
    }
    return Same(field, *earlier, *later);
  }
  const Status& status() const { return check_.status(); }

 private:
  FieldCheck check_;
};

template <typename T>
std::optional<T> Of(const std::optional<DrawFreeze>& freeze, T DrawFreeze::* field) {
  return freeze.has_value() ? std::optional<T>(*freeze.*field) : std::nullopt;
}

}  // namespace

Status Validate(const DrawRecord& record) {
  FieldCheck check;
  check
      .That(record.draw.sale.valid(), "sale", Printable(record.draw.sale.view()),
            "1 to 64 of `A-Z a-z 0-9 . _ -`")
      .InRange<std::uint32_t>("tier", record.draw.tier, 0, kMaxTiers - 1)
      .That(IsSource(record.beacon_source), "beacon_source", Printable(record.beacon_source),
            "at most 128 printable ASCII characters without \" and \\")
      .InRange("fifo_per_mille", record.fifo_per_mille, std::uint32_t{0}, kMostPerMille);
  if (record.freeze.has_value()) {
    check.InRange("count", record.freeze->count, std::uint64_t{0}, kMostEntrants)
        .InRange("fifo_count", record.freeze->fifo_count, std::uint64_t{0}, kMostEntrants);
  }
  if (record.beacon.has_value()) {
    check.That(record.freeze.has_value(), "beacon", "before the freeze", "none before it")
        .That(!record.beacon_source.empty(), "beacon", "without a source", "none without one")
        .InRange("beacon", record.beacon->size(), std::size_t{1}, DrawRecord::kLongestBeacon);
  }
  if (record.seed.has_value()) {
    check.That(record.freeze.has_value(), "seed", "before the freeze", "none before it")
        .That(record.beacon_source.empty() || record.beacon.has_value(), "seed",
              "before the beacon", "none before it");
  }
  return check.status();
}

Status CheckContinues(const DrawRecord& earlier, const DrawRecord& later) {
  return Continuity()
      .Same("sale", earlier.draw.sale, later.draw.sale)
      .Same<std::uint64_t>("tier", earlier.draw.tier, later.draw.tier)
      .Same("commitment", earlier.commitment, later.commitment)
      .Same("beacon_source", earlier.beacon_source, later.beacon_source)
      .Same<std::uint64_t>("fifo_per_mille", earlier.fifo_per_mille, later.fifo_per_mille)
      .Kept("fifo_count", Of(earlier.freeze, &DrawFreeze::fifo_count),
            Of(later.freeze, &DrawFreeze::fifo_count))
      .Kept("fifo_root", Of(earlier.freeze, &DrawFreeze::fifo_root),
            Of(later.freeze, &DrawFreeze::fifo_root))
      .Kept("count", Of(earlier.freeze, &DrawFreeze::count), Of(later.freeze, &DrawFreeze::count))
      .Kept("root", Of(earlier.freeze, &DrawFreeze::root), Of(later.freeze, &DrawFreeze::root))
      .Kept("beacon", earlier.beacon, later.beacon)
      .Kept("seed", earlier.seed, later.seed)
      .status();
}

std::string DrawRecord::ToJson() const {
  DrawJsonWriter json;
  json.Number("version", kVersion)
      .Text("sale", draw.sale.view())
      .Number("tier", draw.tier)
      .Hex("commitment", commitment)
      .Text("beacon_source", beacon_source)
      .Number("fifo_per_mille", fifo_per_mille);
  if (freeze.has_value()) {
    json.Number("fifo_count", freeze->fifo_count)
        .Hex("fifo_root", freeze->fifo_root)
        .Number("count", freeze->count)
        .Hex("root", freeze->root);
  }
  if (beacon.has_value()) json.Hex("beacon", *beacon);
  if (seed.has_value()) json.Hex("seed", seed->bytes());
  return std::move(json).Finish();
}

Result<DrawRecord> DrawRecord::FromJson(std::string_view text) {
  try {
    DrawJsonReader json(text);
    const std::uint64_t version = json.Number("version", kVersion);
    DrawRecord record{
        .draw = {.sale = json.Sale("sale"),
                 .tier = static_cast<std::uint8_t>(json.Number("tier", kMaxTiers - 1))},
        .commitment = json.Hash("commitment"),
        .beacon_source = std::string(json.Text("beacon_source")),
        .fifo_per_mille = static_cast<std::uint32_t>(json.Number("fifo_per_mille", kMostPerMille))};
    if (json.Has("count") || json.Has("root") || json.Has("fifo_count") || json.Has("fifo_root")) {
      record.freeze = DrawFreeze{.fifo_count = json.Number("fifo_count", kMostEntrants),
                                 .fifo_root = json.Hash("fifo_root"),
                                 .count = json.Number("count", kMostEntrants),
                                 .root = json.Hash("root")};
    }
    if (json.Has("beacon")) record.beacon = json.Bytes("beacon", kLongestBeacon);
    if (json.Has("seed")) record.seed = DrawSeed::FromBytes(json.Hash("seed"));
    if (Status status = json.Finish(); !status.ok()) return status;
    FieldCheck check;
    check.InRange<std::uint64_t>("version", version, kVersion, kVersion);
    if (!check.ok()) return check.status();
    if (Status status = Validate(record); !status.ok()) return status;
    return record;
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

}  // namespace flashsale::inline v0
