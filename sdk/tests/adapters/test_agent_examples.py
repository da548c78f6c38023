"""The examples, as they stand, against a real server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SDK = Path(__file__).parents[2]


@pytest.fixture(params=[("agents", "openai_agent.py"), ("pydantic_ai", "pydantic_ai_agent.py")])
def run(request, installation, tmp_path):
    framework, example = request.param
    pytest.importorskip(framework)
    environment = {
        **os.environ,
        "PLACET_URL": installation.url,
        "PLACET_API_KEY": installation.agent_key,
        "PYTHONPATH": str(SDK / "src"),
    }

    def run():
        done = subprocess.run(
            [sys.executable, str(SDK / "examples" / example)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_an_example_goes_on_from_where_it_stood(run, installation):
    url = run().strip().rpartition(" ")[2]
    row = next(row for row in installation.pending("refund") if row["url"] == url)
    installation.ada.decide(row, "modify", arguments={"order": "4711", "amount": 45})

    assert "*** refunding 45.0 for order 4711" in run()
