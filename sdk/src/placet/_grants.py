from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from . import _ed25519, _jws
from ._canonical import action_digest
from ._errors import ActionMismatch, GrantInvalid, UnsendableValue

_HEADER = {"alg": "EdDSA", "typ": "placet-grant+jwt"}  # and kid; nothing else
_TEXTS = ("iss", "sub", "aud", "act", "via", "jti")
_INTEGERS = ("rev", "iat", "nbf", "exp")


@dataclass(frozen=True)
class Claims:
    """What a verified grant says."""

    iss: str  # the server
    sub: str  # the approval's id
    rev: int  # its revision
    aud: str  # the agent it was given to
    act: str  # digest of the action as finally approved
    via: str  # human, template, threshold, not_triggered, timeout or bypass
    by: tuple[Any, ...]  # who decided, as pseudonyms; empty where nobody did
    pol: Any  # the policy it was decided under
    iat: datetime
    nbf: datetime
    exp: datetime
    jti: str  # count single use by this, never by the token's text


def verify_grant(
    token: str,
    *,
    keys: Mapping[str, Any],
    audience: str,
    action: str,
    arguments: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]] | None = None,
    issuer: str | None = None,
    now: datetime | None = None,
    leeway: timedelta = timedelta(seconds=30),
) -> Claims:
    """
    Check offline that `token` permits exactly this action, to this audience, now.

    It does not prove that the permission is unused: that is `Client.consume`, or a store of
    used `jti` kept until `exp`. It does not know of anything revoked since, either.

    :param keys: the server's key set, as `Client.jwks()` gives it; keep a copy you trust
    :param audience: the agent the grant must be for
    :param arguments: what would run; with `steps`, every step that would run, in order
    :param issuer: the server it must come from; None accepts whoever owns the keys
    :param now: aware; None reads the clock
    :param leeway: how far the server's clock may differ from this one
    :raises GrantInvalid: it must not be obeyed
    :raises ActionMismatch: genuine, but another action was approved
    :raises ImportError: the extra `placet[grants]` is not installed
    """
    parsed = _jws.parse(token)
    public_key = _key_for(parsed.header, keys)
    if not _ed25519.is_signed(parsed.signed, signature=parsed.signature, public_key=public_key):
        raise GrantInvalid("The signature of the grant is wrong.")
    claims = _claims(parsed.payload)
    _check_parties(claims, audience=audience, issuer=issuer)
    _check_time(claims, now=now or datetime.now(timezone.utc), leeway=leeway)
    _check_action(claims, action=action, arguments=arguments, steps=steps)
    return claims


def unverified_act(token: str) -> str:
    """
    The digest `token` names, taken on trust.

    Enough to notice that one would run something else than was granted; proof of nothing.

    :raises GrantInvalid: there is none to be read
    """
    act = _jws.json_object(_jws.parse(token).payload, what="content").get("act")
    if not isinstance(act, str):
        raise GrantInvalid("The grant has no proper claim act.")
    return act


def _key_for(header: Mapping[str, Any], keys: Mapping[str, Any]) -> bytes:
    kid = header.get("kid")
    if header != {**_HEADER, "kid": kid} or not isinstance(kid, str):
        raise GrantInvalid(
            "The header of a grant is exactly alg EdDSA, typ placet-grant+jwt and a kid."
        )
    if not isinstance(keys, Mapping) or not isinstance(keys.get("keys"), list):
        raise GrantInvalid('The key set is not of the form {"keys": [...]}.')
    named = [key for key in keys["keys"] if isinstance(key, Mapping) and key.get("kid") == kid]
    if len(named) != 1:
        raise GrantInvalid(f"The key set has {len(named)} keys with the grant's kid, not one.")
    return _public_bytes(named[0])


def _public_bytes(key: Mapping[str, Any]) -> bytes:
    if (key.get("kty"), key.get("crv")) != ("OKP", "Ed25519") or key.get("use", "sig") != "sig":
        raise GrantInvalid("The grant's kid names a key that is not an Ed25519 signing key.")
    if key.get("alg", "EdDSA") not in ("EdDSA", "Ed25519"):
        raise GrantInvalid("The grant's kid names a key for another algorithm.")
    x = key.get("x")
    public_key = _jws.decode(x) if isinstance(x, str) else b""
    if len(public_key) != 32:
        raise GrantInvalid("The grant's kid names a key that is not 32 bytes long.")
    return public_key


def _claims(payload: bytes) -> Claims:
    found = _jws.json_object(payload, what="content")
    for name in _TEXTS:
        if not isinstance(found.get(name), str) or not found[name]:
            raise GrantInvalid(f"The grant has no proper claim {name}.")
    for name in _INTEGERS:
        if type(found.get(name)) is not int:  # a bool is an int, too
            raise GrantInvalid(f"The grant has no proper claim {name}.")
    if not isinstance(found.get("by"), list) or "pol" not in found:
        raise GrantInvalid("The grant does not say who decided, under which policy.")
    return Claims(
        iss=found["iss"],
        sub=found["sub"],
        rev=found["rev"],
        aud=found["aud"],
        act=found["act"],
        via=found["via"],
        by=tuple(found["by"]),
        pol=found["pol"],
        iat=_instant(found["iat"]),
        nbf=_instant(found["nbf"]),
        exp=_instant(found["exp"]),
        jti=found["jti"],
    )


def _instant(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise GrantInvalid("A time in the grant is out of range.") from None


def _check_parties(claims: Claims, *, audience: str, issuer: str | None) -> None:
    if claims.aud != audience:
        raise GrantInvalid("The grant was given to another agent.")
    if issuer is not None and claims.iss != issuer:
        raise GrantInvalid("The grant comes from another server.")


def _check_time(claims: Claims, *, now: datetime, leeway: timedelta) -> None:
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime.")
    if now - leeway >= claims.exp:
        raise GrantInvalid("The grant has expired.")
    if now + leeway < max(claims.nbf, claims.iat):
        raise GrantInvalid("The grant is not valid yet.")


def _check_action(
    claims: Claims,
    *,
    action: str,
    arguments: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]] | None,
) -> None:
    try:
        act = action_digest(action=action, arguments=arguments, steps=steps)
    except UnsendableValue as unsendable:
        raise ActionMismatch(f"This cannot have been approved: {unsendable.detail}") from unsendable
    if act != claims.act:
        raise ActionMismatch("The grant is for another action than the one about to run.")
