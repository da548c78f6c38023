from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from approvals.rules import authority
from approvals.rules.authority import Case, Standing
from approvals.rules.tiers import Tier

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def person(name="ada", tier=Tier.DIRECTOR, **about):
    return Standing(
        reviewer=f"r-{name}",
        user=f"u-{name}",
        name=name.title(),
        tier=tier,
        known_as=about.pop("known_as", frozenset({name, f"{name}@example.com"})),
        **about,
    )


def case(needed=Tier.TEAM_MEMBER, **about):
    return Case(checkpoint="payments", needed=needed, at=AT, **about)


def code_of(*args, **kwargs):
    objection = authority.objection_to(*args, **kwargs)
    return objection.code if objection else None


class TestTier:
    @pytest.mark.parametrize("tier", list(Tier))
    @pytest.mark.parametrize("needed", list(Tier))
    def test_nobody_decides_above_their_tier(self, tier, needed):
        refused = "insufficient_authority" if tier.rank < needed.rank else None

        assert code_of(person(tier=tier), case(needed)) == refused

    def test_who_has_too_little_is_told_so_and_can_ask_the_next_tier(self):
        objection = authority.objection_to(person("ben", Tier.TEAM_MEMBER), case(Tier.DIRECTOR))

        assert objection.sentence == "This needs a director; Ben is a team member."
        assert objection.can_escalate

    @pytest.mark.parametrize("needed", list(Tier))
    def test_what_moves_nothing_needs_the_pool_but_not_the_rank(self, needed):
        ben = person("ben", Tier.TEAM_MEMBER)

        assert code_of(ben, case(needed), needs_tier=False) is None
        assert code_of(ben, case(needed, team="t1"), needs_tier=False) == "not_eligible"


class TestAToken:
    @pytest.mark.parametrize(
        ("needed", "refused"),
        [
            (Tier.TEAM_MEMBER, None),
            (Tier.TEAM_LEAD, None),
            (Tier.DIRECTOR, "insufficient_authority"),
            (Tier.EXECUTIVE, "insufficient_authority"),
        ],
    )
    def test_is_enough_for_little_and_not_for_much(self, needed, refused):
        ada = person(tier=Tier.EXECUTIVE)

        assert code_of(ada, case(needed, by_token=True)) == refused
        assert code_of(ada, case(needed)) is None


class TestExclusion:
    @pytest.mark.parametrize(
        "name", ["ada", "ADA", " ada ", "ada@example.com", "Ada@Example.COM", "\tada\n"]
    )
    def test_whoever_it_is_done_for_may_not_decide(self, name):
        assert code_of(person(), case(on_behalf_of=name)) == "not_eligible"

    @pytest.mark.parametrize("name", ["", "   ", "ad", "adam", "ada@example.org"])
    def test_somebody_else_may(self, name):
        assert code_of(person(), case(on_behalf_of=name)) is None

    def test_a_person_without_an_address_is_not_excluded_by_an_empty_one(self):
        nameless = person(known_as=frozenset())

        assert code_of(nameless, case(on_behalf_of="")) is None

    def test_the_owner_of_the_agent_may_not_decide(self):
        assert code_of(person(), case(agent_owner="u-ada")) == "not_eligible"
        assert code_of(person(), case(agent_owner="u-ben")) is None

    def test_the_publisher_may_not_where_the_checkpoint_says_so(self):
        assert code_of(person(), case(publisher="u-ada")) == "not_eligible"
        assert code_of(person(), case(publisher=None)) is None

    @pytest.mark.parametrize(
        "excluding", [{"agent_owner": "u-ada"}, {"on_behalf_of": "ada"}, {"publisher": "u-ada"}]
    )
    def test_whoever_is_excluded_may_not_even_guide(self, excluding):
        assert code_of(person(), case(**excluding), needs_tier=False) == "not_eligible"

    def test_rank_does_not_lift_an_exclusion(self):
        boss = person(tier=Tier.EXECUTIVE)

        assert code_of(boss, case(agent_owner="u-ada")) == "not_eligible"


class TestStanding:
    def test_an_inactive_reviewer_decides_nothing(self):
        assert code_of(person(is_active=False), case()) == "not_eligible"

    @pytest.mark.parametrize(
        ("until", "refused"),
        [
            (None, None),
            (AT + timedelta(seconds=1), None),
            (AT, "not_eligible"),
            (AT - timedelta(days=1), "not_eligible"),
        ],
    )
    def test_a_qualification_runs_out_at_its_instant(self, until, refused):
        assert code_of(person(competent_until=until), case()) == refused

    def test_one_vote_per_revision(self):
        assert code_of(person(), case(voted=frozenset({"r-ada"}))) == "already_voted"
        assert code_of(person(), case(voted=frozenset({"r-ben"}))) is None


class TestAmountCeiling:
    @pytest.mark.parametrize(
        ("ceiling", "amount", "refused"),
        [
            (None, 1e12, False),
            (1000.0, None, False),
            (1000.0, 1000, False),
            (1000.0, 1000.01, True),
            (0.0, 0.0, False),
            (0.0, 0.01, True),
        ],
    )
    def test_counts_from_just_above(self, ceiling, amount, refused):
        said = code_of(person(amount_ceiling=ceiling), case(amount=amount))

        assert said == ("insufficient_authority" if refused else None)

    def test_says_both_figures(self):
        objection = authority.objection_to(person(amount_ceiling=1000.0), case(amount=2500))

        assert objection.sentence == "Ada may decide up to 1,000.00; this is 2,500.00."
        assert objection.can_escalate


