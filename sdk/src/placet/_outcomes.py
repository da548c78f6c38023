"""
What is told about a run, whatever becomes of it.

Telling never hides what happened: a result is returned and an exception goes on, also where
the server cannot be told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ._approval import Approval, AsyncApproval
from ._async_client import AsyncClient
from ._client import Client
from ._errors import PlacetError

STOPPING_SECONDS = 5  # what a cancelled task may still take to tidy up
_STOPPED = "The agent was stopped while it waited."

logger = logging.getLogger("placet")


@contextmanager
def reported(client: Client, approval: Approval) -> Iterator[None]:
    """Report how the block ended."""
    try:
        yield
    except BaseException as error:
        _tell(client, approval, "failed", _name_of(error))
        raise
    _tell(client, approval, "succeeded")


@asynccontextmanager
async def reported_awaiting(client: AsyncClient, approval: AsyncApproval) -> AsyncIterator[None]:
    """Report how the block ended; a cancelled one within a few seconds."""
    try:
        yield
    except asyncio.CancelledError as error:
        await _succeeds(client.report(approval, "failed", _name_of(error)))
        raise
    except BaseException as error:
        await _tell_awaiting(client, approval, "failed", _name_of(error))
        raise
    await _tell_awaiting(client, approval, "succeeded")


async def take(client: AsyncClient, approval: AsyncApproval) -> None:
    """
    `consume`; cancelled, it first finds out whether the permission was taken.

    If it was, the server is told that nothing ran: it would never hear of it again.
    """
    taking = asyncio.ensure_future(client.consume(approval))
    try:
        await asyncio.shield(taking)
    except asyncio.CancelledError as error:
        if await _succeeds(taking):
            detail = f"{_name_of(error)} before it was run"
            await _succeeds(client.report(approval, "failed", detail))
        raise


def withdraw(client: Client, approval: Approval) -> None:
    """Take the request back, if the server can be told."""
    try:
        client.cancel(approval, _STOPPED)
    except PlacetError as failure:
        logger.warning("While stopping: %s", failure)


async def withdraw_awaiting(client: AsyncClient, approval: AsyncApproval) -> None:
    """Take the request back, if the server can be told within a few seconds."""
    await _succeeds(client.cancel(approval, _STOPPED))


async def _succeeds(awaitable: Awaitable[Any]) -> bool:
    """Whether it succeeded, within the seconds that a cancelled task may still take."""
    try:
        async with asyncio.timeout(STOPPING_SECONDS):
            await awaitable
    except (PlacetError, TimeoutError) as failure:
        logger.warning("While stopping: %s", failure)
        return False
    return True


def _tell(client: Client, approval: Approval, status: str, detail: str = "") -> None:
    try:
        client.report(approval, status, detail)
    except Exception as failure:  # the work is done, or has failed with an exception of its own
        _lost(approval, status, failure)


async def _tell_awaiting(
    client: AsyncClient, approval: AsyncApproval, status: str, detail: str = ""
) -> None:
    telling = asyncio.ensure_future(client.report(approval, status, detail))
    try:
        await asyncio.shield(telling)
    except asyncio.CancelledError:
        await _succeeds(telling)
        raise
    except Exception as failure:  # as above
        _lost(approval, status, failure)


def _lost(approval: Approval | AsyncApproval, status: str, failure: Exception) -> None:
    logger.warning("Approval %s: could not report that it %s: %s", approval.id, status, failure)


def _name_of(error: BaseException) -> str:
    # The class alone: what an exception says may be secret, and is for the agent's own log.
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
