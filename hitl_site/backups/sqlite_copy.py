"""A SQLite database, copied while others write to it, and put in the place of another."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from approvals.refusals import Refusal

BUSY_MS = 2000


class DatabaseInUse(Refusal):
    code = "database_in_use"


class DamagedDatabase(Refusal):
    code = "damaged_database"


def copy_out(database: Path, target: Path) -> None:
    """
    Copy the database as one moment saw it, into one file without side files.

    :raises DamagedDatabase: SQLite finds the copy unsound
    """
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
        # In one step: between two, a write by another process would begin it anew. Writers
        # don't wait for it.
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
        if (found := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise DamagedDatabase(f"The database is damaged: {found}.")


def put_in_place(copy: Path, database: Path, *, keep_old: bool, at: datetime) -> Path | None:
    """
    Make the copy the database. What stood there is moved aside, or removed; return where to.

    :raises DatabaseInUse: some process has it open
    """
    aside = None
    if database.exists():
        _refuse_if_open(database)
        if keep_old:
            aside = database.with_name(f"{database.name}.before-{at:%Y%m%dT%H%M%SZ}")
            database.rename(aside)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = database.with_name(f".{database.name}.restored")
    staged.unlink(missing_ok=True)
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(staged)) as target:
        source.backup(target, pages=-1)
    staged.chmod(0o600)
    staged.replace(database)
    return aside


def _refuse_if_open(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=BUSY_MS / 1000)) as connection:
        try:
            # Leaving WAL needs the database to oneself, and folds the side files into it.
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            mode = "locked"
    if mode != "delete":
        raise DatabaseInUse(f"{database} is in use. Stop the server first.")
