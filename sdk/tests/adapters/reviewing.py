"""What a person does on the server while a client waits."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import placet


@contextmanager
def deciding(installation: Any, action: str, verdict: str, **words: Any) -> Iterator[None]:
    """Ada says this as soon as there is a request for the action, while the block runs."""

    def decide() -> None:
        (row,) = installation.pending(action)
        answers.append(installation.ada.decide(row, verdict, **words).status_code)

    answers: list[int] = []
    thread = threading.Thread(target=decide)
    thread.start()
    yield
    thread.join(timeout=30)
    assert answers == [200]


def decide(installation: Any, action: str, verdict: str, **words: Any) -> None:
    """Ada says this of the one request that waits."""
    with deciding(installation, action, verdict, **words):
        pass


def requests_for(robin: placet.Client, action: str) -> list[placet.Approval]:
    """All that were made, newest first."""
    return [approval for approval in robin.list(limit=100) if approval.action == action]


def was_taken(robin: placet.Client, approval: placet.Approval) -> bool:
    """Whether its permission is spent. It is, afterwards."""
    try:
        robin.consume(approval)
    except placet.GrantConsumed:
        return True
    return False
