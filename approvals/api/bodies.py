"""
The shapes of bodies, as JSON Schema: what is checked is what is published.

The same values validate requests and stand in the OpenAPI document.
"""

from typing import Any

from approvals.models import OutcomeReport
from approvals.rules.ruling import MAX_FEEDBACK
from approvals.rules.verdicts import ANSWERS, Reason, StepVerdict, Verdict

MAX_BULK = 100
MAX_STEPS = 500


def text(most: int, *, least: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most, **more}


def named(most: int = 200) -> dict[str, Any]:
    """A name: not empty, not only white space."""
    return text(most, least=1, pattern=r"\S")


def addressed(most: int = 200) -> dict[str, Any]:
    """A name that is also a part of an address: without control characters."""
    calm = r"[^\x00-\x1f\x7f]"
    return text(most, least=1, pattern=rf"^{calm}*[^\s\x00-\x1f\x7f]{calm}*$")


def an_object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


OPEN_OBJECT: dict[str, Any] = {"type": "object"}
RISK = {"type": "number", "minimum": 0, "maximum": 1}
SECONDS = {"type": "integer", "minimum": 1, "maximum": 31_536_000}
DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
INSTANT = {"type": "string", "format": "date-time"}
UUID = {"type": "string", "format": "uuid"}

STEP = an_object(
    ["id", "action"],
    id=named(),
    action=named(),
    arguments=OPEN_OBJECT,
    risk_score=RISK,
    impact=text(10_000),
    depends_on={"type": "array", "items": named(), "maxItems": MAX_STEPS},
)
RESPONSE = an_object(
    ["type"],
    type={"enum": ["binary", "multiselect", "freeform"]},
    options={
        "type": "array",
        "items": an_object(["id", "label"], id=named(), label=named(500)),
        "minItems": 1,
        "maxItems": 100,
    },
    min={"type": "integer", "minimum": 0},
    max={"type": "integer", "minimum": 1},
    schema=OPEN_OBJECT,
)
GROUP = an_object(
    ["id", "index", "size"],
    id=addressed(),
    index={"type": "integer", "minimum": 0, "maximum": MAX_BULK - 1},
    size={"type": "integer", "minimum": 1, "maximum": MAX_BULK},
)
SUBMISSION = an_object(
    ["checkpoint", "action"],
    checkpoint=named(80),
    action=named(),
    arguments=OPEN_OBJECT,
    arguments_schema=OPEN_OBJECT,
    context=OPEN_OBJECT,
    risk_score=RISK,
    steps={"type": "array", "items": STEP, "maxItems": MAX_STEPS},
    response=RESPONSE,
    allowed_decisions={
        "type": "array",
        "items": {"enum": sorted(ANSWERS)},
        "minItems": 1,
        "uniqueItems": True,
    },
    expires_in_seconds=SECONDS,
    callback_url=text(2000, least=1),
    run=named(),
    group=GROUP,
    on_behalf_of=named(254),
    source=OPEN_OBJECT,
    metadata=OPEN_OBJECT,
)
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
