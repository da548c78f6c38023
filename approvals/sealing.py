"""Secrets that must be readable again are stored sealed with a key from SECRET_KEY."""

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def seal(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """:raises cryptography.fernet.InvalidToken: SECRET_KEY is not the one it was sealed with"""
    return _fernet().decrypt(sealed.encode()).decode()


def _fernet() -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"placet webhook secrets").derive(
        settings.SECRET_KEY.encode()
    )
    return Fernet(base64.urlsafe_b64encode(key))
