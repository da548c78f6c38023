"""Pydantic AI with a scripted model, against a real server."""

import json
import threading
import time
import uuid
from datetime import timedelta

import pytest

pytest.importorskip("pydantic_ai")

from effects import ran
from pydantic import TypeAdapter
from pydantic_ai import DeferredToolRequests, DeferredToolResults, ToolApproved
from pydantic_ai.messages import ToolCallPart
from pydantic_desk import agent_of, asking, dropping, refunding, tools

import placet
from placet.adapters.pydantic_ai import Gate

SOON = timedelta(seconds=30)
RESULTS = TypeAdapter(DeferredToolResults)

pytestmark = pytest.mark.usefixtures("loop")


@pytest.fixture
def gate(robin):
    return Gate(robin, checkpoint=lambda call: "questions" if call.is_question else "tools")


class Paused:
    """A run that ended with requests, and what was asked about it."""

    def __init__(self, agent, gate):
        self.agent, self.gate = agent, gate
        self.result = agent.run_sync("Settle the complaints.")
        assert isinstance(self.result.output, DeferredToolRequests)
        self.asked = gate.ask_sync(self.result.output, run=self.result.run_id)

    def results(self, timeout=SOON):
        return self.gate.results_sync(self.result.output, run=self.result.run_id, timeout=timeout)

    def resume(self, results=None):
        """What the model was told: outcome and content, by call."""
        end = self.agent.run_sync(
            message_history=self.result.all_messages(),
            deferred_tool_results=results or self.results(),
        )
        return json.loads(end.output)


@pytest.fixture
def paused_on(gate, tmp_path):
    return lambda *calls: Paused(agent_of(gate.toolset(tools(tmp_path)), calls), gate)


@pytest.fixture
def decide(installation):
    def decide(approval, verdict, **words):
        answer = installation.ada.decide(approval, verdict, **words)
        assert answer.status_code == 200, answer.text

    return decide


@pytest.fixture
def reported(robin, monkeypatch):
    """What the gate reports, by approval id."""
    reports = {}

    def report(approval, status, detail=""):
        reports[approval.id] = {"status": status, "detail": detail}
        return original(approval, status, detail)

    original = robin.report
    monkeypatch.setattr(robin, "report", report)
    return reports


def test_asks_for_a_turn_at_once_and_says_what_it_is(paused_on):
    asked = paused_on(refunding("c1"), dropping("c2"), asking("c3")).asked

    first = asked["c1"]
    assert first.raw["arguments"] == {
        "order": "A1",
        "eur": 900,
        "lines": [{"sku": "s", "count": 2}],
    }
    assert first.raw["arguments_schema"]["properties"]["eur"]["type"] == "number"
    assert first.raw["source"] == {"client": "pydantic-ai", "native_id": "c1"}
    assert asked["c2"].raw["arguments_schema"]["properties"]["path"]["type"] == "string"
    assert asked["c3"].raw["response"]["type"] == "freeform"
    assert asked["c3"].raw["checkpoint"]["name"] == "questions"
    assert len({approval.raw["group"]["id"] for approval in asked.values()}) == 1


def test_runs_what_was_approved_once(paused_on, decide, robin, tmp_path, reported):
    paused = paused_on(refunding("c1"))
    decide(paused.asked["c1"], "approve")

    assert paused.resume() == {"c1": ["success", "refunded A1"]}

    assert [call["eur"] for call in ran(tmp_path)] == [900.0]
    assert reported[paused.asked["c1"].id]["status"] == "succeeded"
    with pytest.raises(placet.GrantConsumed):
        robin.consume(robin.get(paused.asked["c1"].id))


def test_runs_with_the_arguments_of_the_reviewer(paused_on, decide, tmp_path):
    paused = paused_on(refunding("c1"))
    edited = {
        "order": "A1",
        "eur": 500,
        "lines": [{"sku": "s", "count": 1}, {"sku": "t", "count": 3}],
    }
    decide(paused.asked["c1"], "modify", arguments=edited)

    paused.resume()

    assert ran(tmp_path) == [{**edited, "eur": 500.0}]


