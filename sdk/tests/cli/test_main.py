"""What a shell and a script get to see."""

import io
import json
from functools import partial

import httpx2
import pytest

import placet
from placet.cli import ask, gate, inputs, submit, wait
from placet.cli.main import main

SUBMIT = ("submit", "--checkpoint", "tools", "refund")


@pytest.fixture(autouse=True)
def at_the_fake_server(server, clock, monkeypatch):
    monkeypatch.setenv("PLACET_URL", "https://approvals.example")
    monkeypatch.setenv("PLACET_API_KEY", "plc_agent_test_key")
    client = partial(placet.Client, transport=server.transport, clock=clock)
    for command in (ask, gate, submit, wait):
        monkeypatch.setattr(command, "Client", client)


class TestTheExitCode:
    @pytest.mark.parametrize(
        ("status", "may_proceed", "code"),
        [
            ("approved", True, 0),
            ("modified", True, 0),
            ("rejected", False, 3),
            ("cancelled", False, 3),
            ("changes_requested", False, 3),
        ],
    )
    def test_says_how_it_was_decided(self, server, approved, status, may_proceed, code):
        server.then(approved(status=status, may_proceed=may_proceed))
        server.then(approved(status=status, may_proceed=may_proceed))

        assert main([*SUBMIT, "--wait", "1m"]) == code

    @pytest.mark.parametrize(
        ("answers", "code"),
        [
            ([httpx2.ConnectError("refused")] * 100, 5),
            ([httpx2.Response(502, content=b"<h1>proxy</h1>")] * 100, 5),
            ([httpx2.Response(200, content=b"<h1>Welcome</h1>")], 5),
            ([httpx2.Response(401)], 1),
            ([httpx2.Response(422)], 1),
        ],
    )
    def test_says_what_is_wrong(self, server, answers, code, capsys):
        server.then(*answers)

        assert main(SUBMIT) == code

        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("placet: ")
        assert len(printed.err.splitlines()) == 1

    def test_is_4_where_nobody_decided(self, server, body):
        server.then(*[body()] * 100)

        assert main([*SUBMIT, "--wait", "2m"]) == 4

    @pytest.mark.parametrize("missing", ["PLACET_URL", "PLACET_API_KEY"])
    def test_is_2_without_a_server_or_a_key(self, monkeypatch, missing, capsys):
        monkeypatch.delenv(missing)

        assert main(SUBMIT) == 2
        assert missing in capsys.readouterr().err

    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["unknown"],
            ["submit", "refund"],
            [*SUBMIT, "amount"],
            [*SUBMIT, "amount:=90,"],
            [*SUBMIT, "--arguments", "[]"],
            [*SUBMIT, "--arguments", '{"a": 1, "a": 2}'],
            [*SUBMIT, "--wait", "soon"],
            ["gate", "--checkpoint", "tools", "--"],
            ["gate", "--checkpoint", "tools", "ls", "-l"],
        ],
    )
    def test_is_2_for_wrong_usage(self, server, words):
        with pytest.raises(SystemExit) as ended:
            main(words)

        assert ended.value.code == 2
        assert server.requests == []

    def test_is_2_for_an_argument_given_twice_or_not_to_be_sent(self, server):
        assert main([*SUBMIT, "a=1", "a=2"]) == 2
        assert main([*SUBMIT, "a=\udcff"]) == 2
        assert server.requests == []


class TestWhatIsPrinted:
    def test_is_json_where_nobody_reads_it(self, server, approved, capsys):
        server.then(approved())

        main(SUBMIT)

        assert json.loads(capsys.readouterr().out) == approved()

    def test_is_for_people_on_a_terminal(self, server, approved, capsys, monkeypatch):
        server.then(approved(decision={"feedback": "Fine\x1b[2J."}))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")

        main(SUBMIT)

        printed = capsys.readouterr().out
        assert printed.startswith("approved  refund  ")
        assert "approve by Ada" in printed
        assert "Fine⟨U+001B⟩[2J." in printed
        assert "\x1b" not in printed

    def test_is_json_on_a_terminal_too_if_asked_for(self, server, approved, capsys, monkeypatch):
        server.then(approved())
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)

        main([*SUBMIT, "--json"])

        assert json.loads(capsys.readouterr().out) == approved()

    def test_shows_what_the_server_says_inertly(self, server, refusal, capsys):
        errors = [{"pointer": "/arguments/\x1b[2J", "detail": "no"}]
        server.then(refusal(422, "unknown_field", errors=errors))

        main(SUBMIT)

        printed = capsys.readouterr().err
        assert "\x1b" not in printed
        assert "(request req-1)" in printed


