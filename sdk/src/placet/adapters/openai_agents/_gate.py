from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from agents import Agent, FunctionTool, Runner, RunResult, RunResultStreaming, RunState
from agents.items import ToolApprovalItem

from ..._approval import Approval
from ..._client import Client
from ..._errors import NotDecidedInTime
from .. import _taking
from .._turns import Asker, Call, Turn
from ._paused import Paused
from ._tool import Permits, find, gated


class Gate:
    """
    Lets the tools of an agent run only as people approved.

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
        self._asker = Asker(client, "openai-agents", checkpoint, context)
        self._taking = Permits()

    def tool(self, tool: FunctionTool) -> FunctionTool:
        """
        The same tool, behind this gate: every call of it waits for an approval.

        :raises TypeError: not a function tool, or an agent as a tool: gate its tools
        """
        return gated(tool, client=self._client, permits=self._taking)

    async def run(
        self, agent: Agent[Any], input: Any, *, timeout: timedelta | None = None, **options: Any
    ) -> RunResult:
        """
        Run the agent to its end, waiting for people as often as it takes.

        Nothing is saved: if this process ends, so does the run. See `ask` and `resume`.

        :param timeout: for each pause, as in `resume`
        :param options: for `Runner.run`
        :raises NotDecidedInTime: nothing was decided in time
        """
        result = await Runner.run(agent, input, **options)
        options.pop("previous_response_id", None)  # from here on, the state knows a later one
        paused = await self.ask(result)
        while paused:
            result = await self.resume(agent, paused, timeout=timeout, **options)
            paused = await self.ask(result, after=paused)
        return result

    def run_sync(
        self, agent: Agent[Any], input: Any, *, timeout: timedelta | None = None, **options: Any
    ) -> RunResult:
        """As `run`, where no event loop is running."""
        result = Runner.run_sync(agent, input, **options)
        options.pop("previous_response_id", None)  # from here on, the state knows a later one
        paused = self.ask_sync(result)
        while paused:
            result = self.resume_sync(agent, paused, timeout=timeout, **options)
            paused = self.ask_sync(result, after=paused)
        return result

    async def ask(
        self,
        result: RunResult | RunResultStreaming,
        *,
        run: str | None = None,
        after: Paused | None = None,
    ) -> Paused | None:
        """
        Ask for what the run waits for, the calls of a turn together; None if it does not wait.

        :param run: names the run, so that asking again, also after a crash, is the same
            question; default: a fresh name
        :param after: where the run was paused before; what was asked then is not asked again
        :raises ValueError: the run waits for something that is not behind this gate
        """
        return await asyncio.to_thread(self.ask_sync, result, run=run, after=after)

    def ask_sync(
        self,
        result: RunResult | RunResultStreaming,
        *,
        run: str | None = None,
        after: Paused | None = None,
    ) -> Paused | None:
        """As `ask`, where no event loop is running."""
        if not result.interruptions:
            return None
        state = result.to_state()
        before = after or Paused(state, run or str(uuid.uuid4()))
        calls, unaskable = self._calls(result.interruptions)
        new = [call for call in calls if call.id not in before.asked]
        turn = self._asker.ask(new, run=before.run)
        asked = {call.id: before.asked[call.id] for call in calls if call.id in before.asked}
        asked |= {id: approval.id for id, approval in turn.approvals.items()}
        return Paused(state, before.run, asked, {**unaskable, **turn.unaskable})

    async def resume(
        self, agent: Agent[Any], paused: Paused, *, timeout: timedelta | None = None, **options: Any
    ) -> RunResult:
        """
        Wait for people, then run on to the end or to the next pause.

        When `timeout` has passed it runs on with the calls that are decided; the others are
        among the interruptions of the result again.

        :param timeout: None waits for as long as people may take; each checkpoint has an end
        :param options: for `Runner.run`
        :raises NotDecidedInTime: nothing was decided in time
        """
        state = await self.decided(paused, timeout=timeout)
        return await Runner.run(agent, state, **options)

    def resume_sync(
        self, agent: Agent[Any], paused: Paused, *, timeout: timedelta | None = None, **options: Any
    ) -> RunResult:
        """As `resume`, where no event loop is running."""
        turn = self._asker.wait(self._turn(paused), timeout=timeout)
        return Runner.run_sync(agent, self._told(paused, turn), **options)

    async def decided(self, paused: Paused, *, timeout: timedelta | None = None) -> RunState[Any]:
        """
        The state with the decisions in it, to be run by you, such as with `run_streamed`.

        :raises NotDecidedInTime: nothing was decided in time
        """
        turn = await asyncio.to_thread(self._turn, paused)
        return self._told(paused, await self._asker.wait_async(turn, timeout=timeout))

    def apply(self, state: RunState[Any], approvals: Mapping[str, Approval]) -> None:
        """
        Tell the state what was decided, each decision to the one call that it is about.

        :param approvals: by call id; what is still open is left open
        """
        for item in state.get_interruptions():
            approval = approvals.get(str(item.call_id))
            if approval is None or approval.is_pending:
                continue
            if approval.may_proceed:
                self._taking.put(str(item.call_id), approval)
                state.approve(item)
            else:
                state.reject(item, rejection_message=_taking.denial(approval))

    def _calls(self, items: Iterable[ToolApprovalItem]) -> tuple[list[Call], dict[str, str]]:
        """What can be asked, and by call id why the rest cannot."""
        calls, unaskable = [], {}
        for item in items:
            tool = find(item.agent, item.tool_name, permits=self._taking)
            id = str(item.call_id)
            arguments = _object(item.arguments)
            if arguments is None:
                unaskable[id] = "The arguments are not a JSON object."
            else:
                schema = tool.params_json_schema
                calls.append(Call(id, tool.name, arguments, schema, agent=item.agent.name))
        return calls, unaskable

    def _turn(self, paused: Paused) -> Turn:
        return Turn(self._asker.read(paused.asked), paused.unaskable)

    def _told(self, paused: Paused, turn: Turn) -> RunState[Any]:
        if turn.pending and len(turn.pending) == len(turn.approvals) and not turn.unaskable:
            first = next(iter(turn.pending.values()))
            raise NotDecidedInTime("No call of this turn is decided yet.", last_seen=first)
        self.apply(paused.state, turn.approvals)
        for item in paused.state.get_interruptions():
            if why := turn.unaskable.get(str(item.call_id)):
                paused.state.reject(item, rejection_message=f"Not carried out. {why}")
        return paused.state


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
