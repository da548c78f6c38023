from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx2

from . import _calls, _fields
from ._approval import Approval, ApprovalState, Group, id_of
from ._connection import Connection
from ._feed import FeedPage
from ._operations import Operations
from ._waiting import Clock

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Client:
    """
    An agent's connection to a Placet server. Threads may share it.

    Calls that fail for want of an answer are repeated where that is harmless.

    :param url: the server; default PLACET_URL
    :param api_key: the agent's key; default PLACET_API_KEY
    :param timeout: how long the server may be silent, beyond what it was asked to wait
    :param retry_for: how long a failing call is repeated before its error is raised
    :param transport: an httpx2 transport, such as `httpx2.MockTransport` in tests
    :param clock: tells the time and sleeps; give another in tests
    :raises ValueError: no usable URL or key
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        timeout: timedelta = timedelta(seconds=10),
        transport: httpx2.BaseTransport | None = None,
        *,
        retry_for: timedelta = timedelta(seconds=30),
        clock: Clock = time,
    ) -> None:
        self._connection = Connection(
            url, api_key=api_key, timeout=timeout, transport=transport, clock=clock
        )
        self._run = self._connection.run
        self._does: Operations[Approval, Group] = Operations(
            approval=lambda raw: Approval(raw, self),
            group=Group,
            clock=clock,
            retry_for=retry_for,
        )

    def submit(
        self,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        checkpoint: str,
        idempotency_key: str | None = None,
        wait: timedelta | None = None,
        **fields: Unpack[_fields.Fields],
    ) -> Approval:
        """
        Ask for permission.

        :param arguments: exactly what would run
        :param idempotency_key: makes this request one request, however often it is
            submitted, also by a process that starts anew; default: a fresh one
        :param wait: wait this long for the decision, as `Approval.wait` does
        :param fields: `context`, `steps`, `risk_score`, `arguments_schema`, `response`,
            `allowed_decisions`, `expires_in_seconds`, `callback_url`, `run`, `group`,
            `on_behalf_of`, `source`, `metadata`, as the API describes them
        :raises Refused: the server said no
        :raises ServerUnreachable: no answer; its `idempotency_key` lets you submit again
        :raises NotDecidedInTime: only with `wait`; its `last_seen` is the approval
        """
        body = _calls.submission(action, arguments, checkpoint=checkpoint, **fields)
        return self._run(self._does.submit(body, idempotency_key=idempotency_key, wait=wait))

    def submit_group(
        self,
        group: str,
        requests: Iterable[Mapping[str, Any]],
        idempotency_key: str | None = None,
    ) -> Sequence[Approval]:
        """
        Submit the calls of one agent turn, all or none.

        :param requests: 1 to 100 submissions, each as the API describes one
        :return: the approvals, in the same order
        """
        return self._run(self._does.submit_group(group, requests, idempotency_key=idempotency_key))

    def get(self, id: str) -> Approval:
        return self._run(self._does.one(_calls.approval(id)))

    def wait(self, approval: Approval, *, timeout: timedelta) -> Approval:
        """See `Approval.wait`."""
        return self._run(self._does.wait(approval, timeout=timeout))

    def group(self, id: str, wait: timedelta | None = None) -> Group:
        """
        The turn with all its members.

        :param wait: wait this long until no member waits for a person any more
        :raises NotDecidedInTime: only with `wait`; its `last_seen` is the group
        """
        return self._run(self._does.turn(id, wait=wait))

    def list(self, **filters: Unpack[_fields.Filters]) -> Iterator[Approval]:
        """
        The agent's own approvals, newest first, fetched page by page as you go.

        :param filters: `status`, `checkpoint`, `run`, `created_after` (aware), and `limit`:
            how many the server sends at once; not how many there are
        """
        cursor: str | None = None
        while True:
            page = self._run(self._does.page(_calls.approvals(cursor, **filters)))
            yield from page.approvals
            cursor = page.next_cursor
            if not cursor:
                return

    def revise(
        self,
        approval: ApprovalState | str,
        arguments: Mapping[str, Any],
        *,
        context: Mapping[str, Any] | None = None,
        steps: Sequence[Mapping[str, Any]] | None = None,
    ) -> Approval:
        """
        Propose something else instead; votes on the old revision no longer count.

        :raises AlreadySettled: too late
        :raises AnswerLost: unknown whether it arrived; look with `get`
        """
        call = _calls.revise(id_of(approval), arguments, context=context, steps=steps)
        return self._run(self._does.one(call))

    def cancel(self, approval: ApprovalState | str, reason: str = "") -> Approval:
        """
        Withdraw the request.

        :raises AlreadySettled: too late
        :raises AnswerLost: unknown whether it arrived; look with `get`
        """
        return self._run(self._does.one(_calls.cancel(id_of(approval), reason=reason)))

    def consume(self, approval: ApprovalState) -> dict[str, Any]:
        """
        Take the single-use permission, just before running the action.

        If this raises, whatever it raises, do not run it.

        :raises NotApproved: there is no permission
        :raises GrantConsumed: it was taken before
        :raises DigestMismatch: what would run is not what was approved
        :raises AnswerLost: unknown whether it was taken; it was not repeated
        """
        return self._run(self._does.consume(approval))

    def report(
        self,
        approval: ApprovalState | str,
        status: str,
        detail: str = "",
        severity: int | None = None,
        loss: float | None = None,
        occurred_at: datetime | None = None,
    ) -> dict[str, Any]:
        """
        Tell what happened afterwards; several reports are allowed.

        :param status: `succeeded`, `failed` or `harmful`
        :param severity: 1 to 3
        :param loss: money, in the unit the deployment counts in
        :raises AnswerLost: unknown whether it arrived; not repeated, it could count twice
        """
        call = _calls.report(
            id_of(approval),
            status=status,
            detail=detail,
            severity=severity,
            loss=loss,
            occurred_at=occurred_at,
        )
        return self._run(self._does.thing(call))

    def evaluate(
        self,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        checkpoint: str,
        **fields: Unpack[_fields.Fields],
    ) -> dict[str, Any]:
        """
        What `submit` would come to: risk, level, template, what is missing. Creates nothing.

        :param fields: as for `submit`
        """
        body = _calls.submission(action, arguments, checkpoint=checkpoint, **fields)
        return self._run(self._does.thing(_calls.evaluate(body)))

    def checkpoints(self) -> Sequence[dict[str, Any]]:
        """The review points, and what each wants to know."""
        return self._run(self._does.things(_calls.checkpoints()))

    def checkpoint(self, name: str) -> dict[str, Any]:
        return self._run(self._does.thing(_calls.checkpoint(name)))

    def feed(self, cursor: str | None = None, wait: timedelta | None = None) -> FeedPage:
        """
        The next decisions and messages; none is ever left out.

        :param cursor: the `next_cursor` of the page dealt with last; None begins at the start
        :param wait: wait this long for an event; without one the page is empty
        """
        return self._run(self._does.feed(cursor, wait=wait))

    def jwks(self) -> dict[str, Any]:
        """The public keys, for `verify_grant`."""
        return self._run(self._does.thing(_calls.jwks()))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._connection.url}>"  # never the key
