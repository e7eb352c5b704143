#include "policy/jwt_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/field_check.h"
#include "policy/flat_json.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kLongestIssuer = 256;
constexpr std::string_view kAdmissionKind = "admission";
constexpr std::string_view kTicketKind = "ticket";
constexpr int kMicrosecondsPower = 6;  // of a second

// A NumericDate (RFC 7519 section 2): seconds, with as many decimals as it takes.
std::string NumericDate(Time time) {
  const std::int64_t us = time.time_since_epoch().count();
  std::string text = fmt::format("{}", us / 1'000'000);
  if (us % 1'000'000 == 0) return text;
  text += fmt::format(".{:06}", us % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

// The members that both kinds have; what is written needs no escapes.
template <typename Claims>
std::string WriteFront(const Claims& claims, std::string_view kind, const JwtDetails& details) {
  std::string json = "{";
  if (!details.issuer.empty()) json += fmt::format(R"("iss":"{}",)", details.issuer);
  json += fmt::format(R"("sub":"{}","aud":"{}",)", claims.user.ToString(), claims.sale.view());
  if (details.issued_at.has_value()) {
    json += fmt::format(R"("iat":{},)", NumericDate(*details.issued_at));
  }
  json += fmt::format(R"("exp":{},"kind":"{}","tier":{},)", NumericDate(claims.expires_at), kind,
                      claims.tier);
  return json;
}

// Reads members, and remembers whether all that must be there is, and is what it should be.
class ClaimReader {
 public:
  explicit ClaimReader(const FlatJson& json) : json_(json) {}

  bool ok() const { return ok_; }

  template <typename Number>
  void Read(std::string_view name, std::uint64_t highest, Number& number) {
    const JsonValue* const value = FindNumber(name);
    if (value == nullptr) return Fail();
    const ScaledNumber scaled = ScaleJsonNumber(*value, 0);
    if (scaled.negative || !scaled.exact || scaled.beyond || scaled.whole > highest) return Fail();
    number = static_cast<Number>(scaled.whole);
  }
  // The same where it may be left out.
  template <typename Number>
  void ReadIfThere(std::string_view name, std::uint64_t highest, Number& number) {
    if (json_.Find(name) != nullptr) Read(name, highest, number);
  }
  // Seconds.  What lies before or behind all times is the first or the last of them.
  void Read(std::string_view name, Time& time) {
    const JsonValue* const value = FindNumber(name);
    if (value == nullptr) return Fail();
    const ScaledNumber us = ScaleJsonNumber(*value, kMicrosecondsPower);
    if (us.negative) {
      time = kMinTime;
    } else {
      // Rounded up: of whole microseconds those before the exact time are those before this one.
      const Time floor(Duration(static_cast<Duration::rep>(us.whole)));
      time = us.beyond ? kMaxTime : SaturatingAdd(floor, Duration(us.exact ? 0 : 1));
    }
  }
  void ReadMicroseconds(std::string_view name, Time& time) {
    std::uint64_t us = 0;
    Read(name, kMaxExactInteger, us);
    time = Time(Duration(static_cast<Duration::rep>(us)));
  }
  void ReadSubject(UserId& user) {
    const JsonValue* const value = json_.Find("sub");
    if (value == nullptr || value->kind != JsonValue::Kind::kString) return Fail();
    const std::optional<UserId> read = UserId::FromUuid(value->view());
    if (!read.has_value()) return Fail();
    user = *read;
  }
  // `sale` where the token is for it.
  void ReadAudience(const SaleId& expected, SaleId& sale) {
    const JsonValue* const value = json_.Find("aud");
    std::optional<bool> has;
    if (value != nullptr && value->kind == JsonValue::Kind::kString) {
      has = value->view() == expected.view();
    } else if (value != nullptr && value->kind == JsonValue::Kind::kArray) {
      has = JsonArrayHas(*value, expected.view());
    }
    if (!has.has_value()) return Fail();
    if (*has) sale = expected;
  }

 private:
  const JsonValue* FindNumber(std::string_view name) const {
    const JsonValue* const value = json_.Find(name);
    return value != nullptr && value->kind == JsonValue::Kind::kNumber ? value : nullptr;
  }
  void Fail() { ok_ = false; }

  const FlatJson& json_;
  bool ok_ = true;
};

void ReadNumbers(ClaimReader& reader, const FlatJson& json, AdmissionClaims& claims) {
  reader.Read("number", kMaxExactInteger, claims.number);
  reader.Read("grant", ~std::uint32_t{0}, claims.grant);
  if (json.Find("nbf") != nullptr) reader.Read("nbf", claims.not_before);
}

void ReadNumbers(ClaimReader& reader, const FlatJson& /*json*/, TicketClaims& claims) {
  reader.Read("ticket", kMaxExactInteger, claims.ticket);
  reader.Read("place", kMaxExactInteger, claims.place);
  reader.ReadMicroseconds("epoch", claims.epoch);
  reader.ReadMicroseconds("joined_at", claims.joined_at);
}

// Whether the claims are lawful, except that they may be of another sale and over before they
// begin.
bool AreLawful(AdmissionClaims claims) {
  claims.sale = "any";
  claims.not_before = kMinTime;
  claims.expires_at = kMaxTime;
  return Validate(claims).ok();
}

bool AreLawful(TicketClaims claims) {
  claims.sale = "any";
  claims.joined_at = kMinTime;
  claims.expires_at = kMaxTime;
  return Validate(claims).ok();
}

template <typename Claims>
TokenVerdict ReadPayload(std::span<char> payload, const JwtScope& scope, std::string_view kind,
                         Claims& claims) {
  FlatJson json;
  if (!json.Parse(payload)) return TokenVerdict::kBadClaims;
  const JsonValue* const named = json.Find("kind");
  if (named == nullptr) return TokenVerdict::kBadClaims;
  if (!named->IsString(kind)) return TokenVerdict::kOtherKind;
  const JsonValue* const issuer = json.Find("iss");
  if (!scope.issuer.empty() && (issuer == nullptr || !issuer->IsString(scope.issuer))) {
    return TokenVerdict::kOtherIssuer;
  }
  ClaimReader reader(json);
  reader.ReadSubject(claims.user);
  reader.ReadAudience(scope.sale, claims.sale);
  reader.Read("exp", claims.expires_at);
  reader.ReadIfThere("tier", 255, claims.tier);
  ReadNumbers(reader, json, claims);
  const bool lawful = reader.ok() && AreLawful(claims);
  return lawful ? TokenVerdict::kAccepted : TokenVerdict::kBadClaims;
}

}  // namespace

Status Validate(const JwtDetails& details) {
  const bool plain = details.issuer.size() <= kLongestIssuer &&
                     std::all_of(details.issuer.begin(), details.issuer.end(), [](char c) {
                       return c >= ' ' && c <= '~' && c != '"' && c != '\\';
                     });
  FieldCheck check;
  if (!plain) {
    check.That(false, "issuer", Printable(details.issuer),
               "at most 256 printable ASCII characters, no quote, no backslash");
  }
  return check
      .InRange("issued_at", details.issued_at.value_or(kMinTime).time_since_epoch(),
               kMinTime.time_since_epoch(), kMaxTime.time_since_epoch())
      .status();
}

std::string WriteJwtClaims(const AdmissionClaims& claims, const JwtDetails& details) {
  std::string json = WriteFront(claims, kAdmissionKind, details);
  if (claims.not_before != kMinTime) {
    json += fmt::format(R"("nbf":{},)", NumericDate(claims.not_before));
  }
  return json + fmt::format(R"("jti":"admission:{}:{}:{}","number":{},"grant":{}}})",
                            claims.sale.view(), claims.user.ToString(), claims.number,
                            claims.number, claims.grant);
}

std::string WriteJwtClaims(const TicketClaims& claims, const JwtDetails& details) {
  const std::int64_t epoch = claims.epoch.time_since_epoch().count();
  std::string json = WriteFront(claims, kTicketKind, details);
  return json +
         fmt::format(R"("jti":"ticket:{}:{}:{}","ticket":{},"place":{},)", claims.sale.view(),
                     epoch, claims.ticket, claims.ticket, claims.place) +
         fmt::format(R"("epoch":{},"joined_at":{}}})", epoch,
                     claims.joined_at.time_since_epoch().count());
}

TokenVerdict ReadJwtClaims(std::span<char> payload, const JwtScope& scope,
                           AdmissionClaims& claims) {
  return ReadPayload(payload, scope, kAdmissionKind, claims);
}

TokenVerdict ReadJwtClaims(std::span<char> payload, const JwtScope& scope, TicketClaims& claims) {
  return ReadPayload(payload, scope, kTicketKind, claims);
}

}  // namespace flashsale::inline v0
