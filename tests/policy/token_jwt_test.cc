// JSON Web Tokens of the signer and the verifier, those made elsewhere among them.

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base64url.h"
#include "policy/hmac_sha256.h"
#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using enum TokenVerdict;

std::string Encoded(std::string_view bytes) {
  std::string text(Base64UrlTextSize(bytes.size()), '?');
  EncodeBase64Url(BytesOf(bytes), text.data());
  return text;
}

std::string PayloadOf(std::string_view jwt) {
  const std::size_t first = jwt.find('.') + 1;
  const std::string_view part = jwt.substr(first, jwt.rfind('.') - first);
  std::string payload(Base64UrlByteSize(part.size()), '?');
  REQUIRE(DecodeBase64Url(part, reinterpret_cast<std::uint8_t*>(payload.data())).has_value());
  return payload;
}

// As somebody else signs with the secret.
std::string SignedElsewhere(std::string_view payload,
                            std::string_view header = R"({"alg":"HS256","kid":"a"})") {
  const std::string text = Encoded(header) + "." + Encoded(payload);
  const auto mac = HmacSha256(BytesOf(kSecret)).Of(BytesOf(text));
  return text + "." + Encoded({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

const std::string kUserText = "00000000-0000-0001-0000-000000000007";

// Replaces a text that is in another once.
std::string With(std::string text, std::string_view old, std::string_view replacement) {
  REQUIRE(text.find(old) != std::string::npos);
  return text.replace(text.find(old), old.size(), replacement);
}

// A verifier with one key, and what it says of payloads that are signed.
class Payloads {
 public:
  explicit Payloads(const TokenVerifierOptions& options = {})
      : ring_(RingWith(HmacKey("a"))), verifier_(VerifierOf(*ring_, options)) {}

  TokenVerdict Admission(std::string_view payload, const TokenExpectation& expected = Here()) {
    admission = verifier_->VerifyAdmissionJwt(SignedElsewhere(payload), expected);
    return Counted(admission.has_value());
  }
  TokenVerdict Ticket(std::string_view payload) {
    ticket = verifier_->VerifyTicketJwt(SignedElsewhere(payload), Here());
    return Counted(ticket.has_value());
  }

  std::optional<AdmissionClaims> admission;
  std::optional<TicketClaims> ticket;

 private:
  TokenVerdict Counted(bool accepted) {
    for (std::size_t i = 0; i < kTokenVerdicts; ++i) {
      const std::uint64_t count = verifier_->count(static_cast<TokenVerdict>(i));
      if (count == counts_[i]) continue;
      counts_[i] = count;
      CHECK(accepted == (i == 0));
      return static_cast<TokenVerdict>(i);
    }
    FAIL("nothing was counted");
    return kAccepted;
  }

  const std::unique_ptr<KeyRing> ring_;
  const std::unique_ptr<TokenVerifier> verifier_;
  std::array<std::uint64_t, kTokenVerdicts> counts_{};
};

// kNow is 1,728,000,000 s.
const std::string kAdmission =
    R"({"sub":"00000000-0000-0001-0000-000000000007","aud":"drop","exp":1728000001,)"
    R"("kind":"admission","number":5,"grant":1})";
const std::string kTicket =
    R"({"sub":"00000000-0000-0001-0000-000000000007","aud":"drop","exp":1728000001,)"
    R"("kind":"ticket","ticket":5,"place":0,"epoch":1,"joined_at":2})";

TEST_CASE("a JWT says what docs/tokens.md lists") {
  const auto ring = RingWith(HmacKey("key-1"));
  const TokenSigner signer(*ring);
  AdmissionClaims claims = SomeAdmission();
  claims.number = 12;
  claims.not_before = kNow;
  claims.expires_at = kNow + 1'500ms;
  const auto jwt = signer.IssueJwt(claims, {.issuer = "shop", .issued_at = kNow - 1us});
  REQUIRE(jwt.ok());
  CHECK(jwt->starts_with(Encoded(R"({"alg":"HS256","kid":"key-1","typ":"JWT"})") + "."));
  CHECK(PayloadOf(*jwt) == R"({"iss":"shop","sub":")" + kUserText +
                               R"(","aud":"drop","iat":1727999999.999999,"exp":1728000001.5,)"
                               R"("kind":"admission","tier":3,"nbf":1728000000,)"
                               R"("jti":"admission:drop:)" +
                               kUserText + R"(:12","number":12,"grant":2})");
  TicketClaims ticket = SomeTicket();
  ticket.epoch = Time(Duration{77});
  CHECK(PayloadOf(*signer.IssueJwt(ticket)) ==
        R"({"sub":")" + kUserText +
            R"(","aud":"drop","exp":1728000000.000001,"kind":"ticket","tier":1,)"
            R"("jti":"ticket:drop:77:12345","ticket":12345,"place":678,"epoch":77,)"
            R"("joined_at":1727996400000000})");
}

