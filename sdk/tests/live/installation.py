"""
A Placet server in processes of its own, and a person who decides on it over the API.

It runs the server of this checkout as an operator would: `placet-server up` on a free
loopback port with a data directory that is gone afterwards.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parents[3]
POLICY = Path(__file__).with_name("policy.yaml")
START_SECONDS = 90
# They would lead to another database, broker or address than the test's own.
_NOT_OURS = ("DJANGO_SETTINGS_MODULE", "BROKER_URL", "DATABASE_URL", "SECRET_KEY", "SITE_URL")


class Installation:
    """A server with one agent and two reviewers: `url`, `agent_key`, and `ada` who decides."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in _NOT_OURS},
            "PLACET_DATA_DIR": str(folder / "data"),
            "PLACET_IGNORE_DOTENV": "1",
            "PLACET_SWEEP_SECONDS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "sdk" / "src")]),
            "SITE_URL": self.url,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        self.command("load_policy", str(POLICY))
        made = self.command("create_agent", "robin", "--callback-allow", "http://127.0.0.1")
        self.agent_key: str = made["key"]
        self.ada = Person(self, "ada", tier="team_lead")
        self.ben = Person(self, "ben", tier="team_member")

    def start(self) -> None:
        """Start it, or start it again where it was: same port, same data."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._line("up", "--port", str(self.port)),
                env=self._environment,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                # Killed as one: `up` has children.
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text()[-3000:]
            assert time.monotonic() < end, f"the server does not answer:\n{self._log.read_text()}"
            time.sleep(0.1)

    def kill(self) -> None:
        """`kill -9` of all its processes: no chance to tidy up."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        assert self._process
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=40)

    def command(self, *words: str) -> dict[str, Any]:
        """What a management command prints, parsed."""
        done = subprocess.run(
            self._line(*words), env=self._environment, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith("{") else {"said": done.stdout}

    def pending(self, action: str | None = None, *, seconds: float = 20) -> list[dict[str, Any]]:
        """What waits for a person (of one action), once there is any; as Ada's inbox has it."""
        end = time.monotonic() + seconds
        while True:
            rows = self.ada.inbox()
            found = [row for row in rows if action is None or row["action"] == action]
            if found or time.monotonic() > end:
                return found
            time.sleep(0.05)

    def _line(self, *words: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *words]

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False


class Person:
    """A reviewer with an API token."""

    def __init__(self, installation: Installation, name: str, *, tier: str) -> None:
        installation.command("create_reviewer", name, "--tier", tier)
        self.token: str = installation.command("create_token", name)["token"]
        self._api = f"{installation.url}/api/v1"
        self._headers = {"Authorization": f"Bearer {self.token}"}

    def inbox(self) -> list[dict[str, Any]]:
        answer = httpx2.get(f"{self._api}/inbox/", headers=self._headers, timeout=30)
        answer.raise_for_status()
        return list(answer.json()["results"])

    def decide(self, approval: Any, verdict: str, **words: Any) -> httpx2.Response:
        """
        Say it about what stands there now; the server's answer, whatever it is.

        :param approval: a row of the inbox, or the agent's `placet.Approval`
        """
        seen = approval if isinstance(approval, dict) else approval.raw
        body = {"verdict": verdict, "revision": seen["revision"], "digest": seen["digest"], **words}
        url = f"{self._api}/approvals/{seen['id']}/decisions/"
        return httpx2.post(url, json=body, headers=self._headers, timeout=30)


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """A running installation in this folder, stopped at the end."""
    installation = Installation(folder)
    try:
        yield installation
    finally:
        installation.stop()
