"""Signatures on what we send, after Standard Webhooks (standardwebhooks.com)."""

import base64
import binascii
import re
import secrets as randomness
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32
# What the specification allows.
_FEWEST_BYTES, _MOST_BYTES = 24, 64
# A dot would let a part of the id pass for the timestamp.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


def new_secret() -> str:
    """A fresh signing secret, `whsec_` and base64, for the receiver to keep."""
    return PREFIX + base64.b64encode(randomness.token_bytes(SECRET_BYTES)).decode()


def sign(secrets: Sequence[str], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """
    The three headers that let a receiver check `body`.

    One signature for each secret, so that during a rotation the holder of either accepts
    the message. A message that is sent again keeps its id and gets a new `at`.

    :param at: the instant of sending, timezone-aware
    :param body: the exact bytes that will be sent, UTF-8
    :raises ValueError: no secret, or a secret, id, instant or body that can't be signed
    """
    if not secrets:
        raise ValueError("A webhook needs at least one signing secret.")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("A webhook id consists of letters, digits, hyphens and underscores.")
    if at.tzinfo is None:
        raise ValueError("The instant of sending needs a time zone.")
    # The library takes the wall-clock reading for UTC, whatever the zone.
    instant, text = at.astimezone(UTC), body.decode("utf-8")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(instant.timestamp())),
        "webhook-signature": " ".join(
            Webhook(_key(secret)).sign(message_id, instant, text) for secret in secrets
        ),
    }


def _key(secret: str) -> bytes:
    """The key inside a secret; strict, where the library would skip what isn't base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        # Without the secret in the message: it may end in a log.
        raise ValueError("A signing secret is whsec_ and 24 to 64 bytes in base64.")
    return key
