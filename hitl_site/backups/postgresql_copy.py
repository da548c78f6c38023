"""A PostgreSQL database through pg_dump and pg_restore, which must be installed here."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from approvals.refusals import Refusal

# Debian keeps the programs of each version here, beside a wrapper that picks one.
_DEBIAN = Path("/usr/lib/postgresql")


class ToolMissing(Refusal):
    code = "tool_missing"


class ToolFailed(Refusal):
    code = "tool_failed"


class DatabaseInUse(Refusal):
    code = "database_in_use"


def copy_out(target: Path) -> None:
    """
    Dump the database as one moment saw it.

    :raises ToolMissing, ToolFailed: pg_dump is not here, or says why it cannot
    """
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def put_in_place(dump: Path) -> None:
    """
    Replace what the database holds by the dump, in one transaction.

    :raises DatabaseInUse: other sessions are connected
    :raises ToolMissing, ToolFailed: and then nothing has changed
    """
    _refuse_if_open()
    _run(
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        "--exit-on-error",
        before_database=["--dbname"],
        after_database=[str(dump)],
    )


def _refuse_if_open() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        (others,) = cursor.fetchone()
    connection.close()
    if others:
        raise DatabaseInUse(f"{others} other sessions use the database. Stop the server first.")


def _run(
    program: str,
    *options: str,
    before_database: list[str] | None = None,
    after_database: list[str] | None = None,
) -> None:
    connect, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    *where, database = connect[1:]
    command = [_found(program), *options, *where, *(before_database or []), database]
    finished = subprocess.run(  # noqa: S603  (our own command)
        [*command, *(after_database or [])],
        env=os.environ | {key: str(value) for key, value in (environment or {}).items()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise ToolFailed(f"{program} failed: {_last_line(finished.stderr)}")


def _found(program: str) -> str:
    candidates: list[Any] = [shutil.which(program)]
    if _DEBIAN.is_dir():
        by_version = sorted(_DEBIAN.iterdir(), key=lambda folder: folder.name.zfill(3))
        candidates += [folder / "bin" / program for folder in reversed(by_version)]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    raise ToolMissing(f"{program} is not installed here. Install PostgreSQL's client programs.")


def _last_line(words: str) -> str:
    lines = [line for line in words.strip().splitlines() if line]
    return lines[-1] if lines else "without a word"
