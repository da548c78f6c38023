"""The examples as they stand, in processes of their own, against a real server."""

import threading
import time
import uuid
from pathlib import Path

import agent_processes
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
both = pytest.mark.parametrize("example", ["langgraph_agent.py", "langchain_agent.py"])


@pytest.fixture
def order():
    return uuid.uuid4().hex[:8]


@pytest.fixture
def printed(installation, order, tmp_path):
    def run(example):
        words = (order, str(tmp_path / "database"))
        code, printed, complaint = agent_processes.run(installation, EXAMPLES / example, *words)
        assert code == 0, complaint
        return printed

    return run


@pytest.fixture
def deciding(installation, robin, order):
    """Decide on the refund of this order as soon as it is asked for."""
    threads = []

    def asked_for():
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for approval in robin.list(checkpoint="refunds", status="pending"):
                if approval.arguments["order"] == order:
                    return approval
            time.sleep(0.1)
        raise TimeoutError(order)

    def decide(verdict, **words):
        def act():
            installation.ada.decide(asked_for(), verdict, **words)

        threads.append(threading.Thread(target=act, daemon=True))
        threads[-1].start()

    yield decide
    for thread in threads:
        thread.join(timeout=60)


@both
def test_pays_what_a_person_made_of_it_and_once(example, printed, deciding, order):
    deciding("modify", merge_patch={"amount": 50})

    first = printed(example)

    assert "Decide at http" in first
    assert "Refunded 50" in first
    assert "Decide at" not in printed(example)  # it is done, and asks nobody again


@both
def test_says_why_it_did_not_pay(example, printed, deciding):
    deciding("reject", feedback="Send a new one instead.")

    assert "Send a new one instead." in printed(example)
