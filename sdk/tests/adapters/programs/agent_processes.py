"""Agents in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE.parents[2] / "src"


def run(installation: Any, program: str | Path, *words: str, **variables: str) -> Any:
    """
    Run a program as an agent of the installation, to its end.

    :return: its exit code (-9 if it was killed), what it printed, and what it complained of
    """
    environment = {
        **os.environ,
        "PLACET_URL": installation.url,
        "PLACET_API_KEY": installation.agent_key,
        "PYTHONPATH": os.pathsep.join([str(SOURCE), str(HERE)]),
        **variables,
    }
    done = subprocess.run(
        [sys.executable, str(HERE / program), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def told_by(installation: Any, program: str, *words: str, killed: bool = False, **more: str) -> Any:
    """The JSON that it printed last; None if it was to be killed."""
    code, printed, complaint = run(installation, program, *words, **more)
    assert code == (-9 if killed else 0), complaint
    return None if killed else json.loads(printed.splitlines()[-1])
