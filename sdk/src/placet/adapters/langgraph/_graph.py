from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from langgraph.errors import is_invalid_resume
from langgraph.types import Command, StateSnapshot

from placet import Approval, Client

from ._desk import Desk, Pause
from ._errors import AnswerNotTaken, NotAnswerable
from ._locks import Locks, ProcessLocks, held, held_without_blocking
from ._questions import Question
from ._threads import thread_of

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.pregel.protocol import PregelProtocol

NO_WAIT = timedelta(0)


@dataclass(frozen=True)
class Run:
    """
    Where a thread has come to.

    :ivar values: the graph's state
    :ivar waiting: the approvals that people still have to decide, or that could not be told
    :ivar next: the nodes that would run next; with nothing waiting and something next, the
        run broke off: go on with `invoke(None, config)`
    """

    values: Any
    waiting: tuple[Approval, ...]
    next: tuple[str, ...]

    @property
    def done(self) -> bool:
        return not self.waiting and not self.next


class ReviewedGraph:
    """
    A compiled graph whose interrupts people answer on a Placet server.

    `invoke` runs it to the next pause and asks; `resume` answers it with what was decided,
    today or after a restart, in this process or another. Nothing is kept here: the thread's
    checkpoints and the server know everything.

    :param graph: compiled with a checkpointer
    :param checkpoint: of the server's policy; or a function that names one for a question
    :param context: what to tell the reviewer about a question, besides its arguments
    :param argument_schemas: JSON Schema by action, for the reviewer's edits, where the
        interrupt itself brings none
    :param locks: who may resume a thread; default: one at a time in this process. Give
        `FileLocks` where several processes of a machine resume the same threads.
    """

    def __init__(
        self,
        graph: PregelProtocol[Any, Any, Any, Any],
        client: Client,
        *,
        checkpoint: str | Callable[[Question], str],
        context: Callable[[Question], Mapping[str, Any]] | None = None,
        argument_schemas: Mapping[str, Mapping[str, Any]] | None = None,
        locks: Locks | None = None,
    ) -> None:
        self.graph = graph
        self._desk = Desk(client, checkpoint, context, argument_schemas or {})
        self._locks = locks or ProcessLocks()

    def invoke(self, input: Any, config: RunnableConfig, **options: Any) -> Run:
        """
        Run the graph as its own `invoke` does, and ask about whatever it pauses at.

        :param options: for the graph's `invoke`
        """
        thread = thread_of(config)
        with held(self._locks.of(thread)):
            self.graph.invoke(input, config, **options)
        return self._look(self.graph.get_state(config), thread)[0]

    async def ainvoke(self, input: Any, config: RunnableConfig, **options: Any) -> Run:
        """See `invoke`."""
        thread = thread_of(config)
        async with held_without_blocking(self._locks.of(thread)):
            await self.graph.ainvoke(input, config, **options)
        snapshot = await self.graph.aget_state(config)
        return (await asyncio.to_thread(self._look, snapshot, thread))[0]

    def resume(self, config: RunnableConfig, *, wait: timedelta = NO_WAIT, **options: Any) -> Run:
        """
        Tell the graph what was decided, and run it on, until nothing is left to tell.

        Safe to call at any time and any number of times: for a webhook that came twice, late
        or out of order, after a crash, or from a timer. An interrupt is told of a decision
        only while it is pending, each by its id and alone.

        :param wait: how long to wait for decisions; each is told as soon as it is there
        :raises NotAnswerable: the graph cannot be told; its thread is left paused
        :raises InDoubt: it broke off after a permission was taken; nothing is resumed
        :raises AnswerNotTaken: the graph still asks what it was told
        """
        thread, end = thread_of(config), time.monotonic() + wait.total_seconds()
        while True:
            with held(self._locks.of(thread)):
                run, pauses = self._look(self.graph.get_state(config), thread)
                for interrupt_id, value in self._answers(pauses):
                    if not _is_pending(interrupt_id, self.graph.get_state(config)):
                        continue
                    with _its_refusal_translated():
                        self.graph.invoke(Command(resume={interrupt_id: value}), config, **options)
                    _check_taken(interrupt_id, self.graph.get_state(config))
            if _nothing_to_tell(pauses):
                left = end - time.monotonic()
                if not pauses or left <= 0:
                    return run
                self._desk.await_change(pauses, timeout=timedelta(seconds=left))

    async def aresume(
        self, config: RunnableConfig, *, wait: timedelta = NO_WAIT, **options: Any
    ) -> Run:
        """See `resume`."""
        thread, end = thread_of(config), time.monotonic() + wait.total_seconds()
        graph = self.graph
        while True:
            async with held_without_blocking(self._locks.of(thread)):
                snapshot = await graph.aget_state(config)
                run, pauses = await asyncio.to_thread(self._look, snapshot, thread)
                for interrupt_id, value in await asyncio.to_thread(self._answers, pauses):
                    if not _is_pending(interrupt_id, await graph.aget_state(config)):
                        continue
                    with _its_refusal_translated():
                        await graph.ainvoke(
                            Command(resume={interrupt_id: value}), config, **options
                        )
                    _check_taken(interrupt_id, await graph.aget_state(config))
            if _nothing_to_tell(pauses):
                left = timedelta(seconds=end - time.monotonic())
                if not pauses or left <= NO_WAIT:
                    return run
                await asyncio.to_thread(self._desk.await_change, pauses, timeout=left)

    def _look(self, snapshot: StateSnapshot, thread: str) -> tuple[Run, list[Pause]]:
        pauses = self._desk.ask(snapshot.interrupts, thread=thread)
        waiting = tuple(approval for pause in pauses for approval in pause.approvals)
        return Run(snapshot.values, waiting, snapshot.next), pauses

    def _answers(self, pauses: Sequence[Pause]) -> list[tuple[str, Any]]:
        """
        What is to be told now, in order, by interrupt.

        All permissions are taken before the first is told: resuming one task runs again any
        other of the thread that broke off, and a permission taken before gives that away.
        """
        answers, unanswerable = [], []
        for pause in pauses:
            if not pause.is_decided:
                continue
            try:
                answers.append((pause.interrupt_id, self._desk.answer(pause)))
            except NotAnswerable as error:
                unanswerable.append(error)
        if unanswerable and not answers:
            raise unanswerable[0]
        return answers


@contextmanager
def _its_refusal_translated() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_invalid_resume(error):
            raise
        raise NotAnswerable(f"The interrupt's own schema refuses the answer: {error}") from error


def _nothing_to_tell(pauses: Sequence[Pause]) -> bool:
    return not any(pause.is_decided for pause in pauses)


def _is_pending(interrupt_id: str, snapshot: StateSnapshot) -> bool:
    return any(interrupt.id == interrupt_id for interrupt in snapshot.interrupts)


def _check_taken(interrupt_id: str, snapshot: StateSnapshot) -> None:
    if _is_pending(interrupt_id, snapshot):
        raise AnswerNotTaken(f"The graph was told, and the interrupt {interrupt_id} still stands.")
