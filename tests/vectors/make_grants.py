"""
Write grants.json: the grants on which server and SDK have to agree.

    python tests/vectors/make_grants.py

Signs with `cryptography` alone and spells canonical JSON out by hand, so that neither side is
tested against itself. The keys are public test keys: the first pair is that of RFC 8037, the
second that of RFC 8032, test 2.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NOW = 1_767_225_600  # 2026-01-01T00:00:00Z
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
OTHER_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")


REFUND = {"action": "refund", "arguments": {"order": "4711", "amount": 90, "note": "Zo\u00eb"}}
REFUND_TEXT = '{"action":"refund","arguments":{"amount":90,"note":"Zo\u00eb","order":"4711"}}'
PLAN = {
    "action": "process_payments",
    "arguments": {"currency": "USD", "fee": 1e21},
    "steps": [
        {"id": "inv-1", "action": "pay_invoice", "arguments": {"vendor": "A", "amount": 3200.5}},
        {"id": "inv-2", "action": "pay_invoice", "arguments": {"vendor": "B", "amount": 2800}},
    ],
}
PLAN_TEXT = (
    '{"action":"process_payments","arguments":{"currency":"USD","fee":1e+21},"steps":['
    '{"action":"pay_invoice","arguments":{"amount":3200.5,"vendor":"A"},"id":"inv-1"},'
    '{"action":"pay_invoice","arguments":{"amount":2800,"vendor":"B"},"id":"inv-2"}]}'
)
HEADER = {"alg": "EdDSA", "kid": "grant-1", "typ": "placet-grant+jwt"}
CLAIMS = {
    "iss": "https://approvals.example",
    "sub": "7f3c1f0e-8f0b-4b53-9d59-0d8a6d1c5a11",
    "rev": 2,
    "aud": "robin",
    "act": "sha256:" + hashlib.sha256(REFUND_TEXT.encode()).hexdigest(),
    "via": "human",
    "by": ["reviewer:1"],
    "pol": "refunds@4",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 300,
    "jti": "d0b3a2f6c1e84a5e9c7b6d5e4f3a2b1c",
}
PLAN_CLAIMS = CLAIMS | {"act": "sha256:" + hashlib.sha256(PLAN_TEXT.encode()).hexdigest()}
UNREADABLE = b"these are not claims"  # whoever reads them before the header says so


def grants() -> dict[str, Any]:
    return {
        "description": "Grants: compact JWS, Ed25519. `now` is in seconds since 1970. "
        "`expect.code` is null where the grant is good. The default leeway is 30 seconds.",
        "keys": {"keys": [_jwk("grant-1", SEED), _jwk("grant-2", OTHER_SEED)]},
        "private_keys": {"grant-1": SEED.hex(), "grant-2": OTHER_SEED.hex()},
        "canonical": [
            {"value": REFUND, "text": REFUND_TEXT, "act": CLAIMS["act"]},
            {"value": PLAN, "text": PLAN_TEXT, "act": PLAN_CLAIMS["act"]},
        ],
        "vectors": [
            *_good_grants(),
            *_bad_headers(),
            *_bad_spelling(),
            *_bad_keys(),
            *_bad_claims(),
            *_other_actions(),
        ],
    }


def _good_grants() -> list[dict[str, Any]]:
    token = _token()
    reordered = {"note": "Zo\u00eb", "amount": 90, "order": "4711"}
    return [
        _grant("a grant for one action", token),
        _grant("a grant for a plan", _token(claims=PLAN_CLAIMS), **PLAN),
        _grant(
            "signed with the second key",
            _token(header=HEADER | {"kid": "grant-2"}, seed=OTHER_SEED),
        ),
        _grant("the arguments in another order", token, arguments=reordered),
        _grant(
            "an integer written as a float", token, arguments=REFUND["arguments"] | {"amount": 90.0}
        ),
        _grant("an empty list of steps", token, steps=[]),
        _grant("more claims than we know", _token(claims=CLAIMS | {"log": "abc"})),
        _grant("expired, within the leeway", token, now=NOW + 329),
        _grant("not yet valid, within the leeway", token, now=NOW - 30),
        _grant("decided by nobody", _token(claims=CLAIMS | {"via": "template", "by": []})),
        _grant("the issuer we want", token, issuer="https://approvals.example"),
    ]


def _bad_headers() -> list[dict[str, Any]]:
    def token(header: Any) -> str:
        return _token(header=header, payload=UNREADABLE)

    cases = {
        "alg none": HEADER | {"alg": "none"},
        "alg Ed448": HEADER | {"alg": "Ed448"},
        "alg Ed25519": HEADER | {"alg": "Ed25519"},
        "alg in lower case": HEADER | {"alg": "eddsa"},
        "no alg": {"kid": "grant-1", "typ": "placet-grant+jwt"},
        "typ JWT": HEADER | {"typ": "JWT"},
        "no typ": {"alg": "EdDSA", "kid": "grant-1"},
        "no kid": {"alg": "EdDSA", "typ": "placet-grant+jwt"},
        "a kid that is null": HEADER | {"kid": None},
        "a kid nobody has": HEADER | {"kid": "grant-9"},
        "a kid that is a path": HEADER | {"kid": "../../key"},
        "a key of its own": HEADER | {"jwk": _jwk("grant-1", OTHER_SEED)},
        "a key set of its own": HEADER | {"jku": "https://evil.example/jwks.json"},
        "a certificate of its own": HEADER | {"x5u": "https://evil.example/cert.pem"},
        "crit": HEADER | {"crit": ["exp"]},
        "one member more": HEADER | {"cty": "JWT"},
        "not an object": ["EdDSA"],
    }
    twice = b'{"alg":"none","alg":"EdDSA","kid":"grant-1","typ":"placet-grant+jwt"}'
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    signed = f"{_b64(_json(HEADER | {'alg': 'HS256'}))}.{_b64(UNREADABLE)}"
    forged = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    return [
        *[
            _grant(f"header: {title}", token(header), code="grant_invalid", before_claims=True)
            for title, header in cases.items()
        ],
        _grant("header: alg twice", token(twice), code="grant_invalid", before_claims=True),
        _grant(
            "header: alg HS256, signed with the public key",
            f"{signed}.{_b64(forged)}",
            code="grant_invalid",
            before_claims=True,
        ),
        _grant(
            "header: alg none without a signature",
            token(HEADER | {"alg": "none"}).rsplit(".", 1)[0] + ".",
            code="grant_invalid",
            before_claims=True,
        ),
    ]


def _bad_spelling() -> list[dict[str, Any]]:
    token = _token()
    header, payload, signature = token.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other_bits = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    standard = signature.replace("-", "+").replace("_", "/")
    assert standard != signature
    short = _b64(base64.urlsafe_b64decode(f"{signature}==")[:60])
    cases = {
        "padding after the signature": f"{token}==",
        "padding after the header": f"{header}==.{payload}.{signature}",
        "+ and / of plain base64": f"{header}.{payload}.{standard}",
        "unused bits set in the last character": f"{header}.{payload}.{other_bits}",
        "a new line at the end": f"{token}\n",
        "a space in front": f" {token}",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.{signature}",
        "an empty signature": f"{header}.{payload}.",
        "a short signature": f"{header}.{payload}.{short}",
        "not ASCII": f"{token[:-1]}\u00e9",
        "nothing": "",
        "signature over other claims": f"{header}.{_b64(_json(CLAIMS | {'rev': 3}))}.{signature}",
    }
    return [
        _grant(f"spelling: {title}", text, code="grant_invalid", before_claims=True)
        for title, text in cases.items()
    ]


def _bad_keys() -> list[dict[str, Any]]:
    key = _jwk("grant-1", SEED)
    sets = {
        "two keys of one kid": {"keys": [key, _jwk("grant-1", OTHER_SEED)]},
        "an empty set": {"keys": []},
        "not a set": {"grant-1": key},
        "an Ed448 key": {"keys": [key | {"crv": "Ed448"}]},
        "a secret as a key": {"keys": [{"kty": "oct", "kid": "grant-1", "k": key["x"]}]},
        "an encryption key": {"keys": [key | {"use": "enc"}]},
        "a key for another algorithm": {"keys": [key | {"alg": "ES256"}]},
        "a key too short": {"keys": [key | {"x": key["x"][:-3]}]},
        "another server's key": {"keys": [_jwk("grant-1", OTHER_SEED)]},
    }
    return [
        _grant(
            f"keys: {title}",
            _token(payload=UNREADABLE),
            code="grant_invalid",
            keys=keys,
            before_claims=True,
        )
        for title, keys in sets.items()
    ]


def _bad_claims() -> list[dict[str, Any]]:
    changes: dict[str, dict[str, Any]] = {
        "another agent": {"aud": "mallory"},
        "a list of agents": {"aud": ["robin"]},
        "a revision that is true": {"rev": True},
        "an expiry in letters": {"exp": str(NOW + 300)},
        "an expiry with a fraction": {"exp": NOW + 300.5},
        "an expiry beyond all calendars": {"exp": 10**18},
        "an empty jti": {"jti": ""},
        "deciders that are not a list": {"by": "reviewer:1"},
        "issued in the future": {"iat": NOW + 60},
    }
    missing = [
        (f"claims: no {name}", _token(claims={k: v for k, v in CLAIMS.items() if k != name}))
        for name in CLAIMS
    ]
    twice = _json(CLAIMS)[:-1] + b',"exp":9999999999}'
    tokens = [
        *[
            (f"claims: {title}", _token(claims=CLAIMS | change))
            for title, change in changes.items()
        ],
        *missing,
        ("claims: exp twice", _token(payload=twice)),
        ("claims: not JSON", _token(payload=UNREADABLE)),
        ("claims: not an object", _token(payload=b'["robin"]')),
    ]
    return [
        *[_grant(title, token, code="grant_invalid") for title, token in tokens],
        _grant("claims: expired", _token(), code="grant_invalid", now=NOW + 330),
        _grant("claims: not yet valid", _token(), code="grant_invalid", now=NOW - 31),
        _grant(
            "claims: another issuer", _token(), code="grant_invalid", issuer="https://other.example"
        ),
    ]


def _other_actions() -> list[dict[str, Any]]:
    plain: dict[str, Any] = REFUND["arguments"]  # type: ignore[assignment]
    others = {
        "one digit": plain | {"amount": 91},
        "one key more": plain | {"force": False},
        "one key less": {"order": "4711", "amount": 90},
        "null, not missing": plain | {"force": None},
        "a number, not a string": plain | {"order": 4711},
        "a string, not a number": plain | {"amount": "90"},
        "true, not a number": plain | {"amount": True},
        "the same text, decomposed": plain | {"note": "Zoe\u0308"},
    }
    first, second = PLAN["steps"]
    plan = _token(claims=PLAN_CLAIMS)
    steps = {
        "a step less": [first],
        "the steps in another order": [second, first],
        "a step more": [first, second, second],
        "no steps": None,
    }
    return [
        *[
            _grant(f"action: {title}", _token(), code="action_mismatch", arguments=arguments)
            for title, arguments in others.items()
        ],
        *[
            _grant(f"action: {title}", plan, code="action_mismatch", **(PLAN | {"steps": left}))
            for title, left in steps.items()
        ],
        _grant("action: another name", _token(), code="action_mismatch", action="refunds"),
        _grant("action: steps nobody approved", _token(), code="action_mismatch", steps=[first]),
    ]


def _grant(
    title: str, token: str, *, code: str | None = None, before_claims: bool = False, **how: Any
) -> dict[str, Any]:
    expect: dict[str, Any] = {"code": code}
    if before_claims:
        expect["before_claims"] = True  # refused by its form, header or signature alone
    return {
        "title": title,
        "token": token,
        "audience": "robin",
        "issuer": None,
        "now": NOW,
        **REFUND,
        "steps": None,
        **how,
        "expect": expect,
    }


def _token(
    *,
    header: Any = HEADER,
    claims: dict[str, Any] = CLAIMS,
    payload: bytes | None = None,
    seed: bytes = SEED,
) -> str:
    top = header if isinstance(header, bytes) else _json(header)
    signed = f"{_b64(top)}.{_b64(_json(claims) if payload is None else payload)}"
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(signed.encode())
    return f"{signed}.{_b64(signature)}"


def _jwk(kid: str, seed: bytes) -> dict[str, str]:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": kid,
        "use": "sig",
        "alg": "EdDSA",
        "x": _b64(public),
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    text = json.dumps(grants(), indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("grants.json").write_text(text, encoding="utf-8")
