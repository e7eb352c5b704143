#include "flashsale/policy/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>

#include "base/field_check.h"
#include "flashsale/policy/merkle_root.h"
#include "policy/draw_label.h"
#include "policy/draw_rank.h"
#include "policy/hex.h"
#include "policy/hmac_sha256.h"
#include "policy/hkdf_sha256.h"
#include "policy/user_sort.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kDigits = 2 * sizeof(UserId::Bytes);

Status Invalid(std::string_view field, std::string_view value, std::string_view expectation) {
  return Status(StatusCode::kInvalidArgument,
                fmt::format("{}: {}, expected {}", field, value, expectation));
}

Status Twice(std::string_view field, const UserId& user) {
  return Invalid(field, fmt::format("{} twice", ToHex(user.bytes())), "everybody once");
}

Status CheckLists(const DrawLists& lists) {
  for (std::size_t i = 1; i < lists.drawn.size(); ++i) {
    if (lists.drawn[i - 1] < lists.drawn[i]) continue;
    if (lists.drawn[i - 1] == lists.drawn[i]) return Twice("drawn", lists.drawn[i]);
    return Invalid("drawn", fmt::format("{} behind a greater one", ToHex(lists.drawn[i].bytes())),
                   "everybody sorted by id");
  }
  std::vector<UserId> fifo(lists.fifo.begin(), lists.fifo.end());
  SortUsers(fifo);
  const auto twice = std::adjacent_find(fifo.begin(), fifo.end());
  if (twice != fifo.end()) return Twice("fifo", *twice);
  auto drawn = lists.drawn.begin();
  for (const UserId& user : fifo) {
    while (drawn != lists.drawn.end() && *drawn < user) ++drawn;
    if (drawn != lists.drawn.end() && *drawn == user) return Twice("fifo and drawn", user);
  }
  return {};
}

DrawHash RootOf(std::span<const UserId> users) {
  MerkleRoot root;
  for (const UserId& user : users) root.Add(user);
  return root.Root();
}

Status CheckFreeze(const DrawRecord& record, const DrawLists& lists) {
  const DrawFreeze& published = *record.freeze;
  const std::uint64_t all = published.fifo_count + published.count;
  FieldCheck check;
  check
      .That(lists.fifo.size() == published.fifo_count, "fifo_count",
            fmt::format("{} in the list", lists.fifo.size()),
            fmt::format("{}", published.fifo_count))
      .That(lists.drawn.size() == published.count, "count",
            fmt::format("{} in the list", lists.drawn.size()), fmt::format("{}", published.count))
      .That(published.fifo_count == FifoCount(all, record.fifo_per_mille), "fifo_count",
            fmt::format("{}", published.fifo_count),
            fmt::format("{} of a thousand of {}, rounded down", record.fifo_per_mille, all));
  if (!check.ok()) return check.status();
  const Result<DrawFreeze> freeze = FreezeDraw(lists);
  if (!freeze.ok()) return freeze.status();
  check
      .That(freeze->fifo_root == published.fifo_root, "fifo_root",
            "of the list " + ToHex(freeze->fifo_root), ToHex(published.fifo_root))
      .That(freeze->root == published.root, "root", "of the list " + ToHex(freeze->root),
            ToHex(published.root));
  return check.status();
}

Status OutOfMemory(const std::exception& error) {
  return Status(StatusCode::kResourceExhausted, error.what());
}

}  // namespace

Result<DrawFreeze> FreezeDraw(const DrawLists& lists) {
  try {
    if (Status status = CheckLists(lists); !status.ok()) return status;
    return DrawFreeze{.fifo_count = lists.fifo.size(),
                      .fifo_root = RootOf(lists.fifo),
                      .count = lists.drawn.size(),
                      .root = RootOf(lists.drawn)};
  } catch (const std::exception& error) {
    return OutOfMemory(error);
  }
}

Result<DrawHash> DrawKey(const DrawRecord& record) {
  const bool has_beacon = record.beacon_source.empty() || record.beacon.has_value();
  if (!record.freeze.has_value() || !record.seed.has_value() || !has_beacon) {
    return Status(
        StatusCode::kFailedPrecondition,
        fmt::format("{}: none, expected what was published", !record.freeze.has_value() ? "root"
                                                             : !has_beacon              ? "beacon"
                                                                                        : "seed"));
  }
  try {
    std::vector<std::uint8_t> info = DrawLabel("draw-key", record.draw);
    info.insert(info.end(), record.freeze->root.begin(), record.freeze->root.end());
    if (record.beacon.has_value()) {
      info.insert(info.end(), record.beacon->begin(), record.beacon->end());
    }
    return HkdfSha256(
        {.key_material = record.seed->bytes(), .salt = record.freeze->fifo_root, .info = info});
  } catch (const std::exception& error) {
    return OutOfMemory(error);
  }
}

Status OrderDraw(const DrawHash& key, std::span<const UserId> entrants,
                 std::span<std::uint32_t> order) {
  try {
    HmacSha256 hmac(key);
    OrderByRank([&](std::uint32_t i) { return hmac.Of(entrants[i].bytes()); },
                [&](std::uint32_t i) { return entrants[i]; }, order);
    return {};
  } catch (const std::exception& error) {
    return OutOfMemory(error);
  }
}

Result<std::vector<UserId>> ReplayDraw(const DrawRecord& record, const DrawLists& lists) {
  if (Status status = Validate(record); !status.ok()) return status;
  const Result<DrawHash> key = DrawKey(record);
  if (!key.ok()) return key.status();
  try {
    const DrawHash commitment = record.seed->Commitment();
    if (commitment != record.commitment) {
      return Invalid("seed", "has the commitment " + ToHex(commitment), ToHex(record.commitment));
    }
    if (Status status = CheckFreeze(record, lists); !status.ok()) return status;
    std::vector<std::uint32_t> order(lists.drawn.size());
    if (Status status = OrderDraw(*key, lists.drawn, order); !status.ok()) return status;
    std::vector<UserId> users(lists.fifo.begin(), lists.fifo.end());
    users.reserve(lists.fifo.size() + order.size());
    for (const std::uint32_t i : order) users.push_back(lists.drawn[i]);
    return users;
  } catch (const std::exception& error) {
    return OutOfMemory(error);
  }
}

std::string FormatUsers(std::span<const UserId> users) {
  std::string text;
  text.reserve(users.size() * (kDigits + 1));
  for (const UserId& user : users) {
    AppendHex(user.bytes(), text);
    text.push_back('\n');
  }
  return text;
}

Result<std::vector<UserId>> ParseUsers(std::string_view text) {
  try {
    std::vector<UserId> users;
    users.reserve(text.size() / (kDigits + 1));
    while (!text.empty()) {
      UserId::Bytes bytes{};
      const std::string_view line = text.substr(0, text.find('\n'));
      if (line.size() == text.size() || !ReadHex(line, bytes)) {
        return Invalid(fmt::format("line {}", users.size() + 1), Printable(line),
                       "32 digits of `0-9 a-f` and a line feed");
      }
      users.push_back(UserId::FromBytes(bytes));
      text.remove_prefix(line.size() + 1);
    }
    return users;
  } catch (const std::exception& error) {
    return OutOfMemory(error);
  }
}

}  // namespace flashsale::inline v0
