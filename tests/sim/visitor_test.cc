#include "examples/flashsale_sim/visitor.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace flashsale::sim {
namespace {

constexpr Visitor::Crowd kCrowd{.shoppers = 10'000, .bots_per_million = 400'000};

TEST_CASE("the crowd has about as many bots as asked, of all families") {
  const Dice dice(1);
  std::map<Persona, int> count;
  for (std::uint32_t i = 0; i < 10'000; ++i) ++count[PersonaOf(dice, 400'000, i)];
  CHECK(count[Persona::kPerson] > 5'800);
  CHECK(count[Persona::kPerson] < 6'200);
  for (std::size_t i = 1; i < kPersonas; ++i) CHECK(count[static_cast<Persona>(i)] > 850);
  CHECK(PersonaOf(dice, 0, 1) == Persona::kPerson);
  CHECK(IsBot(PersonaOf(dice, 1'000'000, 1)));
}

TEST_CASE("a farm has few devices and addresses, others one each") {
  Visitor visitor(Dice(1), kCrowd);
  const auto count = [&visitor](Persona persona) {
    std::set<std::string> addresses;
    std::set<std::string> devices;
    for (std::uint32_t i = 0; i < 1'000; ++i) {
      const RequestContext& context = visitor.Show(persona, i, 1);
      addresses.insert(context.address.ToString());
      devices.insert(context.device.ToString());
    }
    return std::pair(addresses.size(), devices.size());
  };
  CHECK(count(Persona::kScalperFarm).first <= 40);
  CHECK(count(Persona::kScalperFarm).second <= 25);
  CHECK(count(Persona::kResidentialBot).first > 990);
  CHECK(count(Persona::kResidentialBot).second == 1'000);
  CHECK(count(Persona::kPerson).first > 800);
  CHECK(count(Persona::kPerson).second == 1'000);
}

TEST_CASE("the same request looks the same twice; another one behaves otherwise") {
  Visitor visitor(Dice(1), kCrowd);
  const auto features = [&visitor](std::uint32_t attempt) {
    const RequestContext& context = visitor.Show(Persona::kPerson, 7, attempt);
    std::string text = context.address.ToString() + context.Header("user-agent")->data();
    for (const Duration interval : context.behavior.intervals) {
      text += " " + std::to_string(interval.count());
    }
    return text;
  };
  CHECK(features(1) == features(1));
  CHECK(features(1) != features(2));
}

TEST_CASE("proof is shown by who has it, and not by the next") {
  Visitor visitor(Dice(1), kCrowd);
  CHECK(visitor.ShowWithProof(Persona::kPerson, 1, 1, "proof").challenge_token == "proof");
  CHECK(visitor.Show(Persona::kPerson, 1, 2).challenge_token.empty());
}

}  // namespace
}  // namespace flashsale::sim
