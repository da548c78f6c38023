"""The demo as a newcomer starts it: one command, a browser, and an agent that acts."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 120


@dataclass
class Demo:
    """A running demo: its address, and what it and its agent have said so far."""

    address: str
    log: Path
    process: subprocess.Popen

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_until_said(self, words: str) -> str:
        """The line with these words, once it is there; fails with all that was said instead."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            for line in self.said().splitlines():
                if words in line:
                    return line
            time.sleep(0.1)
        pytest.fail(f"Nobody said {words!r}, but:\n{self.said()}")

    def page_of(self, errand: str) -> str:
        """Where the agent says that it waits with this errand, latest first."""
        self.wait_until_said(f"[agent · {errand}] waiting for a person:")
        lines = [line for line in self.said().splitlines() if f"· {errand}] waiting" in line]
        return lines[-1].split()[-1]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    left_out = ("DJANGO_SETTINGS_MODULE", "BROKER_URL", "DATABASE_URL", "SECRET_KEY", "SITE_URL")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {
        "PLACET_DATA_DIR": str(folder),
        "PLACET_IGNORE_DOTENV": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "hitl_site.command_line", "demo", "--port", str(port)],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Demo(f"http://127.0.0.1:{port}", log, process)
    running.wait_until_said("Placet is running at")
    yield running
    process.terminate()
    assert process.wait(timeout=30) == 0


@pytest.fixture
def ada(demo, chromium) -> Iterator[Page]:
    """Ada Okafor, executive, signed in."""
    page = chromium.new_page()
    page.goto(f"{demo.address}/sign-in/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill("approve-with-care")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{demo.address}/")
    yield page
    page.close()
