"""The Ed25519 key that signs grants, and the public half that verifiers fetch."""

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def sign(claims: dict[str, Any]) -> tuple[str, str]:
    """
    The compact JWS over the claims, and the id of the key that signed it.

    The protected header holds exactly `alg`, `kid` and `typ`; verifiers refuse any other.
    """
    key = _private_key()
    header = {"alg": "EdDSA", "kid": kid(), "typ": "placet-grant+jwt"}
    message = f"{_b64(_compact(header))}.{_b64(_compact(claims))}"
    return f"{message}.{_b64(key.sign(message.encode()))}", header["kid"]


@lru_cache(maxsize=1)
def kid() -> str:
    """The RFC 7638 thumbprint of the public key, so that the name says which key it is."""
    required = {name: _jwk()[name] for name in ("crv", "kty", "x")}
    return _b64(hashlib.sha256(_compact(required)).digest())


def jwks() -> dict[str, Any]:
    """The public keys as a JWK set (RFC 7517, RFC 8037)."""
    return {"keys": [{**_jwk(), "kid": kid(), "alg": "EdDSA", "use": "sig"}]}


def _jwk() -> dict[str, str]:
    raw = _private_key().public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": _b64(raw)}


@lru_cache(maxsize=1)
def _private_key() -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(settings.SIGNING_KEY.encode(), password=None)
    except ValueError as error:
        raise ImproperlyConfigured(
            "PLACET_SIGNING_KEY must be an Ed25519 private key, PEM."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured("PLACET_SIGNING_KEY must be an Ed25519 key.")
    return key


def _compact(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
