"""A thousand agents wait, and those who are answered hear of it at once."""

import asyncio

import pytest

from tests.chaos import crowd
from tests.chaos.harness import IS_LONG, Installation

SIZES = (1000, 2000) if IS_LONG else (1000,)
DECISIONS = 200 if IS_LONG else 60
# Another try where the machine was busy with something else.
ROUNDS = 4
MOST_THREADS = 50
# Milliseconds from the decision's own answer, when it is committed, to the agent's, of 95
# in 100: that they are woken and do not come by and look. How fast is for the bench to say;
# the long form holds a quiet machine to what it said.
WITHIN = {"PostgreSQL": 100, "SQLite": 250} if IS_LONG else {"PostgreSQL": 3000, "SQLite": 3000}


class TestACrowdWaitingOnOneWebProcess:
    @pytest.mark.parametrize("waiting", SIZES)
    def test_takes_few_threads_and_is_told_soon(
        self, installation: Installation, waiting: int
    ) -> None:
        (web,) = installation.start_webs(1)
        limit = WITHIN[installation.kind]

        rounds = asyncio.run(
            crowd.measure(
                installation,
                web,
                waiting=waiting,
                agents=waiting if IS_LONG else waiting // 10,
                decisions=DECISIONS,
                is_enough=lambda figures: crowd.percentile(figures.after_answer, 95) < limit,
                most_rounds=ROUNDS,
            )
        )

        for figures in rounds:
            print(f"\n{installation.kind}: {figures}")
        assert max(figures.threads for figures in rounds) < MOST_THREADS
        assert min(crowd.percentile(figures.after_answer, 95) for figures in rounds) < limit
