import io
import json
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command


@pytest.fixture
def run(monkeypatch):
    """`run("pause", "--all", stdin="…")`: `code`, `text` and JSON `answer` on stdout, `words`."""

    def act(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        stdout, stderr = io.StringIO(), io.StringIO()
        code, refusal = 0, ""
        try:
            call_command(*arguments, stdout=stdout, stderr=stderr)
        except CommandError as error:
            # Arguments that don't parse raise the plain kind; on a command line they exit 2.
            code, refusal = error.returncode, str(error)
        text = stdout.getvalue()
        answer = json.loads(text) if text.startswith(("{", "[")) else None
        return SimpleNamespace(
            code=code, text=text, answer=answer, words=stderr.getvalue() + refusal
        )

    return act