class TestWhatIsSent:
    def test_is_read_from_words_files_and_the_standard_input(
        self, server, body, tmp_path, monkeypatch
    ):
        server.then(body())
        file = tmp_path / "context.json"
        file.write_text('{"impact": {"scope": "one"}}')
        monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1.50, "b": "x"}'))

        main(
            [
                *(*SUBMIT, "c=d=e", "n:=null", "--arguments", "-", "--context", f"@{file}"),
                *("--reason", "late", "--run", "november", "--key", "mine"),
            ]
        )

        assert server.sent == {
            "checkpoint": "tools",
            "action": "refund",
            "arguments": {"a": 1.5, "b": "x", "c": "d=e", "n": None},
            "context": {"rationale": "late", "impact": {"scope": "one"}},
            "run": "november",
        }
        assert server.last.headers["Idempotency-Key"] == "mine"

    @pytest.mark.parametrize(
        ("text", "seconds"), [("0", 0), ("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200)]
    )
    def test_counts_time_in_words(self, text, seconds):
        assert inputs.duration(text).total_seconds() == seconds


class TestAsk:
    def test_that_nobody_answered_has_no_answer(self, server, approved, capsys):
        server.then(approved(), approved())

        assert main(["ask", "--checkpoint", "questions", "Anybody?"]) == 3
        assert "nobody has answered" in capsys.readouterr().err

    def test_tells_who_answered_if_asked_for_json(self, server, approved, capsys):
        answer = {"answer": "Green", "selected": None}
        server.then(approved(), approved(decision=answer))

        main(["ask", "--checkpoint", "questions", "Which?", "--json"])

        assert json.loads(capsys.readouterr().out) == {**answer, "by": ["Ada"]}


class TestGate:
    @pytest.mark.parametrize(
        "arguments",
        [{}, {"argv": []}, {"argv": "ls"}, {"argv": ["ls", 1]}, {"argv": ["ls"], "shell": True}],
    )
    def test_runs_nothing_that_is_no_command(self, server, approved, arguments):
        server.then(approved(decision={"arguments": arguments}))

        assert main(["gate", "--checkpoint", "tools", "--", "ls"]) == 1
        assert len(server.requests) == 1  # the permission was not taken

    def test_runs_nothing_whose_permission_is_gone(self, server, approved, refusal, capfd):
        server.then(approved(decision={"arguments": {"argv": ["echo", "ran"]}}))
        server.then(refusal(409, "grant_consumed"))

        assert main(["gate", "--checkpoint", "tools", "--", "echo", "ran"]) == 6
        assert capfd.readouterr().out == ""

    def test_ends_as_the_command_did_where_the_outcome_cannot_be_told(
        self, server, approved, capfd
    ):
        argv = ["sh", "-c", "exit 7"]
        server.then(approved(decision={"arguments": {"argv": argv}}), {})
        server.then(httpx2.ReadError("gone"))

        assert main(["gate", "--checkpoint", "tools", "--", *argv]) == 7
        assert "could not be reported" in capfd.readouterr().err


class TestReview:
    def test_lists_what_waits_where_there_is_no_terminal(
        self, server, waiting, monkeypatch, capsys
    ):
        desk = partial(placet.cli.review.desk.Desk, server.transport)
        monkeypatch.setattr("placet.cli.review.command.Desk", desk)
        monkeypatch.setenv("PLACET_TOKEN", "plc_user_ada_secret")
        server.then({"results": [waiting()], "next_cursor": "c2"})
        server.then({"results": [waiting(id="b")], "next_cursor": None})

        assert main(["review"]) == 0

        listed = json.loads(capsys.readouterr().out)["results"]
        assert [row["id"] for row in listed] == [waiting()["id"], "b"]
        assert dict(server.last.url.params) == {"view": "yours", "cursor": "c2"}

    @pytest.mark.parametrize("token", ["", "plc_agent_robin_secret"])
    def test_is_for_people(self, monkeypatch, token, capsys):
        monkeypatch.setenv("PLACET_TOKEN", token)

        assert main(["review"]) == 2
        assert "PLACET_TOKEN" in capsys.readouterr().err
