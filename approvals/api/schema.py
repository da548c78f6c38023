"""The answers of the API, for the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, extend_schema

from approvals.api import bodies
from approvals.rules.lifecycle import Status, Via
from approvals.rules.policy import OnTimeout
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import ANSWERS, Reason, StepStatus, Verdict


def _answer(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [shape, {"type": "null"}]}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": shape}


MESSAGE_TYPES = [
    f"approval.{what}"
    for what in ("settled", "changes_requested", "guided", "escalated", "follow_up_created")
]

STRING = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
OBJECT = {"type": "object"}

FACTOR = {
    "type": "object",
    "properties": {"rule": STRING, "weight": {"type": "number"}, "detail": STRING},
    "required": ["rule", "weight", "detail"],
}
RISK = _answer(score=bodies.RISK, factors=list_of(FACTOR), reported=_or_null(bodies.RISK))
VOTE = _answer(
    name=STRING,
    role={"enum": Tier.values},
    verdict=STRING,
    at=bodies.INSTANT,
    acting_for=_or_null(STRING),
)
STEP = _answer(
    id=STRING, action=STRING, status={"enum": StepStatus.values}, arguments=OBJECT, feedback=STRING
)
DECISION = _answer(
    via={"enum": Via.values},
    verdict=STRING,
    decided_at=bodies.INSTANT,
    feedback=STRING,
    reason_code=_or_null(STRING),
    by=list_of(VOTE),
    arguments=OBJECT,
    modifications=list_of(OBJECT),
    selected=_or_null(list_of(STRING)),
    answer={},
    steps=list_of(STEP),
    follow_up=list_of(bodies.UUID),
    policy=_answer(
        checkpoint=STRING,
        version=COUNT,
        template=_or_null(STRING),
        bypass=_or_null(bodies.UUID),
    ),
)
GROUP_PLACE = _answer(id=STRING, index=COUNT, size=COUNT)
FLAG = _answer(code=STRING, pointer=STRING, detail=STRING)
WORDS = _answer(
    by=STRING,
    verdict={"enum": [Verdict.GUIDE, Verdict.REQUEST_CHANGES]},
    feedback=STRING,
    reason_code=_or_null({"enum": Reason.values}),
    revision=COUNT,
    at=bodies.INSTANT,
)
APPROVAL = _answer(
    id=bodies.UUID,
    url={"type": "string", "format": "uri"},
    status={"enum": Status.values},
    revision=COUNT,
    digest=bodies.DIGEST,
    checkpoint=_answer(name=STRING, version=COUNT, stage=STRING, guidelines=STRING),
    agent=STRING,
    risk=RISK,
    flags=list_of(FLAG),
    effect=STRING,
    required_level={"enum": Tier.values},
    quorum=_answer(needed=COUNT, approvals=COUNT),
    expires_at=bodies.INSTANT,
    on_timeout={"enum": OnTimeout.values},
    waiting_on=_or_null({"enum": ["reviewer", "agent"]}),
    may_proceed={"type": "boolean"},
    paused=_or_null(_answer(detail=STRING, since=bodies.INSTANT)),
    decision=_or_null(ref("Decision")),
    grant=_or_null(STRING),
    consumed_at=_or_null(bodies.INSTANT),
    created_at=bodies.INSTANT,
    action=STRING,
    arguments=OBJECT,
    arguments_schema=OBJECT,
    context=OBJECT,
    risk_score=_or_null(bodies.RISK),
    steps=list_of(bodies.STEP),
    response=OBJECT,
    allowed_decisions=list_of({"enum": sorted(ANSWERS)}),
    callback_url=_or_null(STRING),
    run=_or_null(STRING),
    group=_or_null(GROUP_PLACE),
    on_behalf_of=_or_null(STRING),
    follows=_or_null(bodies.UUID),
    source=OBJECT,
    metadata=OBJECT,
    feedback=list_of(WORDS),
)
EVALUATION = _answer(
    paused=_or_null(_answer(detail=STRING, since=bodies.INSTANT)),
    checkpoint=_answer(name=STRING, version=COUNT),
    would=STRING,
    risk=RISK,
    required_level={"enum": Tier.values},
    quorum=_answer(needed=COUNT),
    template=_or_null(STRING),
    fitting_templates=list_of(STRING),
    missing_context=list_of(STRING),
    problems=list_of(STRING),
    effect=STRING,
    digest=bodies.DIGEST,
)
CHECKPOINT = _answer(
    name=STRING,
    version=COUNT,
    title=STRING,
    stage=STRING,
    guidelines=STRING,
    required_context={},
    response=OBJECT,
    timeout_seconds=COUNT,
    on_timeout={"enum": OnTimeout.values},
    paused={"type": "boolean"},
)
ESCALATION = {
    **_answer(at=bodies.INSTANT, reason=STRING, to={"enum": Tier.values}),
    "description": "Also `from`, the tier that was asked before.",
}
ESCALATION["properties"]["from"] = {"enum": Tier.values}
MESSAGE = _answer(
    seq=COUNT,
    type={"enum": MESSAGE_TYPES},
    timestamp=bodies.INSTANT,
    approval=bodies.UUID,
    data={
        **APPROVAL,
        "properties": {**APPROVAL["properties"], "escalation": ESCALATION},
        "description": "The approval as it stood then; `escalation` where it tells of one.",
    },
)
RESULT = _answer(
    id=bodies.UUID,
    result={"enum": ["settled", "voted", "skipped"]},
    status={"enum": ["", *Status.values]},
    code=STRING,
    detail=STRING,
)
GROUP = _answer(
    id=STRING,
    size=COUNT,
    complete={"type": "boolean"},
    members=list_of(ref("Approval")),
)
GRANT_TAKEN = _answer(
    id=bodies.UUID, digest=bodies.DIGEST, consumed_at=bodies.INSTANT, grant=STRING
)
OUTCOME_KEPT = _answer(id=bodies.UUID, status=STRING, reported_at=bodies.INSTANT)
PROBLEM = _answer(
    type=STRING,
    title=STRING,
    status=COUNT,
    detail=STRING,
    code=STRING,
    request_id=STRING,
    errors=list_of(FLAG),
)
PROBLEM["properties"]["current"] = _or_null(OBJECT)
PROBLEM["description"] = (
    "RFC 9457 problem details. `errors` names fields by JSON Pointer; `current` is the state "
    "behind a 409."
)

COMPONENTS = {"Approval": APPROVAL, "Decision": DECISION, "Problem": PROBLEM}


def page_of(shape: dict[str, Any]) -> dict[str, Any]:
    return _answer(results=list_of(shape), next_cursor=_or_null(STRING))


_PROBLEMS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429)
_OF_THE_ANSWER = {
    "Location": "where to read it",
    "ETag": "for If-None-Match; unchanged, it is answered 304",
    "Idempotent-Replayed": "true where the same key and body had been sent before",
}


def endpoint(
    name: str,
    summary: str,
    *,
    answers: dict[int, Any],
    body: dict[str, Any] | None = None,
    query: tuple[str, ...] = (),
    headers: tuple[str, ...] = (),
    gives: tuple[str, ...] = (),
) -> Any:
    """
    Describe one endpoint: what it does, takes and answers, besides problems.

    :param name: of the operation, for generated clients
    :param headers: that it heeds; `gives` are those of its answers
    """
    parameters = [OpenApiParameter(name, str, OpenApiParameter.QUERY) for name in query]
    parameters += [OpenApiParameter(name, str, OpenApiParameter.HEADER) for name in headers]
    parameters += [
        OpenApiParameter(
            name, str, OpenApiParameter.HEADER, description=_OF_THE_ANSWER[name], response=True
        )
        for name in gives
    ]
    if "If-None-Match" in headers:
        answers = {**answers, 304: None}
    problems = {(code, "application/problem+json"): ref("Problem") for code in _PROBLEMS}
    return extend_schema(
        operation_id=name,
        summary=summary,
        description=f"{summary}.",
        request={"application/json": body} if body else None,
        parameters=parameters,
        responses={
            **{(code, "application/json"): shape for code, shape in answers.items()},
            **problems,
        },
    )


def add_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The hook by which what `ref` names comes into the document."""
    result["components"].setdefault("schemas", {}).update(COMPONENTS)
    return result


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "approvals.api.callers.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An agent's key (plc_agent_…) or a person's token (plc_user_…).",
        }
