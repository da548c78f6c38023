"""Very many settled requests, as rows: what a backtest reads."""

import json
import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from approvals.models import (
    Agent,
    ApprovalRequest,
    CheckpointVersion,
    Decision,
    Reviewer,
    Revision,
)
from approvals.operations._preparing import Proposed

ABOUT = {"rationale": "The invoice is due.", "impact": {"scope": "one account"}}
AT_ONCE = 5000


def write(version: CheckpointVersion, agent: Agent, count: int, *, until: datetime) -> None:
    """
    So many decisions of a person called Archie, one a second, the last before `until`.

    Every fiftieth is a rejection.
    """
    user, _ = User.objects.get_or_create(username="archie")
    archie, _ = Reviewer.objects.get_or_create(user=user, tier="executive")
    for start in range(0, count, AT_ONCE):
        places = range(start, min(start + AT_ONCE, count))
        rows = [_row(version, agent, archie, place, until=until) for place in places]
        for model, column in ((ApprovalRequest, 0), (Revision, 1), (Decision, 2)):
            model.objects.bulk_create(row[column] for row in rows)


def _row(
    version: CheckpointVersion, agent: Agent, archie: Reviewer, place: int, *, until: datetime
) -> tuple[ApprovalRequest, Revision, Decision]:
    at = until - timedelta(seconds=place + 1)
    is_rejected = place % 50 == 0
    proposed = Proposed.of(
        action=f"pay_{place % 7}",
        arguments={"amount": place % 3000, "vendor": "acme", "note": f"invoice {place}"},
        steps=[],
        about=ABOUT,
    )
    approval = ApprovalRequest(
        id=uuid.uuid4(), agent=agent, version=version, checkpoint=version.checkpoint.name,
        action=proposed.action, digest=proposed.digest, effect="Pays.", risk_score=0.1, risk={},
        status="rejected" if is_rejected else "approved", via="human", decision="{}",
        terms_json={}, required_tier="team_member", amount=place % 3000, settled_at=at,
        submitted_at=at, window_starts_at=at, expires_at=at,
    )  # fmt: skip
    revision = Revision(
        approval=approval, number=1, body=proposed.body, digest=proposed.digest,
        context=json.dumps(ABOUT), created_at=at,
    )  # fmt: skip
    vote = Decision(
        approval=approval, reviewer=archie, revision=1, digest=proposed.digest,
        verdict="reject" if is_rejected else "approve", tier="executive",
        seen_seconds=20 + place % 30, decided_at=at,
    )  # fmt: skip
    return approval, revision, vote
