"""When have enough people spoken?"""

from collections.abc import Iterable

from approvals.rules.lifecycle import Status
from approvals.rules.verdicts import Verdict


def tally(votes: Iterable[Verdict], *, needed: int, deny_threshold: int) -> Status | None:
    """
    What the votes on the current revision come to, or None while they come to nothing.

    One vote per person, cast with enough authority: the caller sees to both. A "no"
    that reaches its threshold outweighs any number of "yes".
    """
    votes = list(votes)
    if votes.count(Verdict.REJECT) >= deny_threshold:
        return Status.REJECTED
    if len(votes) - votes.count(Verdict.REJECT) >= max(needed, 1):
        return Status.APPROVED
    return None
