"""A request on a terminal: everything that is to be decided, and nothing that can deceive."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ..._approval import ApprovalState
from .. import inert
from ..output import bold, dim

QUOTED = "  │ "  # before each line of others; only these lines are theirs


def request(approval: ApprovalState, *, at: datetime) -> str:
    """
    All of one request.

    :param at: aware; what the time left is counted from
    """
    raw = approval.raw
    checkpoint = raw["checkpoint"]
    facts = (
        f"{checkpoint['name']}, {checkpoint['stage']}",
        f"from {raw['agent']}",
        left(raw, at=at),
        f"revision {approval.revision}",
        approval.id,
    )
    parts = [
        bold(_text(raw["effect"])),
        dim(" · ".join(map(_text, facts))),
        _section("Risk", risk(raw)),
        _section("Odd characters", [flag["detail"] for flag in raw.get("flags") or ()]),
        *_context(raw.get("context") or {}),
        _json_section(f"Runs {_text(approval.action)} with", approval.raw["arguments"]),
        *[_step(step) for step in raw.get("steps") or ()],
        _section("To choose", _choices((raw.get("response") or {}).get("options") or ())),
        _section("Guidelines", checkpoint.get("guidelines")),
        _section("Said so far", [f"{w['by']}: {w['feedback']}" for w in raw.get("feedback") or ()]),
    ]
    return "\n".join(part for part in parts if part)


def row(approval: ApprovalState, *, at: datetime) -> str:
    """One request in a line."""
    score = approval.raw["risk"]["score"]
    effect = inert.line(str(approval.raw["effect"]))
    return f"{score:.2f} {left(approval.raw, at=at):>10}  {effect}"


def risk(raw: Mapping[str, Any]) -> list[str]:
    """The score and who may decide it, then what it is made of."""
    found = raw["risk"]
    quorum = raw.get("quorum") or {}
    lines = [f"{found['score']:.2f} of 1, needs a {str(raw['required_level']).replace('_', ' ')}"]
    if (quorum.get("needed") or 1) > 1:
        lines.append(f"{quorum['approvals']} of {quorum['needed']} approvals so far")
    for factor in found["factors"]:
        lines.append(f"{factor['weight']:+.2f} {factor['rule']}: {factor['detail']}")
    if found.get("reported") is not None:
        lines.append(f"the agent's own estimate is {found['reported']:.2f}")
    return lines


def left(raw: Mapping[str, Any], *, at: datetime) -> str:
    """How long there is to decide."""
    due = datetime.fromisoformat(str(raw["expires_at"]).replace("Z", "+00:00"))
    seconds = int((due - at.astimezone(timezone.utc)).total_seconds())
    if seconds <= 0:
        return "out of time"
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} left"
    return f"{seconds} s left"


def _context(context: Mapping[str, Any]) -> Iterable[str]:
    known = {"rationale": "Why", "impact": "Impact", "alternatives": "Alternatives"}
    for name, title in known.items():
        yield _section(title, context.get(name))
    rest = {name: value for name, value in context.items() if name not in known}
    if rest:
        yield _json_section("Further context", rest)


def _step(step: Mapping[str, Any]) -> str:
    after = ", ".join(map(_text, step.get("depends_on") or ()))
    title = f"Step {_text(step['id'])}: {_text(step['action'])}"
    impact = [str(step["impact"])] if step.get("impact") else []
    return "\n".join(
        part
        for part in (
            _json_section(f"{title} (after {after})" if after else title, step.get("arguments")),
            *(inert.block(line, margin=QUOTED) for line in impact),
        )
        if part
    )


def _choices(options: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{number}  {each['label']}  ({each['id']})" for number, each in enumerate(options, 1)]


def _section(title: str, content: Any) -> str:
    """Words of others; left out where there are none."""
    if not content:
        return ""
    if isinstance(content, str):
        lines = content.split("\n")
    elif isinstance(content, Mapping):
        lines = [f"{name}: {_plain(value)}" for name, value in content.items()]
    elif isinstance(content, (list, tuple)):
        lines = [_plain(each) for each in content]
    else:
        lines = [_plain(content)]
    return f"\n{bold(title)}\n" + "\n".join(map(_wrapped, lines))


def _json_section(title: str, value: Any) -> str:
    # As it stands, however long a line: a line break that is ours would look like one of theirs.
    return f"\n{bold(title)}\n{inert.block(inert.as_json(value or {}), margin=QUOTED)}"


def _wrapped(text: str) -> str:
    width = max(20, shutil.get_terminal_size().columns - len(QUOTED))
    wrapped = textwrap.wrap(inert.line(text), width, drop_whitespace=False) or [""]
    return "\n".join(QUOTED + each for each in wrapped)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else inert.as_json(value, indent=None)


def _text(value: Any) -> str:
    return inert.line(str(value))
