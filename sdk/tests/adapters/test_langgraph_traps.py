"""What goes wrong with a naive resumer, and does not with ours."""

import operator
import sqlite3
from typing import Annotated, TypedDict

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from naive import resuming as naive_resuming

from placet.adapters.langgraph import InDoubt, ReviewedGraph


class State(TypedDict, total=False):
    log: Annotated[list[str], operator.add]


def ask(action, **arguments):
    """As Agent Inbox's users ask."""
    return interrupt(
        [
            {
                "action_request": {"action": action, "args": arguments},
                "config": {"allow_accept": True, "allow_ignore": True},
            }
        ]
    )[0]["type"]


@pytest.fixture
def compiled(request):
    """Compile a graph of these nodes, all started at once, on SQLite; and a thread of it."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)

    def build(**nodes):
        builder = StateGraph(State)
        for name, node in nodes.items():
            builder.add_node(name, node)
            builder.add_edge(START, name)
        graph = builder.compile(checkpointer=SqliteSaver(connection))
        return graph, {"configurable": {"thread_id": f"{request.node.name}-{id(graph)}"}}

    yield build
    connection.close()


class TestAnswerDeliveredAgain:
    """While the same node waits at its second interrupt."""

    @staticmethod
    def node(state):
        return {"log": [f"draft={ask('draft', to='Ann')}", f"send={ask('send', to='Ann')}"]}

    def test_decides_the_next_question_for_a_naive_resumer(self, compiled, installation, robin):
        graph, config = compiled(mail=self.node)
        graph.invoke({}, config)
        draft = robin.submit("draft", {"to": "Ann"}, checkpoint="tools")
        installation.ada.decide(draft, "approve")

        for _ in range(2):
            values = naive_resuming.on_webhook(graph, config, robin.get(draft.id))

        assert values["log"] == ["draft=accept", "send=accept"]  # nobody agreed to send

    def test_leaves_the_next_question_open(self, compiled, installation, robin):
        graph, config = compiled(mail=self.node)
        reviewed = ReviewedGraph(graph, robin, checkpoint="tools")
        (draft,) = reviewed.invoke({}, config).waiting
        installation.ada.decide(draft, "approve")

        runs = [reviewed.resume(config) for _ in range(5)]

        assert [[a.action for a in run.waiting] for run in runs] == [["send"]] * 5
        (send,) = runs[-1].waiting
        installation.ada.decide(send, "reject")
        assert reviewed.resume(config).values["log"] == ["draft=accept", "send=ignore"]


class TestTaskThatBrokeOffAfterItsAnswer:
    """LangGraph runs it again, with the answer it keeps, when any other task is resumed."""

    @pytest.fixture
    def paid(self):
        return []

    @pytest.fixture
    def two_payments(self, compiled, paid):
        def pay(state):
            answer = ask("pay", eur=900)
            paid.append(900)
            if len(paid) == 1:
                raise ConnectionError("the bank took it, and the line went dead")
            return {"log": [answer]}

        def other(state):
            return {"log": [ask("other")]}

        return compiled(pay=pay, other=other)

    def test_pays_twice_for_a_naive_resumer(self, two_payments, paid):
        graph, config = two_payments
        graph.invoke({}, config)
        ids = {i.value[0]["action_request"]["action"]: i.id for i in graph.get_state(config)[-1]}
        accept = [{"type": "accept", "args": None}]
        with pytest.raises(ConnectionError):
            naive_resuming.resume(graph, config, {ids["pay"]: accept})

        naive_resuming.resume(graph, config, {ids["other"]: accept})

        assert paid == [900, 900]

    def test_is_not_run_again(self, two_payments, paid, installation, robin):
        graph, config = two_payments
        reviewed = ReviewedGraph(graph, robin, checkpoint="tools")
        waiting = {a.action: a for a in reviewed.invoke({}, config).waiting}
        installation.ada.decide(waiting["pay"], "approve")
        with pytest.raises(ConnectionError):
            reviewed.resume(config)
        installation.ada.decide(waiting["other"], "approve")

        for _ in range(2):
            with pytest.raises(InDoubt):
                reviewed.resume(config)

        assert paid == [900]


def test_a_bare_answer_is_never_sent(compiled, installation, robin):
    graph, config = compiled(a=lambda s: {"log": [ask("a")]}, b=lambda s: {"log": [ask("b")]})
    reviewed = ReviewedGraph(graph, robin, checkpoint="tools")
    a, b = reviewed.invoke({}, config).waiting
    with pytest.raises(RuntimeError, match="multiple pending interrupts"):
        naive_resuming.resume(graph, config, [{"type": "accept", "args": None}])

    installation.ada.decide(b, "approve")

    assert [each.id for each in reviewed.resume(config).waiting] == [a.id]


def test_an_old_checkpoint_is_not_resumed(compiled, robin):
    graph, config = compiled(a=lambda state: {"log": [ask("a")]})
    graph.invoke({}, config)
    old = graph.get_state(config).config

    with pytest.raises(ValueError, match="latest checkpoint"):
        ReviewedGraph(graph, robin, checkpoint="tools").resume(old)
