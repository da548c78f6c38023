"""
The whole suite: `make test`, or `python -m tests.run [arguments for pytest]`.

Runs on SQLite; what needs a database again on a private PostgreSQL; by themselves the tests
in a browser, those that kill processes, and the SDK's. Names in the last lines what was
skipped everywhere. With REQUIRE_ALL=1 a skip is a failure.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos import servers

ROOT = Path(__file__).resolve().parent.parent
# What some tests need, and the Debian package that has it.
NEEDED = {
    "chromium": lambda: shutil.which("chromium") or shutil.which("chromium-browser"),
    "postgresql": servers.postgres_binaries,
    "redis-server": lambda: shutil.which("redis-server"),
}


@dataclass
class Run:
    """One call of pytest."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    code: int = 0


def main(arguments: Sequence[str]) -> int:
    install_missing()
    with ExitStack() as ending:
        url = ""
        if servers.postgres_binaries():
            url = ending.enter_context(servers.private_postgres()).url
        runs = planned(url, arguments)
        for run in runs:
            perform(run)
            if arguments and run.code == pytest.ExitCode.NO_TESTS_COLLECTED:
                run.code = 0  # What was asked for is elsewhere.
    return summed_up(runs, has_postgresql=bool(url))


def install_missing() -> None:
    """Install what is missing where that can be done without asking: as root on Debian."""
    missing = [package for package, find in NEEDED.items() if not find()]
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print(f"Installing {', '.join(missing)} …", flush=True)
    # Run level 1: packages of services don't start them.
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    for command in (["apt-get", "update", "--quiet"], install):
        subprocess.run(command, env=os.environ | quiet, stdout=subprocess.DEVNULL, check=False)


def planned(postgres_url: str, arguments: Sequence[str]) -> list[Run]:
    in_parallel = ["-n", os.environ.get("TEST_PROCESSES", "2"), "--dist", "loadfile"]
    apart = ["tests", "--ignore=tests/chaos", "--browser=without"]
    runs = [Run("SQLite", [*apart, *in_parallel], {"TEST_POSTGRES_URL": postgres_url})]
    if postgres_url:
        runs.append(
            Run(
                "PostgreSQL",
                [*apart, *in_parallel, "--only-database"],
                {"TEST_DATABASE_URL": postgres_url, "TEST_POSTGRES_URL": postgres_url},
            )
        )
    # Playwright leaves a loop running in its thread, in which nothing else could be tested.
    runs.append(Run("browser", ["tests", "--browser=only", *in_parallel]))
    # They start servers, kill them and watch the clock: nothing else runs meanwhile.
    runs.append(Run("killed processes", ["tests/chaos"]))
    runs.append(Run("SDK", ["sdk/tests", "-c", "sdk/pyproject.toml", "-p", "no:django"]))
    for run in runs:
        run.arguments = [*run.arguments, *arguments]
    return runs


def perform(run: Run) -> None:
    print(f"\n=== {run.name} ===", flush=True)
    with tempfile.TemporaryDirectory(prefix="placet-outcomes-") as folder:
        file = Path(folder) / "outcomes.json"
        own = {"TEST_OUTCOMES": str(file), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.outcomes", *run.arguments]
        finished = subprocess.run(
            command, cwd=ROOT, env=os.environ | own | run.environment, check=False
        )
        run.code = finished.returncode
        if file.exists():
            run.outcomes = json.loads(file.read_text(encoding="utf-8"))


def summed_up(runs: Sequence[Run], *, has_postgresql: bool) -> int:
    """Print what came of it all; the exit code."""
    counts = Counter(outcome for run in runs for outcome, _ in run.outcomes.values())
    failed = counts["failed"] + sum(1 for run in runs if run.code and not _has_failed(run))
    skipped = _skipped_everywhere(runs)
    if not has_postgresql:
        skipped["everything on PostgreSQL"] = "PostgreSQL is not installed"
    print()
    for run in runs:
        if run.code and not _has_failed(run):
            print(f"FAILED: the run {run.name!r} ended with exit code {run.code}.")
    for part, reason in skipped.items():
        print(f"SKIPPED {part}: {reason}")
    is_complete = not skipped or os.environ.get("REQUIRE_ALL") != "1"
    if not is_complete:
        print("REQUIRE_ALL=1: a skipped part is a failure.")
    print(f"{counts['passed']} passed, {failed} failed", flush=True)
    return 0 if is_complete and not failed else 1


def _has_failed(run: Run) -> bool:
    return any(outcome == "failed" for outcome, _ in run.outcomes.values())


def _skipped_everywhere(runs: Sequence[Run]) -> dict[str, str]:
    """Skipped tests by file, with the reason; what another run has done is not missing."""
    done = {
        test for run in runs for test, (outcome, _) in run.outcomes.items() if outcome != "skipped"
    }
    reasons: Counter[tuple[str, str]] = Counter()
    for run in runs:
        for test, (outcome, reason) in run.outcomes.items():
            if outcome == "skipped" and test not in done:
                reasons[test.partition("::")[0], reason] += 1
                done.add(test)
    return {f"{file} ({number})": reason for (file, reason), number in reasons.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
