import json

import pytest

from approvals.rules import hindsight
from approvals.rules.hindsight import Outcome, Past, Tally, outcome_of, report_of


def past(outcome=Outcome.APPROVED, **about):
    return Past(outcome=outcome, **{"agent": "robin", "action": "pay"} | about)


def tally(*pasts, passes="threshold"):
    counted = Tally()
    for each in pasts:
        counted.add(each, passes=passes)
    return counted


class TestAnOutcome:
    @pytest.mark.parametrize(
        ("status", "via", "unopened", "outcome"),
        [
            ("approved", "human", False, "approved"),
            ("modified", "human", False, "modified"),
            ("rejected", "human", False, "rejected"),
            ("approved", "human", True, "unopened"),
            ("rejected", "human", True, "rejected"),
            ("modified", "human", True, "modified"),
            ("approved", "template", False, "policy"),
            ("approved", "threshold", False, "policy"),
            ("approved", "not_triggered", False, "policy"),
            ("rejected", "timeout", False, "timeout"),
            ("approved", "timeout", False, "timeout"),
            ("approved", "bypass", False, "bypass"),
            ("cancelled", "agent", False, "cancelled"),
        ],
    )
    def test_is_a_label_only_where_a_person_looked(self, status, via, unopened, outcome):
        assert outcome_of(status=status, via=via, unopened=unopened) == outcome


class TestAReport:
    def test_counts_what_would_pass_and_what_people_had_said(self):
        counted = tally(
            *[past()] * 57,
            past(Outcome.REJECTED),
            past(Outcome.MODIFIED),
            past(went_wrong=True),
            past(Outcome.TIMEOUT),
            past(Outcome.POLICY, went_wrong=True),
            past(Outcome.UNOPENED),
        )
        counted.add(past(Outcome.REJECTED), passes="")

        report = report_of(counted)

        assert (report.seen, report.matched, report.labelled, report.unlabelled) == (64, 63, 60, 3)
        assert (report.bad, report.went_wrong, report.decided) == (3, 2, 61)
        # scipy.stats.beta.ppf(0.95, 4, 57)
        assert report.bound == pytest.approx(0.12418721047743608)

    def test_of_nothing_labelled_nothing_is_known(self):
        report = report_of(tally(past(Outcome.POLICY)))

        assert (report.labelled, report.bound, report.minutes) == (0, 1.0, None)

    @pytest.mark.parametrize(
        ("seconds", "minutes"),
        [([60], 1.0), ([30, 90], 2.0), ([10, 60, 999_999], 3.0), ([None, 60, None], 3.0)],
    )
    def test_saves_the_median_look_for_each_that_people_decided(self, seconds, minutes):
        assert report_of(tally(*(past(seconds=each) for each in seconds))).minutes == minutes

    def test_has_slices_by_agent_action_and_amount_the_worst_first(self):
        report = report_of(
            tally(
                *[past(amount=50)] * 3,
                past(Outcome.REJECTED, agent="ruth", amount=5_000),
                past(Outcome.POLICY, agent="ruth", amount=None),
            )
        )

        slices = {kind: [(s.name, s.matched, s.labelled, s.bad) for s in found]
                  for kind, found in report.slices}  # fmt: skip
        assert slices == {
            "action": [("pay", 5, 4, 1)],
            "agent": [("ruth", 2, 1, 1), ("robin", 3, 3, 0)],
            "amount": [
                ("1,000 to 10,000", 1, 1, 1),
                ("below 100", 3, 3, 0),
                ("no amount", 1, 0, 0),
            ],
        }

    def test_does_not_grow_with_the_names_that_agents_think_up(self):
        counted = tally(*(past(action=f"pay_{n}") for n in range(hindsight.MOST_NAMES + 50)))

        actions = counted.slices["action"]
        assert len(actions) == hindsight.MOST_NAMES + 1
        assert actions[hindsight.OTHERS][0] == 50


def test_a_tally_put_away_and_taken_up_again_goes_on_counting():
    first = tally(past(seconds=20), past(Outcome.REJECTED, amount=7))

    again = Tally.from_json(json.loads(json.dumps(first.as_json())))
    again.add(past(seconds=40), passes="template small")
    first.add(past(seconds=40), passes="template small")

    assert again == first
    assert report_of(again) == report_of(first)
