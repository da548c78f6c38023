"""What goes wrong with a naive adapter of LangChain's review of tools, and does not with ours."""

import sqlite3
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command, interrupt
from naive import resuming as naive_resuming
from told_model import ToldModel, told

from placet.adapters.langchain import ApprovalMiddleware, ReviewedGraph

REFUND = ("c1", "refund", {"order": "A1", "eur": 900})
DROP = ("c2", "drop", {"path": "/x"})
TOOLS = {"refund": True, "drop": {"allowed_decisions": ["approve", "reject"]}}
MODES = pytest.mark.parametrize("mode", ["batched", "per_call"])


@pytest.fixture
def ran():
    """The tools that have run, with what they were given."""
    return []


@pytest.fixture
def config():
    return {"configurable": {"thread_id": str(uuid.uuid4())}}


@pytest.fixture
def agent(ran):
    """Build an agent under this middleware, on SQLite."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)

    def refund(order: str, eur: float) -> str:
        """Pay money back."""
        time.sleep(0.2)  # long enough for another delivery to arrive
        ran.append(("refund", order, eur))
        return "refunded"

    def drop(path: str) -> str:
        """Delete a file."""
        ran.append(("drop", path))
        return "dropped"

    def build(middleware):
        saver = SqliteSaver(connection)
        return create_agent(
            ToldModel(), [refund, drop], middleware=[middleware], checkpointer=saver
        )

    yield build
    connection.close()


@pytest.fixture
def reviewed(agent, robin):
    """An agent under our middleware."""

    def build(tools=TOOLS, mode="batched"):
        middleware = ApprovalMiddleware(tools, client=robin, interrupt_mode=mode)
        return ReviewedGraph(agent(middleware), robin, checkpoint="tools")

    return build


class TestOneOfTwoDecided:
    def test_wedges_the_thread_of_a_naive_resumer(self, agent, config, ran, installation, robin):
        graph = agent(HumanInTheLoopMiddleware(TOOLS))
        graph.invoke(told(REFUND, DROP), config)
        requests = [
            {"action": n, "arguments": a, "checkpoint": "tools"} for _, n, a in (REFUND, DROP)
        ]
        approvals = robin.submit_group(str(uuid.uuid4()), requests)
        for approval in approvals:
            installation.ada.decide(approval, "approve")
            so_far = [robin.get(each.id) for each in approvals]
            # The second time everything is right, and it is too late.
            with pytest.raises(ValueError, match=r"decisions \(1\) does not match"):
                naive_resuming.resume(graph, config, naive_resuming.decisions_of(so_far))

        assert ran == []

    @pytest.mark.parametrize("middleware", ["LangChain's own", "ours"])
    def test_waits_for_the_other(
        self, middleware, agent, reviewed, config, ran, installation, robin
    ):
        if middleware == "ours":
            graph = reviewed()
        else:
            graph = ReviewedGraph(agent(HumanInTheLoopMiddleware(TOOLS)), robin, checkpoint="tools")
        refund, drop = graph.invoke(told(REFUND, DROP), config).waiting
        installation.ada.decide(drop, "approve")
        assert [a.id for a in graph.resume(config).waiting] == [refund.id, drop.id]
        assert ran == []

        installation.ada.decide(refund, "approve")
        assert graph.resume(config).done

        assert sorted(ran) == [("drop", "/x"), ("refund", "A1", 900.0)]


class TestDecisionThatTheToolDoesNotAllow:
    def test_wedges_the_thread_of_a_naive_resumer(self, agent, config):
        graph = agent(HumanInTheLoopMiddleware(TOOLS))
        graph.invoke(told(DROP), config)
        edit = {"type": "edit", "edited_action": {"name": "drop", "args": {"path": "/y"}}}

        for decision in (edit, {"type": "approve"}):
            with pytest.raises(ValueError, match="'edit' is not allowed"):
                naive_resuming.resume(graph, config, {"decisions": [decision]})

    @MODES
    def test_is_refused_at_the_reviewers_desk(self, mode, reviewed, config, ran, installation):
        graph = reviewed(mode=mode)
        (drop,) = graph.invoke(told(DROP), config).waiting

        refusal = installation.ada.decide(drop, "modify", merge_patch={"path": "/y"})

        assert refusal.json()["code"] == "decision_not_allowed"
        assert graph.resume(config).waiting
        installation.ada.decide(drop, "approve")
        assert graph.resume(config).done
        assert ran == [("drop", "/x")]


class TestAmountThatIsNoNumber:
    def test_reaches_the_tool_of_a_naive_resumer(self, agent, config, ran):
        graph = agent(HumanInTheLoopMiddleware(TOOLS))
        graph.invoke(told(REFUND), config)
        edited = {"name": "refund", "args": {"order": "A1", "eur": "lots"}}
        decision = {"type": "edit", "edited_action": edited}

        values = naive_resuming.resume(graph, config, {"decisions": [decision]})

        # The model is told; the person who typed it never is.
        assert "eur" in next(m.text for m in values["messages"] if m.type == "tool")

    @MODES
    def test_is_refused_at_the_reviewers_desk(self, mode, reviewed, config, installation):
        (refund,) = reviewed(mode=mode).invoke(told(REFUND), config).waiting

        refusal = installation.ada.decide(refund, "modify", merge_patch={"eur": "lots"})

        assert refusal.status_code == 422
        assert refusal.json()["errors"][0]["pointer"] == "/arguments/eur"


class TestPredicateThatChangesItsMind:
    """True when the model calls the tool, false when the run is resumed."""

    @pytest.fixture
    def fickle(self):
        answers = iter([True])
        tools = {"drop": {"allowed_decisions": ["approve", "reject"]}}
        tools["drop"]["when"] = lambda request: next(answers, False)
        return tools

    @MODES
    def test_runs_a_rejected_call_of_a_naive_agent(self, mode, fickle, agent, config, ran):
        graph = agent(HumanInTheLoopMiddleware(fickle, interrupt_mode=mode))
        graph.invoke(told(DROP), config)
        reject = {"type": "reject", "message": "No!"}
        (pending,) = graph.get_state(config).interrupts
        answer = {"decisions": [reject]} if mode == "batched" else {pending.id: reject}

        naive_resuming.resume(graph, config, answer)

        assert ran == [("drop", "/x")]

    @MODES
    def test_does_not_run_a_rejected_call(self, mode, fickle, reviewed, config, ran, installation):
        graph = reviewed(fickle, mode)
        (drop,) = graph.invoke(told(DROP), config).waiting
        installation.ada.decide(drop, "reject", feedback="No!")

        run = graph.resume(config)

        assert run.done
        assert ran == []
        assert "No!" in run.values["messages"][-2].text

    @MODES
    def test_is_not_asked_again_where_it_said_no(self, mode, reviewed, config, ran):
        asked = []
        never = {"allowed_decisions": ["approve", "reject"]}
        never["when"] = lambda request: bool(asked.append(request)) or len(asked) > 1

        assert reviewed({"drop": never}, mode).invoke(told(DROP), config).done
        assert ran == [("drop", "/x")]
        assert len(asked) == 1


class TestAgentResumedByHand:
    @MODES
    @pytest.mark.parametrize("verdict", ["reject", None])
    def test_runs_nothing_that_nobody_permitted(
        self, mode, verdict, reviewed, config, ran, installation
    ):
        graph = reviewed(mode=mode)
        (drop,) = graph.invoke(told(DROP), config).waiting
        if verdict:
            installation.ada.decide(drop, verdict)
        (pending,) = graph.graph.get_state(config).interrupts
        approve = {"type": "approve"}
        answer = {"decisions": [approve]} if mode == "batched" else approve

        values = graph.graph.invoke(Command(resume={pending.id: answer}), config)

        assert ran == []
        assert "there is no permission" in values["messages"][-2].text

    def test_runs_nothing_but_what_was_permitted(self, reviewed, config, ran, installation):
        graph = reviewed()
        (refund,) = graph.invoke(told(REFUND), config).waiting
        installation.ada.decide(refund, "approve")
        (pending,) = graph.graph.get_state(config).interrupts
        more = {"name": "refund", "args": {"order": "A1", "eur": 9000}}
        answer = {"decisions": [{"type": "edit", "edited_action": more}]}

        graph.graph.invoke(Command(resume={pending.id: answer}), config)

        assert ran == []


@MODES
@pytest.mark.parametrize("middleware", ["LangChain's own", "ours"])
def test_a_decision_delivered_five_times_at_once_runs_the_tool_once(
    mode, middleware, agent, reviewed, config, ran, installation, robin
):
    graph = reviewed(mode=mode)
    if middleware != "ours":
        own = HumanInTheLoopMiddleware(TOOLS, interrupt_mode=mode)
        graph = ReviewedGraph(agent(own), robin, checkpoint="tools")
    refund, drop = graph.invoke(told(REFUND, DROP), config).waiting
    installation.ada.decide(drop, "approve")
    installation.ada.decide(refund, "modify", merge_patch={"eur": 500})

    with ThreadPoolExecutor(5) as webhooks:
        deliveries = [webhooks.submit(graph.resume, config) for _ in range(5)]

    # Each found it done, or did it; none was in doubt, and the model was told of no trouble.
    runs = [delivery.result() for delivery in deliveries]
    assert all(run.done for run in runs)
    assert sorted(ran) == [("drop", "/x"), ("refund", "A1", 500.0)]
    assert {m.status for m in runs[0].values["messages"] if m.type == "tool"} == {"success"}


@MODES
def test_a_call_id_used_again_in_the_next_turn_needs_its_own_permission(
    mode, reviewed, config, ran, installation
):
    graph = reviewed(mode=mode)
    (first,) = graph.invoke(told(DROP), config).waiting
    installation.ada.decide(first, "approve")
    graph.resume(config)

    (second,) = graph.invoke(told(DROP), config).waiting

    assert second.id != first.id
    installation.ada.decide(second, "reject")
    assert graph.resume(config).done
    assert ran == [("drop", "/x")]


def test_the_outcome_is_reported(reviewed, config, installation, robin):
    graph = reviewed()
    (drop,) = graph.invoke(told(DROP), config).waiting
    installation.ada.decide(drop, "approve")
    reported = []
    robin.report = lambda approval, status, detail="": reported.append((approval.id, status))

    graph.resume(config)

    assert reported == [(drop.id, "succeeded")]


@MODES
def test_a_tool_that_pauses_itself_is_not_run_twice(mode, config, installation, robin):
    ran = []

    def drop(path: str) -> str:
        """Delete a file."""
        ran.append(path)
        return f"dropped, {interrupt('Really?')}"

    connection = sqlite3.connect(":memory:", check_same_thread=False)
    agent = create_agent(
        ToldModel(),
        [drop],
        middleware=[ApprovalMiddleware(TOOLS, client=robin, interrupt_mode=mode)],
        checkpointer=SqliteSaver(connection),
    )
    graph = ReviewedGraph(agent, robin, checkpoint="tools")
    (approval,) = graph.invoke(told(DROP), config).waiting
    installation.ada.decide(approval, "approve")
    (really,) = graph.resume(config).waiting
    installation.ada.decide(really, "approve", answer="yes")

    run = graph.resume(config)

    assert ran == ["/x"]
    assert "may have run already" in run.values["messages"][-2].text
    connection.close()
