"""
The first admin of a new installation, who has nobody to ask for an account.

`up` prints a link that works once, and only while there is no superuser. Of its token the
data directory keeps the SHA-256; taking the file away is what uses the link up.
"""

import hashlib
import hmac
import os
import secrets
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from approvals.operations import people
from approvals.refusals import Conflict, Refusal

ACTOR = "system:first run"


class LinkUsed(Conflict):
    code = "link_used"


def offer() -> str | None:
    """A fresh token, the only one that works from now on; None if there is a superuser."""
    if _is_over():
        _file().unlink(missing_ok=True)
        return None
    token = secrets.token_urlsafe(32)
    temporary = _file().with_name(f".first_run.{secrets.token_hex(4)}")
    temporary.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(_digest(token))
    temporary.replace(_file())
    return token


def is_open_to(token: str) -> bool:
    """Whether this token may make the first admin now."""
    try:
        kept = _file().read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return hmac.compare_digest(kept, _digest(token)) and not _is_over()


def create_admin(token: str, *, username: str, password: str, at: datetime) -> AbstractBaseUser:
    """
    Make the first admin; the link is used up. If it is refused, the link stays.

    :raises LinkUsed: it is no longer open, or somebody else was faster
    :raises NameTaken, WeakPassword: as for any admin
    """
    taken = _file().with_name(f".first_run.{secrets.token_hex(4)}")
    try:
        if not is_open_to(token):
            raise FileNotFoundError
        # Of two at once, one finds the file.
        _file().rename(taken)
    except FileNotFoundError:
        raise LinkUsed("This link has been used. Sign in instead.") from None
    try:
        admin = people.create_admin(username, password=password, actor=ACTOR, at=at)
    except Refusal:
        taken.rename(_file())
        raise
    taken.unlink()
    return admin


def _is_over() -> bool:
    return get_user_model().objects.filter(is_superuser=True).exists()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _file() -> Path:
    return settings.DATA_DIR / "first_run"
