"""What a batch page has to remember between two clicks: what was shown, opened and done."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.core.signing import BadSignature
from django.utils import timezone

from approvals.models import Reviewer
from approvals.operations.batches import Result
from approvals.queries.batching import Seen
from approvals.rules.verdicts import Verdict

GOOD_FOR = timedelta(hours=12)
MOST_OPENED, MOST_OUTCOMES = 300, 5
_OPENED, _OUTCOMES = "batch.opened", "batch.outcomes"


@dataclass(frozen=True)
class Capture:
    """
    The requests of one page as they stood when it was drawn; it can be acted upon once.

    It travels in the form, signed for one person, so that neither a reload nor anybody
    else can put other requests under their finger.
    """

    token: uuid.UUID
    group: str
    at: datetime
    seen: tuple[Seen, ...]

    @classmethod
    def of(cls, group: str, seen: Sequence[Seen]) -> "Capture":
        return cls(uuid.uuid4(), group, timezone.now(), tuple(seen))

    def signed_for(self, reviewer: Reviewer) -> str:
        rows = [[item.id.hex, item.revision, item.digest] for item in self.seen]
        said = [self.token.hex, self.group, self.at.isoformat(), rows]
        return signing.dumps(said, salt=_salt(reviewer), compress=True)

    @classmethod
    def read(cls, text: str, reviewer: Reviewer) -> "Capture | None":
        """What a form brought back; None if it is too old, or was never given out."""
        try:
            token, group, at, rows = signing.loads(text, salt=_salt(reviewer), max_age=GOOD_FOR)
        except BadSignature:
            return None
        seen = tuple(Seen(uuid.UUID(pk), revision, digest) for pk, revision, digest in rows)
        return cls(uuid.UUID(token), group, datetime.fromisoformat(at), seen)


@dataclass(frozen=True)
class Outcome:
    """What became of a batch."""

    verdict: Verdict
    at: datetime
    results: list[Result]


def opened_among(session: SessionBase, seen: Sequence[Seen]) -> set[uuid.UUID]:
    """Those of the requests that were opened on a batch page as they stand here."""
    opened = set(session.get(_OPENED, []))
    return {item.id for item in seen if _mark(item) in opened}


def remember_opened(session: SessionBase, item: Seen) -> None:
    marks = [mark for mark in session.get(_OPENED, []) if mark != _mark(item)]
    session[_OPENED] = [*marks, _mark(item)][-MOST_OPENED:]


def outcome_of(session: SessionBase, token: uuid.UUID) -> Outcome | None:
    kept = session.get(_OUTCOMES, {}).get(token.hex)
    if kept is None:
        return None
    verdict, at, rows = kept
    results = [Result(uuid.UUID(pk), *rest) for pk, *rest in rows]
    return Outcome(Verdict(verdict), datetime.fromisoformat(at), results)


def remember_outcome(session: SessionBase, token: uuid.UUID, outcome: Outcome) -> None:
    rows = [[one.id.hex, one.result, one.status, one.code, one.detail] for one in outcome.results]
    kept: dict[str, Any] = dict(session.get(_OUTCOMES, {}))
    kept[token.hex] = [str(outcome.verdict), outcome.at.isoformat(), rows]
    session[_OUTCOMES] = dict(list(kept.items())[-MOST_OUTCOMES:])


def _mark(item: Seen) -> str:
    return f"{item.id.hex}:{item.revision}"


def _salt(reviewer: Reviewer) -> str:
    return f"approvals.batch:{reviewer.pk}"
