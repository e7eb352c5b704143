#include "flashsale/policy/draw_seed.h"

#include <openssl/crypto.h>

#include "policy/draw_label.h"
#include "policy/hkdf_sha256.h"

namespace flashsale::inline v0 {

DrawSeed DrawSeed::Derive(const DrawSecret& secret, const DrawId& draw) {
  return DrawSeed(
      HkdfSha256({.key_material = secret, .salt = {}, .info = DrawLabel("draw-seed", draw)}));
}

DrawSeed::~DrawSeed() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

DrawHash DrawSeed::Commitment() const { return Sha256().Of(bytes_); }

}  // namespace flashsale::inline v0
