import itertools

import pytest

from approvals.rules.lifecycle import Status
from approvals.rules.quorum import tally
from approvals.rules.verdicts import VOTES, Verdict

YES, EDIT, NO = Verdict.APPROVE, Verdict.MODIFY, Verdict.REJECT


@pytest.mark.parametrize(
    ("votes", "needed", "deny", "outcome"),
    [
        ([], 1, 1, None),
        ([YES], 1, 1, Status.APPROVED),
        ([EDIT], 1, 1, Status.APPROVED),
        ([NO], 1, 1, Status.REJECTED),
        ([YES], 2, 1, None),
        ([YES, YES], 2, 1, Status.APPROVED),
        ([EDIT, YES], 2, 1, Status.APPROVED),
        ([YES, NO], 2, 1, Status.REJECTED),
        ([YES, YES, NO], 2, 1, Status.REJECTED),
        ([NO], 1, 2, None),
        ([NO, YES], 1, 2, Status.APPROVED),
        ([NO, NO], 1, 2, Status.REJECTED),
        ([YES, NO, NO], 1, 2, Status.REJECTED),
        ([YES, YES], 3, 1, None),
    ],
)
def test_tally(votes, needed, deny, outcome):
    assert tally(votes, needed=needed, deny_threshold=deny) == outcome


@pytest.mark.parametrize("votes", [list(pair) for pair in itertools.product(VOTES, repeat=2)])
def test_the_order_of_votes_does_not_matter(votes):
    said = {tally(order, needed=2, deny_threshold=1) for order in itertools.permutations(votes)}

    assert len(said) == 1


@pytest.mark.parametrize("votes", [[], [NO]])
def test_a_quorum_of_nobody_still_needs_somebody(votes):
    assert tally(votes, needed=0, deny_threshold=2) is None


def test_votes_may_come_from_any_iterable():
    assert tally(iter([YES, YES]), needed=2, deny_threshold=1) == Status.APPROVED
