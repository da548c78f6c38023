"""The OpenAI Agents SDK with a scripted model, against a real server."""

import asyncio
import json
import threading
import time
import uuid
from datetime import timedelta

import pytest

pytest.importorskip("agents")

from agents import FunctionTool, Runner, function_tool
from agents.exceptions import UserError
from agents.testing import function_call
from effects import ran
from openai_desk import agent_of, dropping, refunding, says_what_it_saw, tools

import placet
from placet.adapters import _turns
from placet.adapters.openai_agents import Gate, Paused

pytestmark = pytest.mark.usefixtures("loop")

SOON = timedelta(seconds=30)


@pytest.fixture
def gate(robin):
    return Gate(robin, checkpoint="tools")


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


@pytest.fixture
def paused_on(gate, tmp_path):
    """Run the scripted agent to its pause: the agent, and where it stands."""

    def run(*calls, then=says_what_it_saw):
        agent = agent_of([gate.tool(tool) for tool in tools(tmp_path)], calls, then)
        result = Runner.run_sync(agent, "Settle the complaints.")
        return agent, gate.ask_sync(result)

    return run


@pytest.fixture
def decide(installation, robin):
    def decide(paused, id, verdict, **words):
        answer = installation.ada.decide(robin.get(paused.asked[id]), verdict, **words)
        assert answer.status_code == 200, answer.text

    return decide


def seen(result):
    """What the model was told, by call."""
    return json.loads(result.final_output)


def test_asks_for_a_turn_at_once_and_says_what_it_is(paused_on, robin):
    _, paused = paused_on(refunding("c1"), dropping("c2"))

    first, second = (robin.get(paused.asked[id]) for id in ("c1", "c2"))

    assert first.action == "refund"
    assert first.raw["arguments"] == {
        "order": "A1",
        "eur": 900,
        "lines": [{"sku": "s", "count": 2}],
    }
    assert first.raw["arguments_schema"]["properties"]["eur"]["type"] == "number"
    assert first.raw["source"] == {"client": "openai-agents", "native_id": "c1", "agent": "desk"}
    assert first.raw["group"]["id"] == second.raw["group"]["id"]
    assert first.raw["run"] == paused.run


def test_runs_what_was_approved_once(gate, paused_on, decide, robin, tmp_path):
    agent, paused = paused_on(refunding("c1"))
    decide(paused, "c1", "approve")

    result = gate.resume_sync(agent, paused, timeout=SOON)

    assert [call["eur"] for call in ran(tmp_path)] == [900.0]
    assert seen(result) == {"c1": "refunded A1"}
    with pytest.raises(placet.GrantConsumed):
        robin.consume(robin.get(paused.asked["c1"]))


def test_runs_with_the_arguments_of_the_reviewer(gate, paused_on, decide, tmp_path):
    agent, paused = paused_on(refunding("c1"))
    edited = {
        "order": "A1",
        "eur": 500,
        "lines": [{"sku": "s", "count": 1}, {"sku": "t", "count": 3}],
    }
    decide(paused, "c1", "modify", arguments=edited)

    gate.resume_sync(agent, paused, timeout=SOON)

    assert ran(tmp_path) == [{**edited, "eur": 500.0}]


