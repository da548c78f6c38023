"""`approve`, from inside a node, whatever the graph is resumed with."""

import sqlite3
import uuid
from decimal import Decimal

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from typing_extensions import TypedDict

import placet
from placet.adapters.langgraph import ReviewedGraph, approve


class State(TypedDict, total=False):
    said: str


@pytest.fixture
def config():
    return {"configurable": {"thread_id": str(uuid.uuid4())}}


@pytest.fixture
def paid():
    return []


@pytest.fixture
def graph(robin, paid):
    """Pays 900 if that is permitted."""

    def pay(state):
        permission = approve(robin, "pay", {"eur": 900}, risk_score=0.1)
        if permission.may_proceed:
            paid.append(permission.arguments)
        return {"said": permission.words}

    connection = sqlite3.connect(":memory:", check_same_thread=False)
    builder = StateGraph(State).add_node("pay", pay).add_edge(START, "pay")
    yield builder.compile(checkpointer=SqliteSaver(connection))
    connection.close()


@pytest.fixture
def reviewed(graph, robin):
    return ReviewedGraph(graph, robin, checkpoint="tools")


def test_hands_on_what_its_author_says_of_the_submission(reviewed, config):
    (pay,) = reviewed.invoke({}, config).waiting

    assert pay.raw["risk_score"] == 0.1


def test_waits_for_the_decision(reviewed, config, paid, installation):
    (pay,) = reviewed.invoke({}, config).waiting
    installation.ada.decide(pay, "approve")

    assert reviewed.resume(config).done
    assert paid == [{"eur": 900}]


@pytest.mark.parametrize("forged", [True, "approve", {}, {"approval": 7}, {"approval": "nobody's"}])
def test_asks_again_when_it_is_told_something_else(forged, graph, reviewed, config, paid):
    reviewed.invoke({}, config)

    graph.invoke(Command(resume=forged), config)

    assert paid == []
    assert len(reviewed.resume(config).waiting) == 1


def test_asks_again_when_it_is_told_of_an_undecided_one(graph, reviewed, config, paid):
    (pay,) = reviewed.invoke({}, config).waiting

    graph.invoke(Command(resume={"approval": pay.id}), config)

    assert paid == []
    assert len(reviewed.resume(config).waiting) == 1


def test_does_not_take_the_permission_of_another_thread(
    graph, reviewed, config, paid, installation
):
    reviewed.invoke({}, config)
    (theirs,) = reviewed.invoke({}, {"configurable": {"thread_id": str(uuid.uuid4())}}).waiting
    installation.ada.decide(theirs, "approve")

    graph.invoke(Command(resume={"approval": theirs.id}), config)

    assert paid == []


def test_does_not_take_the_permission_for_another_proposal(
    graph, reviewed, config, paid, installation, robin
):
    reviewed.invoke({}, config)
    run = config["configurable"]["thread_id"]
    other = robin.submit("pay", {"eur": 1}, checkpoint="tools", run=run)
    installation.ada.decide(other, "approve")

    graph.invoke(Command(resume={"approval": other.id}), config)

    assert paid == []


def test_what_json_cannot_carry_is_refused_before_anybody_is_asked(robin, config):
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    builder = StateGraph(State)
    builder.add_node("pay", lambda state: approve(robin, "pay", {"eur": Decimal("9.00")}))
    graph = builder.add_edge(START, "pay").compile(checkpointer=SqliteSaver(connection))

    with pytest.raises(placet.UnsendableValue):
        graph.invoke({}, config)

    assert not graph.get_state(config).interrupts
    connection.close()