class TestThePool:
    def test_is_the_team_if_there_is_one(self):
        assert code_of(person(teams=frozenset({"t1", "t2"})), case(team="t1")) is None
        assert code_of(person(teams=frozenset({"t2"})), case(team="t1")) == "not_eligible"
        assert code_of(person(), case(team=None)) is None

    def test_a_person_limited_to_checkpoints_sees_those(self):
        assert code_of(person(checkpoints=frozenset({"payments"})), case()) is None
        assert code_of(person(checkpoints=frozenset({"refunds"})), case()) == "not_eligible"

    def test_says_to_whom_it_belongs(self):
        objection = authority.objection_to(person(), case(team="t1", team_name="Payments"))

        assert objection.sentence == "This belongs to the team Payments, and Ada is not in it."


class TestDelegation:
    IN_TEAM = {"teams": frozenset({"t1"})}

    def covering(self, *absent, **about):
        return person("cleo", about.pop("tier", Tier.DIRECTOR), stands_in_for=absent, **about)

    def test_lets_a_delegate_into_the_pool_of_whoever_is_away(self):
        cleo = self.covering(person("ada", **self.IN_TEAM))

        assert code_of(cleo, case(team="t1")) is None
        assert authority.acting_for(cleo, case(team="t1")).name == "Ada"

    def test_in_their_own_pool_they_act_in_their_own_name(self):
        cleo = self.covering(person("ada", **self.IN_TEAM), **self.IN_TEAM)

        assert authority.acting_for(cleo, case(team="t1")) is None

    def test_never_lends_the_tier_of_whoever_is_away(self):
        junior = self.covering(person("ada", Tier.EXECUTIVE, **self.IN_TEAM), tier=Tier.TEAM_MEMBER)

        assert code_of(junior, case(Tier.DIRECTOR, team="t1")) == "insufficient_authority"

    def test_never_widens_what_whoever_is_away_could_decide(self):
        ben = person("ben", Tier.TEAM_MEMBER, **self.IN_TEAM)
        cleo = self.covering(ben, tier=Tier.EXECUTIVE)

        assert code_of(cleo, case(Tier.TEAM_MEMBER, team="t1")) is None
        objection = authority.objection_to(cleo, case(Tier.TEAM_LEAD, team="t1"))
        assert objection.code == "insufficient_authority"
        assert objection.sentence == "This needs a team lead; Ben is a team member."

    def test_keeps_the_ceiling_of_whoever_is_away(self):
        ada = person("ada", amount_ceiling=100.0, **self.IN_TEAM)

        said = code_of(self.covering(ada), case(team="t1", amount=101))

        assert said == "insufficient_authority"

    def test_keeps_the_delegate_s_own_ceiling(self):
        cleo = self.covering(person("ada", **self.IN_TEAM), amount_ceiling=100.0)

        assert code_of(cleo, case(team="t1", amount=101)) == "insufficient_authority"

    def test_speaks_with_the_lower_of_both_tiers(self):
        ben = person("ben", Tier.TEAM_MEMBER, **self.IN_TEAM)
        cleo = self.covering(ben, tier=Tier.EXECUTIVE)

        assert authority.tier_used(cleo, case(team="t1")) == Tier.TEAM_MEMBER
        assert authority.tier_used(cleo, case(team=None)) == Tier.EXECUTIVE

    def test_does_not_chain(self):
        ada = person("ada", **self.IN_TEAM)
        ben = person("ben", stands_in_for=(ada,))
        cleo = self.covering(ben)

        assert code_of(ben, case(team="t1")) is None
        assert code_of(cleo, case(team="t1")) == "not_eligible"

    @pytest.mark.parametrize(
        "excluding", [{"agent_owner": "u-ada"}, {"on_behalf_of": "ada"}, {"publisher": "u-ada"}]
    )
    def test_does_not_come_from_somebody_who_is_excluded(self, excluding):
        cleo = self.covering(person("ada", **self.IN_TEAM))

        assert code_of(cleo, case(team="t1", **excluding)) == "not_eligible"

    @pytest.mark.parametrize(
        "excluding", [{"agent_owner": "u-cleo"}, {"on_behalf_of": "cleo"}, {"publisher": "u-cleo"}]
    )
    def test_never_lands_on_somebody_who_is_excluded(self, excluding):
        cleo = self.covering(person("ada", **self.IN_TEAM))

        assert code_of(cleo, case(team="t1", **excluding)) == "not_eligible"

    @pytest.mark.parametrize(
        "unfit", [{"is_active": False}, {"competent_until": AT}, {"teams": frozenset()}]
    )
    def test_does_not_come_from_somebody_who_could_not_review_themselves(self, unfit):
        cleo = self.covering(replace(person("ada", **self.IN_TEAM), **unfit))

        assert code_of(cleo, case(team="t1")) == "not_eligible"

    def test_does_not_give_the_same_seat_two_votes(self):
        cleo = self.covering(person("ada", **self.IN_TEAM))

        said = code_of(cleo, case(team="t1", voted=frozenset({"r-ada"})))

        assert said == "not_eligible"

    def test_of_several_away_the_one_who_could_decide_it_counts(self):
        ben = person("ben", Tier.TEAM_MEMBER, **self.IN_TEAM)
        dora = person("dora", Tier.DIRECTOR, **self.IN_TEAM)
        cleo = self.covering(ben, dora)

        assert code_of(cleo, case(Tier.DIRECTOR, team="t1")) is None
        assert authority.acting_for(cleo, case(Tier.DIRECTOR, team="t1")).name == "Dora"


def test_eligible_are_those_without_an_objection():
    ada, ben = person(), person("ben", Tier.TEAM_MEMBER)

    assert authority.eligible([ben, ada], case(Tier.DIRECTOR)) == [ada]
