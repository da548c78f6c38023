"""Any function, run only as a person approved it."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

from . import _bound_call, _fields, _outcomes
from ._async_client import AsyncClient
from ._bound_call import BoundCall
from ._client import Client

if TYPE_CHECKING:
    from typing_extensions import Unpack

P = ParamSpec("P")
R = TypeVar("R")

OfTheCall: TypeAlias = Callable[[Mapping[str, Any]], R]  # given the call's arguments by name


def requires_approval(
    *,
    checkpoint: str,
    action: str | None = None,
    context: Mapping[str, Any] | OfTheCall[Mapping[str, Any]] | None = None,
    client: Client | AsyncClient | None = None,
    timeout: timedelta = timedelta(hours=1),
    idempotency_key: OfTheCall[str] | None = None,
    run: str | OfTheCall[str] | None = None,
    not_sent: Collection[str] = (),
    **fields: Unpack[_fields.CommonFields],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Decorate a function, `async` or not, so that each call waits for permission.

    A call submits its arguments by name, waits, takes the permission, runs the function with
    the arguments as finally approved, and reports `succeeded` or `failed`. If anything but the
    function itself raises, the function has not run.

    :param action: what the call is named for people; default: the function's name
    :param context: why; or a function that says why
    :param client: of the function's kind; default: one from the environment for each call
    :param timeout: how long to wait for the decision
    :param idempotency_key: a function that names the call. One that was named before runs
        nothing if its permission was taken, even if it then died. Default: made of the run
        and the arguments where there is a `run`, else fresh for each call
    :param run: the workflow it belongs to; or a function that names it
    :param not_sent: parameters that nobody approves, such as `self` or a connection
    :param fields: further fields of the submission, the same for each call

    Where a function may be given it is called with the call's arguments by name.

    :raises TypeError: at once, if calls of this function cannot be approved

    A call raises, besides what the function and `Client.submit` and `Client.consume` raise:

    :raises UnsendableValue: an argument has no exact JSON form; nothing was submitted
    :raises Rejected: the answer is no
    :raises ChangesRequested: a person wants another proposal
    :raises NotDecidedInTime: the request still stands
    :raises UnusableArguments: what was approved does not fit the function
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        gate = _Gate(
            signature=_bound_call.signature_of(function, not_sent=not_sent),
            checkpoint=checkpoint,
            action=action or getattr(function, "__name__", "") or type(function).__name__,
            context=context,
            idempotency_key=idempotency_key,
            run=run,
            not_sent=not_sent,
            fields=fields,
        )
        if inspect.iscoroutinefunction(function):
            if isinstance(client, Client):
                raise TypeError("A Client would block the event loop: give an AsyncClient.")
            return _awaiting(function, gate, client, timeout)  # type: ignore[return-value]
        if isinstance(client, AsyncClient):
            raise TypeError("A function that is not async cannot await: give a Client.")
        return _blocking(function, gate, client, timeout)

    return decorate


@dataclass(frozen=True)
class _Gate:
    """What all calls of one decorated function have in common."""

    signature: inspect.Signature
    checkpoint: str
    action: str
    context: Mapping[str, Any] | OfTheCall[Mapping[str, Any]] | None
    idempotency_key: OfTheCall[str] | None
    run: str | OfTheCall[str] | None
    not_sent: Collection[str]
    fields: _fields.CommonFields

    def bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> BoundCall:
        return _bound_call.bound_call(self.signature, args, kwargs, not_sent=self.not_sent)

    def submission(self, call: BoundCall) -> dict[str, Any]:
        """The keyword arguments of `submit` for this call."""
        named = {**call.withheld, **call.arguments}
        run = self.run(named) if callable(self.run) else self.run
        key = None if run is None else call.key(run=run, action=self.action)
        return {
            "arguments_schema": call.schema(),
            **self.fields,
            "action": self.action,
            "arguments": call.arguments,
            "checkpoint": self.checkpoint,
            "context": self.context(named) if callable(self.context) else self.context,
            "run": run,
            "idempotency_key": self.idempotency_key(named) if self.idempotency_key else key,
        }


def _blocking(
    function: Callable[P, R], gate: _Gate, client: Client | None, timeout: timedelta
) -> Callable[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = gate.bound(args, kwargs)
        submission = gate.submission(bound)
        connection: AbstractContextManager[Client] = nullcontext(client) if client else Client()
        with connection as server:
            approval = server.submit(**submission)
            try:
                approval = approval.wait(timeout=timeout)
            except KeyboardInterrupt:
                if not _can_come_back(submission):
                    _outcomes.withdraw(server, approval)
                raise
            final = bound.as_approved(approval)
            server.consume(approval)
            with _outcomes.reported(server, approval):
                return _done(function(*final.args, **final.kwargs))

    return call


def _done(result: R) -> R:
    """
    :raises TypeError: the work has only been promised, behind an ordinary function
    """
    if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError("The function returned before its work began; decorate the one inside.")
    return result


def _awaiting(
    function: Callable[P, Awaitable[R]],
    gate: _Gate,
    client: AsyncClient | None,
    timeout: timedelta,
) -> Callable[P, Awaitable[R]]:
    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = gate.bound(args, kwargs)
        submission = gate.submission(bound)
        connection: AbstractAsyncContextManager[AsyncClient]
        connection = nullcontext(client) if client else AsyncClient()
        async with connection as server:
            approval = await server.submit(**submission)
            try:
                approval = await approval.wait(timeout=timeout)
            except asyncio.CancelledError:
                if not _can_come_back(submission):
                    await _outcomes.withdraw_awaiting(server, approval)
                raise
            final = bound.as_approved(approval)
            await _outcomes.take(server, approval)
            async with _outcomes.reported_awaiting(server, approval):
                return await function(*final.args, **final.kwargs)

    return call


def _can_come_back(submission: Mapping[str, Any]) -> bool:
    """Whether a later call can find this request; no reviewer should decide one that none can."""
    return submission["idempotency_key"] is not None
