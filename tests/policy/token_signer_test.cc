#include "flashsale/policy/token_signer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

#include "policy/base64url.h"
#include "policy/hmac_sha256.h"
#include "tests/policy/token_keys.h"

namespace flashsale {
namespace {

using enum StatusCode;

TEST_CASE("an admission token is the bytes that docs/tokens.md gives, in base64url") {
  const auto ring = RingWith(HmacKey("key-1"));
  AdmissionClaims claims = SomeAdmission();
  claims.not_before = Time(Duration{0x0102030405});
  claims.expires_at = Time(Duration{0x0102030406});
  const auto token = TokenSigner(*ring).Issue(claims);
  REQUIRE(token.ok());
  const auto body = FromHex(
      "0101"
      "056b65792d31"
      "0464726f70"
      "00000000000000010000000000000007"
      "03"
      "001fffffffffffff"
      "00000002"
      "0000000102030405"
      "0000000102030406");
  std::string message = "flashsale/1/admission/";
  message.append(body.begin(), body.end());
  auto bytes = body;
  const auto mac = HmacSha256(BytesOf(kSecret)).Of(BytesOf(message));
  bytes.insert(bytes.end(), mac.begin(), mac.end());
  std::string text(Base64UrlTextSize(bytes.size()), '?');
  EncodeBase64Url(bytes, text.data());
  CHECK(*token == text);
}

TEST_CASE("a queue ticket is the bytes that docs/tokens.md gives, in base64url") {
  const auto ring = RingWith(HmacKey("k"));
  TicketClaims claims = SomeTicket();
  claims.epoch = Time(Duration{1});
  claims.joined_at = Time(Duration{2});
  claims.expires_at = Time(Duration{3});
  const auto token = TokenSigner(*ring).Issue(claims);
  REQUIRE(token.ok());
  const auto body = FromHex(
      "0102"
      "016b"
      "0464726f70"
      "00000000000000010000000000000007"
      "01"
      "0000000000003039"
      "00000000000002a6"
      "0000000000000001"
      "0000000000000002"
      "0000000000000003");
  std::string message = "flashsale/1/ticket/";
  message.append(body.begin(), body.end());
  auto bytes = body;
  const auto mac = HmacSha256(BytesOf(kSecret)).Of(BytesOf(message));
  bytes.insert(bytes.end(), mac.begin(), mac.end());
  std::string text(Base64UrlTextSize(bytes.size()), '?');
  EncodeBase64Url(bytes, text.data());
  CHECK(*token == text);
}

TEST_CASE("the longest token fits its bound, and a buffer of another size is told") {
  const std::string id(32, 'k');
  const auto ring = RingWith(Ed25519Key(id));
  const TokenSigner signer(*ring);
  TicketClaims claims = SomeTicket();
  claims.sale = std::string(64, 's');
  std::array<char, kMaxTokenSize> buffer;
  const auto text = signer.IssueTo(buffer, claims);
  REQUIRE(text.ok());
  CHECK(text->size() == kMaxTokenSize);
  CHECK(text->data() == buffer.data());
  CHECK(*text == *signer.Issue(claims));
  const auto short_by_one = signer.IssueTo(std::span(buffer).first(kMaxTokenSize - 1), claims);
  CHECK(short_by_one.status().message() == "buffer: 294 characters, expected at least 295");
  CHECK(signer.IssueTo({}, SomeAdmission()).status().code() == kInvalidArgument);
}

TEST_CASE("where no key signs nothing is issued") {
  const auto ring = NewRing();
  const TokenSigner signer(*ring);
  CHECK(signer.Issue(SomeAdmission()).status().code() == kFailedPrecondition);
  REQUIRE(ring->Add(HmacKey("a")).ok());
  CHECK(signer.IssueJwt(SomeTicket()).status().code() == kFailedPrecondition);
  REQUIRE(ring->SignWith("a").ok());
  CHECK(signer.Issue(SomeAdmission()).ok());
  REQUIRE(ring->Retire("a").ok());
  CHECK(signer.Issue(SomeAdmission()).status().code() == kFailedPrecondition);
  REQUIRE(ring->SignWith("a").ok());
  REQUIRE(ring->Revoke("a").ok());
  CHECK(signer.Issue(SomeTicket()).status().code() == kFailedPrecondition);
}

TEST_CASE("claims that are out of range are not signed") {
  const auto ring = RingWith(HmacKey("a"));
  const TokenSigner signer(*ring);
  AdmissionClaims claims = SomeAdmission();
  claims.grant = 0;
  CHECK(signer.Issue(claims).status().message().starts_with("grant: 0"));
  CHECK(signer.IssueJwt(claims).status().message().starts_with("grant: 0"));
  TicketClaims ticket = SomeTicket();
  ticket.user = {};
  CHECK(signer.Issue(ticket).status().message().starts_with("user: "));
  for (const std::string& issuer :
       {std::string(257, 'i'), std::string("a\"b"), std::string("a\\b"), std::string("a\n")}) {
    CHECK(signer.IssueJwt(SomeTicket(), {.issuer = issuer})
              .status()
              .message()
              .starts_with("issuer: '"));
  }
  CHECK(signer.IssueJwt(SomeTicket(), {.issued_at = kMaxTime + Duration{1}})
            .status()
            .message()
            .starts_with("issued_at: "));
}

}  // namespace
}  // namespace flashsale
