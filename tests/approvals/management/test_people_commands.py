from datetime import timedelta

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.utils import timezone

from approvals.models import ApiKey, Reviewer
from audit.models import Event

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


class TestCreateAdmin:
    def test_makes_a_superuser_without_authority_to_decide(self, run):
        done = run("create_admin", "root", "--password-stdin", stdin=f"{PASSWORD}\n")

        admin = get_user_model().objects.get(username="root")
        assert done.answer == {"id": admin.pk, "username": "root"}
        assert admin.is_superuser
        assert authenticate(username="root", password=PASSWORD) == admin
        assert not Reviewer.objects.exists()

    def test_refuses_a_weak_password(self, run):
        done = run("create_admin", "root", "--password-stdin", stdin="password\n")

        assert (done.code, done.text) == (1, "")
        assert "too short" in done.words

    def test_without_a_terminal_it_wants_the_password_on_stdin(self, run):
        done = run("create_admin", "root")

        assert done.code == 2
        assert "--password-stdin" in done.words

    def test_is_on_record_with_who_ran_it(self, run):
        run("create_admin", "root", "--password-stdin", stdin=PASSWORD)

        assert Event.objects.get(type="user.admin_created").actor.startswith("shell:")


class TestCreateReviewer:
    def test_makes_a_person_of_a_tier_in_teams(self, run):
        done = run(
            "create_reviewer",
            "ben",
            *("--tier", "team_lead", "--team", "Support", "--team", "Payments"),
            *("--full-name", "Ben Arslan", "--password-stdin"),
            stdin=PASSWORD,
        )

        ben = Reviewer.objects.get()
        assert done.answer == {
            "id": str(ben.pk),
            "username": "ben",
            "tier": "team_lead",
            "teams": ["Payments", "Support"],
            "can_sign_in": True,
        }
        assert (ben.name, ben.tier) == ("Ben Arslan", "team_lead")

    def test_without_a_password_the_person_cannot_sign_in(self, run):
        done = run("create_reviewer", "ben", "--tier", "team_member")

        assert done.answer["can_sign_in"] is False

    def test_refuses_a_second_of_the_name(self, run, ben):
        done = run("create_reviewer", "ben", "--tier", "director")

        assert (done.code, done.words) == (1, "ben is a reviewer already.")


class TestCreateToken:
    def test_prints_a_token_that_ends(self, run, ben):
        done = run("create_token", "ben", "--expires-in-days", "7")

        kept = ApiKey.objects.get()
        assert done.answer["token"].startswith(f"plc_user_{kept.prefix}_")
        assert timedelta(days=6.9) < kept.expires_at - timezone.now() < timedelta(days=7)

    def test_refuses_who_is_no_reviewer(self, run):
        assert run("create_token", "nobody").code == 1

    @pytest.mark.parametrize("days", ["0", "-1", "10000000"])
    def test_wants_a_sensible_number_of_days(self, run, ben, days):
        assert run("create_token", "ben", "--expires-in-days", days).code == 2