TEST_CASE("what a JWT was made of is what is read, to the microsecond") {
  for (const TokenKey& key : {HmacKey("a"), Ed25519Key("a")}) {
    const auto ring = RingWith(key);
    const auto verifier = VerifierOf(*ring);
    const TokenSigner signer(*ring);
    const std::string admission = *signer.IssueJwt(SomeAdmission());
    const std::string ticket = *signer.IssueJwt(SomeTicket());
    CHECK(verifier->VerifyAdmissionJwt(admission, Here()) == SomeAdmission());
    CHECK(verifier->VerifyTicketJwt(ticket, Here()) == SomeTicket());
    CHECK_FALSE(verifier->VerifyTicketJwt(admission, Here()).has_value());
    CHECK_FALSE(verifier->VerifyAdmissionJwt(ticket, Here()).has_value());
    CHECK(verifier->count(kOtherKind) == 2);
    AdmissionClaims longest = SomeAdmission();
    longest.not_before = kMinTime;
    longest.expires_at = kMaxTime;
    CHECK(verifier->VerifyAdmissionJwt(*signer.IssueJwt(longest), Here()) == longest);
    // The two formats are not taken for one another.
    CHECK_FALSE(verifier->VerifyAdmission(admission, Here()).has_value());
    CHECK_FALSE(verifier->VerifyAdmissionJwt(*signer.Issue(SomeAdmission()), Here()).has_value());
    CHECK(verifier->count(kBadShape) == 2);
  }
}

TEST_CASE("no bit of a JWT can be changed, and none of its characters left out") {
  for (const TokenKey& key : {HmacKey("a"), Ed25519Key("a")}) {
    const auto ring = RingWith(key);
    const auto verifier = VerifierOf(*ring);
    const std::string text = *TokenSigner(*ring).IssueJwt(SomeAdmission());
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      REQUIRE_FALSE(verifier->VerifyAdmissionJwt(changed, Here()).has_value());
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
      REQUIRE_FALSE(verifier->VerifyAdmissionJwt(text.substr(0, size), Here()).has_value());
    }
    REQUIRE(verifier->VerifyAdmissionJwt(text, Here()) == SomeAdmission());
  }
}

