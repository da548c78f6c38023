// Verify what a Placet server signs, in plain JavaScript: Node 18 or later, no packages.
//
//   verifyWebhook(body, headers, secrets)   the event; body is the Buffer as it arrived
//   verifyGrant(token, {keys, audience, action, arguments, steps, issuer})   its claims
//
// Both throw what must not be believed. `keys` is a copy you trust of /.well-known/jwks.json.
// A good grant is not proof that it is unused: only the server's consume call tells that.
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";

export function verifyWebhook(body, headers, secrets, { now = Date.now() / 1000, tolerance = 300 } = {}) {
  const given = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
  const [id, at, signatures] = ["id", "timestamp", "signature"].map((name) => given[`webhook-${name}`]);
  must(id && signatures && /^[0-9]{1,11}$/.test(at), "a header is missing or malformed");
  const keys = [secrets].flat().map((secret) => decoded(secret.replace(/^whsec_/, ""), "base64"));
  const valid = keys.some((key) => {
    const mac = "v1," + createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest("base64");
    return signatures.split(" ").some((each) => same(each, mac));
  });
  must(valid, "no signature matches; verify the raw bytes of the body");
  must(Math.abs(now - Number(at)) <= tolerance, "too old, or from the future");
  return parsed(body.toString(), "the body");
}

export function verifyGrant(token, { keys, audience, action, arguments: args, steps, issuer, now = Date.now() / 1000, leeway = 30 }) {
  const parts = token.split(".");
  must(parts.length === 3, "a grant has three parts");
  const [header, payload, signature] = parts.map((part) => decoded(part, "base64url"));
  const { alg, kid, typ, ...more } = parsed(header.toString(), "the header");
  must(alg === "EdDSA" && typ === "placet-grant+jwt" && Object.keys(more).length === 0, "a wrong header");
  const named = keys.keys.filter((key) => key.kid === kid && typeof kid === "string");
  must(named.length === 1, "the key set has not exactly one such key");
  const { kty, crv, x, use = "sig", alg: of = "EdDSA" } = named[0];
  must(kty === "OKP" && crv === "Ed25519" && use === "sig" && /^(EdDSA|Ed25519)$/.test(of), "a wrong key");
  const key = createPublicKey({ key: { kty, crv, x }, format: "jwk" });
  must(verify(null, Buffer.from(`${parts[0]}.${parts[1]}`), key, signature), "a wrong signature");

  const claims = parsed(payload.toString(), "the claims");
  for (const name of ["iss", "sub", "aud", "act", "via", "jti"]) must(claims[name] && typeof claims[name] === "string", name);
  for (const name of ["rev", "iat", "nbf", "exp"]) must(Number.isSafeInteger(claims[name]) && claims[name] < 2 ** 37, name);
  must(Array.isArray(claims.by) && "pol" in claims, "it does not say who decided");
  must(claims.aud === audience && (!issuer || claims.iss === issuer), "for or from somebody else");
  must(now - leeway < claims.exp && now + leeway >= Math.max(claims.nbf, claims.iat), "not valid at this time");
  const act = canonical({ action, arguments: args, ...(steps?.length ? { steps } : {}) });
  must("sha256:" + createHash("sha256").update(act).digest("hex") === claims.act, "for another action");
  return claims;
}

// RFC 8785: JavaScript's own numbers and strings, and keys in the order of their UTF-16 units.
export function canonical(value) {
  if (Array.isArray(value)) return `[${Array.from(value, canonical).join(",")}]`;
  if (value === null || ["boolean", "string"].includes(typeof value) || Number.isFinite(value)) return JSON.stringify(value);
  must([Object.prototype, null].includes(Object.getPrototypeOf(Object(value))) && typeof value === "object", "not JSON");
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

function must(holds, why) {
  if (!holds) throw new Error(`Do not believe it: ${why}.`);
}

function decoded(text, encoding) {
  const bytes = Buffer.from(text, encoding);
  must(text && bytes.toString(encoding) === text, "not canonical base64"); // each has one spelling
  return bytes;
}

function parsed(text, what) {
  const value = JSON.parse(text);
  must(value && typeof value === "object" && !Array.isArray(value), `${what} is no JSON object`);
  // JSON.parse keeps the last of two members of one name; then the text has more names.
  const written = text.match(/"(?:[^"\\]|\\.)*"\s*:?/g)?.filter((token) => token.endsWith(":")) ?? [];
  must(written.length === names(value), `${what} names something twice`);
  return value;
}

function names(value) {
  if (value === null || typeof value !== "object") return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum, each) => sum + names(each), own);
}

function same(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
