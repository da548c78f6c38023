from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Decision:
    """How an approval was settled."""

    via: str  # human, template, threshold, not_triggered, timeout or bypass
    verdict: str
    decided_at: datetime | None
    feedback: str
    reason_code: str | None
    by: tuple[dict[str, Any], ...]  # name, role, verdict, at, acting_for; empty if nobody
    modifications: tuple[dict[str, Any], ...]  # RFC 6902, from the submitted arguments
    selected: Any  # the options chosen, of a multiselect
    answer: Any  # what was answered, to a freeform question
    follow_up: tuple[str, ...]  # ids of the approvals that carry the deferred steps
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_answer(cls, raw: Mapping[str, Any]) -> Decision:
        return cls(
            via=raw["via"],
            verdict=raw["verdict"],
            decided_at=_instant(raw.get("decided_at")),
            feedback=raw.get("feedback") or "",
            reason_code=raw.get("reason_code"),
            by=tuple(raw.get("by") or ()),
            modifications=tuple(raw.get("modifications") or ()),
            selected=raw.get("selected"),
            answer=raw.get("answer"),
            follow_up=tuple(raw.get("follow_up") or ()),
            raw=raw,
        )


def _instant(text: str | None) -> datetime | None:
    # The letter Z is understood from Python 3.11 on.
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))
