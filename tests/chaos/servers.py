"""PostgreSQL and Redis of our own: on loopback, in a temporary directory, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

START_SECONDS = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def postgres_binaries() -> Path | None:
    """Where initdb and postgres are, or None."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


class Postgres:
    """A PostgreSQL server in which each installation gets a database of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """The new database's URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop_database(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


class PrivatePostgres(Postgres):
    """Started with fsync on, as it would be in earnest."""

    def __init__(self, binaries: Path, data: Path) -> None:
        port = free_port()
        super().__init__(f"postgres://postgres@127.0.0.1:{port}/postgres")
        initdb = [str(binaries / "initdb"), f"--pgdata={data}", "--auth=trust", "--no-sync"]
        subprocess.run(
            _unprivileged([*initdb, "--username=postgres"]), check=True, stdout=subprocess.DEVNULL
        )
        settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
        options = [option for setting in settings for option in ("-c", setting)]
        self._command = _unprivileged([str(binaries / "postgres"), "-D", str(data), *options])
        self._process = _started(self._command, self._answers)

    def crash(self) -> None:
        """Every connection breaks at once, and nothing is tidied up; then it recovers."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._process = _started(self._command, self._answers)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def _answers(self) -> None:
        psycopg.connect(self.url).close()


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    binaries = postgres_binaries()
    assert binaries, "PostgreSQL is not installed"
    with _directory("placet-postgres-", owner="postgres") as directory:
        server = PrivatePostgres(binaries, directory / "data")
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def private_redis() -> Iterator["Redis"]:
    with _directory("placet-redis-") as directory:
        port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port)]
        command += ["--dir", str(directory), "--save", "", "--maxmemory-policy", "noeviction"]
        url = f"redis://127.0.0.1:{port}/0"
        process = _started(command, lambda: redis.Redis.from_url(url).ping())
        try:
            yield Redis(url, process)
        finally:
            process.terminate()
            process.wait(timeout=30)


class Redis:
    def __init__(self, url: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.url = url
        self._process = process

    def forget_everything(self) -> None:
        redis.Redis.from_url(self.url).flushall()

    def freeze(self) -> None:
        """It takes connections and what is sent, and answers nothing."""
        self._own().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._own().send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._own().kill()
        self._own().wait()

    def _own(self) -> "subprocess.Popen[bytes]":
        assert self._process, "this server is somebody else's"
        return self._process


def _started(command: Sequence[str], answers: Callable[[], object]) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _until(answers, process)
    return process


def _until(answers: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            answers()
            return
        except (OSError, psycopg.OperationalError, redis.RedisError):
            assert process.poll() is None, f"{process.args[0]} has ended"
            assert time.monotonic() < end, f"{process.args[0]} does not answer"
            time.sleep(0.05)


def _unprivileged(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    # PostgreSQL refuses to run as root. setpriv, unlike runuser, becomes the program.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


@contextmanager
def _directory(prefix: str, *, owner: str | None = None) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    if owner and os.geteuid() == 0:
        shutil.chown(directory, owner, owner)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
