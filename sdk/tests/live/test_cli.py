"""The command, as a script and as a person uses it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest

PLACET = [sys.executable, "-m", "placet"]
WRITES = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"


@pytest.fixture
def environment(installation):
    return {
        **os.environ,
        "PLACET_URL": installation.url,
        "PLACET_API_KEY": installation.agent_key,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@pytest.fixture
def placet(environment):
    def run(*words, **more):
        given = {"env": environment, "capture_output": True, "text": True, "timeout": 60, **more}
        return subprocess.run([*PLACET, *words], **given)

    return run


@pytest.fixture
def deciding(installation):
    """Decides, in a thread, on the action as soon as it is asked for."""
    threads = []

    def decide(action, verdict, **words):
        def act():
            (row,) = installation.pending(action)
            answer = installation.ada.decide(row, verdict, **words)
            assert answer.status_code == 200, answer.text

        threads.append(threading.Thread(target=act))
        threads[-1].start()

    yield decide
    for thread in threads:
        thread.join()


@pytest.fixture
def name():
    """An action that no other test asks for."""
    return f"act_{uuid.uuid4().hex[:8]}"


class TestSubmitAndWait:
    def test_tell_a_script_in_json(self, placet, deciding, name):
        submitted = placet("submit", "--checkpoint", "tools", name, "order=47", "amount:=90")

        request = json.loads(submitted.stdout)
        assert submitted.returncode == 0
        assert request["arguments"] == {"order": "47", "amount": 90}

        deciding(name, "approve")
        waited = placet("wait", request["id"])
        assert waited.returncode == 0
        assert json.loads(waited.stdout)["may_proceed"] is True

    def test_end_with_3_after_a_no(self, placet, deciding, name):
        deciding(name, "reject", feedback="Never.")

        done = placet("submit", "--checkpoint", "tools", name, "--wait", "30s")

        assert done.returncode == 3
        assert json.loads(done.stdout)["status"] == "rejected"
        assert done.stderr.rstrip().endswith("is rejected. Never.")

    def test_end_with_4_where_nobody_decides(self, placet, name):
        done = placet("submit", "--checkpoint", "tools", name, "--wait", "0")

        assert done.returncode == 4
        assert len(done.stderr.splitlines()) == 1

    def test_end_with_1_where_the_server_refuses(self, placet, name):
        done = placet("submit", "--checkpoint", "nowhere", name)

        assert done.returncode == 1
        assert "nowhere" in done.stderr
        assert done.stdout == ""


class TestGate:
    def test_ends_as_its_command_does(self, placet, deciding, name):
        deciding(name, "approve")
        line = [sys.executable, "-c", "import sys; print(input()); sys.exit(7)"]

        done = placet(
            "gate", "--checkpoint", "tools", "--action", name, "--", *line, input="given\n"
        )

        assert done.returncode == 7
        assert done.stdout == "given\n"

    def test_reports_the_outcome_and_takes_the_permission(self, placet, robin, name):
        placet("gate", "--checkpoint", "harmless", "--action", name, "--", "true")

        (approval,) = (each for each in robin.list(checkpoint="harmless") if each.action == name)
        assert approval.arguments == {"argv": ["true"]}
        with pytest.raises(Exception, match="was taken"):
            robin.consume(approval)

    def test_runs_the_words_as_the_reviewer_changed_them(self, placet, deciding, name):
        deciding(name, "modify", arguments={"argv": ["echo", "two words", "; echo $HOME"]})

        done = placet("gate", "--checkpoint", "tools", "--action", name, "--", "echo", "one")

        assert done.stdout == "two words ; echo $HOME\n"
        assert "changed by the reviewer" in done.stderr

    def test_keeps_dashes_of_the_command(self, placet, name):
        done = placet(
            "gate", "--checkpoint", "harmless", "--action", name, "--", "echo", "-x", "--", "--y"
        )

        assert done.stdout == "-x -- --y\n"

    def test_runs_nothing_after_a_no(self, placet, deciding, name, tmp_path):
        deciding(name, "reject", feedback="Not there.")
        line = [sys.executable, "-c", WRITES, str(tmp_path / "log"), "ran"]

        done = placet("gate", "--checkpoint", "tools", "--action", name, "--", *line)

        assert done.returncode == 3
        assert "Not there." in done.stderr
        assert not (tmp_path / "log").exists()

    def test_runs_nothing_where_nobody_decides(self, placet, name, tmp_path):
        line = [sys.executable, "-c", WRITES, str(tmp_path / "log"), "ran"]

        done = placet(
            "gate", "--checkpoint", "tools", "--action", name, "--timeout", "1s", "--", *line
        )

        assert done.returncode == 4
        assert not (tmp_path / "log").exists()

    @pytest.mark.parametrize(
        ("words", "code"), [(["no-such-command-here"], 127), (["/"], 126), (["false"], 1)]
    )
    def test_ends_as_a_shell_does_where_it_cannot_run(self, placet, name, words, code):
        done = placet("gate", "--checkpoint", "harmless", "--action", name, "--", *words)

        assert done.returncode == code

    def test_ends_with_the_signal_that_ended_the_command(self, placet, name):
        line = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]

        done = placet("gate", "--checkpoint", "harmless", "--action", name, "--", *line)

        assert done.returncode == 128 + 9

    def test_passes_on_the_signal_that_is_to_end_it(self, environment, name, tmp_path, robin):
        log = tmp_path / "log"
        line = [
            sys.executable,
            "-c",
            "import signal, sys, time\n"
            "def end(*_): open(sys.argv[1], 'a').write('ended'); sys.exit(5)\n"
            "signal.signal(signal.SIGTERM, end)\n"
            "open(sys.argv[1], 'w').write('began ')\n"
            "time.sleep(60)",
            str(log),
        ]
        gate = subprocess.Popen(
            [*PLACET, "gate", "--checkpoint", "harmless", "--action", name, "--", *line],
            env=environment,
        )
        until(lambda: log.exists() and log.read_text())

        gate.send_signal(signal.SIGTERM)

        assert gate.wait(timeout=30) == 5
        assert log.read_text() == "began ended"

    @pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
    def test_stopped_while_it_waits_withdraws_its_request(
        self, environment, installation, robin, name, end
    ):
        with subprocess.Popen(
            [*PLACET, "gate", "--checkpoint", "tools", "--action", name, "--", "true"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        ) as gate:
            (row,) = installation.pending(name)
            assert "Waiting" in gate.stderr.readline()

            gate.send_signal(end)

        assert gate.returncode == 128 + end
        assert robin.get(row["id"]).status == "cancelled"


class TestAStep:
    def test_is_linked_to_the_others_and_not_run_twice(self, placet, robin, tmp_path):
        run, log = uuid.uuid4().hex, tmp_path / "log"

        def step(name, text):
            line = [sys.executable, "-c", WRITES, str(log), text]
            given = ["--checkpoint", "harmless", "--run", run, "--step", name, "--", *line]
            return placet("gate", *given)

        assert [step("build", "b").returncode, step("publish", "p").returncode] == [0, 0]
        again = step("publish", "p")

        assert again.returncode == 6
        assert "taken" in again.stderr
        assert log.read_text() == "bp"
        assert {each.action for each in robin.list(run=run)} == {"build", "publish"}

    def test_needs_a_run(self, placet):
        done = placet("gate", "--checkpoint", "harmless", "--step", "build", "--", "true")

        assert done.returncode == 2
        assert "PLACET_RUN" in done.stderr


class TestAsk:
    def test_prints_what_a_person_answered(self, placet, installation):
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(
                placet("ask", "--checkpoint", "questions", "Which colour?", "--timeout", "30s")
            )
        )
        asking.start()
        (row,) = installation.pending("ask")
        installation.ada.decide(row, "approve", answer="Green,\nof course.")
        asking.join()

        (done,) = answers
        assert (done.returncode, done.stdout) == (0, "Green,\nof course.\n")

    def test_prints_what_a_person_chose(self, placet, deciding):
        deciding("ask", "approve", selected=["b", "c"])

        done = placet(
            *("ask", "--checkpoint", "tools", "Which?", "--max", "2", "--timeout", "30s"),
            *("--option", "a=First", "--option", "b=Second", "--option", "c"),
        )

        assert (done.returncode, done.stdout) == (0, "b\nc\n")


def until(holds, *, seconds=30):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
