"""The console script as an operator meets it: processes, streams and exit codes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(tmp_path):
    """`start("doctor")`: a command on an installation of its own, as a process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {
        **kept,
        "PLACET_DATA_DIR": str(tmp_path / "var"),
        "PLACET_IGNORE_DOTENV": "1",
        "PLACET_SWEEP_SECONDS": "1",
        "PYTHONUNBUFFERED": "1",
    }

    def act(*arguments, stdin="", **settings):
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        return process

    return act


@pytest.fixture
def run(start):
    def act(*arguments, stdin="", **settings):
        process = start(*arguments, stdin=stdin, **settings)
        stdout, stderr = process.communicate(timeout=120)
        return process.returncode, stdout, stderr

    return act


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def read_until(stream, wanted):
    for line in stream:
        if found := re.search(wanted, line):
            return found
    return pytest.fail(f"it ended without saying {wanted!r}")


class TestExitCodes:
    def test_0_with_json_on_stdout_and_words_on_stderr(self, run):
        run("migrate", "-v0")

        code, stdout, stderr = run("create_agent", "robin")

        assert code == 0
        assert json.loads(stdout)["name"] == "robin"
        assert "shown once" in stderr

    def test_1_for_what_is_refused(self, run):
        run("migrate", "-v0")

        code, stdout, stderr = run("rotate_key", "nobody")

        assert (code, stdout) == (1, "")
        assert "There is no agent called 'nobody'." in stderr

    def test_1_for_a_database_that_was_never_set_up(self, run):
        code, stdout, stderr = run("create_agent", "robin")

        assert (code, stdout) == (1, "")
        assert "`doctor` says what is wrong" in stderr
        assert "Traceback" not in stderr

    @pytest.mark.parametrize(
        ("setting", "value", "says"),
        [
            ("SITE_URL", "nowhere", "SITE_URL must be an http or https address, not 'nowhere'.\n"),
            ("PLACET_DATA_DIR", "/proc/nowhere", "PLACET_DATA_DIR: cannot write to /proc/nowhere"),
        ],
    )
    def test_2_and_one_sentence_for_a_wrong_setting(self, run, setting, value, says):
        code, stdout, stderr = run("doctor", **{setting: value})

        assert (code, stdout) == (2, "")
        assert stderr.startswith(says)

    @pytest.mark.parametrize("arguments", [["pause"], ["create_reviewer", "ben"], ["backup"]])
    def test_2_for_wrong_usage(self, run, arguments):
        assert run(*arguments)[0] == 2


def test_up_serves_offers_the_first_admin_and_ends_when_told_to(start, run, port):
    up = start("up", "--port", str(port))
    try:
        link = read_until(up.stderr, r"Create the admin here, once: (\S+)")[1]
        assert link.startswith(f"http://127.0.0.1:{port}/welcome/")
        with urllib.request.urlopen(link) as page:
            assert "The first admin" in page.read().decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/static/css/site.css") as sheet:
            assert sheet.status == 200
        findings = json.loads(run("doctor")[1])["findings"]
        ill = {finding["name"] for finding in findings if not finding["ok"]}
        assert ill == {"people", "policy"}
    finally:
        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=60)
    assert up.returncode == 0
