#ifndef FLASHSALE_SRC_POLICY_JWS_H_
#define FLASHSALE_SRC_POLICY_JWS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/token_verifier.h"
#include "policy/base64url.h"
#include "policy/key_ring_state.h"

namespace flashsale::inline v0 {

// JSON Web Signatures (RFC 7515) in compact form: what a JWT is made of.

// "HS256" or "EdDSA" (RFC 7518 section 3.1, RFC 8037 section 3.1).
std::string_view JwsAlgorithm(TokenAlgorithm algorithm);

// The text of a header and a payload under a key; empty where there was no memory to sign.
// Throws std::bad_alloc.  REQUIRES: the key can sign; its id is one.
std::string SignJws(const KeySnapshot::Key& key, std::string_view payload);

// A compact text, decoded.  Holds the bytes: large, and for the stack.
// Thread safety: as an int.
class CompactJws {
 public:
  // False where the text is not three parts of base64url, or longer than kMaxJwtSize.
  // `text` must outlive this.
  bool Decode(std::string_view text);

  std::string_view signing_input() const { return signing_input_; }
  std::span<char> header() { return header_; }
  std::span<char> payload() { return payload_; }
  std::span<const std::uint8_t> signature() const { return signature_; }

 private:
  std::string_view signing_input_;
  std::span<char> header_;
  std::span<char> payload_;
  std::span<const std::uint8_t> signature_;
  std::array<std::uint8_t, Base64UrlByteSize(kMaxJwtSize)> bytes_;
};

// Whether a key of the ring has signed it: kAccepted, kBadShape, kUnknownKey, kRevokedKey,
// kBadAlgorithm or kBadSignature.  The algorithm is the key's; a header that names another one is
// refused, and so is `crit`, since no extension is known here.
TokenVerdict VerifyJws(CompactJws& jws, const KeyRingState::Visit& visit);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_JWS_H_
