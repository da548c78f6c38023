"""The shape of what an agent submits, as JSON Schema: at the API, and where it is explained."""

from typing import Any

from approvals.rules.verdicts import ANSWERS

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
