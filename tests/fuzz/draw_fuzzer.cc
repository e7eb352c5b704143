// Any bytes at all are read as the files of a draw: nothing may go wrong, what is read is written
// again as it was understood, and no proof is believed that leads elsewhere.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "flashsale/policy/draw.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/inclusion_proof.h"

namespace {

using flashsale::DrawRecord;
using flashsale::InclusionProof;
using flashsale::Status;
using flashsale::StatusCode;

void Require(bool holds) {
  if (!holds) std::abort();
}

void RequireReason(const Status& status) {
  Require(status.code() == StatusCode::kInvalidArgument && !status.message().empty() &&
          status.message().find('\n') == std::string::npos);
}

void ReadRecord(std::string_view text) {
  const auto record = DrawRecord::FromJson(text);
  if (!record.ok()) return RequireReason(record.status());
  Require(Validate(*record).ok());
  Require(CheckContinues(*record, *record).ok());
  const auto again = DrawRecord::FromJson(record->ToJson());
  Require(again.ok() && *again == *record);
  // Nobody knows a list with that root, but of nobody.
  const auto order = flashsale::ReplayDraw(*record, {});
  Require(!order.ok() || order->empty());
}

void ReadProof(std::string_view text) {
  const auto proof = InclusionProof::FromJson(text);
  if (!proof.ok()) return RequireReason(proof.status());
  const auto again = InclusionProof::FromJson(proof->ToJson());
  Require(again.ok() && *again == *proof);
  DrawRecord record{.draw = proof->draw};
  record.freeze = flashsale::DrawFreeze{
      .fifo_count = proof->index + 1, .fifo_root = {}, .count = proof->index + 1, .root = {}};
  Require(!VerifyInclusion(record, *proof).ok());
  if (!proof->path.empty()) return;
  // Alone in the list, one is its root.
  const auto alone = flashsale::FreezeDraw({.drawn = {&proof->entrant, 1}});
  Require(alone.ok());
  record.freeze = flashsale::DrawFreeze{
      .fifo_count = 1, .fifo_root = alone->root, .count = 1, .root = alone->root};
  Require(VerifyInclusion(record, *proof).ok() == (proof->index == 0));
}

void ReadUsers(std::string_view text) {
  const auto users = flashsale::ParseUsers(text);
  if (!users.ok()) return RequireReason(users.status());
  Require(flashsale::FormatUsers(*users) == text);
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ReadRecord(text);
  ReadProof(text);
  ReadUsers(text);
  return 0;
}
