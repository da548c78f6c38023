"""The two commands as an operator runs them: processes of their own, real databases."""

import json
import os
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).parents[3]
POSTGRESQL = os.environ.get("TEST_POSTGRES_URL", "")


class Installation:
    """A data directory and a database, and commands run on them."""

    def __init__(self, data_dir, database_url):
        self.data_dir, self.database_url = data_dir, database_url

    def run(self, *arguments, stdin="", **environment):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        own = {
            "PLACET_DATA_DIR": str(self.data_dir),
            "PLACET_IGNORE_DOTENV": "1",
            **({"DATABASE_URL": self.database_url} if self.database_url else {}),
        }
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env=kept | own | environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        answer = json.loads(done.stdout) if done.stdout.startswith("{") else None
        return SimpleNamespace(
            code=done.returncode, text=done.stdout, answer=answer, words=done.stderr
        )

    def kept(self, name):
        return (self.data_dir / name).read_text().strip()

    def change_a_record(self):
        """What somebody with access to the file could do."""
        with closing(sqlite3.connect(self.data_dir / "placet.sqlite3")) as connection:
            connection.execute("DROP TRIGGER event_no_update")
            connection.execute("UPDATE audit_event SET body = replace(body, 'robin', 'rabin')")
            connection.commit()


@pytest.fixture(params=["sqlite", "postgresql"])
def install(request, tmp_path):
    """`install()`: another empty installation."""
    if request.param == "postgresql" and not POSTGRESQL:
        pytest.skip("TEST_POSTGRES_URL names no PostgreSQL")
    made = []

    def act():
        url = _new_database() if request.param == "postgresql" else ""
        made.append(Installation(tmp_path / f"installation-{len(made)}", url))
        return made[-1]

    yield act
    for installation in made:
        if installation.database_url:
            name = urlsplit(installation.database_url).path[1:]
            with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _new_database():
    name = f"backup_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return urlsplit(POSTGRESQL)._replace(path=f"/{name}").geturl()


@pytest.fixture
def used(install):
    """An installation that somebody has set up."""
    installation = install()
    assert installation.run("migrate", "-v0").code == 0
    assert installation.run("create_agent", "robin").code == 0
    return installation


@pytest.fixture
def backup(used, tmp_path):
    file = tmp_path / "backup.tar.gz"
    assert used.run("backup", file).code == 0
    return file


def test_a_backup_makes_the_same_server_elsewhere(used, backup, install):
    other = install()

    done = other.run("restore", backup)

    assert (done.code, done.answer["chains_verified"]) == (0, 1)
    assert "There is an agent called 'robin' already." in other.run("create_agent", "robin").words
    for name in ("secret_key", "signing_key.pem"):
        assert other.kept(name) == used.kept(name)


def test_a_restore_replaces_only_by_force(backup, install):
    other = install()
    other.run("migrate", "-v0")
    other.run("create_agent", "wren")

    refused = other.run("restore", backup)
    forced = other.run("restore", backup, "--force")

    assert refused.code == 1
    assert "--force" in refused.words
    assert forced.code == 0
    assert other.run("create_agent", "wren").code == 0


def test_keys_that_are_set_elsewhere_must_be_the_ones_backed_up(backup, install):
    other = install()

    done = other.run("restore", backup, SECRET_KEY="another")

    assert done.code == 1
    assert "SECRET_KEY is set and differs" in done.words
    assert other.run("restore", backup).code == 0


class TestOnSqlite:
    @pytest.fixture
    def install(self, tmp_path):
        made = []

        def act():
            made.append(Installation(tmp_path / f"installation-{len(made)}", ""))
            return made[-1]

        return act

    def test_a_changed_record_is_noticed(self, used, install, tmp_path):
        used.change_a_record()
        used.run("backup", tmp_path / "changed.tar.gz")

        done = install().run("restore", tmp_path / "changed.tar.gz")

        assert done.code == 1
        assert "event 1 has been changed" in done.words

    def test_what_was_there_is_kept_beside(self, used, backup):
        done = used.run("restore", backup, "--force")

        assert Path(done.answer["previous_database"]).stat().st_size > 0

    def test_a_backup_of_another_kind_of_database_is_refused(self, backup):
        elsewhere = Installation(backup.parent / "elsewhere", "postgres://nobody@127.0.0.1:1/none")

        done = elsewhere.run("restore", backup)

        assert done.code == 1
        assert "The backup is of a sqlite database" in done.words
