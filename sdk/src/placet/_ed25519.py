"""The one thing the standard library lacks, taken from `cryptography` when first needed."""

from __future__ import annotations

import importlib
from typing import Any


def is_signed(message: bytes, *, signature: bytes, public_key: bytes) -> bool:
    """
    Whether `signature` over `message` was made by the owner of the 32-byte `public_key`.

    :raises ImportError: the extra `placet[grants]` is not installed
    """
    key = _load("cryptography.hazmat.primitives.asymmetric.ed25519").Ed25519PublicKey
    invalid = _load("cryptography.exceptions").InvalidSignature
    try:
        key.from_public_bytes(public_key).verify(signature, message)
    except invalid:
        return False
    return True


def _load(module: str) -> Any:
    # Loaded by name: an agent that leaves verifying to the server needs no cryptography.
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        raise ImportError(
            "Verifying grants needs cryptography: pip install 'placet[grants]'"
        ) from missing
