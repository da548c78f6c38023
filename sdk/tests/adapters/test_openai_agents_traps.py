"""Traps of the OpenAI Agents SDK: what a naive adapter falls into, and this one does not."""

import json

import pytest

pytest.importorskip("agents")

from agents import Runner, RunState
from agents.exceptions import ModelBehaviorError, UserError
from effects import ran
from naive import openai_agents as naive
from openai_desk import agent_of, refunding, says_what_it_saw, tools

from placet.adapters.openai_agents import Gate, Paused

pytestmark = pytest.mark.usefixtures("loop")


@pytest.fixture(params=["naive", "ours"])
def gate(request, robin):
    return naive.Gate(robin) if request.param == "naive" else Gate(robin, checkpoint="tools")


@pytest.fixture
def build(gate, tmp_path):
    """The agent as each process builds it, its model at the start or after the tools."""

    def build(*turns):
        return agent_of([gate.tool(tool) for tool in tools(tmp_path)], *turns)

    return build


@pytest.fixture
def result(build):
    calls = [refunding("c1"), refunding("c2", order="B2")]
    return Runner.run_sync(build(calls, says_what_it_saw), "Settle.")


def is_naive(gate):
    return isinstance(gate, naive.Gate)


def test_one_state_resumed_twice(gate, build, result, installation, robin, loop, tmp_path):
    if is_naive(gate):
        asked, text = gate.ask(result), result.to_state().to_json()
    else:
        paused = gate.ask_sync(result)
        asked, text = {id: robin.get(paused.asked[id]) for id in paused.asked}, paused.to_json()
    for approval in asked.values():
        installation.ada.decide(approval, "approve")

    for _ in range(2):
        agent = build(says_what_it_saw)
        if is_naive(gate):
            state = loop.run_until_complete(RunState.from_json(agent, text))
            approvals = {id: robin.get(approval.id) for id, approval in asked.items()}
            gate.resume(agent, state, approvals)
        else:
            gate.resume_sync(agent, loop.run_until_complete(Paused.from_json(agent, text)))

    assert len(ran(tmp_path)) == (4 if is_naive(gate) else 2)


def test_always_approve_lets_a_call_pass_that_nobody_decided(
    gate, build, result, installation, robin, tmp_path
):
    if is_naive(gate):
        asked = gate.ask(result)
        installation.ada.decide(asked["c1"], "approve")
        approvals = {id: robin.get(approval.id) for id, approval in asked.items()}
        gate.resume(build(says_what_it_saw), result.to_state(), approvals, always_approve=True)

        assert sorted(call["order"] for call in ran(tmp_path)) == ["A1", "B2"]
        return
    paused = gate.ask_sync(result)
    (first, _) = paused.state.get_interruptions()
    paused.state.approve(first, always_approve=True)

    with pytest.raises(UserError, match="let pass by something else than this gate"):
        Runner.run_sync(build(says_what_it_saw), paused.state)

    assert ran(tmp_path) == []


def test_an_edit_of_the_wrong_type(gate, build, result, installation, robin, tmp_path):
    asked = gate.ask(result) if is_naive(gate) else gate.ask_sync(result).asked
    approval = asked["c1"] if is_naive(gate) else robin.get(asked["c1"])

    answer = installation.ada.decide(
        approval, "modify", arguments={**approval.arguments, "eur": "lots"}
    )

    if is_naive(gate):
        assert answer.status_code == 200  # the reviewer never hears that nothing came of it
        agent = build(says_what_it_saw)
        outcome = gate.resume(agent, result.to_state(), {"c1": robin.get(approval.id)})
        assert ran(tmp_path) == []
        assert [item.call_id for item in outcome.interruptions] == ["c2"]
    else:
        assert answer.status_code == 422


def test_an_edit_written_into_the_saved_state(loop, robin, installation, tmp_path):
    """No adapter can do it this way: it is why a tool has to be wrapped."""
    gate = Gate(robin, checkpoint="tools")
    gated = [gate.tool(tool) for tool in tools(tmp_path)]
    agent = agent_of(gated, [refunding("c1")], says_what_it_saw)
    paused = gate.ask_sync(Runner.run_sync(agent, "Settle."))
    edited = json.loads(paused.to_json().replace("900.0", "500.0"))["state"]
    state = loop.run_until_complete(RunState.from_json(agent, edited))

    with pytest.raises(ModelBehaviorError, match="different invocation"):
        state.approve(state.get_interruptions()[0])

    approval = robin.get(paused.asked["c1"])
    installation.ada.decide(approval, "modify", arguments={**approval.arguments, "eur": 500})
    gate.resume_sync(agent, paused)
    assert [call["eur"] for call in ran(tmp_path)] == [500.0]
