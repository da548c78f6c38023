"""Between the questions of a paused thread and their approvals on the server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from langgraph.types import Interrupt

from placet import (
    AlreadySettled,
    Approval,
    Client,
    GrantConsumed,
    IdempotencyKeyReused,
    InvalidRequest,
    NotDecidedInTime,
    UnexpectedAnswer,
)
from placet._canonical import canonical

from . import _reading
from ._errors import InDoubt
from ._questions import Asked, Question
from ._rulings import Ruling, ruling_of
from ._taking import take
from ._threads import name_of, run_of

LOOK = timedelta(seconds=2)  # how often all are looked at, where several are waited for
TOLD = "The agent was told and proposes anew."
_SCHEMA_REFUSED = ("schema_violation", "unsafe_schema")

logger = logging.getLogger("placet")


@dataclass(frozen=True)
class Pause:
    """A pending interrupt, and the approvals of its questions in order."""

    interrupt_id: str
    asked: Asked
    approvals: tuple[Approval, ...]

    @property
    def is_decided(self) -> bool:
        """Every member is; a turn's calls are held until then."""
        return not any(approval.is_pending for approval in self.approvals)

    def answer(self, rulings: Sequence[Ruling]) -> Any:
        pairs = zip(rulings, self.asked.questions, strict=True)
        told = [_as_amended(ruling, question) for ruling, question in pairs]
        return self.asked.answer(told, [approval.id for approval in self.approvals])


@dataclass(frozen=True)
class Desk:
    client: Client
    checkpoint: str | Callable[[Question], str]
    context: Callable[[Question], Mapping[str, Any]] | None
    argument_schemas: Mapping[str, Mapping[str, Any]]

    def ask(self, interrupts: Sequence[Interrupt], *, thread: str) -> list[Pause]:
        """
        The pauses as they stand now; what is not on the server yet is submitted.

        The same interrupt with the same proposal is the same request for ever, also from
        another process. A proposal that changed is another one.
        """
        return [self._pause(each, thread=thread) for each in interrupts]

    def await_change(self, pauses: Sequence[Pause], *, timeout: timedelta) -> None:
        """Return when something may have been decided, or the time is up."""
        waiting = [a for pause in pauses for a in pause.approvals if a.is_pending]
        if not waiting:
            return
        # The server is asked about one; the others are looked at when that comes back.
        if any(not p.is_decided for p in pauses[1:]):
            timeout = min(timeout, LOOK)
        try:
            waiting[0].wait(timeout=timeout)
        except NotDecidedInTime:
            return

    def answer(self, pause: Pause) -> Any:
        """
        The value to resume with, once its permissions are taken.

        Checked before anything is taken, so that what the graph would refuse costs nothing.

        :raises NotAnswerable: the graph has no place for this
        :raises InDoubt: a permission had been taken before
        """
        approvals = [self._told(approval) for approval in pause.approvals]
        value = pause.answer([ruling_of(approval) for approval in approvals])
        if pause.asked.takes_permission:
            return value
        try:
            rulings = [take(self.client, approval) for approval in approvals]
        except GrantConsumed as taken:
            raise InDoubt(
                f"A permission for the interrupt {pause.interrupt_id} was taken before, and it "
                f"still stands. Look whether it ran: {pause.approvals[0].url}"
            ) from taken
        return pause.answer(rulings)

    def _told(self, approval: Approval) -> Approval:
        """Of one that is handed back for changes: withdrawn, as the graph will propose anew."""
        if approval.status != "changes_requested":
            return approval
        try:
            self.client.cancel(approval, TOLD)
        except AlreadySettled:
            return self.client.get(approval.id)
        return approval

    def _pause(self, interrupt: Interrupt, *, thread: str) -> Pause:
        asked = _reading.read(interrupt)
        questions = list(asked.questions)
        proposed = [[q.action, q.arguments] for q in questions]
        name = name_of(thread, interrupt.id, proposed)
        bodies = [
            self._submission(question, asked=asked, interrupt=interrupt, name=name, thread=thread)
            for question in questions
        ]
        approvals = self._open(name, bodies, run=run_of(thread))
        if len(approvals) != len(questions):
            raise UnexpectedAnswer(f"{len(questions)} were asked, {len(approvals)} are there.")
        return Pause(interrupt.id, asked, tuple(approvals))

    def _submission(
        self, question: Question, *, asked: Asked, interrupt: Interrupt, name: str, thread: str
    ) -> dict[str, Any]:
        schema = question.arguments_schema or self.argument_schemas.get(question.action)
        given = dict(question.fields or {})
        context = {
            **({"description": question.description} if question.description else {}),
            **(self.context(question) if self.context else {}),
            **given.pop("context", {}),
        }
        source = {
            "client": asked.client,
            "native_id": question.native_id or interrupt.id,
            "interrupt_id": interrupt.id,
            "question": name,
        }
        return {
            "checkpoint": self._checkpoint(question),
            "response": question.response,
            **({"arguments_schema": schema} if schema else {}),
            **({"allowed_decisions": sorted(question.allowed)} if question.allowed else {}),
            **given,
            # By these it is found again; nobody may give others.
            "action": question.action,
            "arguments": question.arguments,
            "context": context,
            "run": run_of(thread),
            "source": source,
        }

    def _checkpoint(self, question: Question) -> str:
        return self.checkpoint if isinstance(self.checkpoint, str) else self.checkpoint(question)

    def _open(
        self, name: str, bodies: Sequence[Mapping[str, Any]], *, run: str
    ) -> Sequence[Approval]:
        try:
            return self._submit(name, bodies)
        except IdempotencyKeyReused:
            # Only what goes along with the proposal differs, such as its description.
            return self._found(name, run=run, many=len(bodies) > 1)
        except InvalidRequest as refusal:
            if refusal.code not in _SCHEMA_REFUSED:
                raise
            logger.warning("Asked without its arguments' schema: %s", refusal.detail)
        # An edit could not be checked at the reviewer's desk now; so none is offered.
        return self._submit(name, [_without_editing(body) for body in bodies])

    def _submit(self, name: str, bodies: Sequence[Mapping[str, Any]]) -> Sequence[Approval]:
        if len(bodies) > 1:
            return self.client.submit_group(name, bodies, idempotency_key=name)
        fields = dict(bodies[0])
        action, arguments = fields.pop("action"), fields.pop("arguments")
        return [self.client.submit(action, arguments, idempotency_key=name, **fields)]

    def _found(self, name: str, *, run: str, many: bool) -> Sequence[Approval]:
        if many:
            return self.client.group(name).members
        for approval in self.client.list(run=run):
            if approval.raw["source"].get("question") == name:
                return [approval]
        raise UnexpectedAnswer("The server knows the request by its key, and does not list it.")


def _as_amended(ruling: Ruling, question: Question) -> Ruling:
    # The agent may have revised its request itself; that, too, differs from what would run.
    if ruling.verdict == "approve" and canonical(ruling.arguments) != canonical(question.arguments):
        return replace(ruling, verdict="modify")
    return ruling


def _without_editing(body: Mapping[str, Any]) -> dict[str, Any]:
    allowed = [each for each in body.get("allowed_decisions", ()) if each != "modify"]
    kept = {k: v for k, v in body.items() if k not in ("arguments_schema", "allowed_decisions")}
    return {**kept, "allowed_decisions": allowed} if allowed else kept
