"""The file of a backup: a tar.gz of a manifest and the files it lists, each with its digest."""

import hashlib
import io
import json
import os
import secrets
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from approvals.refusals import Refusal

FORMAT = 1
MANIFEST = "manifest.json"
_MOST_MANIFEST_BYTES = 1_048_576
_CHUNK = 1_048_576


class NotABackup(Refusal):
    code = "not_a_backup"


class FileExists(Refusal):
    code = "file_exists"


def write(path: Path, *, about: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    """
    Write the archive, readable by its owner only; it appears whole or not at all.

    :raises FileExists: something is there already
    """
    if path.exists():
        raise FileExists(f"{path} exists already; a backup overwrites nothing.")
    manifest = {
        **about,
        "format": FORMAT,
        "files": {name: _described(file) for name, file in files.items()},
    }
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
                _add(archive, MANIFEST, json.dumps(manifest, indent=2).encode())
                for name, file in files.items():
                    archive.add(file, arcname=name, recursive=False, filter=_nobodys)
            raw.flush()
            os.fsync(raw.fileno())
        # A link fails where a rename would overwrite.
        os.link(partial, path)
    except FileExistsError:
        raise FileExists(f"{path} exists already; a backup overwrites nothing.") from None
    finally:
        partial.unlink()


def manifest_of(path: Path) -> dict[str, Any]:
    """:raises NotABackup: the file is none, or of a later format"""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return _manifest(archive)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise NotABackup(f"{path} is not a backup: {error}.") from error


def extract(path: Path, into: Path) -> dict[str, Path]:
    """
    The files of the archive, written into a directory and found to be what was put in.

    :raises NotABackup: a file is missing, unexpected or changed
    """
    manifest = manifest_of(path)
    try:
        with tarfile.open(path, "r:gz") as archive:
            return {
                name: _extracted(archive, name, wanted, into)
                for name, wanted in manifest["files"].items()
            }
    except (tarfile.TarError, OSError, EOFError, KeyError) as error:
        raise NotABackup(f"{path} is damaged: {error}.") from error


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    member = archive.next()
    if member is None or member.name != MANIFEST or member.size > _MOST_MANIFEST_BYTES:
        raise ValueError("it does not begin with a manifest")
    manifest = json.loads(_opened(archive, member).read())
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError("it was made by a later version")
    if any(Path(name).name != name for name in manifest["files"]):
        raise ValueError("it names files elsewhere")
    return manifest


def _extracted(archive: tarfile.TarFile, name: str, wanted: Mapping[str, Any], into: Path) -> Path:
    source, target = _opened(archive, archive.getmember(name)), into / name
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        digest = _copied(source, file, most=wanted["bytes"])
        os.fsync(file.fileno())
    if digest != wanted["sha256"]:
        raise OSError(f"{name} is not what was backed up")
    return target


def _copied(source: BinaryIO, target: BinaryIO, *, most: int) -> str:
    digest, left = hashlib.sha256(), most
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise OSError("it is longer than the manifest says")
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    if not member.isfile() or (file := archive.extractfile(member)) is None:
        raise OSError(f"{member.name} is not a plain file")
    return file  # type: ignore[return-value]


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _described(file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"sha256": digest, "bytes": file.stat().st_size}
