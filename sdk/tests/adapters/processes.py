"""Agents in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import placet

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"


class Desk:
    """One of the desks beside this file, run as a program on a folder."""

    def __init__(self, program: str, *, folder: Path, installation: Any) -> None:
        self.folder = folder
        self._line = [sys.executable, str(HERE / program)]
        self._environment = {
            **os.environ,
            "PLACET_URL": installation.url,
            "PLACET_API_KEY": installation.agent_key,
            "PYTHONPATH": str(SOURCE),
        }

    def begin(self, what: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self._line, what, str(self.folder)],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, what: str) -> str:
        """What it prints, once it has ended well."""
        return said(self.begin(what))


def said(process: "subprocess.Popen[str]") -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors[-3000:]
    return output


def approvals_of(client: placet.Client, run: str) -> dict[str, placet.Approval]:
    """What was asked about a run, by call id."""
    return {approval.raw["source"]["native_id"]: approval for approval in client.list(run=run)}