def test_the_results_go_through_json(paused_on, decide, tmp_path):
    paused = paused_on(refunding("c1"), dropping("c2"), asking("c3"), asking("c4"))
    edited = {"order": "A1", "eur": 1.5, "lines": [{"sku": "t", "count": 3}]}
    decide(paused.asked["c1"], "modify", arguments=edited)
    decide(paused.asked["c2"], "reject", feedback="Keep it.")
    decide(paused.asked["c3"], "approve", answer="the second one")
    decide(paused.asked["c4"], "reject")

    results = paused.results()
    told = paused.resume(RESULTS.validate_json(RESULTS.dump_json(results)))

    assert results.answered_by == dict.fromkeys(["c1", "c2", "c3", "c4"], "ada")
    assert ran(tmp_path) == [edited]
    assert told == {
        "c1": ["success", "refunded A1"],
        "c2": ["denied", "Not carried out. A reviewer said no. Keep it."],
        "c3": ["success", "the second one"],
        "c4": ["failed", "Not carried out. A reviewer said no."],
    }


def test_what_is_sent_back_reaches_the_model_and_is_withdrawn(paused_on, decide, robin, tmp_path):
    paused = paused_on(dropping("c1"))
    decide(paused.asked["c1"], "guide", feedback="Reports are kept for a year.")
    decide(paused.asked["c1"], "request_changes", feedback="Drop the drafts instead.")

    assert paused.resume()["c1"] == [
        "denied",
        "Not carried out. A reviewer asks for changes; propose it anew, changed. "
        "Reports are kept for a year. Drop the drafts instead.",
    ]
    assert robin.get(paused.asked["c1"].id).status == "cancelled"
    # Asked again, as after a crash, it is not forgotten.
    assert "Drop the drafts" in paused.results().approvals["c1"].message


def test_silence_is_a_no_where_the_policy_says_so(robin, tmp_path):
    gate = Gate(robin, checkpoint="hasty")
    paused = Paused(agent_of(gate.toolset(tools(tmp_path)), [dropping("c1")]), gate)

    assert paused.resume()["c1"] == ["denied", "Not carried out. Nobody decided in time."]
    assert ran(tmp_path) == []


def test_waits_for_the_whole_turn(paused_on, decide, tmp_path):
    paused = paused_on(refunding("c1"), dropping("c2"))
    decide(paused.asked["c1"], "approve")

    with pytest.raises(placet.NotDecidedInTime):
        paused.results(timeout=timedelta(0))

    decide(paused.asked["c2"], "approve")
    assert paused.resume().keys() == {"c1", "c2"}
    assert len(ran(tmp_path)) == 2


def test_asked_again_it_is_the_same_question(paused_on):
    paused = paused_on(refunding("c1"), dropping("c2"))

    again = paused.gate.ask_sync(paused.result.output, run=paused.result.run_id)
    of_another_run = paused.gate.ask_sync(paused.result.output, run=str(uuid.uuid4()))

    ids = {id: approval.id for id, approval in paused.asked.items()}
    assert {id: approval.id for id, approval in again.items()} == ids
    assert {approval.id for approval in of_another_run.values()}.isdisjoint(ids.values())


def test_a_failure_is_reported(paused_on, decide, reported):
    paused = paused_on(dropping("c1", "/full"))
    decide(paused.asked["c1"], "approve")

    with pytest.raises(OSError, match="disk full"):
        paused.resume()

    assert reported[paused.asked["c1"].id] == {"status": "failed", "detail": "OSError: disk full"}


def test_a_call_that_somebody_else_carries_out_is_left_to_them(paused_on, decide):
    paused = paused_on(dropping("c1"), ToolCallPart("ship", {"order": "A1"}, tool_call_id="c2"))
    assert paused.asked.keys() == {"c1"}
    decide(paused.asked["c1"], "approve")

    results = paused.results()
    results.calls["c2"] = "shipped"

    assert paused.resume(results)["c2"] == ["success", "shipped"]


