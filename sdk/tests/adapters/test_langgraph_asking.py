"""How the questions of a paused thread become approvals, the same ones each time."""

import sqlite3
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

import placet
from placet.adapters.langgraph import NotAnswerable, ReviewedGraph

CONFIG = {"allow_accept": True, "allow_edit": True, "allow_ignore": True}


class State(TypedDict, total=False):
    said: list


def payment(description="", **arguments):
    request = {"action_request": {"action": "pay", "args": arguments}, "config": CONFIG}
    return {**request, "description": description}


@pytest.fixture
def config():
    return {"configurable": {"thread_id": str(uuid.uuid4())}}


@pytest.fixture
def compiled():
    connection = sqlite3.connect(":memory:", check_same_thread=False)

    def build(node, **more):
        builder = StateGraph(State)
        for name, each in {"node": node, **more}.items():
            builder.add_node(name, each).add_edge(START, name)
        return builder.compile(checkpointer=SqliteSaver(connection))

    yield build
    connection.close()


def test_says_where_it_comes_from(compiled, config, robin):
    graph = compiled(lambda state: {"said": interrupt([payment(eur=1)])})

    (pay,) = ReviewedGraph(graph, robin, checkpoint="tools").invoke({}, config).waiting

    (pending,) = graph.get_state(config).interrupts
    assert pay.raw["run"] == config["configurable"]["thread_id"]
    assert pay.raw["source"]["client"] == "langgraph"
    assert pay.raw["source"]["native_id"] == pending.id


@pytest.mark.parametrize("many", [1, 2])
def test_another_description_of_the_same_is_the_same_question(many, compiled, config, robin):
    graph = compiled(lambda state: {"said": interrupt([payment(eur=n) for n in range(many)])})
    first = ReviewedGraph(graph, robin, checkpoint="tools").invoke({}, config)

    newer = ReviewedGraph(graph, robin, checkpoint="tools", context=lambda q: {"release": 2})
    again = newer.resume(config)

    assert [a.id for a in again.waiting] == [a.id for a in first.waiting]


def test_another_proposal_under_the_same_interrupt_is_another_question(
    compiled, config, installation, robin
):
    amounts = iter([1, 1_000_000])

    def pay(state):
        return {"said": interrupt([payment(eur=next(amounts))])}

    graph = compiled(lambda state: interrupt([payment(eur=0)]) and {}, pay=pay)
    reviewed = ReviewedGraph(graph, robin, checkpoint="tools")
    by_amount = {a.arguments["eur"]: a for a in reviewed.invoke({}, config).waiting}
    installation.ada.decide(by_amount[1], "approve")
    installation.ada.decide(by_amount[0], "approve")
    before = {i.id for i in graph.get_state(config).interrupts}

    # Told of the one, LangGraph runs the other again, and now it asks for more.
    graph.invoke(Command(resume={id_of(graph, config, 0): [{"type": "accept"}]}), config)
    (more,) = reviewed.resume(config).waiting

    assert {i.id for i in graph.get_state(config).interrupts} < before
    assert more.arguments == {"eur": 1_000_000}
    assert more.is_pending


def id_of(graph, config, eur):
    pending = graph.get_state(config).interrupts
    return next(i.id for i in pending if i.value[0]["action_request"]["args"]["eur"] == eur)


def test_a_group_is_submitted_in_order_and_together(compiled, config, robin):
    graph = compiled(lambda state: {"said": interrupt([payment(eur=n) for n in (3, 1, 2)])})

    waiting = ReviewedGraph(graph, robin, checkpoint="tools").invoke({}, config).waiting

    assert [a.arguments["eur"] for a in waiting] == [3, 1, 2]
    assert [a.raw["group"]["index"] for a in waiting] == [0, 1, 2]


