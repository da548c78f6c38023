"""What a policy says about one proposal, in the order that a policy is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from approvals.rules import context, expressions, matching, risk
from approvals.rules.lifecycle import Via
from approvals.rules.matching import Pattern
from approvals.rules.policy import Policy
from approvals.rules.risk import Proposal, RiskAssessment
from approvals.rules.tiers import Tier, tier_for


@dataclass(frozen=True)
class Evaluation:
    """
    `via` is what lets the proposal pass at once; None means that a person is asked.

    `fitting` are the templates that match, best first; the caller still counts their
    limits. `objections` say why the others do not: of all of them if that was asked for,
    else of none. `problems` are expressions that could not be evaluated: each of them
    sends the proposal to a person.
    """

    risk: RiskAssessment
    tier: Tier
    needed: int
    amount: float | None
    via: Via | None
    triggered: bool
    never_auto: bool
    # Whether a person must see it, by `never_auto` or because a rule could not be evaluated.
    barred: bool
    fitting: tuple[str, ...]
    objections: Mapping[str, str]
    missing_context: tuple[str, ...]
    problems: tuple[str, ...]


def proposals(
    *,
    action: str,
    arguments: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any],
    agent: Mapping[str, Any],
    run: str,
    stage: str,
) -> list[Proposal]:
    """The request, then each of its steps, as rules see them. `about` is the context."""
    shared = {
        "context": about,
        "agent": agent,
        "run": run,
        "stage": stage,
        "step_count": len(steps),
    }
    whole = {"action": action, "arguments": arguments, "steps": list(steps), "context": about}
    # `Facts` converts the context once, not once for each condition.
    request = expressions.Facts({"action": action, "args": arguments, **shared})
    found = [Proposal(request, whole)]
    for step in steps:
        inner = step.get("arguments", {})
        document = {**whole, "action": step["action"], "arguments": inner}
        facts = expressions.Facts({"action": step["action"], "args": inner, **shared})
        found.append(Proposal(facts, document, step=step["id"]))
    return found


def evaluate(
    policy: Policy,
    candidates: Sequence[Proposal],
    *,
    patterns: Sequence[Pattern] = (),
    reported: float | None = None,
    ask_a_person: bool = False,
    explain: bool = False,
) -> Evaluation:
    """
    Read the policy over a request (first in `candidates`) and its steps.

    :param ask_a_person: True where a person already has the matter in hand (an edit, a
        follow-up): nothing passes by itself then
    :param explain: look at every template, even where none may pass it, and say why not
    """
    assessment = risk.assess(policy.risk_rules, candidates, reported=reported)
    problems = list(assessment.errors)
    # A step that would have triggered by itself does so in a plan, too.
    triggered = not policy.trigger or any(
        _holds_or_closed(policy.trigger, candidate.facts, problems, closed=True)
        for candidate in candidates
    )
    scored = [_with_risk(candidate, assessment.score) for candidate in candidates]
    never_auto = bool(policy.never_auto) and any(
        _holds_or_closed(policy.never_auto, candidate.facts, problems, closed=True)
        for candidate in scored
    )
    barred = never_auto or bool(problems)
    may_pass = not (barred or ask_a_person)
    looked_at = patterns if triggered and may_pass else ()
    tier = tier_for(assessment.score, policy.tiers)
    return Evaluation(
        risk=assessment,
        tier=tier,
        needed=policy.quorum.get(tier, 1),
        amount=risk.amount_of(candidates),
        via=_passes(policy, assessment, triggered, may_pass, ask_a_person),
        triggered=triggered,
        never_auto=never_auto,
        barred=barred,
        fitting=tuple(pattern.name for pattern in looked_at if _objection(pattern, scored) is None),
        objections={
            pattern.name: why
            for pattern in (patterns if explain else ())
            if (why := _objection(pattern, scored))
        },
        missing_context=tuple(
            context.missing(policy.required_context, candidates[0].document["context"])
        ),
        problems=tuple(problems),
    )


def _with_risk(candidate: Proposal, score: float) -> Proposal:
    return replace(candidate, facts=candidate.facts.knowing(score))


def _objection(pattern: Pattern, scored: Sequence[Proposal]) -> str | None:
    if len(scored) > 1:
        return "it is a plan, whose steps no template looks at"
    request = scored[0]
    return matching.objection(pattern, request, risk=request.facts["risk"])


def _passes(
    policy: Policy,
    assessment: RiskAssessment,
    triggered: bool,
    may_pass: bool,
    ask_a_person: bool,
) -> Via | None:
    if not triggered and not ask_a_person:
        return Via.NOT_TRIGGERED
    if may_pass and assessment.score < policy.auto_approve_below:
        return Via.THRESHOLD
    return None


def _holds_or_closed(
    source: str, facts: Mapping[str, Any], problems: list[str], *, closed: bool
) -> bool:
    try:
        return expressions.holds(source, facts)
    except expressions.Undecided as error:
        problems.append(f"{source}: {error}")
        return closed
