"""A PostgreSQL of our own for a few tests: in a temporary directory, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def binaries() -> Path | None:
    """Where initdb and postgres are, or None."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


class PrivatePostgres:
    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._data = directory / "data"
        self._process: subprocess.Popen | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.parameters = {
            "host": "127.0.0.1",
            "port": port,
            "user": "postgres",
            "dbname": "postgres",
        }

    def initialise(self) -> None:
        options = ["--auth=trust", "--username=postgres", "--no-sync", f"--pgdata={self._data}"]
        subprocess.run(self._command("initdb", *options), check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.parameters['port']}",
            "unix_socket_directories=",
            "fsync=off",
        ]
        options = [option for setting in settings for option in ("-c", setting)]
        self._process = subprocess.Popen(
            self._command("postgres", "-D", str(self._data), *options), stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < end, "PostgreSQL does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # fast: without waiting for clients to leave
        self._process.wait(timeout=30)

    def execute(self, statement: str, *args: str) -> None:
        with psycopg.connect(**self.parameters, autocommit=True) as connection:
            connection.execute(statement, args or None)

    def _command(self, program: str, *arguments: str) -> list[str]:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() != 0:
            return command
        # It refuses to run as root. setpriv, unlike runuser, becomes the program.
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]

    def _answers(self) -> bool:
        try:
            psycopg.connect(**self.parameters, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    directory = Path(tempfile.mkdtemp(prefix="placet-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres", "postgres")
    server = PrivatePostgres(binaries(), directory)
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
