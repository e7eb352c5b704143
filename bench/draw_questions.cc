// What does it cost to draw lots that anybody can check?
#include <fmt/format.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/crowd.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/policy/lottery_strategy.h"

namespace flashsale::bench {
namespace {

// Of the 64 bytes that SHA-256 takes at once: one for a leaf of the tree, two for a node, two for a
// rank under a key whose own blocks are hashed already.
constexpr std::size_t kBytesPerEntrant = std::size_t{5} * 64;

// People in the order of arrival, and a lottery with no beacon to wait for.
class Hat {
 public:
  Hat(std::uint64_t seed, std::uint64_t people) : order_(people) {
    const Crowd crowd(seed);
    entrants_.reserve(people);
    for (std::uint64_t i = 0; i < people; ++i) {
      entrants_.push_back({.user = crowd.User(i), .ticket = i + 1});
    }
  }

  // Nanoseconds from the list of entrants to their order: sorting, root, ranks.
  double Draw() {
    return NanosecondsOf([&] {
      Require(lottery_.Order({.sale = sale_, .entrants = entrants_}, order_).ok(),
              "people were not drawn");
    });
  }

  // Nanoseconds that SHA-256 takes for as many bytes, in one message.
  double Hash() const {
    static constexpr std::array<std::uint8_t, 1U << 16> kPart{};
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    bool hashed = EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
    return NanosecondsOf([&] {
      for (std::size_t left = entrants_.size() * kBytesPerEntrant; left != 0 && hashed;) {
        const std::size_t size = std::min(left, kPart.size());
        hashed = EVP_DigestUpdate(context.get(), kPart.data(), size) == 1;
        left -= size;
      }
      Require(hashed, "nothing was hashed");
    });
  }

 private:
  const SaleId sale_ = "draw";
  const LotteryStrategy lottery_{DrawSecret{1}};
  std::vector<Entrant> entrants_;
  std::vector<std::uint32_t> order_;
};

Question WholeDraw(std::uint64_t people) {
  return {.name = fmt::format("draw_{}", SizeName(people)),
          .asks = fmt::format("How long does it take to draw {} entrants on one core, Merkle root "
                              "and ranks, against SHA-256 of as many blocks in one message?",
                              people),
          .unit = "s",
          .reference_name = "SHA-256",
          .target = Target::OursAtMost(15),
          .prepare = [people](const Settings& s) -> Trial {
            return [hat = std::make_shared<Hat>(s.seed, people)]() -> Sample {
              return {.ours = hat->Draw() / 1e9, .reference = hat->Hash() / 1e9};
            };
          }};
}

Question DrawRate(std::uint64_t people) {
  return {.name = fmt::format("draw_rate_{}", SizeName(people)),
          .asks = fmt::format("How many of {} entrants are drawn in a second on one core, against "
                              "SHA-256 alone of as many blocks in one message?",
                              people),
          .unit = "M/s",
          .reference_name = "SHA-256",
          .target = Target::RatioAtLeast(0.3),
          .prepare = [people](const Settings& s) -> Trial {
            return [hat = std::make_shared<Hat>(s.seed, people), people]() -> Sample {
              const double thousands = static_cast<double>(people) * 1e3;
              return {.ours = thousands / hat->Draw(), .reference = thousands / hat->Hash()};
            };
          }};
}

std::vector<Question> DrawQuestions(const Settings& settings) {
  return {WholeDraw(settings.users), DrawRate(settings.users / 10)};
}

const QuestionRegistration kRegistration("draw", &DrawQuestions);

}  // namespace
}  // namespace flashsale::bench
