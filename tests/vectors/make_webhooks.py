"""
Write webhooks.json: the signatures on which server and SDK have to agree.

    python tests/vectors/make_webhooks.py

Signs with the standard library alone, so that neither side is tested against itself. The
secrets are for tests only.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

NOW = 1_767_225_600  # 2026-01-01T00:00:00Z
SECRET = "whsec_cGxhY2V0IHRlc3Qgc2VjcmV0IG51bWJlciBvbmU="
NEXT_SECRET = "whsec_cGxhY2V0IHRlc3Qgc2VjcmV0IG51bWJlciB0d28="
WRONG_SECRET = "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCBlbnRpcmVseQ=="


def webhooks() -> dict[str, Any]:
    body = (
        '{"type":"approval.settled","seq":3,"timestamp":"2026-01-01T00:00:00Z",'
        '"data":{"id":"7f3c1f0e-8f0b-4b53-9d59-0d8a6d1c5a11","status":"modified",'
        '"arguments":{"amount":12.50,"to":"Zoë"}}}'
    )
    right = _signature(body)
    wrong = _signature(body, secret=WRONG_SECRET)
    following = _signature(body, secret=NEXT_SECRET)
    good: list[tuple[str, dict[str, Any]]] = [
        ("a signed event", {}),
        ("three signatures, the last right", {"signature": f"{wrong} v2,{wrong[3:]} {right}"}),
        (
            "rotation: both sign, the receiver still has the old secret",
            {"signature": f"{following} {right}"},
        ),
        (
            "rotation: the receiver has both secrets, the sender the new one",
            {"signature": following, "secrets": [SECRET, NEXT_SECRET]},
        ),
        ("a secret without its prefix", {"secrets": [SECRET.removeprefix("whsec_")]}),
        ("header names in another case", {"rename": str.title}),
        ("exactly as old as tolerated", {"now": NOW + 300}),
        ("exactly as far ahead as tolerated", {"now": NOW - 300}),
    ]
    bad: list[tuple[str, dict[str, Any]]] = [
        ("no id", {"without": "webhook-id"}),
        ("no timestamp", {"without": "webhook-timestamp"}),
        ("no signature", {"without": "webhook-signature"}),
        ("an empty signature", {"signature": ""}),
        ("a timestamp of letters", {"timestamp": "yesterday"}),
        ("a timestamp with a fraction", {"timestamp": f"{NOW}.5"}),
        ("a negative timestamp", {"timestamp": "-1"}),
        ("six minutes old", {"now": NOW + 360}),
        ("six minutes ahead", {"now": NOW - 360}),
        ("signed with another secret", {"signature": wrong}),
        ("only a version we do not know", {"signature": f"v2,{right[3:]}"}),
        ("a signature without its version", {"signature": right[3:]}),
        ("a signature without its padding", {"signature": right.rstrip("=")}),
        (
            "an empty secret, and signed with it",
            {"signature": _signature(body, secret=""), "secrets": [""]},
        ),
        (
            "a secret of nothing but its prefix, and signed with it",
            {"signature": _signature(body, secret=""), "secrets": ["whsec_"]},
        ),
        ("an empty secret among good ones", {"secrets": [SECRET, ""]}),
        ("no secret at all", {"secrets": []}),
        ("a secret that is not base64", {"secrets": ["whsec_not*base64"]}),
        ("another id than was signed", {"id": "msg_other"}),
        ("another time than was signed", {"timestamp": str(NOW + 1), "signature": right}),
        (
            "a body read and written again by a JSON library",
            {"body": json.dumps(json.loads(body)), "signature": right},
        ),
        (
            "one digit of the body changed",
            {"body": body.replace("12.50", "12.51"), "signature": right},
        ),
        ("signed, but not JSON", {"body": "hello"}),
        ("signed, but not an object", {"body": "[1]"}),
    ]
    return {
        "description": "Standard Webhooks. `now` is in seconds since 1970, `tolerance_seconds` "
        "the default 300. `expect.code` is null where the webhook is good. Each good vector "
        "with one secret also says what a sender has to produce.",
        "vectors": [
            _standard_vector(),
            *[_webhook(title, body, code=None, **how) for title, how in good],
            *[
                _webhook(title, how.pop("body", body), code="invalid_signature", **how)
                for title, how in bad
            ],
        ],
    }


def _standard_vector() -> dict[str, Any]:
    """The example that the Standard Webhooks libraries themselves are tested with."""
    return {
        "title": "the public Standard Webhooks example",
        "body": '{"test": 2432232314}',
        "headers": {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "now": 1_614_265_330,
        "expect": {"code": None},
    }


def _webhook(
    title: str,
    body: str,
    *,
    code: str | None,
    signature: str | None = None,
    secrets: list[str] | None = None,
    id: str = "msg_1",
    timestamp: str = str(NOW),
    now: int = NOW,
    without: str = "",
    rename: Any = str,
) -> dict[str, Any]:
    headers = {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": _signature(body) if signature is None else signature,
    }
    return {
        "title": title,
        "body": body,
        "headers": {rename(name): value for name, value in headers.items() if name != without},
        "secrets": [SECRET] if secrets is None else secrets,
        "now": now,
        "expect": {"code": code},
    }


def _signature(body: str, *, secret: str = SECRET) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"msg_1.{NOW}.{body}".encode(), hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


if __name__ == "__main__":
    text = json.dumps(webhooks(), indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("webhooks.json").write_text(text, encoding="utf-8")
