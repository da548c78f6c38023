from dataclasses import replace
from datetime import UTC, datetime

import pytest

from approvals.rules.authority import Standing
from approvals.rules.delegation import why_never
from approvals.rules.tiers import Tier


def day(number):
    return datetime(2026, 12, number, tzinfo=UTC)


BEN = Standing("r1", "u1", "Ben", Tier.TEAM_LEAD)
ADA = Standing("r2", "u2", "Ada", Tier.EXECUTIVE)
AWAY = day(5), day(10)


@pytest.mark.parametrize(
    ("absent", "delegate", "delegate_away", "says"),
    [
        (BEN, ADA, [], None),
        (BEN, replace(ADA, is_active=False), [], "Ada is not an active reviewer."),
        (replace(BEN, is_active=False), ADA, [], "Ben is not an active reviewer."),
        (BEN, replace(ADA, competent_until=day(5)), [], "Ada's qualification"),
        (BEN, replace(ADA, competent_until=day(6)), [], None),
        (BEN, ADA, [(day(1), day(20))], "Ada is away all that time too"),
        (BEN, ADA, [(day(7), day(12)), (day(4), day(7))], "Ada is away all that time too"),
        (BEN, ADA, [(day(4), day(7)), (day(8), day(12))], None),
        (BEN, ADA, [(day(6), day(12))], None),
    ],
)
def test_says_why_a_delegate_could_never_stand_in(absent, delegate, delegate_away, says):
    found = why_never(absent, delegate, away=AWAY, delegate_away=delegate_away)

    assert found == says if says is None else found.startswith(says)
