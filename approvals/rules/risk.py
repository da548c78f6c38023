"""Risk: a capped sum of named factors, never a number alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from approvals.rules import amounts, effect, expressions
from approvals.rules.expressions import Facts
from approvals.rules.policy import RiskRule


@dataclass(frozen=True)
class Proposal:
    """
    One thing that would run, as rules see it.

    `facts` are the names of a CEL condition; `document` is what effect sentences and
    template conditions point into. A plan is the request itself and each of its steps.
    """

    facts: Facts
    document: Mapping[str, Any]
    step: str = ""


@dataclass(frozen=True)
class Factor:
    rule: str
    weight: float
    detail: str
    failed: bool = False


@dataclass(frozen=True)
class RiskAssessment:
    """`score` 0.0–1.0; `reported` is the agent's own estimate, which can only raise it."""

    score: float
    factors: tuple[Factor, ...]
    reported: float | None = None

    @property
    def errors(self) -> list[str]:
        """Rules that could not be evaluated. They count as if they had matched."""
        return [factor.detail for factor in self.factors if factor.failed]

    def as_json(self) -> dict[str, Any]:
        factors = [asdict(factor) for factor in self.factors]
        for factor in factors:
            if not factor["failed"]:
                del factor["failed"]
        return {"score": self.score, "factors": factors, "reported": self.reported}


def assess(
    rules: Iterable[RiskRule], proposals: Sequence[Proposal], *, reported: float | None = None
) -> RiskAssessment:
    """
    The risk of a request and all its steps.

    A rule counts once, if it holds for any of them: splitting a payment into steps, or
    hiding an argument in one, does not lower the sum. A rule that cannot be evaluated
    counts too, and says so.
    """
    found = [factor for rule in rules if (factor := _first_match(rule, proposals))]
    score = min(round(sum(factor.weight for factor in found), 6), 1.0)
    return RiskAssessment(max(score, reported or 0.0), tuple(found), reported)


def _first_match(rule: RiskRule, proposals: Sequence[Proposal]) -> Factor | None:
    for proposal in proposals:
        where = f"step {proposal.step}: " if proposal.step else ""
        try:
            if expressions.holds(rule.condition, proposal.facts):
                words = effect.sentence(effect.render(rule.explanation, proposal.document))
                return Factor(rule.name, rule.weight, where + (words or rule.name))
        except expressions.Undecided as error:
            return Factor(
                rule.name, rule.weight, f"{where}could not be evaluated: {error}", failed=True
            )
    return None


def amount_of(proposals: Sequence[Proposal]) -> float | None:
    """
    The largest amount in sight: of the arguments, of the context, or of all steps together.

    Amount ceilings are held against this, so the agent's own figure can only raise it.
    """
    request, *steps = proposals
    figures = [
        amounts.figure_in(request.facts["args"]),
        amounts.figure_of(request.facts["context"].get("amount")),
        sum(amounts.figure_in(step.facts["args"]) or 0.0 for step in steps) or None,
    ]
    return max((figure for figure in figures if figure is not None), default=None)
