"""Who gets past the door, and what the others read."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db

PAGES = ["queue", "plans"]
ACTS = ["decide", "modify", "decide_plan", "claim", "reveal"]


def matter_of(response):
    page = response.text
    main = page[page.index("<main") : page.index("</main>")]
    return main.replace(response["X-Request-Id"], "")


class TestSomebodyUnknown:
    @pytest.mark.parametrize("page", PAGES)
    def test_is_sent_to_sign_in_and_back_again(self, page):
        response = Client().get(f"{reverse(page)}?view=team")

        assert response.status_code == 302
        assert response.url == f"{reverse('sign_in')}?next={reverse(page)}%3Fview%3Dteam"

    def test_is_sent_there_with_the_whole_page_when_a_fragment_asks(self):
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?view=team"}

        response = Client().get(reverse("queue"), headers=headers)

        assert response.status_code == 401
        assert response["HX-Redirect"] == f"{reverse('sign_in')}?next=%2F%3Fview%3Dteam"

    @pytest.mark.parametrize("act", ACTS)
    def test_cannot_act(self, ask, fresh, seen, act):
        approval = ask()

        response = Client().post(
            reverse(act, args=[approval.pk]), seen(approval, verdict="approve")
        )

        assert response.status_code == 302
        assert fresh(approval).is_pending

    def test_gets_no_stream(self):
        assert Client().get(reverse("live")).status_code == 401


class TestSomebodyWhoReviewsNothing:
    def test_is_told_so_plainly(self):
        client = Client()
        client.force_login(factories.UserFactory(is_superuser=True, is_staff=True))

        response = client.get(reverse("queue"))

        assert response.status_code == 403
        assert "not a reviewer" in response.text

    def test_is_told_that_the_role_is_switched_off(self, ben, ben_at):
        ben.is_active = False
        ben.save()

        response = ben_at.get(reverse("queue"))

        assert response.status_code == 403
        assert "switched off" in response.text

    @pytest.mark.parametrize("act", ACTS)
    def test_cannot_act(self, ask, fresh, seen, act):
        approval = ask()
        client = Client()
        client.force_login(factories.UserFactory(is_superuser=True))

        response = client.post(reverse(act, args=[approval.pk]), seen(approval, verdict="approve"))

        assert response.status_code == 403
        assert fresh(approval).is_pending


class TestAnotherTeam:
    @pytest.fixture
    def foreign(self, ask, payments):
        payments.team = factories.TeamFactory(name="Treasury")
        payments.save()
        return ask()

    def test_is_not_on_the_queue(self, ada_at, foreign):
        assert foreign.short_id not in ada_at.get(reverse("queue")).text

    @pytest.mark.parametrize("act", ["approval", *ACTS])
    def test_cannot_be_told_from_nothing(self, ada_at, foreign, act):
        ask = ada_at.get if act == "approval" else ada_at.post

        theirs = ask(reverse(act, args=[foreign.pk]))
        nobodys = ask(reverse(act, args=[uuid.uuid4()]))

        assert theirs.status_code == nobodys.status_code == 404
        assert matter_of(theirs) == matter_of(nobodys)

    def test_is_nothing_when_asked_for_beside_the_queue(self, ada_at, foreign):
        response = ada_at.get(f"{reverse('queue')}?focus={foreign.pk}")

        assert response.status_code == 200
        assert "There is nothing here" in response.text


class TestEveryPage:
    @pytest.mark.parametrize("page", PAGES)
    def test_is_kept_by_no_shared_cache(self, ada_at, page):
        response = ada_at.get(reverse(page))

        assert "private" in response["Cache-Control"]
        assert "no-cache" in response["Cache-Control"]

    def test_tells_times_in_the_readers_zone(self, ada, ada_at, ask):
        ask()
        ada.time_zone = "Asia/Tokyo"
        ada.save()

        assert "JST" in ada_at.get(reverse("queue")).text

    @pytest.mark.parametrize("act", ["decide", "decide_plan", "claim", "reveal"])
    def test_that_acts_does_nothing_on_get(self, ada_at, ask, act):
        approval = ask()

        response = ada_at.get(f"{reverse(act, args=[approval.pk])}?verdict=approve")

        assert response.status_code == 405

    def test_that_acts_wants_a_token_against_forgery(self, ada, ask, seen, fresh):
        approval = ask()
        client = Client(enforce_csrf_checks=True)
        client.force_login(ada.user)

        response = client.post(
            reverse("decide", args=[approval.pk]), seen(approval, verdict="approve")
        )

        assert response.status_code == 403
        assert fresh(approval).is_pending
