"""Bugs of policies: abuse, draws and tokens.  See bugs.py."""

from seeded import bug

DIRECTORY = "src/base/directory.h"
COMPOSITE = "src/policy/composite_bot_detector.cc"
CHAIN = "src/policy/bot_chain.cc"
REPLAY = "src/policy/replay_memory.cc"
BREAKER = "src/policy/circuit_breaker.cc"
LIMITER = "src/policy/rate_limiter.cc"
KEY_RING = "src/policy/key_ring.cc"
TOKEN_KEY = "src/policy/token_key.cc"
VERIFIER = "src/policy/token_verifier.cc"
JWS = "src/policy/jws.cc"
FLAT_JSON = "src/policy/flat_json.cc"
BASE64URL = "src/policy/base64url.cc"
DRAW = "src/policy/draw.cc"
DRAW_H = "include/flashsale/policy/draw.h"
DRAW_HASHER = "src/policy/draw_hasher.h"
DRAW_RANK = "src/policy/draw_rank.h"
PRIORITY = "src/policy/priority_strategy.cc"
CEREMONY = "src/policy/draw_ceremony.cc"
PROOF = "src/policy/inclusion_proof.cc"
VIRTUAL_QUEUE = "src/service/virtual_queue.cc"
SERVICE = "src/service/flash_sale_service.cc"
RATES = "src/backend/memory/memory_rate_repository.cc"

# Abuse.
bug("a chain takes two detectors of one name", "policy",
    (COMPOSITE, ".That(index == place, fmt::format(", ".That(true, fmt::format("))
bug("a detector in shadow is listened to", "policy",
    (CHAIN, "i < remote_shadows_; ++i) ask(links_[i]);",
     "i < remote_shadows_; ++i) Add(tally, links_[i], ask(links_[i]));"))
bug("a chain in shadow acts", "policy",
    (CHAIN, ".action = options_.shadow ? BotAction::kAllow : judged,", ".action = judged,"))
bug("a decision is settled although the weight of those to come could change it", "policy",
    (CHAIN, "ActionOf(tally.hundredths + weight_left * kMaxBotScore, tally.passed)",
     "ActionOf(tally.hundredths + weight_left, tally.passed)"))
bug("who ran out of time is let pass whatever the policy", "policy",
    (CHAIN, "const bool closed = link.chained->on_failure == FailurePolicy::kClosed;",
     "const bool closed = link.chained->on_failure == FailurePolicy::kClosed &&\n"
     "                      reason != BotReason::kDetectorTimedOut;"))
bug("a token that is verified twice at once passes twice", "policy",
    (REPLAY, "    if (token.hash == hash && token.issued_at >= kMinTime) return Verdict::kReplayed;\n",
     ""))
bug("a circuit breaker that is half open lets everybody through", "policy",
    (BREAKER, "kHalfOpen && s.probes_out == s.options.probes) {",
     "kHalfOpen && s.probes_out == ~std::uint32_t{0}) {"))
bug("a report from before a transition counts", "policy",
    (BREAKER, "{ return EpochIn(word) == report.epoch; };", "{ return EpochIn(word) != 0; };"))
bug("limits are charged although a later one refuses", "policy",
    (LIMITER, "  Status status = rates_.Take(now, probe.charges(), verdict);\n",
     "  Status status;\n"
     "  for (std::size_t i = 0; i < probe.charges().size() && status.ok(); ++i) {\n"
     "    status = rates_.Take(now, probe.charges().subspan(i, 1), verdict);\n"
     "    verdict.refused_by = i;\n"
     "    if (!verdict.decision.allowed) break;\n  }\n"))
bug("what a look at a rate has found is taken although somebody took it since", "interleavings",
    (RATES, "    if (i < looked_at && RateTable::TakeSeen(seen[i])) continue;\n",
     "    if (i < looked_at) {\n      (void)RateTable::TakeSeen(seen[i]);\n      continue;\n    }\n"))

# Draws.
bug("the beacon is left out of the key", "policy",
    (DRAW, "    if (record.beacon.has_value()) {\n      info.insert(",
     "    if (record.beacon.has_value() && info.empty()) {\n      info.insert("))
bug("leaves of the tree have no prefix", "policy",
    (DRAW_HASHER, "message.begin() + 1);\n    return hash_.Of(message);\n  }\n\n  DrawHash Node",
     "message.begin() + 1);\n    return hash_.Of(entrant.bytes());\n  }\n\n  DrawHash Node"))
