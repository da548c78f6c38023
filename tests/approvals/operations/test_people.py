from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from approvals import events, keys
from approvals.models import ApiKey, Reviewer
from approvals.operations import people
from approvals.operations.people import NameTaken, UnknownPerson, WeakPassword
from approvals.rules.tiers import Tier
from audit import trail
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(at):
    def act(username="cleo", tier=Tier.TEAM_LEAD, **about):
        return people.create_reviewer(username, tier=tier, actor="user:1", at=at, **about)

    return act


class TestCreateReviewer:
    def test_makes_a_person_with_a_tier_and_teams(self, create):
        reviewer = create(
            teams=["Payments", "Refunds"],
            password="a long unusual phrase",
            email="cleo@example.com",
            full_name="Cleo de la Cruz",
        )

        assert (reviewer.name, reviewer.tier) == ("Cleo de la Cruz", "team_lead")
        assert reviewer.user.check_password("a long unusual phrase")
        assert sorted(team.name for team in reviewer.teams.all()) == ["Payments", "Refunds"]
        assert not reviewer.user.is_staff

    def test_is_on_record(self, create):
        reviewer = create(password="a long unusual phrase")

        history = trail.history_of(reviewer.ref)
        assert [event.type for event in history] == [events.REVIEWER_CREATED]
        assert "unusual" not in history[0].body

    def test_gives_an_existing_user_the_role(self, create):
        user = factories.UserFactory(username="cleo")

        assert create().user == user

    def test_refuses_a_second_role(self, create):
        create()

        with pytest.raises(NameTaken):
            create()

        assert Reviewer.objects.count() == 1

    @pytest.mark.parametrize(
        ("username", "password"),
        [
            ("cleo", "short"),
            ("cleo", "password12"),
            ("cleo-the-reviewer", "cleo-the-reviewer"),
            ("no spaces allowed", "a long unusual phrase"),
            ("x" * 151, "a long unusual phrase"),
            ("", "a long unusual phrase"),
        ],
    )
    def test_refuses_what_the_validators_refuse_and_leaves_nobody(self, create, username, password):
        with pytest.raises(WeakPassword):
            create(username, password=password)

        assert get_user_model().objects.count() == Reviewer.objects.count() == 0

    def test_without_a_password_nobody_signs_in(self, create):
        assert not create().user.has_usable_password()


class TestCreateAdmin:
    def test_edits_policies_and_decides_nothing(self, at):
        user = people.create_admin("root", password="a long unusual phrase", actor="system", at=at)

        assert (user.is_staff, user.is_superuser) == (True, True)
        assert Reviewer.objects.count() == 0

    def test_refuses_a_name_that_is_taken(self, create, at):
        create()

        with pytest.raises(NameTaken):
            people.create_admin("cleo", password="a long unusual phrase", actor="system", at=at)


class TestCreateToken:
    def test_shows_it_once_and_ends_by_itself(self, create, at):
        create()

        token, kept = people.create_token("cleo", actor="user:1", at=at)

        assert keys.read(token).digest == kept.digest
        assert kept.expires_at == at + timedelta(days=30)
        assert (kept.agent, kept.user.username) == (None, "cleo")
        assert ApiKey.objects.get() == kept

    def test_is_for_reviewers_only(self, at):
        factories.UserFactory(username="stranger")

        for name in ("stranger", "nobody"):
            with pytest.raises(UnknownPerson):
                people.create_token(name, actor="user:1", at=at)
