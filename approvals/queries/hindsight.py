"""Settled requests, a batch at a time, as plain values: a backtest reads very many."""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from approvals.models import ApprovalRequest, Decision, OutcomeReport, Revision
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.queries.settled import Place
from approvals.rules.hindsight import Past, outcome_of
from approvals.rules.verdicts import VOTES, Verdict

BATCH = 1000
_COLUMNS = (
    "pk", "settled_at", "status", "via", "run", "amount", "envelope",
    "agent__name", "agent__trust",
)  # fmt: skip
_WRONG = (OutcomeReport.Status.FAILED, OutcomeReport.Status.HARMFUL)


@dataclass(frozen=True)
class Settled:
    """One request as its agent last submitted it, and what became of it."""

    id: uuid.UUID
    agent: Mapping[str, Any]
    run: str
    proposed: Mapping[str, Any]
    about: Mapping[str, Any]
    # What else was submitted: the agent's estimate, and whether it put a question.
    envelope: Mapping[str, Any]
    past: Past


@dataclass(frozen=True)
class Batch:
    """`digest` is of everything that was read; `onward` where the next begins, if one does."""

    settled: list[Settled]
    digest: str
    onward: Place | None


def settled_at(name: str, *, since: datetime, until: datetime) -> ApprovalRequestQuerySet:
    """What was settled at a checkpoint in a period."""
    return ApprovalRequest.objects.settled().filter(
        checkpoint=name, settled_at__gte=since, settled_at__lt=until
    )


def batch_of(found: ApprovalRequestQuerySet, *, after: Place | None) -> Batch:
    """The next requests in the order in which they were settled; four queries."""
    if after:
        later = Q(settled_at=after.settled_at, pk__gt=after.id)
        found = found.filter(
            Q(settled_at__gte=after.settled_at) & (Q(settled_at__gt=after.settled_at) | later)
        )
    rows = list(found.order_by("settled_at", "pk").values_list(*_COLUMNS)[:BATCH])
    ids = [row[0] for row in rows]
    words, votes, wrong = _revisions_of(ids), _votes_on(ids), _gone_wrong(ids)
    digest = hashlib.sha256()
    settled = []
    for row in rows:
        pk, *_ = row
        body, context = words[pk]
        said = votes.get(pk, [])
        for value in (*row, body, context, said, pk in wrong):
            digest.update(f"{value}\0".encode())
        settled.append(_settled(row, body, context, said, went_wrong=pk in wrong))
    onward = Place(rows[-1][1], rows[-1][0]) if len(rows) == BATCH else None
    return Batch(settled, digest.hexdigest(), onward)


def _settled(
    row: Sequence[Any], body: str, context: str, votes: Sequence[Any], *, went_wrong: bool
) -> Settled:
    pk, _, status, via, run, amount, envelope, name, trust = row
    proposed = json.loads(body)
    yes = [vote for vote in votes if vote[0] != Verdict.REJECT]
    looks = [seconds for _, _, _, seconds in votes if seconds is not None]
    past = Past(
        outcome=outcome_of(
            status=status,
            via=via,
            unopened=bool(yes) and all(batch and not opened for _, batch, opened, _ in yes),
        ),
        agent=name,
        action=proposed["action"],
        amount=amount,
        seconds=sum(looks) if looks else None,
        went_wrong=went_wrong,
    )
    agent = {"name": name, "trust": trust}
    return Settled(pk, agent, run, proposed, json.loads(context), json.loads(envelope), past)


def _revisions_of(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Body and context of each agent's own last words: a reviewer's edit is not theirs."""
    own = Revision.objects.filter(approval__in=ids, editor__isnull=True).order_by("number")
    return {
        pk: (body, context)
        for pk, body, context in own.values_list("approval_id", "body", "context").iterator()
    }


def _votes_on(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Any]]:
    cast = Decision.objects.filter(approval__in=ids, verdict__in=VOTES).order_by("decided_at", "pk")
    found = defaultdict(list)
    for pk, *vote in cast.values_list(
        "approval_id", "verdict", "batch", "inspected", "seen_seconds"
    ):
        found[pk].append(vote)
    return found


def _gone_wrong(ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    reports = OutcomeReport.objects.filter(approval__in=ids, status__in=_WRONG)
    return set(reports.values_list("approval_id", flat=True))
