"""The example and the page beside it, as they stand."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from callers import environment
from reviewing import decide

SDK = Path(__file__).parents[2]


@pytest.fixture
def run(installation, tmp_path):
    """Run the example while Ada decides; what it printed."""

    def while_deciding(verdict, **words):
        process = subprocess.Popen(
            [sys.executable, str(SDK / "examples" / "mcp_client.py")],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(installation),
            cwd=tmp_path,
        )
        with process:
            decide(installation, "refund", verdict, **words)
            printed, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        return printed

    return while_deciding


def test_the_example_runs_what_was_approved(installation, run):
    printed = run("modify", arguments={"order": "4711", "amount": "50.00"})

    assert f"Waiting for a person: {installation.url}/approvals/" in printed
    assert "Refunded 50.00 for order 4711." in printed


def test_the_example_runs_nothing_after_a_no(run):
    printed = run("reject", feedback="Ask for the receipt.")

    assert "Refunded" not in printed
    assert "Not refunded: rejected. Ask for the receipt." in printed


def test_the_page_gives_settings_that_name_what_there_is():
    page = (SDK / "docs" / "mcp.md").read_text(encoding="utf-8")
    servers, hooks = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.S))

    assert servers["mcpServers"]["placet"]["args"] == ["mcp"]
    (hook,) = hooks["hooks"]["PreToolUse"][0]["hooks"]
    assert hook["command"] == "placet hook || exit 2"
