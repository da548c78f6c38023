"""
What the clients were told, kept in a file as it happens, and compared with the tables afterwards.

Every act is written as an intention before it is sent ("invoke") and with what came of it
("ok", "fail", "unknown"). An "ok" is a promise of the server's.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.receiver import Receiver


@dataclass
class Act:
    """One thing a client did: `said` is what came of it."""

    number: int
    what: str
    about: dict[str, Any]
    said: str = "unknown"
    answer: dict[str, Any] = field(default_factory=dict)


class History:
    def __init__(self, path: Path) -> None:
        self.acts: list[Act] = []
        self._file = path.open("w", encoding="utf-8")

    def invoke(self, what: str, **about: Any) -> Act:
        return self.invoke_all([(what, about)])[0]

    def invoke_all(self, intentions: Iterable[tuple[str, dict[str, Any]]]) -> list[Act]:
        """For acts that shall be sent at the same moment: written first, all of them."""
        acts = [Act(len(self.acts) + n, what, about) for n, (what, about) in enumerate(intentions)]
        self.acts += acts
        self._write(*({"n": act.number, "invoke": act.what, **act.about} for act in acts))
        return acts

    def ok(self, act: Act, **answer: Any) -> None:
        self._note(act, "ok", answer)

    def fail(self, act: Act, **answer: Any) -> None:
        """It was refused, so nothing has been done."""
        self._note(act, "fail", answer)

    def unknown(self, act: Act, **answer: Any) -> None:
        self._note(act, "unknown", answer)

    def of(self, *whats: str) -> Iterator[Act]:
        return (act for act in self.acts if act.what in whats)

    def tally(self) -> dict[str, int]:
        return dict(sorted(Counter(f"{act.what} {act.said}" for act in self.acts).items()))

    def close(self) -> None:
        self._file.close()

    def _note(self, act: Act, said: str, answer: dict[str, Any]) -> None:
        act.said, act.answer = said, answer
        self._write({"n": act.number, said: act.what, **answer})

    def _write(self, *lines: dict[str, Any]) -> None:
        self._file.write("".join(json.dumps(line) + "\n" for line in lines))
        self._file.flush()
        os.fsync(self._file.fileno())


def violations(history: History, facts: dict[str, Any], received: Receiver) -> list[str]:
    """Every promise that the tables, the trail or the webhooks do not keep, in words."""
    return [
        *_lost_or_doubled_submissions(history, facts),
        *_lost_or_doubled_verdicts(history, facts),
        *_contradictory_outcomes(history, facts),
        *facts["breaks"],
        *_feeds_with_gaps(facts),
        *_webhooks_missing_or_out_of_order(facts, received),
    ]


def _lost_or_doubled_submissions(history: History, facts: dict[str, Any]) -> Iterator[str]:
    stored = {one["key"]: pk for pk, one in facts["approvals"].items()}
    if len(stored) != len(facts["approvals"]):
        yield "two approvals stand under one idempotency key"
    possible = set()
    for act in history.of("submit"):
        found = stored.get(act.about["key"])
        if act.said == "ok" and found != act.answer["id"]:
            yield f"submission {act.about['key']} was acknowledged as {act.answer}, but is {found}"
        if act.said != "fail":
            possible.add(act.about["key"])
    for key in stored.keys() - possible:
        yield f"{key} was never submitted, or refused each time"


def _lost_or_doubled_verdicts(history: History, facts: dict[str, Any]) -> Iterator[str]:
    cast = Counter(
        (pk, name, verdict)
        for pk, one in facts["approvals"].items()
        for name, verdict, _ in one["decisions"]
    )
    said = {"ok": Counter(), "fail": Counter(), "unknown": Counter()}
    for act in history.of("decide"):
        said[act.said][act.about["approval"], act.about["by"], act.about["verdict"]] += 1
    for one in cast.keys() | said["ok"].keys():
        if not said["ok"][one] <= cast[one] <= said["ok"][one] + said["unknown"][one]:
            counted = {name: counter[one] for name, counter in said.items()}
            yield f"verdict {one} stands {cast[one]} times, after {counted}"


def _contradictory_outcomes(history: History, facts: dict[str, Any]) -> Iterator[str]:
    for pk, one in facts["approvals"].items():
        is_open = one["status"] in ("pending", "changes_requested")
        if one["settled_events"] != (0 if is_open else 1):
            yield f"{pk} is {one['status']} with {one['settled_events']} settling events"
        if one["granted"] != (one["status"] in ("approved", "modified")):
            yield f"{pk} is {one['status']}, and granted is {one['granted']}"
    for act in history.of("decide", "cancel"):
        told = act.answer.get("status_now")
        stands = facts["approvals"][act.about["approval"]]["status"]
        if act.said in ("ok", "fail") and told not in (None, "pending", stands):
            yield f"{act.about} was told {told}, but it is {stands}"


def _feeds_with_gaps(facts: dict[str, Any]) -> Iterator[str]:
    for agent, lines in facts["messages"].items():
        if [seq for seq, _, _ in lines] != list(range(1, len(lines) + 1)):
            yield f"the feed of {agent} is not dense and in order"
        seen: Counter[str] = Counter()
        for _, approval_seq, key in lines:
            seen[key] += 1
            if approval_seq != seen[key]:
                yield f"message {approval_seq} of {key} stands out of order"


def _webhooks_missing_or_out_of_order(facts: dict[str, Any], received: Receiver) -> Iterator[str]:
    yield from (f"forged or unsigned: {one}" for one in received.forged)
    for pk, one in facts["deliveries"].items():
        if one["state"] != "done" or not received.times[pk]:
            yield f"webhook {pk} {one} arrived {received.times[pk]} times"
    for pk in received.times.keys() - facts["deliveries"].keys():
        yield f"webhook {pk} was sent, but nothing says so"
    latest: dict[str, int] = {}
    for approval, seq in received.arrivals:
        if seq != latest.get(approval, 0) + 1:
            yield f"webhook {seq} of {approval} came first after {latest.get(approval, 0)}"
        latest[approval] = seq
