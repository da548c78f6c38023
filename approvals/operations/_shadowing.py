"""What versions in the shadow would have done with a submission, kept beside it."""

from collections.abc import Iterator
from datetime import datetime

import structlog

from approvals.models import ApprovalRequest, ShadowVerdict
from approvals.operations import _passing, _preparing
from approvals.operations._preparing import Prepared

log = structlog.get_logger(__name__)


def record(approval: ApprovalRequest, prepared: Prepared, *, at: datetime) -> None:
    """
    Write a verdict for each version in the shadow, before the live one lets anything pass.

    Expects the transaction of the submission. A version that cannot be evaluated says
    nothing, and holds up nobody.
    """
    if prepared.shadows:
        ShadowVerdict.objects.bulk_create(_verdicts(approval, prepared, at=at))


def _verdicts(
    approval: ApprovalRequest, prepared: Prepared, *, at: datetime
) -> Iterator[ShadowVerdict]:
    for version in prepared.shadows:
        try:
            shadow = _preparing.under(version, prepared)
        except Exception:
            # What is only tried out must not cost anybody their request; somebody is told.
            log.exception("shadow.failed", version=str(version.pk), approval=str(approval.pk))
            continue
        judged = shadow.evaluation
        via = None if judged.missing_context else _passing.passes_by(shadow, at=at)[0]
        yield ShadowVerdict(
            approval=approval,
            version=version,
            would_have=via or "",
            risk_score=judged.risk.score,
            required_tier=judged.tier,
        )
