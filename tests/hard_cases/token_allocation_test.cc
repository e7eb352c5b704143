#include <doctest/doctest.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_signer.h"
#include "flashsale/policy/token_verifier.h"
#include "flashsale/testing/allocation_failure.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

// OpenSSL's allocations fail as ours do, in the tests of this file.
thread_local bool openssl_may_fail = false;

bool FailsHere() { return openssl_may_fail && AllocationFailure::ShouldFail(); }

void* Allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  return FailsHere() ? nullptr : std::malloc(size);
}
void* Reallocate(void* memory, std::size_t size, const char* /*file*/, int /*line*/) {
  return FailsHere() ? nullptr : std::realloc(memory, size);
}
void Free(void* memory, const char* /*file*/, int /*line*/) { std::free(memory); }

// Before OpenSSL has allocated anything, or not at all.
const bool kOpensslAsks = CRYPTO_set_mem_functions(&Allocate, &Reallocate, &Free) == 1;

// While one of these lives, one allocation fails: of ours or of OpenSSL.
class AnyFailure {
 public:
  explicit AnyFailure(std::uint64_t index) : failure_(index) { openssl_may_fail = true; }
  ~AnyFailure() { openssl_may_fail = false; }
  AnyFailure(const AnyFailure&) = delete;
  AnyFailure& operator=(const AnyFailure&) = delete;

  bool happened() const { return failure_.happened(); }

 private:
  AllocationFailure failure_;
};

constexpr Time kNow = kMinTime + 480'000h;
constexpr std::array<std::uint8_t, 32> kSecret = {1, 2, 3};

TokenKey Key(std::string_view id, TokenAlgorithm algorithm) {
  return {.id = id, .algorithm = algorithm, .secret = kSecret};
}

AdmissionClaims Admission() {
  return {.sale = "drop",
          .user = UserId::FromInteger(7),
          .number = 1,
          .grant = 1,
          .expires_at = kNow + 1s};
}

TokenExpectation Here() { return {.sale = "drop", .user = UserId::FromInteger(7), .now = kNow}; }

std::unique_ptr<KeyRing> RingWith(TokenAlgorithm algorithm) {
  auto ring = KeyRing::New();
  REQUIRE(ring.ok());
  REQUIRE((*ring)->Add(Key("a", algorithm)).ok());
  REQUIRE((*ring)->SignWith("a").ok());
  return std::move(*ring);
}

// Makes the call again and again, each time with one allocation later failing, until none does; it
// returns a status.  How often it failed.
template <typename Call>
std::uint64_t CountFailures(const Call& call) {
  std::uint64_t failures = 0;
  for (std::uint64_t index = 0;; ++index) {
    REQUIRE(index < 10'000);
    Status status;
    bool failed = false;
    {
      const AnyFailure failure(index);
      status = call();
      failed = failure.happened();
    }
    if (!failed) {
      REQUIRE(status.ok());
      return failures;
    }
    if (status.ok()) continue;
    ++failures;
    REQUIRE((status.code() == StatusCode::kResourceExhausted ||
             status.code() == StatusCode::kUnavailable));
  }
}

TEST_CASE("with HMAC-SHA256 nothing is allocated to issue into a buffer and to verify") {
  REQUIRE(kOpensslAsks);
  const auto ring = RingWith(TokenAlgorithm::kHmacSha256);
  auto verifier = TokenVerifier::New(*ring);
  REQUIRE(verifier.ok());
  const TokenSigner signer(*ring);
  const std::string jwt = *signer.IssueJwt(Admission());
  const auto other = RingWith(TokenAlgorithm::kHmacSha256);
  REQUIRE(other->Add(Key("other", TokenAlgorithm::kHmacSha256)).ok());
  REQUIRE(other->SignWith("other").ok());
  const std::string unknown = *TokenSigner(*other).Issue(Admission());
  std::array<char, kMaxTokenSize> buffer;
  bool wrong = false;
  bool allocated = false;
  {
    const AnyFailure failure(0);
    for (int i = 0; i < 3; ++i) {
      const auto text = signer.IssueTo(buffer, Admission());
      wrong = wrong || !text.ok() || (*verifier)->VerifyAdmission(*text, Here()) != Admission() ||
              (*verifier)->VerifyTicket(*text, Here()).has_value() ||
              (*verifier)->VerifyAdmissionJwt(jwt, Here()) != Admission() ||
              (*verifier)->VerifyAdmission(unknown, Here()).has_value() ||
              (*verifier)->VerifyAdmission(jwt, Here()).has_value();
    }
    allocated = failure.happened();
  }
  CHECK_FALSE(wrong);
  CHECK_FALSE(allocated);
}

TEST_CASE("a ring that runs out of memory says so, and is as before") {
  REQUIRE(kOpensslAsks);
  RingWith(TokenAlgorithm::kEd25519);  // what OpenSSL loads when it is first asked
  CHECK(CountFailures([] { return KeyRing::New().status(); }) > 0);
  for (const auto algorithm : {TokenAlgorithm::kHmacSha256, TokenAlgorithm::kEd25519}) {
    const auto ring = RingWith(TokenAlgorithm::kHmacSha256);
    const std::string text = *TokenSigner(*ring).Issue(Admission());
    const auto keys = [&ring] { return ring->Keys()->size(); };
    // Of what was added although an allocation failed, the next call says that it is there.
    CHECK(CountFailures([&] {
            const Status status = ring->Add(Key("b", algorithm));
            return status.code() == StatusCode::kAlreadyExists ? Status() : status;
          }) > 0);
    CHECK(keys() == 2);
    CHECK(CountFailures([&] { return ring->SignWith("b"); }) > 0);
    CHECK(CountFailures([&] { return ring->Retire("b"); }) > 0);
    CHECK(CountFailures([&] { return ring->Keys().status(); }) > 0);
    CHECK(CountFailures([&] { return ring->Revoke("b"); }) > 0);
    REQUIRE(ring->Keys()->at(1).state == TokenKeyState::kRevoked);
    CHECK(CountFailures([&] { return TokenVerifier::New(*ring).status(); }) > 0);
    CHECK((*TokenVerifier::New(*ring))->VerifyAdmission(text, Here()) == Admission());
  }
}

TEST_CASE("what cannot be signed or verified for want of memory is neither") {
  REQUIRE(kOpensslAsks);
  ERR_clear_error();
  for (const auto algorithm : {TokenAlgorithm::kHmacSha256, TokenAlgorithm::kEd25519}) {
    const auto ring = RingWith(algorithm);
    const TokenSigner signer(*ring);
    const std::string text = *signer.Issue(Admission());
    const std::string jwt = *signer.IssueJwt(Admission());
    const auto same = [](const Result<std::string>& issued, const std::string& expected) {
      if (issued.ok() && *issued != expected) return Status(StatusCode::kInternal, "another token");
      return issued.status();
    };
    CHECK(CountFailures([&] { return same(signer.Issue(Admission()), text); }) > 0);
    CHECK(CountFailures([&] { return same(signer.IssueJwt(Admission()), jwt); }) > 0);
    const auto verifier = *TokenVerifier::New(*ring);
    const std::uint64_t refused = CountFailures([&] {
      return verifier->VerifyAdmission(text, Here()) == Admission()
                 ? Status()
                 : Status(StatusCode::kResourceExhausted, "");
    });
    CHECK((refused > 0) == (algorithm == TokenAlgorithm::kEd25519));
    CHECK(verifier->count(TokenVerdict::kBadSignature) == refused);
  }
  // The host's queue of errors is as it was.
  CHECK(ERR_peek_error() == 0);
}

}  // namespace
}  // namespace flashsale
