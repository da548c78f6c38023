import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from hitl_site.backups import sqlite_copy
from hitl_site.backups.sqlite_copy import DatabaseInUse


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "placet.sqlite3"
    fill(path, 3)
    return path


def fill(path, rows):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE pair (a INTEGER, b INTEGER)")
        connection.executemany("INSERT INTO pair VALUES (?, ?)", [(n, n) for n in range(rows)])


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM pair").fetchone()[0]


def test_copies_one_moment_while_others_write(tmp_path, database):
    stop = threading.Event()

    def write():
        with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as connection:
            while not stop.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO pair (a) VALUES (1)")
                connection.execute("UPDATE pair SET b = a WHERE b IS NULL")
                connection.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            sqlite_copy.copy_out(database, tmp_path / f"copy-{number}")
    finally:
        stop.set()
        writer.join()

    for number in range(10):
        with closing(sqlite3.connect(tmp_path / f"copy-{number}")) as copy:
            assert copy.execute("SELECT count(*) FROM pair WHERE b IS NOT a").fetchone() == (0,)
    assert rows_of(tmp_path / "copy-9") > rows_of(tmp_path / "copy-0") >= 3


def test_a_copy_is_one_file(tmp_path, database):
    (tmp_path / "out").mkdir()

    sqlite_copy.copy_out(database, tmp_path / "out" / "copy")

    assert [file.name for file in (tmp_path / "out").iterdir()] == ["copy"]


def test_takes_the_place_of_another_and_keeps_that(tmp_path, database, at):
    fill(tmp_path / "copy", 7)

    aside = sqlite_copy.put_in_place(tmp_path / "copy", database, keep_old=True, at=at)

    assert (rows_of(database), rows_of(aside)) == (7, 3)
    assert aside.name == "placet.sqlite3.before-20261102T093000Z"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_takes_a_place_where_nothing_was(tmp_path, at):
    fill(tmp_path / "copy", 7)
    database = tmp_path / "new" / "placet.sqlite3"

    assert sqlite_copy.put_in_place(tmp_path / "copy", database, keep_old=True, at=at) is None
    assert rows_of(database) == 7


def test_does_not_pull_the_file_away_from_a_running_server(tmp_path, database, at, monkeypatch):
    monkeypatch.setattr(sqlite_copy, "BUSY_MS", 100)
    fill(tmp_path / "copy", 7)
    with closing(sqlite3.connect(database)) as server:
        server.execute("SELECT * FROM pair").fetchall()

        with pytest.raises(DatabaseInUse, match="Stop the server first"):
            sqlite_copy.put_in_place(tmp_path / "copy", database, keep_old=True, at=at)

    assert rows_of(database) == 3
