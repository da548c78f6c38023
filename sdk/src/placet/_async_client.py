from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx2

from . import _calls, _fields
from ._approval import ApprovalState, AsyncApproval, AsyncGroup, id_of
from ._async_connection import AsyncConnection, AwaitedTime
from ._feed import FeedPage
from ._operations import Operations
from ._waiting import AsyncClock

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AsyncClient:
    """
    `Client` for asyncio: the same calls, errors and guarantees, awaited.

    Tasks of one event loop may share it. A cancelled call sends nothing more and leaves its
    connection closed; whether what it had sent took effect is for `get` to tell, as after
    `AnswerLost`. Submit with an `idempotency_key` of your own if you mean to come back.

    :param transport: an asynchronous httpx2 transport, such as `httpx2.MockTransport` in tests
    :param clock: tells the time, and sleeps when awaited; give another in tests
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        timeout: timedelta = timedelta(seconds=10),
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        retry_for: timedelta = timedelta(seconds=30),
        clock: AsyncClock | None = None,
    ) -> None:
        clock = clock or AwaitedTime()
        self._connection = AsyncConnection(
            url, api_key=api_key, timeout=timeout, transport=transport, clock=clock
        )
        self._run = self._connection.run
        self._does: Operations[AsyncApproval, AsyncGroup] = Operations(
            approval=lambda raw: AsyncApproval(raw, self),
            group=AsyncGroup,
            clock=clock,
            retry_for=retry_for,
        )

    async def submit(
        self,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        checkpoint: str,
        idempotency_key: str | None = None,
        wait: timedelta | None = None,
        **fields: Unpack[_fields.Fields],
    ) -> AsyncApproval:
        """See `Client.submit`."""
        body = _calls.submission(action, arguments, checkpoint=checkpoint, **fields)
        return await self._run(self._does.submit(body, idempotency_key=idempotency_key, wait=wait))

    async def submit_group(
        self,
        group: str,
        requests: Iterable[Mapping[str, Any]],
        idempotency_key: str | None = None,
    ) -> Sequence[AsyncApproval]:
        """See `Client.submit_group`."""
        return await self._run(
            self._does.submit_group(group, requests, idempotency_key=idempotency_key)
        )

    async def get(self, id: str) -> AsyncApproval:
        return await self._run(self._does.one(_calls.approval(id)))

    async def wait(self, approval: AsyncApproval, *, timeout: timedelta) -> AsyncApproval:
        """See `Approval.wait`."""
        return await self._run(self._does.wait(approval, timeout=timeout))

    async def group(self, id: str, wait: timedelta | None = None) -> AsyncGroup:
        """See `Client.group`."""
        return await self._run(self._does.turn(id, wait=wait))

    async def list(self, **filters: Unpack[_fields.Filters]) -> AsyncIterator[AsyncApproval]:
        """See `Client.list`; to be read with `async for`."""
        cursor: str | None = None
        while True:
            page = await self._run(self._does.page(_calls.approvals(cursor, **filters)))
            for approval in page.approvals:
                yield approval
            cursor = page.next_cursor
            if not cursor:
                return

    async def revise(
        self,
        approval: ApprovalState | str,
        arguments: Mapping[str, Any],
        *,
        context: Mapping[str, Any] | None = None,
        steps: Sequence[Mapping[str, Any]] | None = None,
    ) -> AsyncApproval:
        """See `Client.revise`."""
        call = _calls.revise(id_of(approval), arguments, context=context, steps=steps)
        return await self._run(self._does.one(call))

    async def cancel(self, approval: ApprovalState | str, reason: str = "") -> AsyncApproval:
        """See `Client.cancel`."""
        return await self._run(self._does.one(_calls.cancel(id_of(approval), reason=reason)))

    async def consume(self, approval: ApprovalState) -> dict[str, Any]:
        """See `Client.consume`. If it is cancelled, do not run the action."""
        return await self._run(self._does.consume(approval))

    async def report(
        self,
        approval: ApprovalState | str,
        status: str,
        detail: str = "",
        severity: int | None = None,
        loss: float | None = None,
        occurred_at: datetime | None = None,
    ) -> dict[str, Any]:
        """See `Client.report`."""
        call = _calls.report(
            id_of(approval),
            status=status,
            detail=detail,
            severity=severity,
            loss=loss,
            occurred_at=occurred_at,
        )
        return await self._run(self._does.thing(call))

    async def evaluate(
        self,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        checkpoint: str,
        **fields: Unpack[_fields.Fields],
    ) -> dict[str, Any]:
        """See `Client.evaluate`."""
        body = _calls.submission(action, arguments, checkpoint=checkpoint, **fields)
        return await self._run(self._does.thing(_calls.evaluate(body)))

    async def checkpoints(self) -> Sequence[dict[str, Any]]:
        """See `Client.checkpoints`."""
        return await self._run(self._does.things(_calls.checkpoints()))

    async def checkpoint(self, name: str) -> dict[str, Any]:
        return await self._run(self._does.thing(_calls.checkpoint(name)))

    async def feed(self, cursor: str | None = None, wait: timedelta | None = None) -> FeedPage:
        """See `Client.feed`."""
        return await self._run(self._does.feed(cursor, wait=wait))

    async def jwks(self) -> dict[str, Any]:
        """See `Client.jwks`."""
        return await self._run(self._does.thing(_calls.jwks()))

    async def close(self) -> None:
        await self._connection.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._connection.url}>"  # never the key
