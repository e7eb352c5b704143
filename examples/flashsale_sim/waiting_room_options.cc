#include "examples/flashsale_sim/waiting_room_options.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "examples/flashsale_sim/option_values.h"
#include "examples/flashsale_sim/text.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/domain/sale_terms.h"

namespace flashsale::sim {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;
constexpr NumberRange kWeights = {1, 1'000};

// The parts of a list, by its separator.
std::vector<std::string> PartsOf(const std::string& text, std::string_view separators) {
  std::vector<std::string> parts = {""};
  for (const char c : text) {
    if (separators.find(c) == std::string_view::npos) {
      parts.back() += c;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

void CheckCount(const char* option, const std::string& text, std::size_t count) {
  if (count >= 2 && count <= kMaxTiers) return;
  throw CLI::ValidationError(
      option, fmt::format("'{}': expected 2 to {} values, one for each tier", text, kMaxTiers));
}

void AddAllocation(CLI::App& app, const OptionText& text, std::size_t names, Allocation& target) {
  app.add_option_function<std::string>(
         text.name,
         [name = text.name, names, &target](const std::string& given) {
           std::string expected;
           for (std::size_t i = 0; i < names; ++i) {
             const auto allocation = static_cast<Allocation>(i);
             if (given == Name(allocation)) {
               target = allocation;
               return;
             }
             if (i != 0) expected += i + 1 == names ? " or " : ", ";
             expected += Name(allocation);
           }
           throw CLI::ValidationError(name, fmt::format("'{}': expected {}", given, expected));
         },
         text.help)
      ->type_name(text.value);
}

void AddTiers(CLI::App& app, SimulationPlan& plan) {
  AddNumber(app,
            {"--tiers", "N",
             "Lines beside each other, the first of the most favoured (default: as many as there "
             "are --weights or --tier-shares, with --allocation priority 2, else 1).  With "
             "priority they take turns by --weights; with any other allocation nobody of a tier is "
             "let in while somebody waits in one before it"},
            {1, kMaxTiers}, plan.tiers);
  app.add_option_function<std::string>(
         "--weights",
         [&plan](const std::string& text) {
           plan.tier_weights.clear();
           for (const std::string& part : PartsOf(text, ",:")) {
             plan.tier_weights.push_back(
                 static_cast<std::uint32_t>(ParseNumber("--weights", part, kWeights)));
           }
           CheckCount("--weights", text, plan.tier_weights.size());
         },
         "With --allocation priority: how many of each tier are let in in its turn, as 8,3,1 "
         "(default: from as many as there are tiers down to 1)")
      ->type_name("LIST");
  app.add_option_function<std::string>(
         "--tier-shares",
         [&plan](const std::string& text) {
           plan.tier_shares.clear();
           for (const std::string& part : PartsOf(text, ",:")) {
             plan.tier_shares.push_back(ParseShare("--tier-shares", part));
           }
           CheckCount("--tier-shares", text, plan.tier_shares.size());
           const std::uint64_t sum =
               std::accumulate(plan.tier_shares.begin(), plan.tier_shares.end(), std::uint64_t{0});
           if (sum == kMillion) return;
           throw CLI::ValidationError(
               "--tier-shares", fmt::format("'{}': expected shares that make a whole, not {:.6g} %",
                                            text, static_cast<double>(sum) / 10'000));
         },
         "How many shoppers belong to each tier, as 5%,15%,80% (default: as many to each)")
      ->type_name("LIST");
  AddAllocation(app,
                {"--tier-order", "NAME",
                 "With --allocation priority: who goes first of those of one tier who came before "
                 "its line opened: fifo, lottery or hybrid (default: fifo)"},
                3, plan.tier_order);
  AddDuration(app,
              {"--opens-early", "D",
               "Early access: how long the line of the first tier is open before those of the "
               "others are (default: 0s)"},
              {Duration(0), std::chrono::days(7)}, plan.opens_early);
  AddNumber(app,
            {"--credits", "N",
             "So many referral credits lift somebody into the first tier; half of the shoppers "
             "have one, half of these another, and so on (default: 0: none do)"},
            {0, 20}, plan.credits_for_first);
}

void Refuse(const CLI::App& app, const char* option, const std::string& expected) {
  const std::string given = app.get_option(option)->as<std::string>();
  throw CLI::ValidationError(option, fmt::format("'{}': expected {}", given, expected));
}

bool IsGiven(const CLI::App& app, const char* option) { return app.count(option) > 0; }

// Refuses it where it is given and has no meaning.
void Needs(const CLI::App& app, const char* option, bool has_meaning, const char* expected) {
  if (IsGiven(app, option) && !has_meaning) Refuse(app, option, expected);
}

// As many as each of the lists has, or as the allocation needs at least.
void FillInTiers(const CLI::App& app, SimulationPlan& plan) {
  const bool has_priority = plan.allocation == Allocation::kPriority;
  if (!IsGiven(app, "--tiers")) {
    const std::size_t listed = std::max(plan.tier_weights.size(), plan.tier_shares.size());
    plan.tiers = std::max<std::uint32_t>(has_priority ? 2 : 1, static_cast<std::uint32_t>(listed));
  }
  if (has_priority && plan.tiers < 2) {
    Refuse(app, "--tiers", fmt::format("2 to {} with --allocation priority", kMaxTiers));
  }
  const auto check_count = [&](const char* option, std::size_t count) {
    if (IsGiven(app, option) && count != plan.tiers) {
      Refuse(app, option, fmt::format("as many values as there are tiers, {}", plan.tiers));
    }
  };
  check_count("--weights", plan.tier_weights.size());
  check_count("--tier-shares", plan.tier_shares.size());
}

void CheckWaves(const CLI::App& app, const SimulationPlan& plan) {
  if (IsGiven(app, "--operator-waves") && plan.waves < 2) {
    throw CLI::ValidationError("--operator-waves", "expected --waves of at least 2 beside it");
  }
  const std::uint64_t waves = std::uint64_t{plan.waves - 1} * plan.lines;
  if (plan.operator_waves || waves <= kMaxWaves) return;
  Refuse(app, "--waves",
         fmt::format("at most {}: the terms of a sale take {} waves after the opening over all "
                     "variants; with --operator-waves there may be more",
                     kMaxWaves / plan.lines + 1, kMaxWaves));
}

}  // namespace

void AddWaitingRoom(CLI::App& app, SimulationPlan& plan) {
  AddAllocation(
      app,
      {"--allocation", "NAME",
       "Who goes first: fifo; lottery: those who came before the start are drawn; hybrid: "
       "some of them go first, the rest is drawn; priority: tiers take turns by weight "
       "(default: fifo)"},
      kAllocations, plan.allocation);
  app.add_option_function<std::string>(
         "--hybrid-share",
         [&plan](const std::string& text) {
           const std::uint32_t share = ParseShare("--hybrid-share", text);
           if (share % 1'000 != 0) {
             throw CLI::ValidationError(
                 "--hybrid-share",
                 fmt::format("'{}': expected thousandths at the least, such as 0.305 or 30.5%",
                             text));
           }
           plan.hybrid_per_mille = share / 1'000;
         },
         "With hybrid: how many of those who came before the start go first, in the order of "
         "arrival (default: 50%)")
      ->type_name("SHARE");
  AddTiers(app, plan);
  app.add_flag("--operator-waves", plan.operator_waves,
               "An operator releases the --waves, instead of the service by the terms of the sale");
  app.add_flag("--waitlist", plan.waitlist,
               "Who finds everything sold out may wait for units that come back");
  app.add_option_function<std::string>(
         "--offer-hold",
         [&plan](const std::string& text) {
           plan.offer_hold = ParseSpan("--offer-hold", text,
                                       {std::chrono::milliseconds(1), std::chrono::days(1)});
         },
         "With --waitlist: how long a unit is held for who is offered it (default: as a cart)")
      ->type_name("D");
  AddShare(app,
           {"--no-shows", "SHARE",
            "How many of the people who are let in never come: 0.06, 6% (default: 6%)"},
           plan.no_shows_per_million);
}

void CheckWaitingRoom(const CLI::App& app, SimulationPlan& plan) {
  const bool has_priority = plan.allocation == Allocation::kPriority;
  Needs(app, "--weights", has_priority, "--allocation priority beside it");
  Needs(app, "--tier-order", has_priority, "--allocation priority beside it");
  FillInTiers(app, plan);
  Needs(app, "--hybrid-share", OrderOf(plan) == Allocation::kHybrid,
        "--allocation or --tier-order hybrid beside it");
  Needs(app, "--opens-early", plan.tiers > 1, "more --tiers than one beside it");
  Needs(app, "--credits", plan.tiers > 1, "more --tiers than one beside it");
  if (plan.opens_early >= plan.duration) {
    Refuse(app, "--opens-early",
           fmt::format("less than the --duration of {}", FormatDuration(plan.duration)));
  }
  Needs(app, "--offer-hold", plan.waitlist, "--waitlist beside it");
  if (plan.offer_hold.has_value() && *plan.offer_hold > *TermsOf(plan).longest_hold) {
    Refuse(app, "--offer-hold",
           fmt::format("at most {}, the longest that a cart is held",
                       FormatDuration(*TermsOf(plan).longest_hold)));
  }
  CheckWaves(app, plan);
}

}  // namespace flashsale::sim
