import itertools

import pytest

from approvals.rules import lifecycle
from approvals.rules.lifecycle import OPEN, PROCEED, TERMINAL, IllegalMove, Status, Via

ALLOWED = {
    (Status.PENDING, Status.CHANGES_REQUESTED),
    (Status.PENDING, Status.APPROVED),
    (Status.PENDING, Status.MODIFIED),
    (Status.PENDING, Status.REJECTED),
    (Status.PENDING, Status.CANCELLED),
    (Status.CHANGES_REQUESTED, Status.PENDING),
    (Status.CHANGES_REQUESTED, Status.REJECTED),
    (Status.CHANGES_REQUESTED, Status.CANCELLED),
}
PAIRS = list(itertools.product(Status, Status))


class TestMove:
    @pytest.mark.parametrize(("current", "new"), PAIRS)
    def test_every_pair_of_statuses_is_allowed_or_refused_as_the_table_says(self, current, new):
        if (current, new) in ALLOWED:
            assert lifecycle.move(current, new) is new
        else:
            with pytest.raises(IllegalMove, match=f"{new} may not follow {current}"):
                lifecycle.move(current, new)

    @pytest.mark.parametrize("settled", sorted(TERMINAL))
    def test_nothing_follows_what_is_settled(self, settled):
        assert not any(lifecycle.may_follow(settled, new) for new in Status)

    def test_what_was_sent_back_cannot_be_approved_before_it_is_pending_again(self):
        assert not any(lifecycle.may_follow(Status.CHANGES_REQUESTED, new) for new in PROCEED)

    def test_nothing_stays_where_it_is(self):
        assert not any(lifecycle.may_follow(status, status) for status in Status)


class TestStatus:
    def test_is_either_open_or_settled(self):
        assert OPEN | TERMINAL == set(Status)
        assert not OPEN & TERMINAL

    def test_lets_an_agent_proceed_only_if_approved_or_modified(self):
        assert {status for status in Status if status.may_proceed} == {"approved", "modified"}

    def test_is_open_while_somebody_can_still_act(self):
        assert {status for status in Status if status.is_open} == {"pending", "changes_requested"}


def test_only_one_way_of_settling_is_called_human():
    assert [via for via in Via if "person" in via.label] == [Via.HUMAN]
