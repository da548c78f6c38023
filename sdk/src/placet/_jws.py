"""Compact JWS, read strictly: each token has exactly one spelling."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from ._errors import GrantInvalid

LONGEST = 16_384  # characters; a real grant has some 600

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+\Z")


@dataclass(frozen=True)
class Token:
    """The three parts of a token; nothing has been checked but its form."""

    header: dict[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes  # the bytes the signature is over


def parse(token: str) -> Token:
    """
    Take `token` apart.

    :raises GrantInvalid: not three parts of canonical base64url with a JSON header
    """
    if not isinstance(token, str) or not token.isascii() or len(token) > LONGEST:
        raise GrantInvalid("A grant is a string of three dotted parts.")
    parts = token.split(".")
    if len(parts) != 3:
        raise GrantInvalid("A grant is a string of three dotted parts.")
    header, payload, signature = (decode(part) for part in parts)
    return Token(
        header=json_object(header, what="header"),
        payload=payload,
        signature=signature,
        signed=f"{parts[0]}.{parts[1]}".encode(),
    )


def decode(text: str) -> bytes:
    """
    Canonical base64url to bytes.

    Padding is refused, and so are set bits after the last whole byte: they would give one
    signature several spellings.

    :raises GrantInvalid: it is anything else
    """
    if not _BASE64URL.match(text) or len(text) % 4 == 1:
        raise GrantInvalid("A part of the grant is not base64url without padding.")
    decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != text.encode():
        raise GrantInvalid("A part of the grant is not canonical base64url.")
    return decoded


def json_object(encoded: bytes, *, what: str) -> dict[str, Any]:
    """
    Read a JSON object that names each member once.

    :raises GrantInvalid: it is anything else
    """
    try:
        value = json.loads(encoded.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise GrantInvalid(f"The {what} of the grant is not JSON.") from None
    if not isinstance(value, dict):
        raise GrantInvalid(f"The {what} of the grant is not a JSON object.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members
