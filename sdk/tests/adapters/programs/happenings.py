"""What has really happened: one JSON line each in a file, as a bank would have it."""

import json
import os
import signal
from pathlib import Path
from typing import Any


def happen(**what: Any) -> None:
    """It happens. With DIE set, the process dies right before or after."""
    if os.environ.get("DIE") == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    with Path(os.environ["EFFECTS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")
    if os.environ.get("DIE") == "after":
        os.kill(os.getpid(), signal.SIGKILL)


def happened(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
