#include "flashsale/policy/key_ring.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <utility>

#include "base/field_check.h"
#include "flashsale/base/id.h"
#include "policy/key_ring_state.h"

namespace flashsale::inline v0 {
namespace {

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

Status NoSuchKey(std::string_view id) {
  return Status(StatusCode::kNotFound,
                fmt::format("id: {}, expected a key of the ring", Printable(id)));
}

// Why nothing can be done with a key that is to sign or to verify.
Status Revoked(std::string_view id) {
  return Status(StatusCode::kFailedPrecondition,
                fmt::format("id: {} is revoked, expected a key that is not", Printable(id)));
}

bool IsKeyId(std::string_view id) {
  return id.size() <= KeyRing::kMaxKeyIdSize && id_internal::IsName(id);
}

}  // namespace

std::string_view Name(TokenAlgorithm algorithm) {
  switch (algorithm) {
    case TokenAlgorithm::kHmacSha256:
      return "HMAC-SHA256";
    case TokenAlgorithm::kEd25519:
      return "Ed25519";
  }
  return "?";
}

std::string_view Name(TokenKeyState state) {
  switch (state) {
    case TokenKeyState::kVerifying:
      return "VERIFYING";
    case TokenKeyState::kSigning:
      return "SIGNING";
    case TokenKeyState::kRevoked:
      return "REVOKED";
  }
  return "?";
}

template <typename Change>
Status KeyRingState::Update(const Change& change) {
  try {
    // To the end, so that no other change keeps alive what this one has replaced.
    const MutexLock lock(mutex);
    auto keys = std::make_unique<KeySnapshot>(*current.load(std::memory_order_relaxed));
    Status status = change(*keys);
    if (!status.ok()) return status;
    // Sequentially consistent: pairs with the load in Visit.
    const std::unique_ptr<const KeySnapshot> before(
        current.exchange(keys.release(), std::memory_order_seq_cst));
    gate.Synchronize();
    return {};
  } catch (const std::exception&) {
    return OutOfMemory();
  }
}

Result<std::unique_ptr<KeyRing>> KeyRing::New() {
  try {
    auto state = std::make_unique<KeyRingState>();
    state->current.store(new KeySnapshot(), std::memory_order_relaxed);
    for (const TokenAlgorithm algorithm : {TokenAlgorithm::kHmacSha256, TokenAlgorithm::kEd25519}) {
      auto decoy = KeyMaterial::MakeDecoy(algorithm);
      if (!decoy.ok()) return decoy.status();
      (algorithm == TokenAlgorithm::kEd25519 ? state->decoy_ed25519 : state->decoy_hmac) =
          std::move(*decoy);
    }
    return std::unique_ptr<KeyRing>(new KeyRing(std::move(state)));
  } catch (const std::exception&) {
    return OutOfMemory();
  }
}

KeyRing::KeyRing(std::unique_ptr<KeyRingState> state) : state_(std::move(state)) {}

KeyRing::~KeyRing() = default;

Status KeyRing::Add(const TokenKey& key) {
  try {
    if (!IsKeyId(key.id)) {
      return FieldCheck()
          .That(false, "id", Printable(key.id),
                fmt::format("1 to {} of A-Z a-z 0-9 . _ -", kMaxKeyIdSize))
          .status();
    }
    auto material = KeyMaterial::Make(key);
    if (!material.ok()) return material.status();
    return state_->Update([&](KeySnapshot& keys) -> Status {
      if (keys.Find(key.id) != nullptr) {
        return Status(StatusCode::kAlreadyExists,
                      fmt::format("id: '{}', expected one that no key has", key.id));
      }
      if (keys.keys.size() >= kMaxKeys) {
        return Status(StatusCode::kResourceExhausted,
                      fmt::format("keys: {} are there, expected fewer than {}; forget old ones",
                                  keys.keys.size(), kMaxKeys));
      }
      keys.keys.push_back({.id = std::string(key.id),
                           .algorithm = key.algorithm,
                           .state = TokenKeyState::kVerifying,
                           .material = std::move(*material)});
      return {};
    });
  } catch (const std::exception&) {
    return OutOfMemory();
  }
}

Status KeyRing::SignWith(std::string_view id) {
  return state_->Update([id](KeySnapshot& keys) -> Status {
    for (std::size_t i = 0; i < keys.keys.size(); ++i) {
      KeySnapshot::Key& key = keys.keys[i];
      if (key.id != id) continue;
      if (key.state == TokenKeyState::kRevoked) return Revoked(id);
      if (!key.material->can_sign()) {
        return Status(StatusCode::kFailedPrecondition,
                      fmt::format("id: '{}' is a public key, expected one with its seed", id));
      }
      if (keys.Signing() != nullptr) keys.keys[keys.signing].state = TokenKeyState::kVerifying;
      key.state = TokenKeyState::kSigning;
      keys.signing = i;
      return {};
    }
    return NoSuchKey(id);
  });
}

Status KeyRing::Retire(std::string_view id) {
  return state_->Update([id](KeySnapshot& keys) -> Status {
    for (KeySnapshot::Key& key : keys.keys) {
      if (key.id != id) continue;
      if (key.state == TokenKeyState::kRevoked) return Revoked(id);
      if (key.state == TokenKeyState::kSigning) keys.signing = kMaxKeys;
      key.state = TokenKeyState::kVerifying;
      return {};
    }
    return NoSuchKey(id);
  });
}

Status KeyRing::Revoke(std::string_view id) {
  return state_->Update([id](KeySnapshot& keys) -> Status {
    for (KeySnapshot::Key& key : keys.keys) {
      if (key.id != id) continue;
      if (key.state == TokenKeyState::kSigning) keys.signing = kMaxKeys;
      key.state = TokenKeyState::kRevoked;
      key.material.reset();
      return {};
    }
    return NoSuchKey(id);
  });
}

Status KeyRing::Forget(std::string_view id) {
  return state_->Update([id](KeySnapshot& keys) -> Status {
    for (std::size_t i = 0; i < keys.keys.size(); ++i) {
      if (keys.keys[i].id != id) continue;
      if (keys.keys[i].state == TokenKeyState::kSigning) {
        return Status(StatusCode::kFailedPrecondition,
                      fmt::format("id: '{}' signs, expected a key that is retired or revoked", id));
      }
      keys.keys.erase(keys.keys.begin() + static_cast<std::ptrdiff_t>(i));
      if (keys.signing < kMaxKeys && keys.signing > i) --keys.signing;
      return {};
    }
    return NoSuchKey(id);
  });
}

Result<std::vector<KeyRing::KeyInfo>> KeyRing::Keys() const {
  try {
    const KeyRingState::Visit visit(*state_);
    std::vector<KeyInfo> infos;
    for (const KeySnapshot::Key& key : visit.keys().keys) {
      infos.push_back({.id = key.id,
                       .algorithm = key.algorithm,
                       .state = key.state,
                       .can_sign = key.material != nullptr && key.material->can_sign()});
    }
    return infos;
  } catch (const std::exception&) {
    return OutOfMemory();
  }
}

}  // namespace flashsale::inline v0
