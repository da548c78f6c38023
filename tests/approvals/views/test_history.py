"""What was settled, and the course of a run."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from approvals.models import CheckpointVersion, Revision
from approvals.operations import escalation, revising
from approvals.rules.tiers import Tier
from approvals.views import history as history_views
from tests import factories


@pytest.fixture
def signed_in(client, ada):
    client.force_login(ada.user)
    return client


@pytest.fixture
def history(signed_in):
    """`history(status="rejected")`: the page."""
    return lambda **query: signed_in.get(reverse("history"), query)


def shown(response):
    return [entry["approval"] for entry in response.context["entries"]]


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


class TestHistory:
    def test_lists_what_is_settled_newest_first(self, history, submit, decide, ada, at):
        first, second, _open = submit(), submit(), submit()
        decide(second, ada, "approve", when=at + timedelta(minutes=1))
        decide(first, ada, "reject", when=at + timedelta(minutes=2))

        assert shown(history()) == [first, second]

    def test_says_who_decided_and_links_to_the_request(self, history, submit, decide, ada):
        approval = submit()
        decide(approval, ada, "reject", reason_code="duplicate")

        response = history()

        assert "ada rejected it" in text_of(response)
        assert f'href="{approval.get_absolute_url()}"' in response.content.decode()

    def test_gives_no_human_sign_to_what_nobody_decided(self, history, submit, payments, at):
        CheckpointVersion.objects.update(auto_approve_below=0.2)
        submit()

        html = history().content.decode()

        assert 'class="via"' in html
        assert "Below the threshold" in html
        assert 'data-vote="' not in html

    def test_names_the_deadline_as_what_decided(self, history, submit):
        approval = submit()
        escalation.escalate_due(at=approval.expires_at)

        response = history()

        assert "Timed out: rejected" in text_of(response)
        assert "Nobody decided in time" in text_of(response)

    def test_shows_a_withdrawal_as_one(self, history, submit, at):
        approval = submit()
        revising.cancel(approval.pk, reason="Not needed.", at=at)

        assert "the agent withdrew" in text_of(history())

    def test_keeps_what_other_teams_do_from_sight(self, history, submit, decide, ada, payments):
        payments.team = factories.TeamFactory(name="Legal")
        payments.save(update_fields=["team"])
        lawyer = factories.ReviewerFactory(tier=Tier.EXECUTIVE, teams=["Legal"])
        decide(submit(), lawyer, "approve")

        assert shown(history()) == []

    def test_is_not_lost_over_one_row_that_cannot_be_drawn(self, history, submit, decide, ada):
        whole, broken = submit(), submit()
        decide(whole, ada, "approve")
        decide(broken, ada, "approve")
        Revision.objects.filter(approval=broken).delete()

        response = history()

        assert set(shown(response)) == {whole, broken}
        assert "cannot be shown in a list" in text_of(response)


class TestFilters:
    @pytest.fixture
    def past(self, submit, decide, ada):
        approved, rejected = submit(action="pay", run="r-1"), submit(action="refund")
        decide(approved, ada, "approve")
        decide(rejected, ada, "reject")
        return approved, rejected

    @pytest.mark.parametrize(
        ("query", "place"),
        [
            ({"status": "approved"}, [0]),
            ({"status": "rejected"}, [1]),
            ({"via": "human"}, [0, 1]),
            ({"via": "timeout"}, []),
            ({"checkpoint": "payments"}, [0, 1]),
            ({"agent": "robin"}, [0, 1]),
            ({"agent": "someone"}, []),
            ({"run": "r-1"}, [0]),
            ({"q": "REFUND"}, [1]),
            ({"q": "refund pay"}, []),
        ],
    )
    def test_keep_what_fits(self, history, past, query, place):
        assert set(shown(history(**query))) == {past[each] for each in place}

    @pytest.mark.parametrize(
        "query",
        [{"status": "pending"}, {"via": "magic"}, {"checkpoint": "none"}, {"q": "a\0b"}],
    )
    def test_that_mean_nothing_say_so_and_keep_everything(self, history, past, query):
        response = history(**query)

        assert set(shown(response)) == set(past)
        assert response.context["form"].errors

    def test_that_fit_nothing_offer_the_way_back(self, history, past):
        assert "Nothing settled fits these filters" in text_of(history(q="nothing like it"))


class TestPaging:
    @pytest.fixture
    def pages_of_two(self, monkeypatch):
        monkeypatch.setattr(history_views, "PAGE_SIZE", 2)

    def test_walks_through_everything_once(
        self, history, signed_in, submit, decide, ada, pages_of_two
    ):
        made = [submit() for _ in range(5)]
        for approval in made:
            decide(approval, ada, "approve")

        seen, response = [], history(via="human")
        while True:
            seen += shown(response)
            if not response.context["next_url"]:
                break
            assert "via=human" in response.context["next_url"]
            response = signed_in.get(response.context["next_url"])

        assert len(seen) == 5
        assert set(seen) == set(made)

    @pytest.mark.parametrize(
        "after", ["x", "2026-01-01_y", "_", "\0", "2026-01-01T00:00:00_" + "0" * 32]
    )
    def test_begins_anew_at_a_place_that_is_none(self, history, submit, decide, ada, after):
        decide(submit(), ada, "approve")

        assert len(shown(history(after=after))) == 1

    def test_asks_the_database_no_more_for_a_full_page(
        self, history, submit, decide, ada, django_assert_max_num_queries
    ):
        for _ in range(6):
            decide(submit(), ada, "approve")

        with django_assert_max_num_queries(22):
            history()


class TestRun:
    def test_shows_its_checkpoints_in_order(self, signed_in, submit, decide, ada, robin, at):
        first = submit(run="post/7", when=at)
        second = submit(run="post/7", when=at + timedelta(minutes=5))
        submit(run="another")
        decide(first, ada, "approve")

        response = signed_in.get(reverse("run", args=[robin.pk, "post/7"]))

        assert shown(response) == [first, second]
        assert response.context["stands"] == "waits at payments"

    def test_says_where_it_stopped(self, signed_in, submit, decide, ada, robin):
        decide(submit(run="r"), ada, "reject")

        response = signed_in.get(reverse("run", args=[robin.pk, "r"]))

        assert response.context["stands"] == "stopped at payments: rejected"

    def test_of_others_does_not_exist(self, client, submit, robin, payments):
        submit(run="r")
        payments.team = factories.TeamFactory(name="Legal")
        payments.save(update_fields=["team"])
        client.force_login(factories.ReviewerFactory(tier=Tier.EXECUTIVE).user)

        assert client.get(reverse("run", args=[robin.pk, "r"])).status_code == 404

    def test_makes_no_element_of_its_name(self, signed_in, submit, robin):
        name = "<script>alert(1)</script>"
        submit(run=name)

        html = signed_in.get(reverse("run", args=[robin.pk, name])).content.decode()

        assert name not in html
        assert "&lt;script&gt;alert(1)" in html
