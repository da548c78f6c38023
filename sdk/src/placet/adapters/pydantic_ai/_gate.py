from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from pydantic_ai import DeferredToolRequests, DeferredToolResults, RunContext
from pydantic_ai.capabilities import HandleDeferredToolCalls, RequestInput
from pydantic_ai.exceptions import UserError
from pydantic_ai.external_events import fail_external_event, resolve_external_event
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import AbstractToolset

from ..._approval import Approval
from ..._client import Client
from ..._errors import NotDecidedInTime, PlacetError
from .._turns import Asker, Call, Turn
from ._results import results_of
from ._toolset import SCHEMA, GatedToolset

_RESULTS = TypeAdapter(DeferredToolResults)

logger = logging.getLogger("placet")


class Gate:
    """
    Lets the tools of an agent run only as people approved, and puts its questions to people.

    :param checkpoint: where calls are reviewed, or a function that tells so of a call
    :param context: what the reviewer should know about a call
    """

    def __init__(
        self,
        client: Client,
        *,
        checkpoint: str | Callable[[Call], str],
        context: Callable[[Call], Mapping[str, Any]] | None = None,
    ) -> None:
        self._client = client
        self._asker = Asker(client, "pydantic-ai", checkpoint, context)

    def toolset(self, toolset: AbstractToolset[AgentDepsT]) -> AbstractToolset[AgentDepsT]:
        """The same tools, behind this gate: every call of them waits for an approval."""
        return GatedToolset(toolset, self._client)

    async def ask(self, requests: DeferredToolRequests, *, run: str) -> dict[str, Approval]:
        """As `ask_sync`, without holding the event loop."""
        return await asyncio.to_thread(self.ask_sync, requests, run=run)

    def ask_sync(self, requests: DeferredToolRequests, *, run: str) -> dict[str, Approval]:
        """
        Ask for all that a run waits for together; asked again, they are the same approvals.

        Calls that something outside the agent carries out (`CallDeferred` that are no
        questions) are left to you.

        :param run: names the run, such as the result's `run_id`; the same after a crash
        :return: the approvals by call id; one is missing whose arguments the server refuses
        """
        return dict(self._ask(requests, run=run).approvals)

    async def results(
        self, requests: DeferredToolRequests, *, run: str, timeout: timedelta | None = None
    ) -> DeferredToolResults:
        """As `results_sync`, without holding the event loop."""
        turn = await asyncio.to_thread(self._ask, requests, run=run)
        return _complete(requests, await self._asker.wait_async(turn, timeout=timeout))

    def results_sync(
        self, requests: DeferredToolRequests, *, run: str, timeout: timedelta | None = None
    ) -> DeferredToolResults:
        """
        Ask, wait until all is decided, and give the results for the next run of the agent.

        :param run: as for `ask_sync`
        :param timeout: None waits for as long as people may take; each checkpoint has an end
        :raises NotDecidedInTime: a part is still open; the framework takes the whole only
        """
        turn = self._asker.wait(self._ask(requests, run=run), timeout=timeout)
        return _complete(requests, turn)

    def handler(self, *, timeout: timedelta | None = None) -> HandleDeferredToolCalls[Any]:
        """
        A capability that waits for people within the run.

        When `timeout` has passed, the run ends with the `DeferredToolRequests` as its output;
        `results` with the `run_id` of the run goes on from there.
        """

        async def handle(
            ctx: RunContext[Any], requests: DeferredToolRequests
        ) -> DeferredToolResults | None:
            try:
                return await self.results(requests, run=str(ctx.run_id), timeout=timeout)
            except NotDecidedInTime:
                return None

        return HandleDeferredToolCalls(handler=handle)

    def request_input(self, *, timeout: timedelta | None = None) -> RequestInput[Any]:
        """
        A capability that waits for people as for an external event, in this process.

        When `timeout` has passed, the framework denies what is pending and the run goes on;
        the requests are withdrawn.
        """

        def ask(
            ctx: RunContext[Any], requests: DeferredToolRequests, token: str
        ) -> DeferredToolResults | None:
            turn = self._ask(requests, run=str(ctx.run_id))
            if turn.is_decided:
                return results_of(requests, turn)
            threading.Thread(
                target=self._resolve, args=(token, requests, turn, timeout), daemon=True
            ).start()
            return None

        return RequestInput(ask, timeout=timeout)

    def _ask(self, requests: DeferredToolRequests, *, run: str) -> Turn:
        questions = [
            call for call in requests.calls if requests.kind(call.tool_call_id) == "question"
        ]
        calls = [_call(part, requests) for part in requests.approvals]
        calls += [_call(part, requests, is_question=True) for part in questions]
        return self._asker.ask(calls, run=run)

    def _resolve(
        self, token: str, requests: DeferredToolRequests, turn: Turn, timeout: timedelta | None
    ) -> None:
        """Wait in a thread of its own, and wake the run that waits for this token."""
        with suppress(UserError):  # it waits no more: timed out, or cancelled
            try:
                turn = self._asker.wait(turn, timeout=timeout)
            except PlacetError as failure:
                fail_external_event(token, str(failure))
                return
            if turn.is_decided:
                results = results_of(requests, turn)
                resolve_external_event(token, _RESULTS.dump_python(results, mode="json"))
                return
        self._asker.withdraw(turn, "The agent waits no more.")


def _call(part: ToolCallPart, requests: DeferredToolRequests, *, is_question: bool = False) -> Call:
    schema = requests.metadata.get(part.tool_call_id, {}).get(SCHEMA)
    return Call(
        part.tool_call_id,
        part.tool_name,
        part.args_as_dict(raise_if_invalid=True),
        schema,
        is_question=is_question,
    )


def _complete(requests: DeferredToolRequests, turn: Turn) -> DeferredToolResults:
    for approval in turn.pending.values():
        raise NotDecidedInTime("A part of the turn is not decided yet.", last_seen=approval)
    return results_of(requests, turn)
