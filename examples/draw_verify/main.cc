// Makes, checks and proves draws by their published files: see docs/draw.md.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "examples/draw_verify/files.h"
#include "flashsale/policy/draw.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/draw_seed.h"
#include "flashsale/policy/inclusion_proof.h"
#include "flashsale/policy/inclusion_prover.h"

namespace draw_verify {
namespace {

using flashsale::DrawLists;
using flashsale::DrawRecord;
using flashsale::DrawSeed;
using flashsale::InclusionProver;
using flashsale::Result;
using flashsale::Status;
using flashsale::StatusCode;
using flashsale::UserId;

constexpr int kExitWrong = 1;
constexpr int kExitUsage = 2;

struct Options {
  std::string record;
  std::string entrants;
  std::string fifo;
  std::string order;
  std::vector<std::string> earlier;
  std::string proof;
  std::string entrant;
  // Of `make`.
  std::string ids;
  std::string seed;
  std::string sale = "sale";
  unsigned tier = 0;
  std::string beacon;
  std::string beacon_source;
  std::uint32_t fifo_per_mille = 0;
  std::string out;
};

Status Invalid(std::string_view field, std::string_view value, std::string_view expectation) {
  return Status(StatusCode::kInvalidArgument,
                fmt::format("{}: '{}', expected {}", field, value, expectation));
}

std::optional<std::vector<std::uint8_t>> BytesOf(std::string_view hex) {
  const auto value = [](char c) {
    const std::size_t place = std::string_view("0123456789abcdef").find(c);
    return place == std::string_view::npos ? -1 : static_cast<int>(place);
  };
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = value(hex[i]);
    const int low = value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  if (hex.size() % 2 != 0) return std::nullopt;
  return bytes;
}

template <std::size_t Size>
std::optional<std::array<std::uint8_t, Size>> ArrayOf(std::string_view hex) {
  const auto bytes = BytesOf(hex);
  if (!bytes.has_value() || bytes->size() != Size) return std::nullopt;
  std::array<std::uint8_t, Size> array{};
  std::copy(bytes->begin(), bytes->end(), array.begin());
  return array;
}

// A draw from ids in the order of arrival; its files go into options.out, and what is published
// before registration and at the freeze beside them.
Status Make(const Options& options) {
  const auto seed_bytes = ArrayOf<32>(options.seed);
  if (!seed_bytes.has_value()) {
    return Invalid("--seed", options.seed, "64 digits of `0-9 a-f`");
  }
  const DrawSeed seed = DrawSeed::FromBytes(*seed_bytes);
  const auto beacon = BytesOf(options.beacon);
  if (!beacon.has_value()) return Invalid("--beacon", options.beacon, "digits of `0-9 a-f`");
  Result<std::vector<UserId>> ids = ReadUsers(options.ids);
  if (!ids.ok()) return ids.status();
  const std::string source = options.beacon.empty()          ? ""
                             : options.beacon_source.empty() ? "given by hand"
                                                             : options.beacon_source;
  DrawRecord record{.draw = {.sale = options.sale, .tier = static_cast<std::uint8_t>(options.tier)},
                    .commitment = seed.Commitment(),
                    .beacon_source = source,
                    .fifo_per_mille = options.fifo_per_mille};
  if (Status status = Validate(record); !status.ok()) return status;
  const std::string announced = record.ToJson();

  const auto rest = ids->begin() + static_cast<std::ptrdiff_t>(
                                       flashsale::FifoCount(ids->size(), options.fifo_per_mille));
  std::sort(rest, ids->end());
  const DrawLists lists{.fifo = {ids->begin(), rest}, .drawn = {rest, ids->end()}};
  const auto freeze = flashsale::FreezeDraw(lists);
  if (!freeze.ok()) return freeze.status();
  record.freeze = *freeze;
  const std::string frozen = record.ToJson();
  if (!beacon->empty()) record.beacon = *beacon;
  record.seed = seed;
  const auto order = flashsale::ReplayDraw(record, lists);
  if (!order.ok()) return order.status();

  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  const std::pair<const char*, std::string> files[] = {
      {"announced.json", announced},
      {"frozen.json", frozen},
      {"record.json", record.ToJson()},
      {"fifo.txt", flashsale::FormatUsers(lists.fifo)},
      {"entrants.txt", flashsale::FormatUsers(lists.drawn)},
      {"order.txt", flashsale::FormatUsers(*order)}};
  for (const auto& [name, text] : files) {
    if (Status status = WriteFile(options.out + "/" + name, text); !status.ok()) return status;
  }
  std::cout << fmt::format("made: {} entrants, {} first, {} drawn\n", order->size(),
                           lists.fifo.size(), lists.drawn.size());
  return {};
}

Status Check(const Options& options) {
  const auto record = ReadRecord(options.record);
  if (!record.ok()) return record.status();
  const auto drawn = ReadUsers(options.entrants);
  if (!drawn.ok()) return drawn.status();
  const auto fifo = ReadUsers(options.fifo);
  if (!fifo.ok()) return fifo.status();
  for (const std::string& path : options.earlier) {
    const auto earlier = ReadRecord(path);
    if (!earlier.ok()) return earlier.status();
    if (Status status = CheckContinues(*earlier, *record); !status.ok()) return status;
  }
  const auto order = flashsale::ReplayDraw(*record, {.fifo = *fifo, .drawn = *drawn});
  if (!order.ok()) return order.status();
  if (!options.order.empty()) {
    const auto given = ReadUsers(options.order);
    if (!given.ok()) return given.status();
    if (*given != *order) return Invalid("order", options.order, "the one that the draw gives");
  }
  std::cout << fmt::format("right: {} entrants, {} first, {} drawn\n", order->size(), fifo->size(),
                           drawn->size());
  return {};
}

Status Prove(const Options& options) {
  const auto entrant = ArrayOf<16>(options.entrant);
  if (!entrant.has_value()) {
    return Invalid("--entrant", options.entrant, "32 digits of `0-9 a-f`");
  }
  const auto record = ReadRecord(options.record);
  if (!record.ok()) return record.status();
  const UserId user = UserId::FromBytes(*entrant);
  Status status = Invalid("--entrant", options.entrant, "one of the lists");
  for (const flashsale::DrawList list : {flashsale::DrawList::kDrawn, flashsale::DrawList::kFifo}) {
    const bool is_fifo = list == flashsale::DrawList::kFifo;
    if (is_fifo && options.fifo.empty()) continue;
    const auto users = ReadUsers(is_fifo ? options.fifo : options.entrants);
    if (!users.ok()) return users.status();
    const auto prover = InclusionProver::New({.record = *record, .list = list, .entrants = *users});
    if (!prover.ok()) return prover.status();
    const auto proof = prover->Prove(user);
    if (proof.ok()) {
      std::cout << proof->ToJson();
      return {};
    }
    if (proof.status().code() != StatusCode::kNotFound) status = proof.status();
  }
  return status;
}

Status CheckProof(const Options& options) {
  const auto record = ReadRecord(options.record);
  if (!record.ok()) return record.status();
  const auto proof = ReadProof(options.proof);
  if (!proof.ok()) return proof.status();
  const std::string entrant =
      flashsale::FormatUsers({&proof->entrant, 1}).substr(0, 2 * sizeof(UserId::Bytes));
  if (!options.entrant.empty() && options.entrant != entrant) {
    return Invalid("entrant", entrant, options.entrant);
  }
  if (Status status = VerifyInclusion(*record, *proof); !status.ok()) return status;
  std::cout << fmt::format("right: {} takes part, number {} of the {} list\n", entrant,
                           proof->index, Name(proof->list));
  return {};
}

int Run(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Makes, checks and proves draws by their published files: see docs/draw.md.\n"
      "Exit code: 0 it is right, 1 it is wrong, 2 the arguments are.");
  app.require_subcommand(1);

