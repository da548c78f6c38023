from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from ._canonical import action_digest
from ._decision import Decision
from ._errors import ChangesRequested, NotApproved, Rejected, UnexpectedAnswer

_RUNNABLE = ("approved", "modified")  # decision statuses of a step that may run


class Waiter(Protocol):
    """Whoever can ask the server how an approval stands."""

    def wait(self, approval: Approval, *, timeout: timedelta) -> Approval: ...


class AsyncWaiter(Protocol):
    """Whoever can ask it without blocking."""

    async def wait(self, approval: AsyncApproval, *, timeout: timedelta) -> AsyncApproval: ...


@dataclass(frozen=True, eq=False, repr=False)
class ApprovalState:
    """
    One request for permission, as the server showed it at one moment.

    It never changes; `wait()` and `get()` of a client give a newer one.
    """

    raw: Mapping[str, Any]  # the whole answer

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def url(self) -> str:
        """The page where a person decides."""
        return str(self.raw["url"])

    @property
    def status(self) -> str:
        """pending, changes_requested, approved, modified, rejected or cancelled"""
        return str(self.raw["status"])

    @property
    def revision(self) -> int:
        return int(self.raw["revision"])

    @property
    def digest(self) -> str:
        """The digest of this revision, as the server names it."""
        return str(self.raw["digest"])

    @property
    def action(self) -> str:
        return str(self.raw["action"])

    @property
    def is_pending(self) -> bool:
        """Whether it still waits for a person; if not, it is decided, or your turn."""
        return self.status == "pending"

    @property
    def may_proceed(self) -> bool:
        """The one thing to obey: run the action only if this is True."""
        return self.raw.get("may_proceed") is True

    @property
    def decision(self) -> Decision | None:
        raw = self.raw.get("decision")
        return None if raw is None else Decision.from_answer(raw)

    @property
    def grant(self) -> str | None:
        """The signed permission, to hand to whoever runs the action."""
        return self.raw.get("grant")

    @property
    def follow_up(self) -> tuple[str, ...]:
        """Ids of the approvals that carry the steps that were deferred."""
        return self.decision.follow_up if self.decision else ()

    @property
    def arguments(self) -> dict[str, Any]:
        """
        What to run the action with: as amended, once decided; until then, as submitted.

        Not a copy: change it before `Client.consume`, and it no longer matches the approval.
        """
        final = (self.raw.get("decision") or {}).get("arguments")
        arguments: dict[str, Any] = self.raw["arguments"] if final is None else final
        return arguments

    @property
    def steps(self) -> list[dict[str, Any]]:
        """
        The steps to run, in order, with their arguments as amended; nothing else may run.

        Empty until there is permission. A step the decision does not name is not approved.
        """
        if not self.may_proceed:
            return []
        decided = {step["id"]: step for step in (self.raw.get("decision") or {}).get("steps") or ()}
        return [
            _amended(step, decided[step["id"]])
            for step in self.raw.get("steps") or ()
            if decided.get(step["id"], {}).get("status") in _RUNNABLE
        ]

    @property
    def feedback(self) -> str:
        """What people say to the agent: with the decision, or before there is one."""
        if self.decision:
            return self.decision.feedback
        said = (word.get("feedback") for word in self.raw.get("feedback") or ())
        return "\n".join(filter(None, said))

    def require_permission(self) -> None:
        """
        Return only if the action may run.

        :raises Rejected: the answer is no
        :raises ChangesRequested: it is the agent's turn
        :raises NotApproved: it is not decided yet, or was withdrawn
        """
        if self.may_proceed:
            return
        name = f"Approval {self.id}"
        said = f" {self.feedback}" if self.feedback else ""
        if self.status == "rejected" and self.decision:
            raise Rejected(f"{name} is rejected.{said}", approval=self, decision=self.decision)
        if self.status == "changes_requested":
            detail = f"{name} needs changes.{said}"
            raise ChangesRequested(detail, approval=self, feedback=self.feedback)
        raise NotApproved(f"{name} is {self.status}: nothing may run.")

    def final_digest(self) -> str:
        """
        The digest of what would now run: action, arguments and steps as finally approved.

        :raises NotApproved: nothing may run
        """
        self.require_permission()
        return action_digest(action=self.action, arguments=self.arguments, steps=self.steps)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.action} {self.status}>"


@dataclass(frozen=True, eq=False, repr=False)
class Approval(ApprovalState):
    """An approval of a `Client`."""

    _waiter: Waiter

    def wait(self, *, timeout: timedelta) -> Approval:
        """
        The approval once it is decided, or once it is your turn (`changes_requested`).

        Rides out lost connections and restarts of the server.

        :raises NotDecidedInTime: still pending after `timeout`
        :raises ServerUnreachable: out of reach when `timeout` passed
        """
        return self._waiter.wait(self, timeout=timeout)


@dataclass(frozen=True, eq=False, repr=False)
class AsyncApproval(ApprovalState):
    """An approval of an `AsyncClient`."""

    _waiter: AsyncWaiter

    async def wait(self, *, timeout: timedelta) -> AsyncApproval:
        """See `Approval.wait`. Cancelled, it has changed nothing."""
        return await self._waiter.wait(self, timeout=timeout)


A = TypeVar("A", bound=ApprovalState)


@dataclass(frozen=True, eq=False)
class GroupState(Generic[A]):
    """The calls of one agent turn."""

    id: str
    complete: bool  # every member is settled
    members: tuple[A, ...]  # in the order they were submitted in
    raw: Mapping[str, Any] = field(repr=False)


class Group(GroupState[Approval]):
    """A turn, as a `Client` shows it."""


class AsyncGroup(GroupState[AsyncApproval]):
    """A turn, as an `AsyncClient` shows it."""


def as_approval(body: Any) -> dict[str, Any]:
    """
    The answer, which has to be an approval.

    :raises UnexpectedAnswer: it is something else
    """
    if not isinstance(body, dict) or not {"id", "status", "action"} <= body.keys():
        raise UnexpectedAnswer("The server's answer is not an approval.")
    return body


def as_group(body: Any) -> dict[str, Any]:
    """
    The answer, which has to be a group.

    :raises UnexpectedAnswer: it is something else
    """
    if not isinstance(body, dict) or not isinstance(body.get("members"), list):
        raise UnexpectedAnswer("The server's answer is not a group.")
    return body


def id_of(approval: ApprovalState | str) -> str:
    return approval if isinstance(approval, str) else approval.id


def awaits_a_person(approval: Mapping[str, Any]) -> bool:
    """Whether the approval in this answer still waits for its reviewers."""
    return approval.get("status") == "pending"


def _amended(step: Mapping[str, Any], decided: Mapping[str, Any]) -> dict[str, Any]:
    final = decided.get("arguments")
    return dict(step) if final is None else {**step, "arguments": final}