bug("the entrants are frozen in the order of arrival", "policy",
    (CEREMONY, "  SortUsers(drawn);\n", ""))
bug("somebody may be drawn twice", "policy",
    (DRAW, "    if (lists.drawn[i - 1] == lists.drawn[i]) return Twice(\"drawn\", lists.drawn[i]);\n",
     "    if (lists.drawn[i - 1] == lists.drawn[i]) continue;\n"))
bug("a seed is not held against its commitment", "policy",
    (DRAW, "    if (commitment != record.commitment) {",
     "    if (commitment == DrawHash{}) {"))
bug("those whose ranks begin alike stand as they came", "policy",
    (DRAW_RANK, "    while (last < fronts.size() && fronts[last].front == fronts[first].front) ++last;\n",
     ""))
bug("more go first than their share", "policy",
    (DRAW_H, "return entrants * fifo_per_mille / 1'000;",
     "return (entrants * fifo_per_mille + 999) / 1'000;"))
bug("the roots of other entrants are taken for those of a draw", "policy",
    (CEREMONY, "if (frozen.draw == draw && frozen.print == print) return frozen;",
     "if (frozen.draw == draw && print != DrawHash{}) return frozen;"))
bug("a witness is told of the freeze each time that the beacon is asked for", "policy",
    (CEREMONY, "  frozen.told = true;\n", ""))
bug("a path may be too short", "policy",
    (PROOF, "  return last == 0;\n", "  return true;\n"))

# Tiers.
bug("whose turn it is is forgotten from one plan to the next", "policy",
    (PRIORITY, "std::size_t tier = state & ((1U << kTierBits) - 1);", "std::size_t tier = 0;"))
bug("a tier has one more in a turn than its weight", "policy",
    (PRIORITY, "served >= weights_[tier]) {", "served > weights_[tier]) {"))

bug("a hint of one part is taken by another", "service",
    (DIRECTORY, "  return directories.fetch_add(1, std::memory_order_relaxed) << 20 | 1;\n",
     "  return 1;\n"))
bug("a queue that is detached keeps the lock that its turns need", "service",
    (VIRTUAL_QUEUE, "    std::erase(state_->ids, sale);\n  }\n", "    std::erase(state_->ids, sale);\n"),
    (VIRTUAL_QUEUE, "  state_->served.Remove(sale);\n", "  state_->served.Remove(sale);\n  }\n"))
bug("the acts of another service are never seen", "service",
    (SERVICE, "  known->NoteRead(stock->marks, version);\n", ""))

# Tokens.
bug("a token is good for ever", "policy",
    (VERIFIER, "  if (expected.now >= claims.expires_at) return TokenVerdict::kExpired;\n", ""))
bug("a token of one sale is good for any", "policy",
    (VERIFIER, "  if (!claims.sale.valid() || claims.sale != expected.sale) "
               "return TokenVerdict::kOtherSale;\n", ""))
bug("a token is good for whoever has it", "policy",
    (VERIFIER, "  if (claims.user != expected.user) return TokenVerdict::kOtherUser;\n", ""))
bug("a ticket is taken for an admission", "policy",
    (VERIFIER, "  if (parts->kind != kKindOf<Claims>) return TokenVerdict::kOtherKind;\n", ""))
bug("the header of a JWT says whether it must be signed", "policy",
    (JWS, "  if (!Names(header->algorithm, key->algorithm)) return TokenVerdict::kBadAlgorithm;\n",
     "  if (header->algorithm == \"none\") return TokenVerdict::kAccepted;\n"))
bug("a JWT without a key's name is tried with the first", "policy",
    (JWS, "keys.Find(*header->key_id) : keys.Only();",
     "keys.Find(*header->key_id)\n                                : keys.keys.data();"))
bug("what a revoked key has signed is accepted", "policy",
    (KEY_RING, "      key.material.reset();\n", ""))
bug("the front of a signature is enough", "policy",
    (TOKEN_KEY, "CRYPTO_memcmp(mac.data(), given.data(), mac.size()) == 0 && fits;",
     "CRYPTO_memcmp(mac.data(), given.data(), std::min(signature.size(), mac.size())) == 0;"))
bug("of a claim that comes twice the first counts", "policy",
    (FLAT_JSON, "if (!value.has_value() || Find(view) != nullptr) return false;",
     "if (!value.has_value()) return false;"))
bug("a token has several texts", "policy",
    (BASE64URL, "    if ((left == 2 ? second & 15 : third & 3) != 0) return std::nullopt;\n", ""))
