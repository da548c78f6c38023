import json
import sys

import httpx2
import pytest
from fakes import ID

import placet
from placet.cli.review.session import Session


class Reviewer:
    """Answers what it was told to answer, and then goes."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = []
        self.told = []

    def say(self, text):
        self.told.append(text)

    def ask(self, prompt):
        self.asked.append(prompt)
        if not self._answers:
            raise EOFError
        return self._answers.pop(0)

    @property
    def said(self):
        return "\n".join(self.told)


@pytest.fixture
def sitting(desk, server):
    """Runs a session in which the reviewer gives these answers."""

    def run(*answers):
        reviewer = Reviewer(*answers)
        Session(desk, reviewer).run()
        return reviewer

    return run


@pytest.fixture
def inbox(server):
    def holds(*rows):
        server.then({"results": list(rows), "next_cursor": None})

    return holds


@pytest.fixture
def editor(tmp_path, monkeypatch):
    """Sets an editor that replaces one text by another, each time it is opened."""

    def use(*replacements):
        script, state = tmp_path / "editor.py", tmp_path / "state"
        state.write_text(json.dumps(replacements))
        script.write_text(
            "import json, pathlib, sys\n"
            "state, file = map(pathlib.Path, sys.argv[1:])\n"
            "(old, new), *rest = json.loads(state.read_text())\n"
            "state.write_text(json.dumps(rest))\n"
            "text = file.read_text()\n"
            "assert old in text, text\n"
            "file.write_text(text.replace(old, new))\n"
        )
        monkeypatch.setenv("VISUAL", f"{sys.executable} {script} {state}")

    return use


def decided(body, **changes):
    return body(**{"status": "approved", "may_proceed": True, **changes})


class TestOneKey:
    def test_approves_exactly_what_was_shown(self, sitting, inbox, server, waiting, body):
        inbox(waiting(revision=3))
        server.then(decided(body))
        inbox()

        reviewer = sitting("a")

        request = server.requests[1]
        assert request.url.path == f"/api/v1/approvals/{ID}/decisions/"
        assert request.headers["Authorization"] == "Bearer plc_user_ada_secret"
        assert json.loads(request.content) == {
            "verdict": "approve",
            "revision": 3,
            "digest": "sha256:" + "0" * 64,
        }
        assert reviewer.told[-2:] == ["Done: approved.", "Nothing waits for you."]

    @pytest.mark.parametrize(
        ("key", "verdict"),
        [("r", "reject"), ("c", "request_changes"), ("g", "guide"), ("E", "escalate")],
    )
    def test_says_other_things_with_words(
        self, sitting, inbox, server, waiting, body, key, verdict
    ):
        inbox(waiting())
        server.then(body())
        inbox()

        sitting(key, "  The order is another.  ")

        said = json.loads(server.requests[1].content)
        assert (said["verdict"], said["feedback"]) == (verdict, "The order is another.")

    def test_says_nothing_without_words(self, sitting, inbox, server, waiting):
        inbox(waiting())
        inbox(waiting())

        sitting("r", "  ")

        assert [request.method for request in server.requests] == ["GET", "GET"]

    def test_defers(self, sitting, inbox, server, waiting, body):
        inbox(waiting())
        server.then(body())
        inbox()

        reviewer = sitting("d")

        assert json.loads(server.requests[1].content)["verdict"] == "defer"
        assert "Done: defer; it still waits." in reviewer.said

    def test_skips_until_it_is_another_revision(self, sitting, inbox, server, waiting):
        inbox(waiting())
        inbox(waiting(), waiting(id="other"))
        inbox(waiting(revision=2))

        reviewer = sitting("s", "s", "q")

        assert [request.method for request in server.requests] == ["GET"] * 3
        assert "revision 2" in reviewer.said

    def test_is_offered_only_where_the_agent_can_take_it(self, sitting, inbox, waiting):
        inbox(waiting(allowed_decisions=["approve", "reject"]))

        reviewer = sitting("m", "c", "b", "q")

        assert "[M]" not in reviewer.asked[0]
        assert "'m' is none of them." in reviewer.said

    def test_counts_where_more_people_are_needed(self, sitting, inbox, server, waiting, body):
        inbox(waiting())
        server.then(body(quorum={"needed": 2, "approvals": 1}))
        inbox()

        assert "Your vote counts: 1 of 2 approvals." in sitting("a").said


class TestAQuestion:
    def test_is_answered_in_words(self, sitting, inbox, server, waiting, body):
        inbox(waiting(response={"type": "freeform"}))
        server.then(decided(body))
        inbox()

        sitting("a", "Because.")

        assert json.loads(server.requests[1].content)["answer"] == "Because."

    def test_is_answered_in_json_where_it_has_a_schema(self, sitting, inbox, server, waiting, body):
        asked = waiting(response={"type": "freeform", "schema": {"type": "object"}})
        inbox(asked)
        inbox(asked)
        server.then(decided(body))
        inbox()

        reviewer = sitting("a", "no json", "a", '{"eur": 5}')

        assert "Not done" in reviewer.said
        assert json.loads(server.requests[2].content)["answer"] == {"eur": 5}

    def test_is_answered_by_a_choice(self, sitting, inbox, server, waiting, body):
        options = [{"id": "an x", "label": "Ex"}, {"id": "y", "label": "Why"}]
        asked = waiting(response={"type": "multiselect", "options": options})
        inbox(asked)
        inbox(asked)
        server.then(decided(body))
        inbox()

        reviewer = sitting("a", "1 0", "a", "2 1")

        assert "Not done: There is no choice 0." in reviewer.said
        assert json.loads(server.requests[2].content)["selected"] == ["y", "an x"]


class TestModifying:
    def test_shows_the_difference_and_asks_again(
        self, sitting, inbox, server, waiting, body, editor
    ):
        inbox(waiting())
        server.then(decided(body, status="modified"))
        inbox()
        editor(["90", "50"])

        reviewer = sitting("m", "y", "Half of it.")

        assert '-    "amount": 90' in reviewer.said
        assert '+    "amount": 50' in reviewer.said
        said = json.loads(server.requests[1].content)
        assert said["verdict"] == "modify"
        assert said["arguments"] == {"order": "4711", "amount": 50}
        assert said["feedback"] == "Half of it."

    def test_can_go_back_to_the_editor(self, sitting, inbox, server, waiting, body, editor):
        inbox(waiting())
        server.then(decided(body))
        inbox()
        editor(["90", "50"], ["50", "40"])

        sitting("m", "e", "y", "")

        assert json.loads(server.requests[1].content)["arguments"]["amount"] == 40

    @pytest.mark.parametrize(
        "change",
        [["90", "90,"], ["90", '90, "amount": 9000'], ["}\n}", "}\n}]"], ['"arguments"', '"args"']],
    )
    def test_sends_nothing_that_cannot_be_read(
        self, sitting, inbox, server, waiting, editor, change
    ):
        inbox(waiting())
        inbox()
        editor([part.replace("}\n}", "  }\n}") for part in change])

        reviewer = sitting("m", "no")

        assert "That cannot be read" in reviewer.said
        assert len(server.requests) == 2

    @pytest.mark.parametrize(("answers", "change"), [(["m", "n"], "50"), (["m"], "90")])
    def test_sends_nothing_without_a_yes_or_a_change(
        self, sitting, inbox, server, waiting, editor, answers, change
    ):
        inbox(waiting())
        inbox()
        editor(["90", change])

        sitting(*answers)

        assert [request.method for request in server.requests] == ["GET", "GET"]

    def test_takes_a_plan_apart(self, sitting, inbox, server, waiting, body, editor):
        steps = [
            {"id": "a", "action": "pay", "arguments": {"eur": 1}},
            {"id": "b", "action": "pay", "arguments": {"eur": 2}},
            {"id": "c", "action": "pay", "arguments": {"eur": 3}},
        ]
        inbox(waiting(steps=steps))
        server.then(decided(body))
        inbox()
        editor(['"eur": 1', '"eur": 9'], ["", ""])

        sitting("m", "y", "")

        said = json.loads(server.requests[1].content)
        assert said["steps"] == {"a": {"verdict": "modify", "arguments": {"eur": 9}}}
        assert "arguments" not in said

    def test_shows_hidden_characters_in_the_editor(
        self, sitting, inbox, server, waiting, body, editor
    ):
        inbox(waiting(arguments={"to": "x\u202ey"}))
        server.then(decided(body))
        inbox()
        editor(["\\u202e", ""])

        sitting("m", "y", "")

        assert json.loads(server.requests[1].content)["arguments"] == {"to": "xy"}

    def test_survives_an_editor_that_is_not_there(self, sitting, inbox, waiting, monkeypatch):
        monkeypatch.setenv("VISUAL", "/no/such/editor")
        inbox(waiting())
        inbox()

        assert "The editor cannot be started" in sitting("m").said


class TestARefusal:
    def test_is_shown_in_the_servers_words(self, sitting, inbox, server, waiting, refusal):
        inbox(waiting())
        server.then(refusal(403, "insufficient_authority", detail="This needs a director."))
        inbox()

        reviewer = sitting("a")

        assert "Not done: This needs a director." in reviewer.said
        assert "In the browser: https://approvals.example/" in reviewer.said

    def test_of_what_changed_meanwhile_shows_how_it_is_now(
        self, sitting, inbox, server, waiting, refusal, body
    ):
        inbox(waiting())
        server.then(refusal(409, "stale_revision", detail="It is at revision 2 now."))
        inbox(waiting(revision=2, digest="sha256:" + "1" * 64))
        server.then(decided(body))
        inbox()

        reviewer = sitting("a", "a")

        assert "It is at revision 2 now." in reviewer.said
        assert json.loads(server.requests[3].content)["digest"] == "sha256:" + "1" * 64

    def test_of_the_token_ends_the_sitting(self, sitting, inbox, server, waiting, refusal):
        inbox(waiting())
        server.then(refusal(401, "unauthorized"))

        with pytest.raises(placet.NotAuthenticated):
            sitting("a")

    def test_names_the_fields(self, sitting, inbox, server, waiting, refusal):
        errors = [{"pointer": "/arguments/\x1b", "code": "type", "detail": "not a number"}]
        inbox(waiting())
        server.then(refusal(422, "invalid_edit", errors=errors))
        inbox()

        assert "/arguments/⟨U+001B⟩: not a number" in sitting("a").said

    def test_that_may_have_been_none_is_looked_up(self, sitting, inbox, server, waiting):
        inbox(waiting())
        server.then(httpx2.ReadError("gone"))
        inbox()

        assert "It may have taken effect" in sitting("a").said


class TestABatch:
    def test_approves_what_is_low_after_the_number_is_typed(self, sitting, inbox, server, waiting):
        low = [waiting(id="a"), waiting(id="b", effect="Tells \x1b[2J Ben")]
        others = [
            waiting(id="c", required_level="director"),
            waiting(id="d", response={"type": "freeform"}),
            waiting(id="e", steps=[{"id": "1", "action": "x"}]),
            waiting(id="f", allowed_decisions=["reject"]),
        ]
        inbox(*low, *others)
        inbox(*low, *others)
        server.then(
            [
                {"id": "a", "result": "settled", "status": "approved", "detail": ""},
                {"id": "b", "result": "skipped", "status": "", "detail": "Changed meanwhile."},
            ]
        )
        inbox()

        reviewer = sitting("b", "2")

        sent = json.loads(server.requests[2].content)
        assert [item["id"] for item in sent["items"]] == ["a", "b"]
        assert sent["verdict"] == "approve"
        assert "Refunds 90 for order 4711: settled approved" in reviewer.said
        assert "Tells ⟨U+001B⟩[2J Ben: skipped  Changed meanwhile." in reviewer.said

    def test_is_no_longer_than_one_can_read(self, sitting, inbox, waiting):
        rows = [waiting(id=str(number)) for number in range(40)]
        inbox(*rows)
        inbox(*rows)
        inbox()

        assert "Approve all 25?" in sitting("b", "no").asked[1]

    def test_approves_nothing_otherwise(self, sitting, inbox, server, waiting):
        rows = [waiting(id="a"), waiting(id="b")]
        inbox(*rows)
        inbox(*rows)
        inbox()

        reviewer = sitting("b", "y")

        assert "None was approved." in reviewer.said
        assert all(request.method == "GET" for request in server.requests)


def test_a_reviewer_who_leaves_decides_nothing(sitting, inbox, server, waiting):
    inbox(waiting())

    sitting()

    assert len(server.requests) == 1
