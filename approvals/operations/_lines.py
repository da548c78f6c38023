"""
How many calls to receivers one process has under way: in all, and for one agent.

A receiver that never answers holds a thread for as long as a call may last. One line less
than there are threads keeps a thread free for deadlines, and no agent has all the lines.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

MOST_FOR_ONE_AGENT = 2

_guard = threading.Lock()
_taken: Counter[UUID] = Counter()


@contextmanager
def line_for(agent: UUID, *, threads: int) -> Iterator[bool]:
    """
    Hold a line for a call of this agent's; whether there was one free.

    :param threads: of this process
    """
    with _guard:
        is_free = _taken[agent] < MOST_FOR_ONE_AGENT and _taken.total() < max(threads - 1, 1)
        if is_free:
            _taken[agent] += 1
    try:
        yield is_free
    finally:
        if is_free:
            with _guard:
                _taken[agent] -= 1
                if not _taken[agent]:
                    del _taken[agent]
