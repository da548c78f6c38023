"""Everybody who reviews, and what each could do about one case at one instant."""

from dataclasses import dataclass
from datetime import datetime

from approvals.models import Reviewer
from approvals.queries import candidates
from approvals.rules import authority
from approvals.rules.authority import Case


@dataclass(frozen=True)
class Candidate:
    """`objection` is why they may not decide; `acting_for` is whose place they would take."""

    name: str
    tier: str
    objection: str
    is_away: bool
    acting_for: str

    @property
    def may_decide(self) -> bool:
        return not self.objection


def pool_for(case: Case, *, at: datetime) -> list[Candidate]:
    """By the rule of every door, in three queries; those who may decide and are there first."""
    people = list(Reviewer.objects.with_standing().order_by("user__username"))
    there = {person.pk for person in candidates.who_is_there(people, at=at)}
    found = [_candidate(person, case, at=at, is_away=person.pk not in there) for person in people]
    return sorted(found, key=lambda each: (not each.may_decide, each.is_away))


def _candidate(person: Reviewer, case: Case, *, at: datetime, is_away: bool) -> Candidate:
    standing = person.standing(at=at)
    objection = authority.objection_to(standing, case)
    absent = authority.acting_for(standing, case)
    return Candidate(
        name=person.name,
        tier=standing.tier.label,
        objection=objection.sentence if objection else "",
        is_away=is_away,
        acting_for=absent.name if absent else "",
    )
