"""Traps of Pydantic AI: what a naive adapter falls into, and this one does not."""

from datetime import timedelta

import pytest

pytest.importorskip("pydantic_ai")

from effects import ran
from naive import pydantic_ai as naive
from pydantic_ai.exceptions import UserError
from pydantic_desk import agent_of, refunding, tools

import placet
from placet.adapters.pydantic_ai import Gate

pytestmark = pytest.mark.usefixtures("loop")


class Run:
    """A run that ended with requests for two calls, under a gate of either kind."""

    def __init__(self, gate, folder):
        self.gate = gate
        self.is_naive = isinstance(gate, naive.Gate)
        calls = [refunding("c1"), refunding("c2", order="B2")]
        self.agent = agent_of(gate.toolset(tools(folder)), calls)
        self.result = self.agent.run_sync("Settle.")
        requests, run = self.result.output, self.result.run_id
        self.asked = gate.ask(requests) if self.is_naive else gate.ask_sync(requests, run=run)

    def results(self):
        if self.is_naive:
            return self.gate.results(self.asked)
        soon = timedelta(0)
        return self.gate.results_sync(self.result.output, run=self.result.run_id, timeout=soon)

    def resume(self, results):
        return self.agent.run_sync(
            message_history=self.result.all_messages(), deferred_tool_results=results
        )


@pytest.fixture(params=["naive", "ours"])
def run(request, robin, tmp_path):
    gate = naive.Gate(robin) if request.param == "naive" else Gate(robin, checkpoint="tools")
    return Run(gate, tmp_path)


@pytest.fixture
def ada(installation):
    return installation.ada


def test_one_history_resumed_twice(run, ada, tmp_path):
    for approval in run.asked.values():
        ada.decide(approval, "approve")

    run.resume(run.results())
    run.resume(run.results())

    assert len(ran(tmp_path)) == (4 if run.is_naive else 2)


def test_a_turn_decided_in_part(run, ada, tmp_path):
    ada.decide(run.asked["c1"], "approve")

    if run.is_naive:
        with pytest.raises(UserError, match="for all deferred tool calls"):
            run.resume(run.results())
    else:
        with pytest.raises(placet.NotDecidedInTime):
            run.results()


def test_an_edit_of_the_wrong_type(run, ada, tmp_path):
    approval = run.asked["c1"]

    answer = ada.decide(approval, "modify", arguments={**approval.arguments, "eur": "lots"})

    if not run.is_naive:
        assert answer.status_code == 422
        return
    assert answer.status_code == 200  # the reviewer never hears that nothing came of it
    ada.decide(run.asked["c2"], "reject", feedback="No.")
    assert "Input should be a valid number" in str(run.resume(run.results()).all_messages())
    assert ran(tmp_path) == []


def test_a_yes_that_nobody_said(run, tmp_path):
    waved_through = run.result.output.build_results(approve_all=True)

    if run.is_naive:
        run.resume(waved_through)
        assert len(ran(tmp_path)) == 2
    else:
        with pytest.raises(placet.NotApproved, match="something else than the gate"):
            run.resume(waved_through)
        assert ran(tmp_path) == []


def test_a_yes_to_another_call(run, ada, tmp_path):
    ada.decide(run.asked["c1"], "approve")
    ada.decide(run.asked["c2"], "reject", feedback="No.")
    results = run.results()
    results.approvals["c2"] = results.approvals.pop("c1")
    results.approvals["c1"] = False
    if not run.is_naive:
        results.metadata["c2"] = results.metadata.pop("c1")

    if run.is_naive:
        run.resume(results)
        assert len(ran(tmp_path)) == 1
    else:
        with pytest.raises(placet.NotApproved, match="approves another call"):
            run.resume(results)
        assert ran(tmp_path) == []
