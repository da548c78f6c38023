"""Bearer keys: how they look, and what is kept of them."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Literal

Kind = Literal["agent", "user"]
_SHAPE = re.compile(r"plc_(agent|user)_([0-9a-z]{12})_([0-9A-Za-z_-]{43})\Z")
_PREFIX_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Presented:
    """A key as a caller shows it: whose kind it is, where to look it up, what to compare."""

    kind: str
    prefix: str
    digest: str


def mint(kind: Kind) -> tuple[str, Presented]:
    """A new key of 256 random bits: the text to show once, and what to store."""
    prefix = "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(12))
    key = f"plc_{kind}_{prefix}_{secrets.token_urlsafe(32)}"
    return key, Presented(kind, prefix, digest_of(key))


def read(key: str) -> Presented | None:
    """The parts of a key, or None if it does not have the shape of one."""
    if not (shape := _SHAPE.match(key)):
        return None
    return Presented(shape[1], shape[2], digest_of(key))


def digest_of(key: str) -> str:
    # A fast hash is right here: the secret is random, and there is nothing to guess.
    return hashlib.sha256(key.encode()).hexdigest()
