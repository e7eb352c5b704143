#include "flashsale/policy/inclusion_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/field_check.h"
#include "flashsale/domain/queue_terms.h"
#include "policy/draw_hasher.h"
#include "policy/draw_json.h"
#include "policy/hex.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::uint64_t kHighestIndex = std::uint64_t{1} << 32;

// RFC 9162, 2.1.3.2.  False where the path is too long or too short for the count.
bool Climb(const InclusionProof& proof, std::uint64_t count, DrawHash& hash) {
  DrawHasher hasher;
  hash = hasher.Leaf(proof.entrant);
  std::uint64_t node = proof.index;
  std::uint64_t last = count - 1;
  for (const DrawHash& sibling : proof.path) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = hasher.Node(sibling, hash);
      // A last one without a sibling stands for itself on the levels above.
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = hasher.Node(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0;
}

Status Verify(const DrawRecord& record, const InclusionProof& proof) {
  FieldCheck check;
  check
      .That(proof.draw == record.draw, "draw",
            fmt::format("{}/{}", proof.draw.sale.view(), proof.draw.tier),
            fmt::format("that of the record, {}/{}", record.draw.sale.view(), record.draw.tier))
      .That(record.freeze.has_value(), "count", "none", "a record of the freeze")
      .That(!record.seed.has_value() || record.seed->Commitment() == record.commitment, "seed",
            "one with another commitment", ToHex(record.commitment))
      .That(proof.list <= DrawList::kFifo, "list",
            fmt::format("{}", static_cast<unsigned>(proof.list)), "drawn or fifo");
  if (!check.ok()) return check.status();
  const bool fifo = proof.list == DrawList::kFifo;
  const std::uint64_t count = fifo ? record.freeze->fifo_count : record.freeze->count;
  const DrawHash& root = fifo ? record.freeze->fifo_root : record.freeze->root;
  check.That(proof.index < count, "index", fmt::format("{}", proof.index),
             fmt::format("less than {}, the count of the list", count));
  if (!check.ok()) return check.status();
  DrawHash hash;
  const bool climbed = Climb(proof, count, hash);
  check
      .That(climbed, "path", fmt::format("{} hashes", proof.path.size()),
            "as many as lie between this leaf and the root")
      .That(hash == root, "path", "leads to " + ToHex(hash), "the root, " + ToHex(root));
  return check.status();
}

}  // namespace

std::string_view Name(DrawList list) { return list == DrawList::kFifo ? "fifo" : "drawn"; }

std::string InclusionProof::ToJson() const {
  std::string hashes;
  hashes.reserve(2 * sizeof(DrawHash) * path.size());
  for (const DrawHash& hash : path) AppendHex(hash, hashes);
  DrawJsonWriter json;
  json.Number("version", kVersion)
      .Text("sale", draw.sale.view())
      .Number("tier", draw.tier)
      .Text("list", Name(list))
      .Hex("entrant", entrant.bytes())
      .Number("index", index)
      .Text("path", hashes);
  return std::move(json).Finish();
}

Result<InclusionProof> InclusionProof::FromJson(std::string_view text) {
  constexpr std::size_t kDigits = 2 * sizeof(DrawHash);
  try {
    DrawJsonReader json(text);
    const std::uint64_t version = json.Number("version", kVersion);
    InclusionProof proof{
        .draw = {.sale = json.Sale("sale"),
                 .tier = static_cast<std::uint8_t>(json.Number("tier", kMaxTiers - 1))}};
    const std::string_view list = json.Text("list");
    proof.list = list == Name(DrawList::kFifo) ? DrawList::kFifo : DrawList::kDrawn;
    UserId::Bytes entrant{};
    json.Hex("entrant", entrant);
    proof.entrant = UserId::FromBytes(entrant);
    proof.index = json.Number("index", kHighestIndex);
    const std::string_view path = json.Text("path");
    if (Status status = json.Finish(); !status.ok()) return status;
    FieldCheck check;
    check.InRange<std::uint64_t>("version", version, kVersion, kVersion)
        .That(list == Name(proof.list), "list", Printable(list), "'drawn' or 'fifo'")
        .InRange("path", path.size() / kDigits, std::size_t{0}, kLongestPath);
    proof.path.resize(std::min(path.size() / kDigits, kLongestPath));
    bool is_hex = path.size() % kDigits == 0;
    for (std::size_t i = 0; i < proof.path.size(); ++i) {
      is_hex = is_hex && ReadHex(path.substr(i * kDigits, kDigits), proof.path[i]);
    }
    check.That(is_hex, "path", Printable(path), "64 digits of `0-9 a-f` a hash");
    if (!check.ok()) return check.status();
    return proof;
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

Status VerifyInclusion(const DrawRecord& record, const InclusionProof& proof) {
  try {
    return Verify(record, proof);
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

}  // namespace flashsale::inline v0