  CLI::App* const make = app.add_subcommand("make", "Draws, and writes all files of the draw");
  make->add_option("--ids", options.ids, "Ids in the order of arrival, 32 hex digits a line")
      ->required();
  make->add_option("--seed", options.seed, "64 hex digits")->required();
  make->add_option("--sale", options.sale, "The name of the sale")->capture_default_str();
  make->add_option("--tier", options.tier, "0 to 7")
      ->check(CLI::Range(0, 7))
      ->capture_default_str();
  make->add_option("--beacon", options.beacon, "1 to 256 bytes in hex; none without it");
  make->add_option("--beacon-source", options.beacon_source, "In words, where it comes from");
  make->add_option("--fifo-per-mille", options.fifo_per_mille, "How many of a thousand go first")
      ->capture_default_str();
  make->add_option("--out", options.out, "The folder for the files")->required();

  CLI::App* const check = app.add_subcommand("check", "Works the whole order out again");
  CLI::App* const prove = app.add_subcommand("prove", "Writes the proof of one entrant");
  CLI::App* const check_proof =
      app.add_subcommand("check-proof", "Checks the proof of one entrant");
  for (CLI::App* const command : {check, prove, check_proof}) {
    command->add_option("--record", options.record, "The record")->required();
  }
  for (CLI::App* const command : {check, prove}) {
    command->add_option("--entrants", options.entrants, "Those who are drawn")->required();
    command->add_option("--fifo", options.fifo, "Those who go first");
  }
  check->add_option("--order", options.order, "The order that was applied, to compare");
  check->add_option("--earlier", options.earlier, "A record that was published earlier");
  prove->add_option("--entrant", options.entrant, "Whose proof, 32 hex digits")->required();
  check_proof->add_option("--proof", options.proof, "The proof")->required();
  check_proof->add_option("--entrant", options.entrant, "Whose proof it should be");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kExitUsage;
  }
  const Status status = make->parsed()    ? Make(options)
                        : check->parsed() ? Check(options)
                        : prove->parsed() ? Prove(options)
                                          : CheckProof(options);
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "wrong: " << status.message() << '\n';
  return kExitWrong;
}

}  // namespace
}  // namespace draw_verify

int main(int argc, char** argv) { return draw_verify::Run(argc, argv); }
