"""Reading settings: from the environment, from `.env`, and from `NAME_FILE` for secrets."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import environ
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured

_PACKAGE = Path(__file__).resolve().parent
# Templates and static files: beside the packages in a clone, inside this one when installed,
# because `templates` and `static` are no names to take in site-packages.
ASSETS_DIR = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent

env = environ.Env()
# Tests say exactly what they mean and must not pick up somebody's .env.
if "PLACET_IGNORE_DOTENV" not in os.environ:
    env.read_env(Path.cwd() / ".env")


def secret(name: str) -> str:
    """The value of `name`, or the content of the file `name_FILE` points to, or ""."""
    if path := env.str(f"{name}_FILE", ""):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE: cannot read {path}: {error.strerror}."
            ) from error
    return env.str(name, "")


def whole_number(name: str, default: int, *, lowest: int = 0) -> int:
    """A whole number of at least `lowest`; anything else stops the start with one sentence."""
    raw = env.str(name, "")
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or int(raw) < lowest:
        raise ImproperlyConfigured(
            f"{name} must be a whole number of at least {lowest}, not {raw!r}."
        )
    return int(raw)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.str(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def random_text() -> str:
    return secrets.token_urlsafe(48)


def new_signing_key() -> str:
    """A fresh Ed25519 private key, PEM."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def kept_secret(path: Path, make: Callable[[], str] = random_text) -> str:
    """
    The secret kept in `path`; made, with owner-only rights, by whoever needs it first.

    Two processes may start at once: the file appears whole and once, and the loser
    reads what the winner wrote.
    """
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        # Whatever else comes to lie here is nobody else's business either.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        words = f"PLACET_DATA_DIR: cannot write to {path.parent}: {error.strerror}."
        raise ImproperlyConfigured(words) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    return path.read_text(encoding="utf-8").strip()
