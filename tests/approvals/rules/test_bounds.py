from math import comb

import pytest

from approvals.rules import bounds

# scipy.stats.beta.ppf(0.95, bad + 1, of - bad), version 1.17.1
BY_SCIPY = [
    (0, 1, 0.95),
    (0, 59, 0.04950760988822693),
    (0, 60, 0.04870291331009749),
    (1, 93, 0.049993978387988317),
    (2, 124, 0.04990017122831202),
    (3, 153, 0.049895030378963416),
    (5, 100, 0.1022533776432745),
    (50, 100, 0.5863782853690882),
    (99, 100, 0.9994871985837377),
    (17, 5_000, 0.005095510597631543),
    (0, 50_000, 5.991285062455488e-05),
    (1, 50_000, 9.487373836465913e-05),
    (20_000, 50_000, 0.4036179170819768),
    (123, 1_000_000, 0.00014286555075943762),
]


class TestUpperBound:
    @pytest.mark.parametrize(("bad", "of", "bound"), BY_SCIPY)
    def test_agrees_with_scipy(self, bad, of, bound):
        assert bounds.upper_bound(bad, of) == pytest.approx(bound, rel=1e-9)

    @pytest.mark.parametrize(
        ("bad", "of", "limit"), [(0, 59, 0.05), (0, 149, 0.02), (0, 299, 0.01), (1, 93, 0.05)]
    )
    def test_needs_just_so_many_to_be_below_a_limit(self, bad, of, limit):
        assert bounds.upper_bound(bad, of) < limit <= bounds.upper_bound(bad, of - 1)

    @pytest.mark.parametrize("of", [0, 1, 7])
    def test_knows_nothing_where_all_was_bad_or_none_was_seen(self, of):
        assert bounds.upper_bound(of, of) == 1.0

    @pytest.mark.parametrize(("bad", "of"), [(-1, 5), (6, 5)])
    def test_refuses_what_is_no_share(self, bad, of):
        with pytest.raises(ValueError, match="is not a share"):
            bounds.upper_bound(bad, of)

    def test_a_higher_confidence_gives_a_higher_bound(self):
        assert bounds.upper_bound(1, 50, confidence=0.99) > bounds.upper_bound(1, 50)


@pytest.mark.parametrize(
    ("bad", "of", "share"), [(0, 5, 0.1), (2, 9, 0.3), (8, 9, 0.5), (3, 40, 0.9)]
)
def test_at_most_is_the_sum_of_the_chances(bad, of, share):
    summed = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(bad + 1))

    assert bounds.at_most(bad, of, share=share) == pytest.approx(summed, rel=1e-12)


@pytest.mark.parametrize(("share", "chance"), [(0.0, 1.0), (1.0, 0.0)])
def test_at_most_is_sure_at_both_ends(share, chance):
    assert bounds.at_most(1, 5, share=share) == chance
