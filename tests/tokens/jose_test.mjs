// What the library issues as JWTs jose verifies, and what jose signs the library verifies, with
// HS256 and with EdDSA; what should be refused is.
// Usage: node jose_test.mjs PARTNER     (in a folder where jose is installed; see token_partner.cc)

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { importJWK, jwtVerify, SignJWT, UnsecuredJWT } from "jose";

const [partner] = process.argv.slice(2);
const now = 1728000000;
const user = "00000000-0000-0001-0000-000000000007";
const jwk = {
  kty: "OKP", crv: "Ed25519",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};
const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
const keys = {
  hs: { alg: "HS256", sign: secret, verify: secret },
  ed: {
    alg: "EdDSA", sign: await importJWK(jwk, "EdDSA"),
    verify: await importJWK({ kty: jwk.kty, crv: jwk.crv, x: jwk.x }, "EdDSA"),
  },
};

function call(verb, input = "") {
  const { status, stdout, stderr } = spawnSync(partner, [verb], { input, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return Object.fromEntries(stdout.trim().split("\n").map((line) => line.split(" ")));
}

// Ours to jose.
const issued = call("issue");
for (const [id, { alg, verify }] of Object.entries(keys)) {
  const options = {
    algorithms: [alg], audience: "drop", subject: user, issuer: "https://shop.example", typ: "JWT",
    requiredClaims: ["exp", "iat", "jti"],
  };
  const at = (seconds) => ({ ...options, currentDate: new Date(seconds * 1000) });
  const admission = issued[`admission_jwt_${id}`];
  const { payload, protectedHeader } = await jwtVerify(admission, verify, at(now));
  assert.deepEqual(protectedHeader, { alg, kid: id, typ: "JWT" });
  assert.deepEqual(payload, {
    iss: "https://shop.example", sub: user, aud: "drop", iat: now, exp: now + 1.5, nbf: now - 1,
    jti: `admission:drop:${user}:12`, kind: "admission", tier: 3, number: 12, grant: 2,
  });
  await assert.rejects(jwtVerify(admission, verify, at(now + 2)), { code: "ERR_JWT_EXPIRED" });
  await assert.rejects(jwtVerify(admission, verify, at(now - 2)), /nbf/);
  await assert.rejects(jwtVerify(admission, verify, { ...at(now), audience: "drop2" }), /aud/);
  await assert.rejects(jwtVerify(`${admission.slice(0, -6)}AAAAAA`, verify, at(now)),
    { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
  const ticket = await jwtVerify(issued[`ticket_jwt_${id}`], verify, at(now));
  assert.deepEqual(ticket.payload, {
    iss: "https://shop.example", sub: user, aud: "drop", iat: now, exp: now + 1,
    jti: `ticket:drop:${(now - 7200) * 1e6}:12345`, kind: "ticket", tier: 1, ticket: 12345, place: 678,
    epoch: (now - 7200) * 1e6, joined_at: (now - 3600) * 1e6,
  });
}

// Those of jose to ours.
const claims = {
  admission: { number: 12, grant: 2, tier: 3, nbf: now - 1, exp: now + 1.5 },
  ticket: {
    ticket: 12345, place: 678, tier: 1, epoch: (now - 7200) * 1e6, joined_at: (now - 3600) * 1e6,
    exp: now + 1,
  },
};
const lines = [];
const expected = {};
function expect(name, answer, token) {
  lines.push(`${name} ${token}`);
  expected[name] = answer;
}
for (const [id, { alg, sign }] of Object.entries(keys)) {
  for (const kind of ["admission", "ticket"]) {
    const signed = (changes = {}, header = {}, key = sign) =>
      new SignJWT({ ...claims[kind], kind, sub: user, aud: "drop", "x é\n": [{ y: null }], ...changes })
        .setProtectedHeader({ alg, kid: id, ...header }).sign(key);
    const name = `${kind}_jwt_${id}`;
    expect(name, "accepted", await signed());
    expect(`${name}_list`, "accepted", await signed({ aud: ["else", "drop"] }, { typ: "JWT" }));
    expect(`${name}_of_another_sale`, "refused", await signed({ aud: ["else"] }));
    expect(`${name}_of_another_user`, "refused", await signed({ sub: user.replace("7", "8") }));
    expect(`${name}_expired`, "refused", await signed({ exp: now }));
    expect(`${name}_without_end`, "refused", await signed({ exp: undefined }));
    expect(`${name}_of_the_other_kind`, "refused",
      await signed({ kind: kind === "ticket" ? "admission" : "ticket" }));
    expect(`${name}_without_kid`, "refused", await signed({}, { kid: undefined }));
    expect(`${name}_with_the_kid_of_another`, "refused", await signed({}, { kid: id === "hs" ? "ed" : "hs" }));
    expect(`${name}_unsecured`, "refused",
      new UnsecuredJWT({ ...claims[kind], kind, sub: user, aud: "drop" }).encode());
  }
  // Ours, through jose and back, and without it.
  expect(`admission_jwt_${id}_of_ours`, "accepted", issued[`admission_jwt_${id}`]);
  expect(`admission_${id}_of_ours`, "accepted", issued[`admission_${id}`]);
  expect(`ticket_${id}_of_ours`, "accepted", issued[`ticket_${id}`]);
}
assert.deepEqual(call("verify", `${lines.join("\n")}\n`), expected);
console.log(`${Object.keys(expected).length} tokens verified here, ${2 * Object.keys(keys).length} by jose`);
