"""A copy of the tree in which one guard at a time is taken away."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.guards.catalogue import Guard

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".*_cache", "var", "dist", "node_modules", "test-artifacts"
)
PASSED, FAILED = 0, 1


class Gone(Exception):
    """The line that a guard consists of is not in its file, or stands there twice."""


def without(guard: Guard, source: str) -> str:
    """
    The source with the guard neutralised.

    :raises Gone: the catalogue is behind the code
    """
    if source.count(guard.line) != 1:
        raise Gone(f"{guard.name}: {guard.line!r} stands {source.count(guard.line)} times there.")
    return source.replace(guard.line, guard.instead)


class Copy:
    """A copy of the tree below `folder`, with a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.data = folder / "tree", folder / "data"
        self.data.mkdir()
        shutil.copytree(ROOT, self.tree, ignore=LEFT_BEHIND)

    def is_green(self, tests: list[str]) -> bool:
        # Makes the database, which the others use again.
        return self._run(list(dict.fromkeys(tests)), "--create-db") == PASSED

    def without(self, guard: Guard) -> str:
        """ "missed" if a test fails without the guard, else "not missed" or "did not run"."""
        path = self.tree / guard.path
        source = path.read_text(encoding="utf-8")
        path.write_text(without(guard, source), encoding="utf-8")
        try:
            code = self._run(list(guard.tests), "--exitfirst")
        finally:
            path.write_text(source, encoding="utf-8")
        return {PASSED: "not missed", FAILED: "missed"}.get(code, "did not run")

    def _run(self, tests: list[str], *options: str) -> int:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.tree), str(self.tree / "sdk" / "src")]),
            # A file that is changed twice within a second must not be taken from a cache.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PLACET_DATA_DIR": str(self.data),
        }
        command = [sys.executable, "-m", "pytest", "-q", "--reuse-db", "-p", "no:cacheprovider"]
        return subprocess.run(
            [*command, *options, *tests],
            cwd=self.tree,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
