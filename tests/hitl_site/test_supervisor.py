"""One parent for several parts: what crashes comes back, and nothing outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Says who it is, then waits; ends on SIGTERM, or with its parent.
PART = """
import os, sys, time
from hitl_site.supervisor import end_with_parent
end_with_parent(stop_seconds=0.2)
os.write(1, b"part %d\\n" % os.getpid())  # in one piece, whoever else writes there
time.sleep(60)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + PART
CRASHING = "print('crashed', flush=True); raise SystemExit(3)"

PARENT = """
import sys
from hitl_site.supervisor import Supervisor
parts = {{str(n): [sys.executable, "-c", code] for n, code in enumerate(sys.argv[1:])}}
supervisor = Supervisor(parts, stop_seconds=0.5, tries=3, settled_seconds=30, backoff=0.01)
code = supervisor.run(is_ready=lambda: {ready}, announce=lambda: print("ready", flush=True))
print("left with", code, flush=True)
sys.exit(code)
"""


@pytest.fixture
def supervise():
    """Run a supervisor of these parts (Python source) in a process of its own."""
    started = []

    def supervise(*parts: str, ready: str = "False") -> Parent:
        started.append(Parent(parts, ready))
        return started[-1]

    yield supervise
    for parent in started:
        parent.clean_up()


class Parent:
    def __init__(self, parts: tuple[str, ...], ready: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PARENT.format(ready=ready), *parts],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._pids: list[int] = []

    def line(self) -> str:
        line = self._process.stdout.readline().strip()
        if line.startswith("part "):
            self._pids.append(int(line.split()[1]))
        return line

    def part(self) -> int:
        """The process id of the next part that has started."""
        assert self.line().startswith("part ")
        return self._pids[-1]

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def exit_code(self) -> int:
        return self._process.wait(timeout=20)

    def complaints(self) -> str:
        return self._process.stderr.read()

    def clean_up(self) -> None:
        self._process.kill()
        for pid in self._pids:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        self._process.communicate()


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ends(pid: int, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(pid)


class TestRunning:
    def test_says_once_when_everything_is_ready(self, supervise):
        parent = supervise(PART, ready="True")
        assert {parent.line().split()[0] for _ in range(2)} == {"ready", "part"}

        parent.signal(signal.SIGTERM)

        assert parent.line() == "left with 0"

    def test_starts_again_what_has_crashed_and_leaves_the_others(self, supervise):
        parent = supervise(PART, PART)
        one, other = parent.part(), parent.part()

        os.kill(one, signal.SIGKILL)

        assert parent.part() not in (one, other)
        assert is_alive(other)

    def test_gives_up_on_what_never_starts(self, supervise):
        parent = supervise(CRASHING)

        lines = [parent.line() for _ in range(4)]

        assert lines == ["crashed"] * 3 + ["left with 1"]
        assert parent.exit_code() == 1
        assert "0 does not start. Giving up." in parent.complaints()

    def test_takes_the_others_with_it_when_it_gives_up(self, supervise):
        parent = supervise(PART, "import time; time.sleep(0.5); raise SystemExit(1)")
        part = parent.part()

        assert parent.exit_code() == 1
        assert not is_alive(part)


class TestEnding:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_ends_the_parts_first_and_says_that_all_is_well(self, supervise, number):
        parent = supervise(PART, PART)
        parts = [parent.part(), parent.part()]

        parent.signal(number)

        assert parent.exit_code() == 0
        assert not any(is_alive(part) for part in parts)

    def test_kills_what_does_not_end_by_itself(self, supervise):
        parent = supervise(STUBBORN)
        part = parent.part()

        parent.signal(signal.SIGTERM)

        assert parent.exit_code() == 0
        assert not is_alive(part)

    @pytest.mark.parametrize("kind", [PART, STUBBORN], ids=["obedient", "stubborn"])
    def test_of_the_parent_by_force_ends_the_parts_too(self, supervise, kind):
        parent = supervise(kind)
        part = parent.part()

        parent.signal(signal.SIGKILL)

        assert ends(part)

    def test_of_a_parent_is_not_imagined_where_there_is_none(self):
        code = "from hitl_site.supervisor import end_with_parent; end_with_parent(); print('on')"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}

        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment
        )

        assert answer.stdout == "on\n"
