"""The trail of one request in the words of a screen."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import now

from approvals import events
from approvals.rules import spoofing
from approvals.rules.lifecycle import Status, Via
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Reason, Verdict
from approvals.templatetags.placet_time import clock
from audit.models import Event


@dataclass(frozen=True)
class Entry:
    """
    One line: who did what. `vote` is a tablet (yes, no), `icon` a symbol of the sprite;
    `via` a way that no person took; `said` free text, the agent's own if `by_agent`.
    """

    at: datetime
    who: str
    did: str
    vote: str = ""
    icon: str = "dot"
    via: str = ""
    detail: str = ""
    said: str = ""
    by_agent: bool = False


def entry_of(event: Event, names: Mapping[str, str]) -> Entry:
    """The line for one event; one of a type that is not known here keeps its type as words."""
    data = json.loads(event.body)["data"]
    # Settling repeats the words of the votes that led to it, which stand a line above.
    said = (
        "" if event.type == events.SETTLED else next((text.text for text in event.texts.all()), "")
    )
    shape = _SHAPES.get(event.type, _unknown)(data) | (
        {} if event.type in _SHAPES else {"did": event.type}
    )
    return Entry(
        at=event.at,
        who=_who(event.actor, names),
        said=said,
        by_agent=event.actor.startswith("agent:"),
        **shape,
    )


def _who(actor: str, names: Mapping[str, str]) -> str:
    if actor in names:
        return names[actor]
    kind, _, rest = actor.partition(":")
    return {"clock": "The clock", "policy": "The policy"}.get(kind) or rest or actor


_Data = Mapping[str, Any]
_Shape = dict[str, Any]


def _submitted(data: _Data) -> _Shape:
    did = f"asked, under version {data.get('version')}; risk {float(data.get('risk', 0)):.2f}"
    return {"did": did, "icon": "say"}


def _revised(data: _Data) -> _Shape:
    return {"did": f"revised it: revision {data['revision']}", "icon": "pencil"}


def _edited(data: _Data) -> _Shape:
    count = len(data.get("changed", []))
    what = f"changed {count} place{'' if count == 1 else 's'}" if count else "chose among the steps"
    return {"did": f"{what}: revision {data['revision']}", "icon": "pencil"}


def _decided(data: _Data) -> _Shape:
    verdict = data["verdict"]
    words = {
        Verdict.APPROVE: "approved",
        Verdict.MODIFY: "approved with changes",
        Verdict.REJECT: "rejected",
    }
    did = f"{words.get(verdict, verdict)} revision {data['revision']}"
    if data.get("reason_code"):
        did += f": {Reason(data['reason_code']).label}"
    if data.get("batch"):
        did += ", in a batch"
    return {"did": did, "vote": "no" if verdict == Verdict.REJECT else "yes"}


def _settled(data: _Data) -> _Shape:
    status = Status(data["status"])
    if data["via"] == Via.HUMAN:
        return {"did": f"settled it: {status.label}", "icon": "lock"}
    if data["via"] == Via.AGENT:
        return {"did": "withdrew the request", "icon": "x"}
    return {"did": f"settled it: {status.label}", "icon": "lock", "via": data["via"]}


def _escalated(data: _Data, *, why: str) -> _Shape:
    return {"did": f"{why} {Tier(data['to']).one}", "icon": "up"}


def _called(data: _Data) -> _Shape:
    count = len(data["people"])
    whom = f"whoever is on call by {data['schedule']}" if data["schedule"] else "the next rung"
    did = f"called {whom}: {count} {'person' if count == 1 else 'people'}"
    return {"did": did if count else f"called {whom}, and nobody was there", "icon": "alert"}


def _denied(data: _Data) -> _Shape:
    return {"did": f"tried to {Verdict(data['verdict']).label}. {data['why']}", "icon": "ban"}


def _deferred(data: _Data) -> _Shape:
    until = parse_datetime(data.get("until", ""))
    return {
        "did": f"put it off until {clock(until, now=now())}" if until else "put it off",
        "icon": "clock",
    }


def _followed(data: _Data) -> _Shape:
    steps = spoofing.spelled_out(", ".join(data.get("steps", [])))
    return {"did": f"carried {steps} over into a new request", "icon": "for"}


def _reported(data: _Data) -> _Shape:
    return {"did": f"reported what happened: {data['status']}", "icon": "info"}


def _plainly(did: str, icon: str, **more: str) -> Callable[[_Data], _Shape]:
    return lambda data: {"did": did, "icon": icon, **more}


_unknown = _plainly("", "dot")

_SHAPES: dict[str, Callable[[_Data], _Shape]] = {
    events.SUBMITTED: _submitted,
    events.REVISED: _revised,
    events.EDITED: _edited,
    events.DECIDED: _decided,
    events.CHANGES_REQUESTED: _plainly("asked the agent for changes", "retry"),
    events.GUIDED: _plainly("guided the agent", "say"),
    events.DEFERRED: _deferred,
    events.ESCALATED: lambda data: _escalated(data, why="was unsure, and asked"),
    events.ESCALATED_BY_EDIT: lambda data: _escalated(data, why="edited it so that it needs"),
    events.ESCALATED_BY_TIMEOUT: lambda data: _escalated(data, why="found no answer, and asked"),
    events.CLIMBED: lambda data: _escalated(data, why="came to the next rung: it needs"),
    events.REMINDED: _plainly("reminded those who may decide", "clock"),
    events.CALLED: _called,
    events.SETTLED: _settled,
    events.REJECTED_BY_TIMEOUT: _plainly("ran out", "glass", via="timeout", detail="rejected"),
    events.APPROVED_BY_TIMEOUT: _plainly("ran out", "glass", via="timeout", detail="approved"),
    events.FOLLOW_UP_CREATED: _followed,
    events.CLAIMED: _plainly("took it to look at", "eye"),
    events.REVEALED: _plainly("looked at the masked fields", "eye"),
    events.GRANT_CONSUMED: _plainly("used the permission", "key"),
    events.OUTCOME_REPORTED: _reported,
    events.DENIED: _denied,
    events.DELIVERY_PARKED: _plainly("gave up delivering a message", "offline"),
    events.DELIVERY_REPLAYED: _plainly("sent a message again", "retry"),
}
