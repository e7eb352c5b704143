#include "policy/draw_ceremony.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <utility>

#include "base/field_check.h"
#include "base/sha256.h"
#include "flashsale/policy/draw.h"
#include "policy/draw_rank.h"
#include "policy/hmac_sha256.h"
#include "policy/user_sort.h"

namespace flashsale::inline v0 {
namespace {

// More draws than this do not wait for a beacon at once; if they do, the oldest is worked out anew.
constexpr std::size_t kMostFrozen = 4'096;

// What is told to a host must come back.
template <typename Call>
auto Guarded(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return Status(StatusCode::kInternal, fmt::format("the draw witness threw: {}", error.what()));
  } catch (...) {
    return Status(StatusCode::kInternal, "the draw witness threw what is no std::exception");
  }
}

// Tells lists of entrants apart; a tenth of what their tree costs.
DrawHash PrintOf(std::span<const Entrant> entrants) {
  constexpr std::size_t kAtOnce = 256;
  Sha256 hash;
  std::array<UserId::Bytes, kAtOnce> bytes;
  for (std::size_t first = 0; first < entrants.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, entrants.size() - first);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = entrants[first + i].user.bytes();
    hash.Add({bytes.front().data(), count * sizeof(UserId::Bytes)});
  }
  return hash.Finish();
}

std::vector<UserId> UsersOf(std::span<const Entrant> entrants) {
  std::vector<UserId> users;
  users.reserve(entrants.size());
  for (const Entrant& entrant : entrants) users.push_back(entrant.user);
  return users;
}

}  // namespace

DrawCeremony::DrawCeremony(Rules rules) : rules_(std::move(rules)) {}

Result<DrawRecord> DrawCeremony::Announce(const DrawId& draw) const {
  FieldCheck check;
  check
      .That(rules_.secret != DrawSecret{}, "secret", "32 zero bytes",
            "random ones that nobody else knows")
      .That(rules_.options.beacon_source.empty() || rules_.options.witness != nullptr, "witness",
            "none", "one that reads the beacon, where there is a beacon_source");
  if (!check.ok()) return check.status();
  try {
    DrawRecord record{.draw = draw,
                      .commitment = DrawSeed::Derive(rules_.secret, draw).Commitment(),
                      .beacon_source = rules_.options.beacon_source,
                      .fifo_per_mille = rules_.fifo_per_mille};
    if (Status status = Validate(record); !status.ok()) return status;
    return record;
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

Status DrawCeremony::CheckTerms(const QueueTerms& terms) const {
  Status status = Announce({.sale = terms.sale, .tier = 0}).status();
  if (status.ok()) return status;
  return Status(status.code(), fmt::format("strategy.{}", status.message()));
}

Status DrawCeremony::Order(const OrderRequest& request, std::span<std::uint32_t> order) {
  try {
    return TryOrder({.sale = request.sale, .tier = request.tier}, request.entrants, order);
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

Status DrawCeremony::TryOrder(const DrawId& draw, std::span<const Entrant> entrants,
                              std::span<std::uint32_t> order) {
  Result<DrawRecord> announced = Announce(draw);
  if (!announced.ok()) return announced.status();
  DrawRecord& record = *announced;
  const std::size_t fifo = FifoCount(entrants.size(), rules_.fifo_per_mille);
  if (Status status = Freeze(PrintOf(entrants), entrants, fifo, record); !status.ok()) {
    return status;
  }
  if (Status status = AskBeacon(record); !status.ok()) return status;
  record.seed = DrawSeed::Derive(rules_.secret, draw);
  const Result<DrawHash> key = DrawKey(record);
  if (!key.ok()) return key.status();

  const auto drawn = entrants.subspan(fifo);
  const auto places = order.subspan(fifo);
  HmacSha256 hmac(*key);
  OrderByRank([&](std::uint32_t i) { return hmac.Of(drawn[i].user.bytes()); },
              [&](std::uint32_t i) { return drawn[i].user; }, places);
  for (std::uint32_t i = 0; i < fifo; ++i) order[i] = i;
  for (std::uint32_t& place : places) place += static_cast<std::uint32_t>(fifo);

  DrawWitness* const witness = rules_.options.witness;
  if (witness == nullptr) return {};
  Status status = Guarded([&] { return witness->OnDrawn(record, DrawnOrder(entrants, order)); });
  if (status.ok()) Forget(draw);
  return status;
}

Status DrawCeremony::Freeze(const DrawHash& print, std::span<const Entrant> entrants,
                            std::size_t fifo, DrawRecord& record) {
  DrawWitness* const witness = rules_.options.witness;
  const std::optional<Frozen> known = Recall(record.draw, print);
  if (known.has_value()) record.freeze = known->freeze;
  if (known.has_value() && known->told) return {};
  const std::vector<UserId> first = UsersOf(entrants.first(fifo));
  std::vector<UserId> drawn = UsersOf(entrants.subspan(fifo));
  SortUsers(drawn);
  const DrawLists lists{.fifo = first, .drawn = drawn};
  if (!known.has_value()) {
    const Result<DrawFreeze> freeze = FreezeDraw(lists);
    if (!freeze.ok()) return freeze.status();
    record.freeze = *freeze;
  }
  if (witness == nullptr) return {};
  Frozen frozen{.draw = record.draw, .print = print, .freeze = *record.freeze, .told = false};
  Remember(frozen);
  Status status = Guarded([&] { return witness->OnFrozen(record, lists); });
  if (!status.ok()) return status;
  frozen.told = true;
  Remember(frozen);
  return {};
}

Status DrawCeremony::AskBeacon(DrawRecord& record) {
  if (record.beacon_source.empty()) return {};
  using Bytes = std::vector<std::uint8_t>;
  Result<Bytes> beacon =
      Guarded([&]() -> Result<Bytes> { return rules_.options.witness->Beacon(record); });
  if (!beacon.ok()) return beacon.status();
  record.beacon = *std::move(beacon);
  return Validate(record);
}

std::optional<DrawCeremony::Frozen> DrawCeremony::Recall(const DrawId& draw,
                                                         const DrawHash& print) {
  const MutexLock lock(mutex_);
  for (const Frozen& frozen : frozen_) {
    if (frozen.draw == draw && frozen.print == print) return frozen;
  }
  return std::nullopt;
}

void DrawCeremony::Remember(const Frozen& frozen) {
  const MutexLock lock(mutex_);
  std::erase_if(frozen_, [&](const Frozen& other) { return other.draw == frozen.draw; });
  if (frozen_.size() == kMostFrozen) frozen_.erase(frozen_.begin());
  frozen_.push_back(frozen);
}

void DrawCeremony::Forget(const DrawId& draw) {
  const MutexLock lock(mutex_);
  std::erase_if(frozen_, [&](const Frozen& other) { return other.draw == draw; });
}

}  // namespace flashsale::inline v0
