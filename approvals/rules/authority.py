"""May this person decide this? The one answer, in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from approvals.rules.amounts import LARGEST_AMOUNT
from approvals.rules.tiers import Tier


@dataclass(frozen=True)
class Standing:
    """What a person may do in general, at one instant."""

    reviewer: str
    user: str
    name: str
    tier: Tier
    is_active: bool = True
    teams: frozenset[str] = frozenset()
    # Checkpoints they are limited to; empty means no limit.
    checkpoints: frozenset[str] = frozenset()
    amount_ceiling: float | None = None
    competent_until: datetime | None = None
    # How they may be called in `on_behalf_of`: user name and e-mail, lower case.
    known_as: frozenset[str] = frozenset()
    # People who are away now and named this person as their delegate. They cannot in
    # turn bring their own delegators: delegation does not chain.
    stands_in_for: tuple["Standing", ...] = ()


@dataclass(frozen=True)
class Case:
    """What an approval asks of whoever decides it."""

    checkpoint: str
    needed: Tier
    at: datetime
    team: str | None = None
    team_name: str = ""
    amount: float | None = None
    on_behalf_of: str = ""
    # Users, as text: whose agent asks, and who published the version it asks under.
    agent_owner: str | None = None
    publisher: str | None = None
    # Whether they come with an API token: enough for little, not for much.
    by_token: bool = False
    # Reviewers who have voted on the current revision.
    voted: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Objection:
    code: str
    sentence: str
    # Whether a next tier could help: then the page offers to escalate instead.
    can_escalate: bool = False


def objection_to(person: Standing, case: Case, *, needs_tier: bool = True) -> Objection | None:
    """
    Why this person may not decide this, or None if they may.

    :param needs_tier: False for what moves nothing (guidance, deferring, asking the next
        tier), which needs the pool but not the rank
    """
    if not person.is_active:
        return Objection("not_eligible", f"{person.name} is not an active reviewer.")
    if not _is_competent(person, case):
        return Objection(
            "not_eligible", f"{person.name}'s qualification for reviewing has run out."
        )
    if excluded := _exclusion(person, case):
        return Objection("not_eligible", excluded)
    if not in_pool(person, case):
        return Objection("not_eligible", _not_in_pool(person, case))
    if person.reviewer in case.voted:
        return Objection("already_voted", f"{person.name} has already voted on this revision.")
    if not needs_tier:
        return None
    return beyond(person, case)


def beyond(person: Standing, case: Case) -> Objection | None:
    """
    Why the case is above this person's authority, or above what they came with, or None.

    Delegation never widens: who stands in has no more than the person they stand in for.
    """
    absent = acting_for(person, case)
    if limit := _above(person, case) or (_above(absent, case) if absent else None):
        return limit
    if case.by_token and case.needed.reaches(Tier.DIRECTOR):
        return Objection(
            "insufficient_authority",
            f"What needs {case.needed.one} is decided in the browser, not with a token.",
        )
    return None


def tier_used(person: Standing, case: Case) -> Tier:
    """The tier with which this person speaks here: their own, or that of the absent if lower."""
    absent = acting_for(person, case)
    return min([person.tier, absent.tier], key=lambda tier: tier.rank) if absent else person.tier


def in_pool(person: Standing, case: Case) -> bool:
    """Whether the approval is this person's business: by themselves, or for someone away."""
    return _belongs(person, case) or acting_for(person, case) is not None


def acting_for(person: Standing, case: Case) -> Standing | None:
    """
    For whom this person would be deciding, or None when in their own name.

    Of several, one who could have decided it comes first.
    """
    if _belongs(person, case):
        return None
    lending = [absent for absent in person.stands_in_for if _lends(absent, case)]
    return min(lending, key=lambda absent: _above(absent, case) is not None, default=None)


def _belongs(person: Standing, case: Case) -> bool:
    in_team = case.team is None or case.team in person.teams
    return in_team and (not person.checkpoints or case.checkpoint in person.checkpoints)


def _lends(absent: Standing, case: Case) -> bool:
    # Nobody brings in a stand-in where they may not be themselves, or have spoken already.
    return (
        absent.is_active
        and _is_competent(absent, case)
        and _belongs(absent, case)
        and _exclusion(absent, case) is None
        and absent.reviewer not in case.voted
    )


def _is_competent(person: Standing, case: Case) -> bool:
    return person.competent_until is None or person.competent_until > case.at


def _above(person: Standing, case: Case) -> Objection | None:
    if not person.tier.reaches(case.needed):
        return Objection(
            "insufficient_authority",
            f"This needs {case.needed.one}; {person.name} is {person.tier.one}.",
            can_escalate=True,
        )
    ceiling = person.amount_ceiling
    if ceiling is not None and case.amount is not None and case.amount > ceiling:
        is_read = case.amount < LARGEST_AMOUNT
        what = f"this is {case.amount:,.2f}" if is_read else "this amount cannot be read as one"
        return Objection(
            "insufficient_authority",
            f"{person.name} may decide up to {ceiling:,.2f}; {what}.",
            can_escalate=True,
        )
    return None


def _exclusion(person: Standing, case: Case) -> str | None:
    if case.on_behalf_of and case.on_behalf_of.strip().lower() in person.known_as:
        return f"This is done on behalf of {person.name}, who may not decide it."
    if case.agent_owner == person.user:
        return f"{person.name} owns the agent that asks, and may not decide for it."
    if case.publisher == person.user:
        return f"{person.name} published this policy version, and may not decide under it."
    return None


def _not_in_pool(person: Standing, case: Case) -> str:
    if person.checkpoints and case.checkpoint not in person.checkpoints:
        return f"{person.name} does not review {case.checkpoint}."
    return f"This belongs to the team {case.team_name}, and {person.name} is not in it."


def eligible(people: Sequence[Standing], case: Case) -> list[Standing]:
    """Those who may decide this now."""
    return [person for person in people if objection_to(person, case) is None]
