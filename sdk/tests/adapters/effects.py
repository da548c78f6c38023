"""What the tools of the desks do to the world: they leave a line in a file, each time they run."""

import json
import os
import signal
from pathlib import Path
from typing import Any


class Effects:
    def __init__(self, folder: Path) -> None:
        self._lines = folder / "ran"
        self._killed = folder / "killed"

    def leave(self, line: dict[str, Any]) -> None:
        self._die_if_told("before")
        with self._lines.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._die_if_told("after")

    def ran(self) -> list[dict[str, Any]]:
        """What ran, in order."""
        if not self._lines.exists():
            return []
        return [json.loads(line) for line in self._lines.read_text().splitlines()]

    def kill(self, when: str) -> None:
        """Have the next process that leaves a line killed `before` or `after` it does, at once."""
        self._killed.write_text(when)

    def spare(self) -> None:
        self._killed.unlink()

    def _die_if_told(self, when: str) -> None:
        if self._killed.exists() and self._killed.read_text() == when:
            os.kill(os.getpid(), signal.SIGKILL)


def ran(folder: Path) -> list[dict[str, Any]]:
    return Effects(folder).ran()
