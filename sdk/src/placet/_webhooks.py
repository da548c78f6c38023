from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ._errors import WebhookInvalid

_SECONDS = re.compile(r"[0-9]{1,11}\Z")


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: timedelta = timedelta(minutes=5),
    now: datetime | None = None,
) -> dict[str, Any]:
    """
    Check that a webhook comes from the server (Standard Webhooks), and read it.

    The same event can arrive more than once: remember `webhook-id`, and go by `seq` where
    order matters.

    :param body: the raw bytes as they arrived, before any JSON parsing
    :param headers: names in any case
    :param secret: `whsec_…`; a list while a secret is being rotated
    :param tolerance: how far `webhook-timestamp` may be from `now`, either way
    :param now: aware; None reads the clock
    :return: the event: `type`, `seq`, `timestamp`, `data` (the approval)
    :raises WebhookInvalid: it must not be believed; answer 401
    :raises TypeError: the body is not bytes
    """
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"Verify the raw bytes of the body as they arrived, not a {type(body).__name__}."
        )
    body = bytes(body)
    keys = [_key(each) for each in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise WebhookInvalid("There is no secret to verify with.")
    given = {name.lower(): value for name, value in headers.items()}
    timestamp = _header(given, "webhook-timestamp")
    content = f"{_header(given, 'webhook-id')}.{timestamp}.".encode() + body
    if not _any_match(content, keys=keys, signatures=_header(given, "webhook-signature")):
        raise WebhookInvalid(
            "No signature matches. Verify the raw bytes of the body, before any JSON parsing, "
            "with the secret of this agent."
        )
    _check_age(timestamp, now=now or datetime.now(timezone.utc), tolerance=tolerance)
    return _event(body)


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise WebhookInvalid("The secret is not whsec_ and base64.") from None
    if not key:
        # An empty key would verify what anyone can sign.
        raise WebhookInvalid("The secret is empty.")
    return key


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookInvalid(f"The header {name} is missing.")
    if not value.isascii():
        raise WebhookInvalid(f"The header {name} is not ASCII.")
    if name == "webhook-timestamp" and not _SECONDS.match(value):
        raise WebhookInvalid("The header webhook-timestamp is not a number of seconds.")
    return value


def _any_match(content: bytes, *, keys: Sequence[bytes], signatures: str) -> bool:
    given = [each.removeprefix("v1,") for each in signatures.split(" ") if each.startswith("v1,")]
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()) for key in keys]
    return any(hmac.compare_digest(right, each.encode()) for right in expected for each in given)


def _check_age(timestamp: str, *, now: datetime, tolerance: timedelta) -> None:
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime.")
    age = now.timestamp() - int(timestamp)
    if age > tolerance.total_seconds():
        raise WebhookInvalid("The webhook is too old; if it is not, look at this host's clock.")
    if -age > tolerance.total_seconds():
        raise WebhookInvalid("The webhook is from the future; look at this host's clock.")


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookInvalid("The body is signed, but it is not JSON.") from None
    if not isinstance(event, dict):
        raise WebhookInvalid("The body is signed, but it is not a JSON object.")
    return event