def deciding(installation, verdicts):
    """A reviewer who decides in a thread, by arguments."""

    def work():
        left = dict(verdicts)
        end = time.monotonic() + 30
        while left and time.monotonic() < end:
            for row in installation.ada.inbox():
                if said := left.pop(json.dumps(row["arguments"]), None):
                    installation.ada.decide(row, **said)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("capability", ["handler", "request_input"])
def test_a_run_waits_for_people_and_goes_on(gate, installation, capability, tmp_path):
    mark = f"/{uuid.uuid4()}"
    agent = agent_of(
        gate.toolset(tools(tmp_path)),
        [dropping("c1", mark), dropping("c2", f"{mark}/2")],
        [dropping("c3", f"{mark}/3")],
        capabilities=[getattr(gate, capability)(timeout=SOON)],
    )
    reviewer = deciding(
        installation,
        {
            json.dumps({"path": mark}): {"verdict": "approve"},
            json.dumps({"path": f"{mark}/2"}): {"verdict": "reject", "feedback": "No."},
            json.dumps({"path": f"{mark}/3"}): {"verdict": "modify", "arguments": {"path": "/x"}},
        },
    )

    told = json.loads(agent.run_sync("Settle.").output)

    reviewer.join(timeout=30)
    assert ran(tmp_path) == [{"drop": mark}, {"drop": "/x"}]
    assert told["c2"] == ["denied", "Not carried out. A reviewer said no. No."]


def test_a_handler_out_of_time_hands_over_to_a_later_run(gate, decide, tmp_path):
    agent = agent_of(
        gate.toolset(tools(tmp_path)),
        [refunding("c1")],
        capabilities=[gate.handler(timeout=timedelta(0))],
    )

    paused = Paused(agent, gate)
    decide(paused.asked["c1"], "approve")
    paused.resume()

    assert len(ran(tmp_path)) == 1


def test_request_input_out_of_time_denies_and_withdraws(gate, robin, tmp_path):
    mark = f"/{uuid.uuid4()}"
    agent = agent_of(
        gate.toolset(tools(tmp_path)),
        [dropping("c1", mark)],
        capabilities=[gate.request_input(timeout=timedelta(seconds=1))],
    )

    result = agent.run_sync("Settle.")

    assert json.loads(result.output)["c1"][0] == "denied"
    assert ran(tmp_path) == []
    end = time.monotonic() + 30
    while (approval := next(robin.list(run=result.run_id))).is_pending:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert approval.status == "cancelled"


def test_what_the_results_say_on_their_way_does_not_matter(paused_on, decide, tmp_path):
    paused = paused_on(refunding("c1"))
    decide(paused.asked["c1"], "approve")
    results = paused.results()
    results.approvals["c1"] = ToolApproved(
        override_args={"order": "A1", "eur": 9000.0, "lines": []}
    )

    paused.resume(results)

    assert [call["eur"] for call in ran(tmp_path)] == [900.0]


def test_a_renamed_tool_is_asked_about_by_its_name(gate, decide, tmp_path):
    toolset = gate.toolset(tools(tmp_path)).prefixed("old")
    call = ToolCallPart("old_drop", {"path": "/x"}, tool_call_id="c1")
    paused = Paused(agent_of(toolset, [call]), gate)
    assert paused.asked["c1"].action == "old_drop"
    decide(paused.asked["c1"], "approve")

    paused.resume()

    assert ran(tmp_path) == [{"drop": "/x"}]


def test_without_an_answer_to_consume_nothing_runs(paused_on, decide, robin, monkeypatch, tmp_path):
    paused = paused_on(dropping("c1"))
    decide(paused.asked["c1"], "approve")

    def lost(approval):
        raise placet.AnswerLost("No answer.")

    with monkeypatch.context() as patched:
        patched.setattr(robin, "consume", lost)
        with pytest.raises(placet.AnswerLost):
            paused.resume()
    assert ran(tmp_path) == []

    paused.resume()
    assert len(ran(tmp_path)) == 1
