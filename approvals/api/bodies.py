"""
The shapes of bodies, as JSON Schema: what is checked is what is published.

The same values validate requests and stand in the OpenAPI document.
"""

from approvals.models import OutcomeReport
from approvals.rules.ruling import MAX_FEEDBACK
from approvals.rules.submission_shapes import (
    MAX_BULK,
    MAX_STEPS,
    OPEN_OBJECT,
    RISK,
    STEP,
    SUBMISSION,
    addressed,
    an_object,
    text,
)
from approvals.rules.verdicts import Reason, StepVerdict, Verdict

__all__ = ["MAX_BULK", "RISK", "STEP", "SUBMISSION", "an_object"]

DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
INSTANT = {"type": "string", "format": "date-time"}
UUID = {"type": "string", "format": "uuid"}
# In a bulk the turn is named once, and the places follow from the order.
MEMBER = {
    **SUBMISSION,
    "properties": {
        name: shape for name, shape in SUBMISSION["properties"].items() if name != "group"
    },
}
BULK = an_object(
    ["group", "requests"],
    group=addressed(),
    requests={"type": "array", "items": MEMBER, "minItems": 1, "maxItems": MAX_BULK},
)
REVISION = an_object(
    ["arguments"],
    arguments=OPEN_OBJECT,
    context=OPEN_OBJECT,
    steps={"type": "array", "items": STEP, "maxItems": MAX_STEPS},
)
CANCEL = an_object([], reason=text(MAX_FEEDBACK))
CONSUME = an_object(["digest"], digest=DIGEST)
OUTCOME = an_object(
    ["status"],
    status={"enum": OutcomeReport.Status.values},
    detail=text(10_000),
    severity={"type": "integer", "minimum": 1, "maximum": 3},
    loss={"type": "number", "minimum": 0, "maximum": 1e15},
    occurred_at=INSTANT,
)
STEP_RULING = an_object(
    ["verdict"],
    verdict={"enum": StepVerdict.values},
    feedback=text(MAX_FEEDBACK),
    arguments=OPEN_OBJECT,
    merge_patch=OPEN_OBJECT,
)
DECISION = an_object(
    ["verdict", "revision", "digest"],
    verdict={"enum": Verdict.values},
    revision={"type": "integer", "minimum": 1},
    digest=DIGEST,
    feedback=text(MAX_FEEDBACK),
    reason_code={"enum": Reason.values},
    arguments=OPEN_OBJECT,
    merge_patch=OPEN_OBJECT,
    steps={"type": "object", "additionalProperties": STEP_RULING},
    selected={"type": "array", "items": {"type": "string"}, "maxItems": 100},
    answer={},
    until=INSTANT,
)
BATCH = an_object(
    ["items", "verdict"],
    items={
        "type": "array",
        "items": an_object(
            ["id", "revision", "digest"],
            id=UUID,
            revision={"type": "integer", "minimum": 1},
            digest=DIGEST,
        ),
        "minItems": 1,
        "maxItems": MAX_BULK,
    },
    verdict={"enum": [Verdict.APPROVE, Verdict.REJECT]},
    feedback=text(MAX_FEEDBACK),
)
