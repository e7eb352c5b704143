#include "policy/jws.h"

#include "policy/ascii.h"
#include "policy/flat_json.h"

namespace flashsale::inline v0 {
namespace {

std::span<const std::uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void AppendBase64Url(std::span<const std::uint8_t> bytes, std::string& text) {
  const std::size_t size = text.size();
  text.resize(size + Base64UrlTextSize(bytes.size()));
  EncodeBase64Url(bytes, text.data() + size);
}

// What a header says that matters here.
struct JwsHeader {
  std::string_view algorithm;
  std::optional<std::string_view> key_id;
};

std::optional<JwsHeader> ReadHeader(const FlatJson& json) {
  const JsonValue* const algorithm = json.Find("alg");
  const JsonValue* const key_id = json.Find("kid");
  const JsonValue* const type = json.Find("typ");
  const auto is_string = [](const JsonValue* value) {
    return value->kind == JsonValue::Kind::kString;
  };
  if (algorithm == nullptr || !is_string(algorithm) || json.Find("crit") != nullptr ||
      (key_id != nullptr && !is_string(key_id)) ||
      (type != nullptr && !(is_string(type) && EqualsIgnoringCase(type->view(), "JWT")))) {
    return std::nullopt;
  }
  JwsHeader header{.algorithm = algorithm->view(), .key_id = {}};
  if (key_id != nullptr) header.key_id = key_id->view();
  return header;
}

// Whether the header's name is one of the key's algorithm's: RFC 9864 has a second for Ed25519.
bool Names(std::string_view name, TokenAlgorithm algorithm) {
  return name == JwsAlgorithm(algorithm) ||
         (algorithm == TokenAlgorithm::kEd25519 && name == "Ed25519");
}

}  // namespace

std::string_view JwsAlgorithm(TokenAlgorithm algorithm) {
  return algorithm == TokenAlgorithm::kEd25519 ? "EdDSA" : "HS256";
}

std::string SignJws(const KeySnapshot::Key& key, std::string_view payload) {
  std::string header = R"({"alg":")";
  header += JwsAlgorithm(key.algorithm);
  header += R"(","kid":")";
  header += key.id;
  header += R"(","typ":"JWT"})";
  std::string text;
  AppendBase64Url(BytesOf(header), text);
  text += '.';
  AppendBase64Url(BytesOf(payload), text);
  std::array<std::uint8_t, kMaxSignatureSize> signature{};
  if (!key.material->Sign(BytesOf(text), signature.data())) return {};
  text += '.';
  AppendBase64Url(std::span(signature).first(key.material->signature_size()), text);
  return text;
}

bool CompactJws::Decode(std::string_view text) {
  if (text.size() > kMaxJwtSize) return false;
  const std::size_t first = text.find('.');
  const std::size_t last = text.rfind('.');
  // A dot in the payload is no character of base64url.
  if (first == std::string_view::npos || first == last) return false;
  signing_input_ = text.substr(0, last);
  std::uint8_t* at = bytes_.data();
  const auto decode = [&at](std::string_view part) -> std::optional<std::span<std::uint8_t>> {
    const std::optional<std::size_t> size = DecodeBase64Url(part, at);
    if (!size.has_value()) return std::nullopt;
    const std::span<std::uint8_t> bytes(at, *size);
    at += *size;
    return bytes;
  };
  const auto header = decode(text.substr(0, first));
  const auto payload = decode(text.substr(first + 1, last - first - 1));
  const auto signature = decode(text.substr(last + 1));
  if (!header.has_value() || !payload.has_value() || !signature.has_value()) return false;
  header_ = {reinterpret_cast<char*>(header->data()), header->size()};
  payload_ = {reinterpret_cast<char*>(payload->data()), payload->size()};
  signature_ = *signature;
  return true;
}

TokenVerdict VerifyJws(CompactJws& jws, const KeyRingState::Visit& visit) {
  FlatJson json;
  if (!json.Parse(jws.header())) return TokenVerdict::kBadShape;
  const std::optional<JwsHeader> header = ReadHeader(json);
  if (!header.has_value()) return TokenVerdict::kBadShape;
  const KeySnapshot& keys = visit.keys();
  const KeySnapshot::Key* const key =
      header->key_id.has_value() ? keys.Find(*header->key_id) : keys.Only();
  const bool usable = key != nullptr && key->material != nullptr;
  const KeyMaterial& material = usable
                                    ? *key->material
                                    : visit.decoy(Names(header->algorithm, TokenAlgorithm::kEd25519)
                                                      ? TokenAlgorithm::kEd25519
                                                      : TokenAlgorithm::kHmacSha256);
  const bool signature_fits = material.Verify(BytesOf(jws.signing_input()), jws.signature());
  if (key == nullptr) return TokenVerdict::kUnknownKey;
  if (!usable) return TokenVerdict::kRevokedKey;
  if (!Names(header->algorithm, key->algorithm)) return TokenVerdict::kBadAlgorithm;
  return signature_fits ? TokenVerdict::kAccepted : TokenVerdict::kBadSignature;
}

}  // namespace flashsale::inline v0
