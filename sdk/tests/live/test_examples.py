"""Each example as it stands, with a person deciding."""

import os
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def environment(installation, tmp_path):
    """What an example finds around it: the server, and `placet` on its path."""
    command = tmp_path / "bin" / "placet"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m placet "$@"\n')
    command.chmod(0o700)
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(command.parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PLACET_URL": installation.url,
        "PLACET_API_KEY": installation.agent_key,
    }


@pytest.fixture
def example(environment):
    def run(*line):
        return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture
def ada_says(installation):
    threads = []

    def say(**verdicts):
        """By action, in the order they are asked for: (verdict, words)."""

        def act():
            for action, (verdict, words) in verdicts.items():
                (row,) = installation.pending(action, seconds=60)
                installation.ada.decide(row, verdict, **words)

        threads.append(threading.Thread(target=act))
        threads[-1].start()

    yield say
    for thread in threads:
        thread.join()


class TestPlainFunction:
    def test_runs_as_amended_and_never_twice(self, example, ada_says):
        order = uuid.uuid4().hex[:8]
        final = {"order": order, "amount": "50.00"}
        ada_says(process_refund=("modify", {"arguments": final}))
        line = [sys.executable, str(EXAMPLES / "plain_function.py"), order, "90.00"]

        first, second = example(*line), example(*line)

        assert first.stdout == f"Refunded 50.00 for order {order}.\n", first.stderr
        assert second.returncode == 1
        assert "Not refunded again: the permission was taken at" in second.stderr

    def test_tells_why_not(self, example, ada_says):
        ada_says(process_refund=("reject", {"feedback": "It was on time."}))

        done = example(sys.executable, str(EXAMPLES / "plain_function.py"), "4712", "90.00")

        assert done.returncode == 1
        assert done.stderr == "Not refunded. It was on time.\n"


class TestShellGate:
    def test_goes_on_where_it_was_broken_off(self, example, ada_says, tmp_path):
        line = ["sh", str(EXAMPLES / "shell_gate.sh"), uuid.uuid4().hex[:8], str(tmp_path)]
        ada_says(build=("approve", {}), publish=("reject", {"feedback": "Not on Friday."}))

        refused = example(*line)

        assert refused.returncode == 3, refused.stderr
        assert "Not on Friday." in refused.stderr
        assert [file.suffix for file in tmp_path.glob("*.tar")] == [".tar"]
        assert not list(tmp_path.glob("released-*"))

    def test_runs_both_steps_once(self, example, ada_says, tmp_path):
        line = ["sh", str(EXAMPLES / "shell_gate.sh"), uuid.uuid4().hex[:8], str(tmp_path)]
        ada_says(build=("approve", {}), publish=("approve", {}))

        first, second = example(*line), example(*line)

        assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
        assert "publish: has run before." in second.stderr
        assert len(list(tmp_path.glob("released-*.tar"))) == 1