TEST_CASE("the claims of a JWT come in any order, among others") {
  Payloads payloads;
  REQUIRE(payloads.Admission(kAdmission) == kAccepted);
  CHECK(payloads.admission ==
        AdmissionClaims{
            .sale = "drop", .user = kUser, .number = 5, .grant = 1, .expires_at = kNow + 1s});
  REQUIRE(
      payloads.Admission(
          R"({"grant":1.0,"http://x":{"a":[{}]},"number":50e-1,"kind":"\u0061dmission","x":null,)"
          R"( "aud":["else","drop"],"tier":2,"nbf":1727999999.5,"jti":"x","iat":"never",)"
          R"("iss":"anybody","exp":17280000015e-1,"sub":"00000000-0000-0001-0000-000000000007"})") ==
      kAccepted);
  CHECK(payloads.admission == AdmissionClaims{.sale = "drop",
                                              .user = kUser,
                                              .tier = 2,
                                              .number = 5,
                                              .grant = 1,
                                              .not_before = kNow - 500ms,
                                              .expires_at = kNow + 1'500ms});
  REQUIRE(payloads.Ticket(kTicket) == kAccepted);
  CHECK(payloads.ticket == TicketClaims{.sale = "drop",
                                        .user = kUser,
                                        .ticket = 5,
                                        .place = 0,
                                        .epoch = Time(1us),
                                        .joined_at = Time(2us),
                                        .expires_at = kNow + 1s});
}

TEST_CASE("a JWT without a claim, or with one that is none, is refused") {
  Payloads payloads;
  for (const auto& [old, replacement] : std::vector<std::pair<std::string, std::string>>{
           {R"("sub")", R"("sup")"},
           {"-000000000007", "-00000000000g"},
           {"00000000-0000-0001-0000-000000000007", "00000000-0000-0000-0000-000000000000"},
           {R"("00000000-0000-0001-0000-000000000007")", "7"},
           {R"("aud")", R"("aux")"},
           {R"("drop")", "1"},
           {R"("drop")", R"(["drop",1])"},
           {R"("drop")", R"({"drop":1})"},
           {R"("exp")", R"("Exp")"},
           {"1728000001", R"("1728000001")"},
           {"1728000001", "null"},
           {R"("kind")", R"("kin")"},
           {R"("number":5)", R"("number":0)"},
           {R"("number":5)", R"("number":-5)"},
           {R"("number":5)", R"("number":5.5)"},
           {R"("number":5)", R"("number":9007199254740992)"},
           {R"("number":5)", R"("number":"5")"},
           {R"("number":5)", R"("n":5)"},
           {R"("grant":1)", R"("grant":0)"},
           {R"("grant":1)", R"("grant":4294967296)"},
           {R"("grant":1)", R"("g":1)"},
           {R"("grant":1)", R"("grant":1,"tier":256)"},
           {R"("grant":1)", R"("grant":1,"tier":-1)"},
           {R"("grant":1)", R"("grant":1,"nbf":"0")"},
           {R"("grant":1)", R"("grant":1,"exp":1828000001)"},
           {R"("grant":1)", R"("grant":1,"\u0065xp":1828000001)"},
           {R"("grant":1)", R"("grant":1,)"},
           {R"("grant":1)", "\"grant\":1,\"x\":\"\xff\""}}) {
    CAPTURE(replacement);
    CHECK(payloads.Admission(With(kAdmission, old, replacement)) == kBadClaims);
  }
  for (const auto& [old, replacement] : std::vector<std::pair<std::string, std::string>>{
           {R"("ticket":5)", R"("ticket":0)"},
           {R"("place":0,)", ""},
           {R"("epoch":1,)", ""},
           {R"("epoch":1,)", R"("epoch":0.5,)"},
           {R"(,"joined_at":2)", ""},
           {R"("joined_at":2)", R"("joined_at":-2)"}}) {
    CAPTURE(replacement);
    CHECK(payloads.Ticket(With(kTicket, old, replacement)) == kBadClaims);
  }
  CHECK(payloads.Admission("") == kBadClaims);
  CHECK(payloads.Admission("[]") == kBadClaims);
  CHECK(payloads.Admission(With(kAdmission, R"("admission")", R"("ticket")")) == kOtherKind);
  CHECK(payloads.Admission(With(kAdmission, R"("admission")", "1")) == kOtherKind);
}

TEST_CASE("a JWT is of one sale and one user, and has its time") {
  Payloads payloads;
  const auto admission = [&](std::string_view old, std::string_view replacement) {
    return payloads.Admission(With(kAdmission, old, replacement));
  };
  CHECK(admission(R"("drop")", R"("drop2")") == kOtherSale);
  CHECK(admission(R"("drop")", R"("")") == kOtherSale);
  CHECK(admission(R"("drop")", "[]") == kOtherSale);
  CHECK(admission(R"("drop")", R"(["dro","drop2"])") == kOtherSale);
  CHECK(admission(R"("drop")", R"(["drop"])") == kAccepted);
  CHECK(admission("000007", "000008") == kOtherUser);
  CHECK(admission("1728000001", "1728000000") == kExpired);
  CHECK(admission("1728000001", "-1") == kExpired);
  CHECK(admission("1728000001", "0") == kExpired);
  CHECK(admission("1728000001", "1e400") == kAccepted);
  CHECK(admission("1728000001", "99999999999") == kAccepted);
  // An end within this microsecond: it has begun before the end.
  CHECK(admission("1728000001", "1728000000.0000001") == kAccepted);
  CHECK(admission("1728000001", "1727999999.9999999") == kExpired);
  CHECK(admission(R"("grant":1)", R"("grant":1,"nbf":1728000000)") == kAccepted);
  CHECK(admission(R"("grant":1)", R"("grant":1,"nbf":1728000000.0000001)") == kNotYet);
  CHECK(admission(R"("grant":1)", R"("grant":1,"nbf":1e300)") == kNotYet);
  CHECK(admission(R"("grant":1)", R"("grant":1,"nbf":-1e300)") == kAccepted);
  CHECK(payloads.Admission(kAdmission, {.sale = {}, .user = kUser, .now = kNow}) == kOtherSale);
  CHECK(payloads.Admission(With(kAdmission, R"("drop")", R"("")"),
                           {.sale = {}, .user = kUser, .now = kNow}) == kOtherSale);
}

TEST_CASE("an issuer that is named must be the token's") {
  Payloads payloads({.jwt_issuer = "shop"});
  CHECK(payloads.Admission(kAdmission) == kOtherIssuer);
  CHECK(payloads.Admission(With(kAdmission, "{", R"({"iss":"shop",)")) == kAccepted);
  CHECK(payloads.Admission(With(kAdmission, "{", R"({"iss":"shop2",)")) == kOtherIssuer);
  CHECK(payloads.Admission(With(kAdmission, "{", R"({"iss":["shop"],)")) == kOtherIssuer);
}

TEST_CASE("the header of a JWT cannot choose how it is verified") {
  const auto ring = RingWith(HmacKey("a"));
  const auto verifier = VerifierOf(*ring);
  const auto accepted = [&](std::string_view header) {
    return verifier->VerifyAdmissionJwt(SignedElsewhere(kAdmission, header), Here()).has_value();
  };
  CHECK(accepted(R"({"alg":"HS256"})"));
  CHECK_FALSE(accepted(R"({"alg":"none"})"));
  CHECK_FALSE(accepted(R"({"alg":"EdDSA","kid":"a"})"));
  CHECK(verifier->count(kBadAlgorithm) == 2);
  CHECK_FALSE(accepted(R"({"alg":"HS256","crit":["exp"]})"));
  CHECK(verifier->count(kBadShape) == 1);
  REQUIRE(ring->Add(HmacKey("b", kOtherSecret)).ok());
  CHECK_FALSE(accepted(R"({"alg":"HS256"})"));
  CHECK(accepted(R"({"alg":"HS256","kid":"a"})"));
  CHECK_FALSE(accepted(R"({"alg":"HS256","kid":"c"})"));
  CHECK(verifier->count(kUnknownKey) == 2);
  // A key that is revoked is not one of several.
  REQUIRE(ring->Revoke("b").ok());
  CHECK(accepted(R"({"alg":"HS256"})"));
  CHECK_FALSE(accepted(R"({"alg":"HS256","kid":"b"})"));
  REQUIRE(ring->Revoke("a").ok());
  CHECK_FALSE(accepted(R"({"alg":"HS256","kid":"a"})"));
  CHECK(verifier->count(kRevokedKey) == 2);
  CHECK_FALSE(accepted(R"({"alg":"HS256"})"));
  CHECK(verifier->count(kUnknownKey) == 3);
}

}  // namespace
}  // namespace flashsale
