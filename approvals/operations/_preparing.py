"""From what an agent sent to what would be written: everything that can be known before writing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from approvals.models import Agent, CheckpointVersion
from approvals.outbound import addresses
from approvals.queries import documents, policies
from approvals.queries.policies import InForce
from approvals.refusals import Refusal
from approvals.rules import (
    answers,
    context,
    effect,
    evaluation,
    likeness,
    progress,
    schemas,
    spoofing,
    terms,
)
from approvals.rules.canonical import canonical, digest_of
from approvals.rules.evaluation import Evaluation
from approvals.rules.matching import Pattern
from approvals.rules.policy import Policy, ResponseType
from approvals.rules.terms import Terms
from approvals.rules.tiers import level_of

# What belongs to a revision; the rest of a submission is kept in the envelope.
_OF_THE_REVISION = {"action", "arguments", "steps", "context"}


class UnknownCheckpoint(Refusal):
    code = "unknown_checkpoint"


class MissingContext(Refusal):
    code = "missing_context"


class InvalidPlan(Refusal):
    code = "invalid_plan"


class InvalidSchema(Refusal):
    code = "unsafe_schema"


class SchemaViolation(Refusal):
    code = "schema_violation"


class InvalidResponse(Refusal):
    code = "invalid_response"


class UrlNotAllowed(Refusal):
    code = "url_not_allowed"


@dataclass(frozen=True)
class Proposed:
    """The exact bytes of one revision, and what they say."""

    action: str
    arguments: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    about: Mapping[str, Any]
    body: str
    digest: str

    @classmethod
    def of(
        cls,
        *,
        action: str,
        arguments: Mapping[str, Any],
        steps: Sequence[Mapping[str, Any]],
        about: Mapping[str, Any],
    ) -> "Proposed":
        """`{"action", "arguments", "steps"?}` in RFC 8785 form; no steps, no key."""
        whole = {"action": action, "arguments": arguments, **({"steps": steps} if steps else {})}
        body = canonical(whole)
        return cls(action, arguments, steps, about, body, digest_of(body))


@dataclass(frozen=True)
class Prepared:
    """A submission, checked and evaluated, ready to be written."""

    agent: Agent
    version: CheckpointVersion
    policy: Policy
    proposed: Proposed
    evaluation: Evaluation
    # Of the templates that are on, whether they fit or not.
    patterns: Sequence[Pattern]
    terms: Terms
    effect: str
    flags: list[dict[str, str]]
    submitted: Mapping[str, Any]
    # Versions beside this one that only say what they would have done.
    shadows: tuple[CheckpointVersion, ...] = ()


def prepare(
    agent: Agent,
    submitted: Mapping[str, Any],
    *,
    at: datetime,
    version: CheckpointVersion | None = None,
    ask_a_person: bool = False,
    explain: bool = False,
) -> Prepared:
    """
    Check a submission (its shape is the door's business) and evaluate it. Writes nothing.

    :param version: the version to hold it against; left out, the live one it names
    :param ask_a_person: nothing passes by itself, whatever the policy says
    :param explain: say of each template why it does not fit
    :raises UnknownCheckpoint: no live checkpoint of that name; the sentence names close ones
    :raises InvalidPlan: steps that repeat, or depend on what is not before them
    :raises InvalidSchema: an arguments schema that is none, or that reaches outside
    :raises SchemaViolation: the arguments break the agent's own schema
    :raises InvalidResponse: a question that nobody could answer
    :raises UrlNotAllowed: a callback the agent may not name
    """
    shadows: tuple[CheckpointVersion, ...] = ()
    if version is None:
        in_force = _in_force(submitted["checkpoint"])
        version, shadows = in_force.live, in_force.shadows
    policy = policies.policy_of(version)
    proposed = Proposed.of(
        action=submitted["action"],
        arguments=submitted.get("arguments", {}),
        steps=submitted.get("steps", []),
        about=submitted.get("context", {}),
    )
    check_plan(proposed.steps)
    _check_schema(submitted.get("arguments_schema"), proposed.arguments)
    _check_response(submitted.get("response"))
    _check_callback(agent, submitted.get("callback_url"))
    patterns = policies.patterns_on(version.checkpoint, at=at)
    judged = judge(
        policy,
        proposed,
        agent=agent,
        run=submitted.get("run", ""),
        patterns=patterns,
        reported=reported_risk(submitted),
        ask_a_person=ask_a_person or asks_more_than_yes_or_no(policy, submitted),
        explain=explain,
    )
    return Prepared(
        agent=agent,
        version=version,
        policy=policy,
        proposed=proposed,
        evaluation=judged,
        patterns=patterns,
        terms=terms.freeze(
            policy,
            response=submitted.get("response"),
            allowed_decisions=submitted.get("allowed_decisions"),
        ),
        effect=effect_of(policy, proposed),
        flags=flags_of(proposed),
        submitted=submitted,
        shadows=shadows,
    )


def under(version: CheckpointVersion, prepared: Prepared) -> Prepared:
    """The same submission as another version of its checkpoint would have it."""
    policy = policies.policy_of(version)
    judged = judge(
        policy,
        prepared.proposed,
        agent=prepared.agent,
        run=prepared.submitted.get("run", ""),
        patterns=prepared.patterns,
        reported=reported_risk(prepared.submitted),
        ask_a_person=asks_more_than_yes_or_no(policy, prepared.submitted),
    )
    return replace(prepared, version=version, policy=policy, evaluation=judged, shadows=())


def asks_more_than_yes_or_no(policy: Policy, submitted: Mapping[str, Any]) -> bool:
    """Whether it puts a question, which no policy can answer: it goes to a person."""
    question = submitted.get("response") or policy.response
    return bool(question["type"] != ResponseType.BINARY)


def require_context(prepared: Prepared) -> None:
    """:raises MissingContext: the checkpoint wants more; each missing pointer is named"""
    if missing := prepared.evaluation.missing_context:
        raise MissingContext(
            f"{prepared.policy.checkpoint} needs more context: {', '.join(missing)}.",
            errors=[
                {
                    "pointer": f"/context{pointer}",
                    "code": "required",
                    "detail": "is missing or empty",
                }
                for pointer in missing
            ],
        )
    if settings.VAGUE_CONTEXT == "reject" and context.is_vague(prepared.proposed.about):
        raise MissingContext("The context tells a reviewer nothing; say why, and what it affects.")


def judge(
    policy: Policy,
    proposed: Proposed,
    *,
    agent: Agent,
    run: str,
    patterns: Sequence[Pattern] = (),
    reported: float | None = None,
    ask_a_person: bool = False,
    explain: bool = False,
) -> Evaluation:
    """What the policy says of these exact bytes."""
    candidates = evaluation.proposals(
        action=proposed.action,
        arguments=proposed.arguments,
        steps=proposed.steps,
        about=proposed.about,
        agent={"name": agent.name, "trust": agent.trust},
        run=run,
        stage=policy.stage,
    )
    return evaluation.evaluate(
        policy,
        candidates,
        patterns=patterns,
        reported=reported,
        ask_a_person=ask_a_person,
        explain=explain,
    )


def reported_risk(submitted: Mapping[str, Any]) -> float | None:
    """The agent's own estimate: the highest it gives for the whole or for a step."""
    said = [
        submitted.get("risk_score"),
        *(step.get("risk_score") for step in submitted.get("steps", [])),
    ]
    return max((float(risk) for risk in said if risk is not None), default=None)


def check_plan(steps: Sequence[Mapping[str, Any]]) -> None:
    """:raises InvalidPlan: two steps of one name, or one that depends on what is not before it"""
    if wrong := progress.objection(progress.steps_of(steps)):
        pointer, sentence = wrong
        raise InvalidPlan(
            f"The plan does not hold together: {sentence}.",
            errors=[{"pointer": pointer, "code": "invalid_plan", "detail": sentence}],
        )


def check_arguments(schema: Mapping[str, Any] | None, arguments: Mapping[str, Any]) -> None:
    """:raises SchemaViolation: with the pointer of each argument that breaks the schema"""
    if schema and (wrong := schemas.problems(schema, arguments)):
        first = wrong[0]
        raise SchemaViolation(
            f"The arguments break their schema: {first.pointer or '/'}: {first.detail}.",
            errors=[
                replace(problem, pointer=f"/arguments{problem.pointer}").as_json()
                for problem in wrong
            ],
        )


def effect_of(policy: Policy, proposed: Proposed) -> str:
    parts = documents.effect_parts(
        policy.effect,
        {"action": proposed.action, "arguments": proposed.arguments, "steps": proposed.steps},
        proposed.about,
    )
    return effect.sentence(parts)


def flags_of(proposed: Proposed) -> list[dict[str, str]]:
    """What a reviewer should be warned of: deceiving characters, a context that says nothing."""
    whole = {
        "action": proposed.action,
        "arguments": proposed.arguments,
        "steps": proposed.steps,
        "context": proposed.about,
    }
    found = [
        {"code": f"text.{finding.code}", "pointer": finding.pointer, "detail": finding.words}
        for finding in spoofing.scan(whole)
    ]
    if context.is_vague(proposed.about):
        found.append(
            {"code": "context.vague", "pointer": "/context", "detail": "says nothing of use"}
        )
    return found


def likeness_of(
    proposed: Proposed,
    *,
    agent: Agent,
    terms: Terms,
    judged: Evaluation,
    flags: Sequence[Mapping[str, str]],
) -> str:
    """What near-identical requests have in common; "" where this must be looked at by itself."""
    deceives = any(flag["code"].startswith("text.") for flag in flags)
    if proposed.steps or terms.response["type"] != ResponseType.BINARY or deceives:
        return ""
    return likeness.likeness(
        agent=str(agent.pk),
        checkpoint=terms.checkpoint,
        version=terms.version,
        action=proposed.action,
        level=level_of(judged.risk.score, terms.bounds),
        amount=judged.amount,
        arguments=proposed.arguments,
    )


def envelope_of(submitted: Mapping[str, Any]) -> str:
    """What the agent sent besides its revision, in canonical form."""
    return canonical(
        {name: value for name, value in submitted.items() if name not in _OF_THE_REVISION}
    )


def _in_force(name: str) -> InForce:
    if found := policies.in_force(name):
        return found
    if settings.UNKNOWN_CHECKPOINT == "default" and (found := policies.in_force("default")):
        return found
    near = policies.close_names(name)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownCheckpoint(
        f"There is no checkpoint {name!r}.{hint}",
        errors=[
            {"pointer": "/checkpoint", "code": "unknown_checkpoint", "detail": "not configured"}
        ],
    )


def _check_schema(schema: Mapping[str, Any] | None, arguments: Mapping[str, Any]) -> None:
    if schema and (wrong := schemas.check(schema)):
        raise InvalidSchema(
            wrong,
            errors=[{"pointer": "/arguments_schema", "code": "unsafe_schema", "detail": wrong}],
        )
    check_arguments(schema, arguments)


def _check_response(response: Mapping[str, Any] | None) -> None:
    if response and (flaw := answers.flaw_in(response)):
        raise InvalidResponse(
            f"The response cannot be given: {flaw.detail}.",
            errors=[replace(flaw, pointer=f"/response{flaw.pointer}").as_json()],
        )


def _check_callback(agent: Agent, url: str | None) -> None:
    if url and (
        wrong := addresses.check_url(
            url,
            allowed_prefixes=agent.callback_prefixes,
            allowed_networks=settings.ALLOW_PRIVATE_CALLBACKS,
        )
    ):
        raise UrlNotAllowed(
            wrong, errors=[{"pointer": "/callback_url", "code": "url_not_allowed", "detail": wrong}]
        )
