"""One sitting of a reviewer: a request, a key, the next one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Protocol

from ..._approval import ApprovalState
from ..._errors import NotAuthenticated, PlacetError, Refused
from .. import inert
from . import editing, screen
from .desk import Desk

LOWEST_LEVEL = "team_member"
MOST_AT_ONCE = 25  # in a batch: nobody reads more
KEYS = {
    "a": "approve",
    "m": "modify",
    "r": "reject",
    "c": "request changes",
    "g": "guide",
    "d": "defer",
    "e": "escalate",
    "s": "skip",
    "b": "batch of low risk",
    "q": "quit",
}
# Keys that stand for a verdict which the agent has to be able to take.
ANSWERS = {"a": "approve", "m": "modify", "r": "reject", "c": "request_changes"}


class Terminal(Protocol):
    """Where the reviewer sits."""

    def say(self, text: str) -> None: ...

    def ask(self, prompt: str) -> str:
        """
        One line.

        :raises EOFError: they have gone
        """
        ...


class Session:
    """Goes on until nothing waits or the reviewer leaves."""

    def __init__(self, desk: Desk, terminal: Terminal) -> None:
        self._desk = desk
        self._terminal = terminal
        self._dealt_with: set[tuple[str, int]] = set()  # id and revision
        self._acts: dict[str, Callable[[ApprovalState], None]] = {
            "a": self._approve,
            "m": self._modify,
            "r": lambda approval: self._with_words(approval, "reject", "Why not? "),
            "c": lambda approval: self._with_words(approval, "request_changes", "What instead? "),
            "g": lambda approval: self._with_words(approval, "guide", "What should it know? "),
            "d": lambda approval: self._decide(approval, "defer"),
            "e": lambda approval: self._with_words(approval, "escalate", "Why? "),
            "s": self._set_aside,
            "b": lambda approval: self._batch(),
        }

    def run(self) -> None:
        while waiting := self._waiting():
            approval = waiting[0]
            now = datetime.now(timezone.utc)
            self._terminal.say(f"\n{'─' * 60}\n{len(waiting)} waiting, this is the most urgent\n")
            self._terminal.say(screen.request(approval, at=now))
            try:
                key = self._key(approval, has_batch=len(self._low(waiting)) > 1)
                if key == "q":
                    return
                self._acts[key](approval)
            except EOFError:
                return
            except NotAuthenticated:
                raise
            except (PlacetError, ValueError) as error:
                self._refused(approval, error)
        self._terminal.say("Nothing waits for you.")

    def _waiting(self) -> list[ApprovalState]:
        # Asked for anew each time: what is shown is what stands.
        return [each for each in self._desk.waiting() if _version(each) not in self._dealt_with]

    def _key(self, approval: ApprovalState, *, has_batch: bool) -> str:
        allowed = approval.raw["allowed_decisions"]
        offered = {
            key: name
            for key, name in KEYS.items()
            if (key not in ANSWERS or ANSWERS[key] in allowed) and (key != "b" or has_batch)
        }
        prompt = "  ".join(f"[{key.upper()}] {name}" for key, name in offered.items())
        while True:
            said = self._terminal.ask(f"\n{prompt}\n> ").strip().lower()
            if said in offered:
                return said
            self._terminal.say(f"{inert.line(said)!r} is none of them." if said else "")

    def _approve(self, approval: ApprovalState) -> None:
        response = approval.raw.get("response") or {}
        if response.get("type") == "multiselect":
            said = self._terminal.ask("Which? Their numbers, with spaces between: ")
            self._decide(approval, "approve", selected=_chosen(response["options"], said))
        elif response.get("type") == "freeform":
            answer = self._terminal.ask("Your answer: ")
            self._decide(
                approval, "approve", answer=json.loads(answer) if response.get("schema") else answer
            )
        else:
            self._decide(approval, "approve")

    def _modify(self, approval: ApprovalState) -> None:
        before = editing.document_of(approval)
        text = inert.as_json(before)
        while True:
            text = editing.edited(text)
            try:
                after = editing.parsed(text, like=before)
            except ValueError as error:
                self._terminal.say(f"That cannot be read: {inert.line(str(error))}")
                if self._terminal.ask("[E] edit again, anything else drops it\n> ") != "e":
                    return
                continue
            if not (changed := editing.difference(before, after)):
                self._terminal.say("Nothing was changed.")
                return
            self._terminal.say(inert.block(changed, margin=screen.QUOTED))
            answer = self._terminal.ask(
                "[Y] approve it like this  [E] edit again, anything else drops it\n> "
            )
            if answer.strip().lower() == "y":
                words = self._terminal.ask("Why? For the agent; may be empty: ")
                self._decide(
                    approval, "modify", **editing.ruling(before, after), feedback=words.strip()
                )
                return
            if answer.strip().lower() != "e":
                self._terminal.say("Dropped.")
                return

    def _with_words(self, approval: ApprovalState, verdict: str, question: str) -> None:
        words = self._terminal.ask(question).strip()
        if not words:
            self._terminal.say("Nothing said, nothing done.")
            return
        self._decide(approval, verdict, feedback=words)

    def _decide(self, approval: ApprovalState, verdict: str, **words: Any) -> None:
        after = self._desk.decide(approval, verdict, **words)
        self._dealt_with.add(_version(approval))
        self._terminal.say(_what_came_of_it(verdict, after))

    def _set_aside(self, approval: ApprovalState) -> None:
        self._dealt_with.add(_version(approval))

    def _batch(self) -> None:
        low = self._low(self._waiting())
        now = datetime.now(timezone.utc)
        for number, approval in enumerate(low, 1):
            self._terminal.say(f"{number:3}  {screen.row(approval, at=now)}")
            arguments = inert.as_json(approval.raw["arguments"], indent=None)
            self._terminal.say(inert.block(arguments, margin=screen.QUOTED))
        said = self._terminal.ask(f"Approve all {len(low)}? Type their number to do it: ")
        if said.strip() != str(len(low)):
            self._terminal.say("None was approved.")
            return
        for approval, result in zip(low, self._desk.approve_all(low), strict=True):
            self._dealt_with.add(_version(approval))
            came_of_it = f"{result['result']} {result['status']} {result['detail']}"
            effect = inert.line(str(approval.raw["effect"]))
            self._terminal.say(f"{effect}: {inert.line(came_of_it.strip())}")

    def _low(self, waiting: Sequence[ApprovalState]) -> list[ApprovalState]:
        """The first that can be approved without a look of their own, if the server agrees."""
        low = [
            each
            for each in waiting
            if each.raw["required_level"] == LOWEST_LEVEL
            and "approve" in each.raw["allowed_decisions"]
            and (each.raw.get("response") or {}).get("type", "binary") == "binary"
            and not each.raw.get("steps")
        ]
        return low[:MOST_AT_ONCE]

    def _refused(self, approval: ApprovalState, error: PlacetError | ValueError) -> None:
        fields = getattr(error, "errors", [])
        told = " ".join(
            [str(getattr(error, "detail", error))]
            + [f"{each.get('pointer')}: {each.get('detail')}" for each in fields]
        )
        self._terminal.say(f"Not done: {inert.line(told)}")
        if isinstance(error, Refused) and error.status == 403:
            self._terminal.say(f"In the browser: {inert.line(approval.url)}")


def _chosen(options: Sequence[Mapping[str, Any]], numbers: str) -> list[str]:
    by_number = {str(number): option["id"] for number, option in enumerate(options, 1)}
    for number in numbers.split():
        if number not in by_number:
            raise ValueError(f"There is no choice {number}.")
    return [by_number[number] for number in numbers.split()]


def _version(approval: ApprovalState) -> tuple[str, int]:
    return approval.id, approval.revision


def _what_came_of_it(verdict: str, after: ApprovalState) -> str:
    quorum = after.raw.get("quorum") or {}
    if not after.is_pending:
        return f"Done: {after.status}."
    if verdict in ("approve", "modify", "reject"):
        return f"Your vote counts: {quorum.get('approvals')} of {quorum.get('needed')} approvals."
    return f"Done: {verdict}; it still waits."
