from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx2

from . import _answers, _calls, _grants
from ._approval import Approval, Group, approval_from, awaits_a_person, group_from
from ._connection import Connection
from ._errors import DigestMismatch, NotDecidedInTime
from ._feed import FeedPage, page_from
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
            url,
            api_key=api_key,
            timeout=timeout,
            retry_for=retry_for,
            transport=transport,
            clock=clock,
        )

    def submit(
        self,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        checkpoint: str,
        context: Mapping[str, Any] | None = None,
        steps: Sequence[Mapping[str, Any]] | None = None,
        risk_score: float | None = None,
        idempotency_key: str | None = None,
        wait: timedelta | None = None,
        **fields: Unpack[_calls.RareFields],
    ) -> Approval:
        """
        Ask for permission.

        :param arguments: exactly what would run
        :param idempotency_key: makes this request one request, however often it is
            submitted, also by a process that starts anew; default: a fresh one
        :param wait: wait this long for the decision, as `Approval.wait` does
        :param fields: `arguments_schema`, `response`, `allowed_decisions`,
            `expires_in_seconds`, `callback_url`, `run`, `group`, `on_behalf_of`, `source`,
            `metadata`, as the API describes them
        :raises Refused: the server said no
        :raises ServerUnreachable: no answer; its `idempotency_key` lets you submit again
        :raises NotDecidedInTime: only with `wait`; its `last_seen` is the approval
        """
        body = _calls.submission(
            action,
            arguments,
            checkpoint=checkpoint,
            context=context,
            steps=steps,
            risk_score=risk_score,
            **fields,
        )
        approval = self._approval(_calls.submit(body, idempotency_key=idempotency_key))
        # The id is in hand before the waiting begins, whatever happens to the connection.
        return approval if wait is None else approval.wait(timeout=wait)

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
        body = self._connection.exchange(
            _calls.submit_group(group, requests, idempotency_key=idempotency_key)
        )
        return [approval_from(row, waiter=self) for row in _answers.results_of(body)]

    def get(self, id: str) -> Approval:
        return self._approval(_calls.approval(id))

    def wait(self, approval: Approval, *, timeout: timedelta) -> Approval:
        """See `Approval.wait`."""
        body = self._connection.poll(
            lambda seconds: _calls.approval(approval.id, wait_seconds=seconds),
            done=lambda body: not awaits_a_person(_answers.object_of(body)),
            timeout=timeout,
        )
        newer = approval_from(body, waiter=self)
        if newer.is_pending:
            raise NotDecidedInTime(f"Approval {newer.id} is not decided yet.", last_seen=newer)
        return newer

    def group(self, id: str, wait: timedelta | None = None) -> Group:
        """
        The turn with all its members.

        :param wait: wait this long until no member waits for a person any more
        :raises NotDecidedInTime: only with `wait`; its `last_seen` is the group
        """
        if wait is None:
            return group_from(self._connection.exchange(_calls.group(id)), waiter=self)
        body = self._connection.poll(
            lambda seconds: _calls.group(id, wait_seconds=seconds),
            done=lambda body: not any(map(awaits_a_person, _answers.object_of(body)["members"])),
            timeout=wait,
        )
        group = group_from(body, waiter=self)
        if any(member.is_pending for member in group.members):
            raise NotDecidedInTime(f"Group {id} is not decided yet.", last_seen=group)
        return group

    def list(
        self,
        *,
        status: str | None = None,
        checkpoint: str | None = None,
        run: str | None = None,
        created_after: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Approval]:
        """
        The agent's own approvals, newest first, fetched page by page as you go.

        :param limit: how many the server sends at once; not how many there are
        """
        filters = {
            "status": status,
            "checkpoint": checkpoint,
            "run": run,
            "created_after": created_after,
            "limit": limit,
        }
        cursor: str | None = None
        while True:
            body = self._connection.exchange(_calls.approvals({**filters, "cursor": cursor}))
            for row in _answers.results_of(body):
                yield approval_from(row, waiter=self)
            cursor = _answers.object_of(body).get("next_cursor")
            if not cursor:
                return

    def revise(
        self,
        approval: Approval | str,
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
        id = _id_of(approval)
        return self._approval(_calls.revise(id, arguments, context=context, steps=steps))

    def cancel(self, approval: Approval | str, reason: str = "") -> Approval:
        """
        Withdraw the request.

        :raises AlreadySettled: too late
        :raises AnswerLost: unknown whether it arrived; look with `get`
        """
        return self._approval(_calls.cancel(_id_of(approval), reason=reason))

    def consume(self, approval: Approval) -> dict[str, Any]:
        """
        Take the single-use permission, just before running the action.

        If this raises, whatever it raises, do not run it.

        :raises NotApproved: there is no permission
        :raises GrantConsumed: it was taken before
        :raises DigestMismatch: what would run is not what was approved
        :raises AnswerLost: unknown whether it was taken; it was not repeated
        """
        digest = approval.final_digest()
        if approval.grant is not None and _grants.unverified_act(approval.grant) != digest:
            raise DigestMismatch("What would run is not what the grant is for.")
        return _answers.object_of(
            self._connection.exchange(_calls.consume(approval.id, digest=digest))
        )

    def report(
        self,
        approval: Approval | str,
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
            _id_of(approval),
            status=status,
            detail=detail,
            severity=severity,
            loss=loss,
            occurred_at=occurred_at,
        )
        return _answers.object_of(self._connection.exchange(call))

    def evaluate(
        self,
        action: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        checkpoint: str,
        **fields: Unpack[_calls.OptionalFields],
    ) -> dict[str, Any]:
        """
        What `submit` would come to: risk, level, template, what is missing. Creates nothing.

        :param fields: as for `submit`
        """
        body = _calls.submission(action, arguments, checkpoint=checkpoint, **fields)
        return _answers.object_of(self._connection.exchange(_calls.evaluate(body)))

    def checkpoints(self) -> Sequence[dict[str, Any]]:
        """The review points, and what each wants to know."""
        return _answers.results_of(self._connection.exchange(_calls.checkpoints()))

    def checkpoint(self, name: str) -> dict[str, Any]:
        return _answers.object_of(self._connection.exchange(_calls.checkpoint(name)))

    def feed(self, cursor: str | None = None, wait: timedelta | None = None) -> FeedPage:
        """
        The next decisions and messages; none is ever left out.

        :param cursor: the `next_cursor` of the page dealt with last; None begins at the start
        :param wait: wait this long for an event; without one the page is empty
        """
        if wait is None:
            return page_from(self._connection.exchange(_calls.feed(cursor=cursor)), cursor=cursor)
        body = self._connection.poll(
            lambda seconds: _calls.feed(cursor=cursor, wait_seconds=seconds),
            done=lambda body: bool(_answers.results_of(body)),
            timeout=wait,
        )
        return page_from(body, cursor=cursor)

    def jwks(self) -> dict[str, Any]:
        """The public keys, for `verify_grant`."""
        return _answers.object_of(self._connection.exchange(_calls.jwks()))

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
        return f"<Client {self._connection.url}>"  # never the key

    def _approval(self, call: _calls.Call) -> Approval:
        return approval_from(self._connection.exchange(call), waiter=self)


def _id_of(approval: Approval | str) -> str:
    return approval if isinstance(approval, str) else approval.id
