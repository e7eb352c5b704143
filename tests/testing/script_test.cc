#include "flashsale/testing/script.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flashsale/testing/faults.h"
#include "flashsale/testing/reference_model.h"
#include "tests/testing/lying_storage.h"

namespace flashsale {
namespace {

Result<std::unique_ptr<Storage>> Open(const StorageNeeds& needs) {
  ReferenceOptions options;
  if (needs.max_records_per_sale.has_value()) {
    options.max_records_per_sale = *needs.max_records_per_sale;
  }
  return NewReferenceStorage(options);
}

// The message of the only case; "passed" where it has none.
std::string Run(std::string text, ScriptMode mode = ScriptMode::kSingly) {
  const std::vector<CheckResult> results =
      RunScript({.name = "t", .text = std::move(text)}, Open, mode);
  REQUIRE(results.size() == 1);
  CHECK(results.front().passed == results.front().message.empty());
  return results.front().passed ? "passed" : results.front().message;
}

std::string Case(const std::string& steps) { return Run("case \"c\"\n" + steps); }

TEST_CASE("a script that tells the truth passes") {
  CHECK(Case("reserve alice a1 shirt 1 -> Done active 1 until +5m\n") == "passed");
}

TEST_CASE("every part of an answer is compared, and a mismatch names file and line") {
  constexpr std::string_view kCommand = "reserve alice a1 shirt 1 -> ";
  for (const std::string wrong :
       {"SoldOut", "Done purchased", "Done active 2", "Done active 1 until +4m", "Invalid units"}) {
    const std::string message = Case("\n" + std::string(kCommand) + wrong + "\n");
    CHECK_MESSAGE(message.starts_with("t:3: reserve alice"), message);
    CHECK_MESSAGE(message.find("expected " + wrong.substr(0, 4)) != std::string::npos, message);
    CHECK_MESSAGE(message.find("got Done active 1 until") != std::string::npos, message);
  }
}

TEST_CASE("every figure of a look is compared") {
  const std::string setup =
      "reserve alice a1 shirt 1 quote 7 admission 3/1 -> Done\n"
      "reserve bob b1 shirt 2 -> Invalid units\n";
  for (const std::string wrong : {"expect stock shirt available 8",
                                  "expect stock shirt reserved 2",
                                  "expect stock shirt sold 1",
                                  "expect stock shirt released 9",
                                  "expect stock shirt limit 9",
                                  "expect tally alice held 2",
                                  "expect tally alice bought 1",
                                  "expect tally alice open 2",
                                  "expect tally alice records 2",
                                  "expect tally alice limit 2",
                                  "expect tally alice admission 2",
                                  "expect tally alice used 2",
                                  "expect hold alice a1 active 2",
                                  "expect hold alice a1 purchased",
                                  "expect hold alice a1 active asked 2",
                                  "expect hold alice a1 active until +4m",
                                  "expect hold alice a1 active quote 8",
                                  "expect hold alice a1 active admission 4",
                                  "expect hold alice a1 unknown",
                                  "expect hold alice a2 active",
                                  "expect sale paused ACTIVE",
                                  "expect sale open SOLD_OUT",
                                  "expect sale open ACTIVE final",
                                  "events none",
                                  "events Confirmed",
                                  "events Reserved Reserved",
                                  "events Reserved+",
                                  "events Reserved+SoldOut",
                                  "expire -> 1"}) {
    CHECK_MESSAGE(Case(setup + wrong + "\n").starts_with("t:4: " + wrong), wrong);
  }
}

TEST_CASE("what cannot be read is named by file and line") {
  struct Sample {
    std::string line;
    std::string complaint;
  };
  const std::vector<Sample> samples = {
      {"buy alice", "\"buy\": no such command"},
      {"reserve alice a1 hat 1 -> Done", "\"hat\": no such line"},
      {"reserve alice a1 shirt x -> Done", "\"x\": expected units"},
      {"reserve alice a1 shirt 4294967296 -> Done", "expected units, 0 to 4294967295"},
      {"reserve alice a1 shirt 1", "expected -> and an answer"},
      {"reserve alice a1 shirt 1 -> Fine", "\"Fine\": no such code"},
      {"reserve alice a1 shirt 1 -> Invalid", "an Invalid names its field"},
      {"reserve alice a1 shirt 1 -> Done maybe", "\"maybe\": no state"},
      {"reserve alice a1 shirt 1 colour red -> Done", "\"colour\": no such option"},
      {"reserve alice a1 shirt 1 admission 3 -> Done", "\"3\": expected NUMBER/GRANT"},
      {"at noon", "\"noon\": expected a duration"},
      {"at 5", "\"5\": expected a duration"},
      {"at 9223372036854775807d", "expected a duration"},
      {"at 9223372036854775807us1us", "expected a duration"},
      {"at 9223372036854775807us", "expected a time that can be counted"},
      {"at raw -9223372036854775808", "expected microseconds since 1970"},
      {"cancel u[1..1001] a1 -> Done", "for at most 1000 lines"},
      {"cancel u[0..18446744073709551615] a1 -> Done", "for at most 1000 lines"},
      {"cancel u[2..1] a1 -> Done", "expected [FIRST..LAST]"},
      {"at 5m 6m", "\"6m\": expected the end of the line"},
      {"expect weather", "\"weather\": expected stock"},
      {"expect stock shirt left 3", "no figure \"left\""},
      {"events Bought", "\"Bought\": no such event"},
      {"events Reserved+Fun", "no such edge"},
      {"case \"unfinished", "a quote that does not end"},
  };
  for (const Sample& sample : samples) {
    const std::string message = Case("at 1m\n" + sample.line + "\nclose -> Done\n");
    CHECK_MESSAGE(message.starts_with("t:3: "), message);
    CHECK_MESSAGE(message.find(sample.complaint) != std::string::npos, message);
  }
  CHECK(Run("sale colour red\ncase \"c\"\nclose -> Done\n") ==
        "t:1: \"colour\": no such option of a sale");
  CHECK(Run("key a 1\nkey b 1\nkey c 1\nkey d 1\ncase \"c\"\ncancel u i d x -> Done\n") ==
        "t:6: \"d\": no such option of a command");
  CHECK(Run("").ends_with("a script without a case"));
  CHECK(Run("case \"c\"\n").ends_with("a case without a step"));
  CHECK(Run("close -> Done\n").starts_with("t:1: "));
}

TEST_CASE("time is absolute, relative, a sum, or raw") {
  CHECK(Case("at 1m\nat +30s\nreserve alice a1 shirt 1 -> Done until 6m30s\n") == "passed");
  CHECK(Case("at 1h-1us\nreserve alice a1 shirt 1 -> Done\nat +1us\n"
             "reserve alice a2 shirt 1 -> SaleEnded\nat -1us\n"
             "reserve alice a1 shirt 1 -> AlreadyDone\n") == "passed");
  CHECK(Case("at raw 1700000000000000\nreserve alice a1 shirt 1 -> Done until 5m\n") == "passed");
  CHECK(Case("at raw -1\nreserve alice a1 shirt 1 -> Invalid time\n") == "passed");
}

TEST_CASE("a case inherits the header of the file and may replace it") {
  const std::string script =
      "sale limit 2\nline shirt 2\n"
      "case \"first\"\nsale hold 1m\nreserve alice a1 shirt 2 -> Done until 1m\n"
      "case \"second\"\nline cap 1\nreserve alice a1 cap 2 -> SoldOut\n";
  const std::vector<CheckResult> results =
      RunScript({.name = "t", .text = script}, Open, ScriptMode::kSingly);
  REQUIRE(results.size() == 2);
  CHECK(results[0].name == "script/t/first");
  CHECK_MESSAGE(results[0].passed, results[0].message);
  CHECK(results[1].name == "script/t/second");
  CHECK_MESSAGE(results[1].passed, results[1].message);
}

TEST_CASE("commands at one instant are one batch, cut by looks and by ---") {
  int batches = 0;
  const auto open = [&batches](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    Result<std::unique_ptr<Storage>> storage = Open(needs);
    return NewFaultyStorage(std::move(storage).value(), {.before = [&batches](StorageCall call) {
                              if (call == StorageCall::kApply) ++batches;
                            }});
  };
  const ScriptSource script{.name = "t",
                            .text =
                                "sale limit 9 open-holds 9\ncase \"c\"\n"
                                "reserve alice a[1..3] shirt 1 -> Done\n---\n"
                                "reserve alice a4 shirt 1 -> Done\n"
                                "at 1m\nconfirm alice a[1..2] -> Done\n"
                                "expect tally alice bought 2\nconfirm alice a3 -> Done\n"};
  CHECK(RunScript(script, open, ScriptMode::kBatched).front().passed);
  CHECK(batches == 4);
  batches = 0;
  CHECK(RunScript(script, open, ScriptMode::kSingly).front().passed);
  CHECK(batches == 7);
}

TEST_CASE(
    "each command is sent twice where a script asks for it, and the second answer is judged") {
  constexpr std::string_view kSteps =
      "case \"c\"\nsale late revive\nreserve bob b1 shirt 2 -> Invalid units\n"
      "reserve alice a1 shirt 1 -> Done active 1\nat 6m\nconfirm alice a1 -> Revived purchased 1\n"
      "pause -> Done\nevents Reserved Expired Revived Paused\n";
  CHECK(Run(std::string(kSteps), ScriptMode::kTwice) == "passed");

  for (const auto& [due, told] :
       {std::pair{Code::kAlreadyDone, Code::kDone}, std::pair{Code::kInvalid, Code::kSoldOut}}) {
    // Right where it is asked once.
    int asked = 0;
    const Lie lie{.outcome = [&asked, due, told](const Command&, Outcome& outcome) {
      if (++asked % 2 == 0 && outcome.code == due) outcome.code = told;
    }};
    const auto open = [&lie](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
      return std::unique_ptr<Storage>(
          std::make_unique<LyingStorage>(std::move(Open(needs)).value(), lie));
    };
    const ScriptSource script{.name = "t", .text = std::string(kSteps)};
    CHECK(RunScript(script, open, ScriptMode::kSingly).front().passed);
    asked = 0;
    const std::string message = RunScript(script, open, ScriptMode::kTwice).front().message;
    CHECK_MESSAGE(
        message.find("sent again: expected " + std::string(Name(due))) != std::string::npos,
        message);
  }
}

TEST_CASE("a range stands for as many lines") {
  CHECK(Case("reserve bob b1 shirt 1 -> Done\ncancel bob t[1..31] -> Done\n"
             "cancel bob t32 -> TooManyAttempts\nexpect tally bob records 32\n") == "passed");
}

TEST_CASE("the scripts of the contract are there and have names of their own") {
  const std::vector<ScriptSource> scripts = ContractScripts();
  CHECK(scripts.size() >= 10);
  for (std::size_t i = 1; i < scripts.size(); ++i) CHECK(scripts[i - 1].name < scripts[i].name);
}

}  // namespace
}  // namespace flashsale
