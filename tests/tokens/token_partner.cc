// Issues and verifies tokens for programs in other languages, which know its keys.
//
// Usage: token_partner issue             prints "NAME TOKEN" a line, one of each kind and form
//        token_partner verify < TOKENS   reads such lines; prints "NAME accepted" or "NAME refused"
// A name that begins with "admission" or "ticket" is of that kind; with "_jwt" in it, a JWT.
// The keys: "hs", HMAC-SHA256, and "ed", the Ed25519 key of RFC 8037, appendix A.1.
// Exit status: 0; 1 where something was not issued; 2: not called like this.

#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_signer.h"
#include "flashsale/policy/token_verifier.h"

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::array<std::uint8_t, 32> kSeed = {
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

const flashsale::Time kNow{1'728'000'000s};
const flashsale::UserId kUser = flashsale::UserId::FromInteger(7);

flashsale::AdmissionClaims Admission() {
  return {.sale = "drop",
          .user = kUser,
          .tier = 3,
          .number = 12,
          .grant = 2,
          .not_before = kNow - 1s,
          .expires_at = kNow + 1'500ms};
}

flashsale::TicketClaims Ticket() {
  return {.sale = "drop",
          .user = kUser,
          .tier = 1,
          .ticket = 12'345,
          .place = 678,
          .epoch = kNow - 2h,
          .joined_at = kNow - 1h,
          .expires_at = kNow + 1s};
}

bool Print(const std::string& name, const flashsale::Result<std::string>& token) {
  if (!token.ok()) {
    std::cerr << name << ": " << token.status().ToString() << '\n';
    return false;
  }
  std::cout << name << ' ' << *token << '\n';
  return true;
}

int Issue(flashsale::KeyRing& keys) {
  const flashsale::TokenSigner signer(keys);
  const flashsale::JwtDetails details{.issuer = "https://shop.example", .issued_at = kNow};
  for (const std::string id : {"hs", "ed"}) {
    if (!keys.SignWith(id).ok() || !Print("admission_" + id, signer.Issue(Admission())) ||
        !Print("ticket_" + id, signer.Issue(Ticket())) ||
        !Print("admission_jwt_" + id, signer.IssueJwt(Admission(), details)) ||
        !Print("ticket_jwt_" + id, signer.IssueJwt(Ticket(), details))) {
      return 1;
    }
  }
  return 0;
}

bool Accepts(const flashsale::TokenVerifier& verifier, const std::string& name,
             const std::string& token) {
  const flashsale::TokenExpectation here{.sale = "drop", .user = kUser, .now = kNow};
  const bool jwt = name.find("_jwt") != std::string::npos;
  if (name.starts_with("ticket")) {
    return (jwt ? verifier.VerifyTicketJwt(token, here) : verifier.VerifyTicket(token, here)) ==
           Ticket();
  }
  return (jwt ? verifier.VerifyAdmissionJwt(token, here) : verifier.VerifyAdmission(token, here)) ==
         Admission();
}

int Verify(const flashsale::KeyRing& keys) {
  const auto verifier = flashsale::TokenVerifier::New(keys);
  if (!verifier.ok()) return 1;
  std::string name;
  std::string token;
  while (std::cin >> name >> token) {
    std::cout << name << (Accepts(**verifier, name, token) ? " accepted\n" : " refused\n");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc == 2 ? argv[1] : "";
  const auto keys = flashsale::KeyRing::New();
  if (!keys.ok()) return 1;
  const flashsale::TokenKey hs{
      .id = "hs",
      .secret = {reinterpret_cast<const std::uint8_t*>(kSecret.data()), kSecret.size()}};
  const flashsale::TokenKey ed{
      .id = "ed", .algorithm = flashsale::TokenAlgorithm::kEd25519, .secret = kSeed};
  if (!(*keys)->Add(hs).ok() || !(*keys)->Add(ed).ok()) return 1;
  if (verb == "issue") return Issue(**keys);
  if (verb == "verify") return Verify(**keys);
  std::cerr << "usage: token_partner issue | verify\n";
  return 2;
}
