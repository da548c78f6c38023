"""A person in a terminal, on a real one."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager

import pytest

SECONDS = 60


class Terminal:
    """`placet review` on a pseudo terminal, and somebody who types."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self.shown = ""

    def reads(self, text):
        """Wait until the text stands there; what came up to its end, without styling."""
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            left = end - time.monotonic()
            assert left > 0, f"never saw {text!r} in:\n{self.shown}"
            if select.select([self._descriptor], [], [], left)[0]:
                came = os.read(self._descriptor, 65536).decode(errors="replace")
                self.shown += re.sub(r"\x1b\[[0-9]*m", "", came).replace("\r\n", "\n")
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def types(self, line):
        os.write(self._descriptor, f"{line}\n".encode())


@pytest.fixture
def reviewing(installation):
    @contextmanager
    def sit(person, **environment):
        mine, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "placet", "review"],
            env={
                **os.environ,
                "PLACET_URL": installation.url,
                "PLACET_TOKEN": person.token,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "COLUMNS": "100",
                **environment,
            },
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield Terminal(mine)
            assert process.wait(timeout=SECONDS) == 0
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
            os.close(mine)

    return sit


@pytest.fixture
def asked(robin, installation):
    """Submits an action, the most urgent of all, and takes it back afterwards."""
    made = []

    def submit(arguments=None, **fields):
        action = f"act_{uuid.uuid4().hex[:8]}"
        given = {"checkpoint": "tools", "expires_in_seconds": 600 + len(made), **fields}
        made.append(robin.submit(action, arguments or {}, **given))
        return made[-1]

    yield submit
    for approval in made:
        if robin.get(approval.id).is_pending:
            robin.cancel(approval)


def test_a_person_reads_changes_and_rejects(reviewing, asked, installation, robin, tmp_path):
    hostile = "Late.\x1b[2J\u202e\nDone: approved."
    first = asked({"amount": 90}, context={"rationale": hostile})
    second = asked()
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/90/50/ "$1"\n')
    editor.chmod(0o700)

    with reviewing(installation.ada, VISUAL=str(editor)) as terminal:
        page = terminal.reads("> ")
        assert first.id in page
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "  │ Late.⟨U+001B⟩[2J⟨U+202E⟩\n  │ Done: approved." in page
        terminal.types("m")
        assert '+    "amount": 50' in terminal.reads("> ")
        terminal.types("y")
        terminal.reads("may be empty: ")
        terminal.types("Half.")
        terminal.reads("Done: modified.")
        assert second.id in terminal.reads("> ")
        terminal.types("r")
        terminal.reads("Why not? ")
        terminal.types("Never.")
        terminal.reads("Done: rejected.")
        if "Nothing waits" not in terminal.shown:
            terminal.types("q")

    assert robin.get(first.id).arguments == {"amount": 50}
    assert robin.get(first.id).feedback == "Half."
    assert robin.get(second.id).feedback == "Never."


def test_what_changed_while_it_was_read_is_shown_again(reviewing, asked, installation, robin):
    approval = asked({"amount": 1})

    with reviewing(installation.ada) as terminal:
        terminal.reads("> ")
        robin.revise(approval, {"amount": 2})
        terminal.types("a")
        terminal.reads("Not done: ")
        page = terminal.reads("> ")
        assert "revision 2" in page
        assert '"amount": 2' in page
        terminal.types("a")
        terminal.reads("Done: approved.")
        terminal.types("q")

    assert robin.get(approval.id).arguments == {"amount": 2}


def test_who_lacks_authority_is_told_in_the_servers_words(reviewing, asked, installation, robin):
    approval = asked()

    with reviewing(installation.ben) as terminal:
        terminal.reads("> ")
        said = installation.ada.decide(approval, "escalate", feedback="Not for beginners.")
        terminal.types("a")
        terminal.reads("Not done: ")
        told = terminal.reads("In the browser: ")
        terminal.types("q")

    assert said.status_code == 200
    assert "team lead" in told
    assert robin.get(approval.id).is_pending