def test_an_edit_of_the_wrong_type_is_refused_to_the_reviewer(paused_on, installation, robin):
    _, paused = paused_on(refunding("c1"))
    approval = robin.get(paused.asked["c1"])

    answer = installation.ada.decide(
        approval, "modify", arguments={**approval.arguments, "eur": "lots"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/arguments/eur"


def test_a_no_reaches_the_model_with_its_reason(gate, paused_on, decide, tmp_path):
    agent, paused = paused_on(dropping("c1"))
    decide(paused, "c1", "reject", feedback="Keep the report.", reason_code="wrong_target")

    result = gate.resume_sync(agent, paused, timeout=SOON)

    assert ran(tmp_path) == []
    assert seen(result)["c1"] == (
        "Not carried out. A reviewer said no. Keep the report. Reason: wrong target."
    )


def test_what_is_sent_back_reaches_the_model_and_is_withdrawn(
    gate, paused_on, decide, robin, tmp_path
):
    agent, paused = paused_on(dropping("c1"))
    decide(paused, "c1", "guide", feedback="Reports are kept for a year.")
    decide(paused, "c1", "request_changes", feedback="Drop the drafts instead.")

    result = gate.resume_sync(agent, paused, timeout=SOON)

    assert ran(tmp_path) == []
    assert seen(result)["c1"] == (
        "Not carried out. A reviewer asks for changes; propose it anew, changed. "
        "Reports are kept for a year. Drop the drafts instead."
    )
    assert robin.get(paused.asked["c1"]).status == "cancelled"


def test_silence_is_a_no_where_the_policy_says_so(gate, robin, tmp_path):
    hasty = Gate(robin, checkpoint="hasty")
    agent = agent_of([hasty.tool(t) for t in tools(tmp_path)], [dropping("c1")], says_what_it_saw)

    result = hasty.run_sync(agent, "Settle.", timeout=SOON)

    assert ran(tmp_path) == []
    assert seen(result)["c1"] == "Not carried out. Nobody decided in time."


def test_what_the_policy_lets_pass_runs_without_a_wait(robin, tmp_path):
    gate = Gate(robin, checkpoint="harmless")
    agent = agent_of([gate.tool(t) for t in tools(tmp_path)], [dropping("c1")], says_what_it_saw)

    result = gate.run_sync(agent, "Settle.", timeout=timedelta(0))

    assert seen(result) == {"c1": "dropped /reports"}


def test_a_turn_decided_in_part_goes_on_in_part(gate, paused_on, decide, robin, tmp_path):
    agent, paused = paused_on(refunding("c1"), dropping("c2"), dropping("c3", "/drafts"))
    decide(paused, "c1", "approve")
    decide(paused, "c3", "reject")

    result = gate.resume_sync(agent, paused, timeout=timedelta(0))
    later = gate.ask_sync(result, after=paused)

    assert len(ran(tmp_path)) == 1
    assert later.asked == {"c2": paused.asked["c2"]}  # not asked twice
    decide(later, "c2", "approve")
    assert seen(gate.resume_sync(agent, later, timeout=SOON)).keys() == {"c1", "c2", "c3"}
    assert len(ran(tmp_path)) == 2


def test_nothing_decided_leaves_the_run_where_it_was(gate, paused_on, decide, tmp_path):
    agent, paused = paused_on(refunding("c1"))

    with pytest.raises(placet.NotDecidedInTime):
        gate.resume_sync(agent, paused, timeout=timedelta(0))

    decide(paused, "c1", "approve")
    gate.resume_sync(agent, paused, timeout=SOON)
    assert len(ran(tmp_path)) == 1


def test_a_whole_run_waits_as_often_as_it_takes(gate, installation, loop, tmp_path):
    mark = f"/{uuid.uuid4()}"
    agent = agent_of(
        [gate.tool(tool) for tool in tools(tmp_path)],
        [dropping("c1", mark)],
        [dropping("c2", mark)],
        says_what_it_saw,
    )

    def approve_two():
        done = set()
        while len(done) < 2:
            for row in installation.pending("drop"):
                if row["arguments"] == {"path": mark} and row["id"] not in done:
                    installation.ada.decide(row, "approve")
                    done.add(row["id"])

    reviewer = threading.Thread(target=approve_two)
    reviewer.start()
    result = loop.run_until_complete(gate.run(agent, "Settle.", timeout=SOON))
    reviewer.join(timeout=30)

    assert ran(tmp_path) == [{"drop": mark}] * 2
    assert seen(result).keys() == {"c1", "c2"}


def test_asked_again_it_is_the_same_question(gate, tmp_path):
    agent = agent_of(
        [gate.tool(tool) for tool in tools(tmp_path)], [refunding("c1"), dropping("c2")]
    )
    result = Runner.run_sync(agent, "Settle.")
    run = str(uuid.uuid4())

    first = gate.ask_sync(result, run=run)
    again = gate.ask_sync(result, run=run)

    assert again.asked == first.asked
    assert gate.ask_sync(result).asked != first.asked


def test_a_tool_described_otherwise_since_is_still_the_same_question(robin, tmp_path):
    run = str(uuid.uuid4())
    asked = []
    for context in (None, lambda call: {"rationale": "new in this release"}):
        gate = Gate(robin, checkpoint="tools", context=context)
        agent = agent_of([gate.tool(tool) for tool in tools(tmp_path)], [dropping("c1")])
        asked.append(gate.ask_sync(Runner.run_sync(agent, "Settle."), run=run).asked)

    assert asked[0] == asked[1]


def test_arguments_nobody_could_approve_go_back_to_the_model(gate, paused_on, decide, tmp_path):
    agent, paused = paused_on(
        dropping("c1"),
        refunding("c2", eur="lots"),
        function_call("drop", "{", call_id="c3"),
        function_call("drop", '{"path": NaN}', call_id="c4"),
    )
    assert paused.asked.keys() == {"c1"}
    decide(paused, "c1", "approve")

    told = seen(gate.resume_sync(agent, paused, timeout=SOON))

    assert ran(tmp_path) == [{"drop": "/reports"}]
    assert "/arguments/eur" in told["c2"]
    assert told["c3"] == "Not carried out. The arguments are not a JSON object."
    assert "JSON does not have" in told["c4"]


def test_a_failure_is_reported_and_told_as_the_tool_tells_it(gate, paused_on, decide, reported):
    agent, paused = paused_on(dropping("c1", "/full"), dropping("c2"))
    decide(paused, "c1", "approve")
    decide(paused, "c2", "approve")

    told = seen(gate.resume_sync(agent, paused, timeout=SOON))

    assert told["c1"].startswith("An error occurred while running the tool.")
    assert reported == {
        paused.asked["c1"]: {"status": "failed", "detail": "OSError: disk full"},
        paused.asked["c2"]: {"status": "succeeded", "detail": ""},
    }


def test_a_tool_that_lets_a_run_fail_still_does(gate, decide, reported):
    async def invoke(context, arguments):
        raise OSError("disk full")

    plain = FunctionTool("plain", "Fails.", {"type": "object", "properties": {}}, invoke)
    agent = agent_of([gate.tool(plain)], [function_call("plain", {}, call_id="c1")])
    paused = gate.ask_sync(Runner.run_sync(agent, "Settle."))
    decide(paused, "c1", "approve")

    with pytest.raises(UserError, match="disk full"):
        gate.resume_sync(agent, paused, timeout=SOON)

    assert reported[paused.asked["c1"]]["status"] == "failed"


def test_a_tool_without_the_gate_is_not_waved_through(gate, tmp_path):
    plain = [function_tool(lambda: "ran", name_override="plain", needs_approval=True)]
    agent = agent_of(plain, [function_call("plain", {}, call_id="c1")])

    with pytest.raises(ValueError, match="no tool behind this gate"):
        gate.ask_sync(Runner.run_sync(agent, "Settle."))


def test_an_agent_as_a_tool_is_not_gated(gate, tmp_path):
    inner = agent_of([]).as_tool("inner", "An agent.")

    with pytest.raises(TypeError, match="gate its tools"):
        gate.tool(inner)


def test_a_state_survives_its_way_through_json(gate, paused_on, decide, loop, tmp_path):
    agent, paused = paused_on(refunding("c1"))
    decide(paused, "c1", "approve")

    loaded = loop.run_until_complete(Paused.from_json(agent, paused.to_json()))
    gate.resume_sync(agent, loaded, timeout=SOON)

    assert len(ran(tmp_path)) == 1


def test_refused_arguments_stay_refused_when_asked_again(gate, tmp_path):
    calls = [dropping("c1"), refunding("c2", eur="lots")]
    agent = agent_of([gate.tool(tool) for tool in tools(tmp_path)], calls)
    result = Runner.run_sync(agent, "Settle.")
    run = str(uuid.uuid4())

    first, again = (gate.ask_sync(result, run=run) for _ in range(2))

    assert again.asked == first.asked
    assert first.unaskable.keys() == again.unaskable.keys() == {"c2"}


def test_a_permission_that_ran_out_is_not_used(robin, decide, tmp_path):
    gate = Gate(robin, checkpoint="brief")
    agent = agent_of([gate.tool(t) for t in tools(tmp_path)], [dropping("c1")], says_what_it_saw)
    paused = gate.ask_sync(Runner.run_sync(agent, "Settle."))
    decide(paused, "c1", "approve")
    time.sleep(1.5)

    told = seen(gate.resume_sync(agent, paused, timeout=SOON))

    assert ran(tmp_path) == []
    assert "ran out before it was used" in told["c1"]


def test_without_an_answer_to_consume_nothing_runs(
    gate, paused_on, decide, robin, loop, monkeypatch, tmp_path
):
    agent, paused = paused_on(dropping("c1"))
    decide(paused, "c1", "approve")
    saved = paused.to_json()

    def lost(approval):
        raise placet.AnswerLost("No answer.")

    with monkeypatch.context() as patched:
        patched.setattr(robin, "consume", lost)
        with pytest.raises(UserError, match="No answer"):
            gate.resume_sync(agent, paused, timeout=SOON)
    assert ran(tmp_path) == []

    agent = agent_of([gate.tool(tool) for tool in tools(tmp_path)], says_what_it_saw)
    paused = loop.run_until_complete(Paused.from_json(agent, saved))
    gate.resume_sync(agent, paused, timeout=SOON)
    assert len(ran(tmp_path)) == 1


def test_an_outcome_that_is_not_reported_undoes_nothing(
    gate, paused_on, decide, robin, monkeypatch, tmp_path
):
    agent, paused = paused_on(dropping("c1"))
    decide(paused, "c1", "approve")

    def lost(*_):
        raise placet.AnswerLost("No answer.")

    monkeypatch.setattr(robin, "report", lost)

    assert seen(gate.resume_sync(agent, paused, timeout=SOON)) == {"c1": "dropped /reports"}


def test_the_tools_of_an_agent_used_as_a_tool_are_gated(gate, decide, loop, tmp_path):
    inner = agent_of(
        [gate.tool(tool) for tool in tools(tmp_path)], [dropping("c1")], says_what_it_saw
    )
    called = function_call("inner", {"input": "Go."}, call_id="outer")
    outer = agent_of([inner.as_tool("inner", "Settles.")], [called], says_what_it_saw)

    paused = gate.ask_sync(Runner.run_sync(outer, "Settle."))
    decide(paused, "c1", "approve")
    result = gate.resume_sync(outer, paused, timeout=SOON)

    assert ran(tmp_path) == [{"drop": "/reports"}]
    assert seen(result).keys() == {"outer"}


def test_the_tools_of_an_agent_handed_over_to_are_gated(gate, decide, tmp_path):
    second = agent_of(
        [gate.tool(tool) for tool in tools(tmp_path)], [dropping("c1")], says_what_it_saw
    )
    second.name = "second"
    handed = function_call("transfer_to_second", {}, call_id="handoff")
    first = agent_of([], [handed])
    first.handoffs = [second]

    paused = gate.ask_sync(Runner.run_sync(first, "Settle."))
    decide(paused, "c1", "approve")
    gate.resume_sync(first, paused, timeout=SOON)

    assert ran(tmp_path) == [{"drop": "/reports"}]


def test_a_run_is_streamed_from_what_was_decided(gate, paused_on, decide, tmp_path):
    agent, paused = paused_on(dropping("c1"))
    decide(paused, "c1", "approve")

    async def stream():
        result = Runner.run_streamed(agent, await gate.decided(paused, timeout=SOON))
        async for _ in result.stream_events():
            pass
        return result

    # A loop of its own: `run_sync` has ended the asynchronous generators of the other.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        assert seen(runner.run(stream())) == {"c1": "dropped /reports"}
    assert len(ran(tmp_path)) == 1


def test_a_wait_can_be_cancelled(gate, paused_on, loop):
    agent, paused = paused_on(dropping("c1"))
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        loop.run_until_complete(asyncio.wait_for(gate.resume(agent, paused), timeout=0.5))

    assert time.monotonic() - began < 5


def test_waits_through_a_crash_of_the_server(
    gate, paused_on, installation, decide, tmp_path, monkeypatch
):
    monkeypatch.setattr(_turns, "LOOK_SECONDS", 1.0)  # shorter than the server is away
    agent, paused = paused_on(dropping("c1"))

    def crash_and_decide():
        installation.kill()
        time.sleep(2)
        installation.start()
        decide(paused, "c1", "approve")

    crash = threading.Thread(target=crash_and_decide)
    crash.start()
    gate.resume_sync(agent, paused)
    crash.join(timeout=120)

    assert len(ran(tmp_path)) == 1
