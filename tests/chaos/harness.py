"""
A whole installation, as an operator would run it: real processes, a real database, real sockets.

Nothing here is mocked. Each part is a subprocess on a free loopback port with a log file of
its own; `inside.py` is the operator's shell. Parts are ended by their process ids.
"""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.chaos.servers import free_port

# The suite has a short form of each test; `make chaos` runs the long ones.
IS_LONG = os.environ.get("PLACET_CHAOS") == "long"
ROOT = Path(__file__).parents[2]
START_SECONDS = 60
# Of everybody who signs in.
PASSWORD = "correct horse battery"
SERVER = [sys.executable, "-m", "hitl_site.command_line"]


class Part:
    """One process, and where it writes its log."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=env, cwd=ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        self.pid = self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """`kill -9`: no chance to tidy up."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM, as a process manager does; SIGKILL if that does not end it."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()

    def status(self) -> dict[str, int]:
        """Threads, and resident memory in KiB, as the kernel counts them."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return {"threads": int(fields["Threads"]), "rss_kib": int(fields["VmRSS"].split()[0])}

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Web(Part):
    """A web process; `port` stays the same when it is started again."""

    def __init__(self, name: str, env: dict[str, str], log: Path, port: int) -> None:
        self.port = port
        command = [*SERVER, "web", "--host", "127.0.0.1", "--port", str(port)]
        super().__init__(name, command, env, log)

    def until_ready(self) -> Self:
        end = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self.is_running, f"{self.name} has ended:\n{self.log.read_text()[-3000:]}"
            assert time.monotonic() < end, f"{self.name} does not answer"
            time.sleep(0.05)
        return self

    def _is_ready(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.port}/readyz"
            return httpx2.get(url, timeout=5).status_code == 200
        except httpx2.TransportError:
            return False


class Shell:
    """The operator's shell: questions to `inside.py`, several at a time."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self._lock = threading.Lock()
        self._asked: dict[int, Future[Any]] = {}
        self._count = 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.inside"],
                env=env,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        threading.Thread(target=self._listen, name="shell", daemon=True).start()

    def ask(self, command: str, **about: Any) -> "Future[Any]":
        """The answer to come; an error inside comes as AssertionError with its traceback."""
        with self._lock:
            self._count += 1
            self._asked[self._count] = answer = Future()
            question = {"number": self._count, "command": command, "about": about}
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        return answer

    def call(self, command: str, *, seconds: float = 120, **about: Any) -> Any:
        return self.ask(command, **about).result(timeout=seconds)

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        for line in self._process.stdout:
            said = json.loads(line)
            answer = self._asked.pop(said["number"])
            if "error" in said:
                answer.set_exception(AssertionError(said["error"]))
            else:
                answer.set_result(said["answer"])
        for answer in self._asked.values():
            answer.set_exception(AssertionError("the shell has ended"))


class Installation:
    """
    :param directory: the data directory, with the logs beside the data
    :param settings: further environment variables
    """

    def __init__(
        self, directory: Path, *, database_url: str, broker_url: str = "", **settings: str
    ) -> None:
        self.directory = directory
        self.kind = "PostgreSQL" if database_url.startswith("postgres") else "SQLite"
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "DJANGO_SETTINGS_MODULE": "hitl_site.settings",
            "PLACET_IGNORE_DOTENV": "1",
            "PLACET_DATA_DIR": str(directory),
            "DATABASE_URL": database_url,
            "BROKER_URL": broker_url,
            "PLACET_ALLOW_PRIVATE_CALLBACKS": "127.0.0.0/8",
            "PLACET_SWEEP_SECONDS": "1",
            "SECRET_KEY": "a key for an installation that lives for a minute",
            "PYTHONWARNINGS": "ignore",
            **settings,
        }
        self.parts: list[Part] = []
        self._shell: Shell | None = None

    @property
    def shell(self) -> Shell:
        if self._shell is None:
            self._shell = Shell(self.env, self.directory / "shell.log")
        return self._shell

    @property
    def logs(self) -> list[Path]:
        return sorted(self.directory.glob("*.log"))

    def start_web(self, *, port: int | None = None) -> Web:
        """Starting: call `until_ready()` before the first request."""
        port = port or free_port()
        web = Web(f"web-{port}", self.env, self.directory / f"web-{port}.log", port)
        self.parts.append(web)
        return web

    def start_webs(self, count: int) -> list[Web]:
        return [web.until_ready() for web in [self.start_web() for _ in range(count)]]

    def start_worker(self, *, with_beat: bool = False) -> Part:
        return self._start("worker", *(["--with-beat"] if with_beat else []))

    def start_beat(self) -> Part:
        return self._start("beat")

    def migrate(self) -> None:
        subprocess.run([*SERVER, "migrate", "--verbosity=0"], env=self.env, cwd=ROOT, check=True)

    def close(self) -> None:
        for part in self.parts:
            if part.is_running:
                part.kill()
        if self._shell is not None:
            self._shell.close()

    def _start(self, *command: str) -> Part:
        name = f"{command[0]}-{len(self.parts)}"
        part = Part(name, [*SERVER, *command], self.env, self.directory / f"{name}.log")
        self.parts.append(part)
        return part


def until_nothing_is_unfinished(shell: Shell, *, seconds: float) -> None:
    """Return once no deadline has passed unnoticed and no delivery is owed."""
    end = time.monotonic() + seconds
    while any((unfinished := shell.call("unfinished")).values()):
        assert time.monotonic() < end, unfinished
        time.sleep(0.1)