def test_checkpoint_and_context_may_follow_from_the_question(compiled, config, robin):
    graph = compiled(lambda state: {"said": interrupt([payment("Why not?", eur=5)])})
    reviewed = ReviewedGraph(
        graph,
        robin,
        checkpoint=lambda question: "tools" if question.action == "pay" else "questions",
        context=lambda question: {"rationale": f"{question.arguments['eur']} is little"},
    )

    (pay,) = reviewed.invoke({}, config).waiting

    assert pay.raw["checkpoint"]["name"] == "tools"
    assert pay.raw["context"] == {"rationale": "5 is little", "description": "Why not?"}


class TestSchemaOfTheArguments:
    SCHEMA = {"type": "object", "properties": {"eur": {"type": "number"}}}  # noqa: RUF012

    def reviewed(self, graph, robin):
        return ReviewedGraph(
            graph, robin, checkpoint="tools", argument_schemas={"pay": self.SCHEMA}
        )

    def test_is_what_an_edit_must_fit(self, compiled, config, installation, robin):
        graph = compiled(lambda state: {"said": interrupt([payment(eur=5)])})
        (pay,) = self.reviewed(graph, robin).invoke({}, config).waiting

        assert installation.ada.decide(pay, "modify", arguments={"eur": "x"}).status_code == 422

    def test_that_the_proposal_itself_breaks_leaves_no_edit(
        self, compiled, config, installation, robin
    ):
        graph = compiled(lambda state: {"said": interrupt([payment(eur="lots")])})
        reviewed = self.reviewed(graph, robin)
        (pay,) = reviewed.invoke({}, config).waiting

        assert "modify" not in pay.raw["allowed_decisions"]
        installation.ada.decide(pay, "reject")
        assert reviewed.resume(config).values["said"] == [{"type": "ignore", "args": None}]


def test_what_cannot_be_told_does_not_hold_up_the_rest(compiled, config, installation, robin):
    graph = compiled(
        lambda state: interrupt("How old?") and {},
        pay=lambda state: {"said": interrupt([payment(eur=5)])},
    )
    reviewed = ReviewedGraph(graph, robin, checkpoint="tools")
    waiting = {a.action: a for a in reviewed.invoke({}, config).waiting}
    robin.cancel(waiting["answer"], "not needed")
    installation.ada.decide(waiting["pay"], "approve")

    with pytest.raises(NotAnswerable, match="no other end"):
        reviewed.resume(config)

    assert graph.get_state(config).next == ("node",)


def test_what_could_not_be_asked_is_asked_by_the_next_resume(compiled, config, robin):
    graph = compiled(lambda state: {"said": interrupt([payment(eur=5)])})
    nowhere = placet.Client("http://127.0.0.1:9", "plc_agent_x", retry_for=timedelta(0))
    with nowhere, pytest.raises(placet.ServerUnreachable):
        ReviewedGraph(graph, nowhere, checkpoint="tools").invoke({}, config)

    assert ReviewedGraph(graph, robin, checkpoint="tools").resume(config).waiting


def test_what_the_agent_revised_is_told_as_an_edit(compiled, config, installation, robin):
    graph = compiled(lambda state: {"said": interrupt([payment(eur=5)])})
    reviewed = ReviewedGraph(graph, robin, checkpoint="tools")
    (pay,) = reviewed.invoke({}, config).waiting
    installation.ada.decide(robin.revise(pay, {"eur": 4}), "approve")

    (said,) = reviewed.resume(config).values["said"]

    assert said == {"type": "edit", "args": {"action": "pay", "args": {"eur": 4}}}


def test_an_interrupt_of_a_subgraph_is_asked_and_answered(compiled, config, installation, robin):
    inner = StateGraph(State)
    inner.add_node("ask", lambda state: {"said": interrupt([payment(eur=5)])})
    graph = compiled(inner.add_edge(START, "ask").compile())
    reviewed = ReviewedGraph(graph, robin, checkpoint="tools")
    (pay,) = reviewed.invoke({}, config).waiting
    installation.ada.decide(pay, "approve")

    assert reviewed.resume(config).values["said"] == [{"type": "accept", "args": None}]


def test_without_langgraph_it_says_what_to_install():
    program = "import sys; sys.modules['langgraph'] = None; import placet.adapters.langgraph"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert "pip install 'placet[langgraph]'" in done.stderr
