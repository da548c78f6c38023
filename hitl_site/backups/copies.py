"""Taking a backup of everything that cannot be made again, and putting one back."""

import tempfile
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader

from approvals.models import ApprovalRequest
from approvals.refusals import Conflict, Refusal
from audit import trail
from audit.models import Event, Stream
from hitl_site import migrating
from hitl_site.backups import archive, postgresql_copy, sqlite_copy
from hitl_site.environment import secret

DATABASE = "database"
# The setting whose value is kept, and the name of the file that keeps it: the same in the
# data directory and in a backup.
SECRETS = {"SECRET_KEY": "secret_key", "PLACET_SIGNING_KEY": "signing_key.pem"}
_IN_SETTINGS = {"SECRET_KEY": "SECRET_KEY", "PLACET_SIGNING_KEY": "SIGNING_KEY"}
# Without a row in any of these there is nothing to lose.
_TELLING_TABLES = ("audit_event", "auth_user", "approvals_agent", "approvals_checkpoint")

Say = Callable[[str], None]


class NotEmpty(Conflict):
    code = "database_not_empty"


class WrongBackup(Refusal):
    code = "wrong_backup"


class BrokenTrail(Refusal):
    code = "broken_trail"


def take(path: Path, *, at: datetime, say: Say) -> dict[str, Any]:
    """
    Write database and keys, as one moment saw them, to `path`; return the manifest.

    :raises Refusal: the file exists, or the database cannot be copied
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".placet-backup-") as folder:
        copy = Path(folder) / DATABASE
        say(f"Copying the {connection.vendor} database …")
        if connection.vendor == "postgresql":
            postgresql_copy.copy_out(copy)
        else:
            sqlite_copy.copy_out(Path(connection.settings_dict["NAME"]), copy)
        files = {DATABASE: copy}
        for name, file in SECRETS.items():
            files[file] = Path(folder) / file
            files[file].write_text(f"{getattr(settings, _IN_SETTINGS[name])}\n", encoding="utf-8")
        about = {
            "made_at": trail.stamp(at),
            "server": _server_version(),
            "database": connection.vendor,
            "migrations": _applied(),
        }
        say(f"Writing {path} …")
        archive.write(path, about=about, files=files)
    return archive.manifest_of(path)


def put_back(path: Path, *, force: bool, at: datetime, say: Say) -> dict[str, Any]:
    """
    Make the server what it was when the backup was taken; verify every chain of the trail.

    :param force: even over a database that holds something. SQLite's is kept beside the new
        one; PostgreSQL's is replaced.
    :raises NotEmpty: there is something to lose, and no `force`
    :raises WrongBackup: it is of another kind of database, a newer server or another key
    :raises BrokenTrail: it is back, but somebody had changed the trail
    """
    manifest = archive.manifest_of(path)
    _refuse_what_does_not_fit(manifest)
    empty = _is_empty()
    if not (empty or force):
        raise NotEmpty("The database holds something already. Give --force to replace it.")
    connections.close_all()
    data_dir = settings.DATA_DIR
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data_dir, prefix=".placet-restore-") as folder:
        files = archive.extract(path, Path(folder))
        _refuse_other_keys(files)
        say("Putting the database in place …")
        kept = _put_database(files[DATABASE], keep_old=not empty, at=at)
        _put_keys(files, at=at)
    migrating.migrate()
    say("Verifying the trail …")
    checked = _verified()
    return {
        "restored": str(path),
        "made_at": manifest["made_at"],
        "chains_verified": checked,
        "previous_database": str(kept) if kept else None,
    }


def _put_database(copy: Path, *, keep_old: bool, at: datetime) -> Path | None:
    if connection.vendor == "postgresql":
        postgresql_copy.put_in_place(copy)
        return None
    database = Path(connection.settings_dict["NAME"])
    return sqlite_copy.put_in_place(copy, database, keep_old=keep_old, at=at)


def _put_keys(files: dict[str, Path], *, at: datetime) -> None:
    for name, file in SECRETS.items():
        kept = settings.DATA_DIR / file
        if secret(name) or (kept.exists() and _text(kept) == _text(files[file])):
            continue
        if kept.exists():
            kept.rename(kept.with_name(f"{kept.name}.before-{at:%Y%m%dT%H%M%SZ}"))
        files[file].rename(kept)


def _refuse_what_does_not_fit(manifest: dict[str, Any]) -> None:
    if manifest["database"] != connection.vendor:
        raise WrongBackup(
            f"The backup is of a {manifest['database']} database; this server uses"
            f" {connection.vendor}."
        )
    known = MigrationLoader(None).disk_migrations or {}
    unknown = [name for name in manifest["migrations"] if tuple(name.split(".", 1)) not in known]
    if unknown:
        raise WrongBackup(f"The backup is of a newer server: it has {unknown[0]}.")


def _refuse_other_keys(files: dict[str, Path]) -> None:
    for name, file in SECRETS.items():
        given = secret(name)
        if given and given.strip() != _text(files[file]):
            raise WrongBackup(
                f"{name} is set and differs from the backup's. Unset it, or set it to that."
            )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()


def _is_empty() -> bool:
    try:
        with connection.cursor() as cursor:
            there = set(connection.introspection.table_names(cursor))
            for table in there.intersection(_TELLING_TABLES):
                cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608  (our own names)
                if cursor.fetchone():
                    return False
    except DatabaseError:
        # What cannot be read, such as a damaged file, may hold something all the same.
        return False
    return True


def _applied() -> list[str]:
    applied = MigrationLoader(connection).applied_migrations
    return sorted(f"{app}.{name}" for app, name in applied)


def _verified() -> int:
    """How many chains there are. :raises BrokenTrail: one of them does not hold."""
    heads = {f"approval:{pk}": head for pk, head in _approval_heads()}
    heads |= dict(Stream.objects.values_list("name", "trail_hash"))
    subjects = Event.objects.order_by().values_list("subject", flat=True).distinct()
    for subject in subjects.iterator():
        events = trail.history_of(subject)
        if broken := trail.first_break(events):
            raise BrokenTrail(f"It is restored, but the trail does not hold: {broken}.")
        if events[-1].hash != heads.pop(subject, None):
            raise BrokenTrail(f"It is restored, but {subject}: its trail lacks its end.")
    if missing := next((subject for subject, head in heads.items() if head), None):
        raise BrokenTrail(f"It is restored, but {missing} has lost its trail.")
    return subjects.count()


def _approval_heads() -> Any:
    return ApprovalRequest.objects.order_by().values_list("pk", "trail_hash").iterator()


def _server_version() -> str:
    try:
        return version("placet-server")
    except PackageNotFoundError:  # A clone that was not installed.
        return "unknown"
