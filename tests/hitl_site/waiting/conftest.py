from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hitl_site.waiting.front import Front
from tests.hitl_site.waiting.stand_in import StandIn, create


class SilentBus:
    """Tells nothing by itself; counts how often it was nudged."""

    def __init__(self) -> None:
        self.nudges = 0

    def nudge(self) -> None:
        self.nudges += 1

    async def run(self, hub) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def bus() -> SilentBus:
    return SilentBus()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "things.sqlite3"
    create(path)
    return path


@pytest.fixture
def django(database: Path) -> StandIn:
    """The stand-in for Django, with one thing called "t" that is pending."""
    stand_in = StandIn(database)
    stand_in.add("t")
    return stand_in


@pytest.fixture
def make_front(django: StandIn, bus: SilentBus) -> Callable[..., Front]:
    """Make it inside the event loop of the test."""

    def make_front(**kwargs) -> Front:
        return Front(django, bus, **kwargs)

    return make_front
