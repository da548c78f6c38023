"""Deciding alike requests together."""

import re

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from approvals import events
from approvals.models import ApprovalRequest, Decision, Installation
from approvals.operations import revising
from approvals.rules.lifecycle import Status
from audit.models import Event
from tests import factories

OUTLIER = 400


@pytest.fixture
def at(at, time_machine):
    time_machine.move_to(at, tick=False)
    return at


@pytest.fixture
def page(ada, client):
    """`page()`: what Ada sees of `/batch/`."""
    client.force_login(ada.user)

    def act(**query):
        return client.get(reverse("batch"), query)

    return act


@pytest.fixture
def refunds(submit):
    """Nine alike requests and one that is much larger."""
    usual = [submit(amount=10 + place, action="refund") for place in range(9)]
    return [*usual, submit(amount=OUTLIER, action="refund")]


def form_of(response):
    """What a browser would send back: everything in the form, all boxes as they stand."""
    context = response.context
    return {
        "capture": context["signed"],
        "counted": context["selected"],
        "item": [str(row["approval"].pk) for row in context["lines"] if row["is_selected"]],
        "feedback": "",
    }


def inspect(client, response):
    """Open whatever has to be opened; return the page as it is then."""
    while target := response.context["next_to_open"]:
        response = client.post(reverse("batch_look"), form_of(response) | {"open": str(target)})
    return response


def send(client, response, verdict, **changes):
    form = form_of(response) | {"verdict": verdict} | changes
    return client.post(reverse("batch"), form, follow=True)


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


class TestTheSheet:
    def test_holds_only_what_is_of_one_kind(self, page, refunds, submit):
        submit(amount=5, action="pay")
        submit(amount=6, action="pay")

        response = page()

        assert {row["approval"] for row in response.context["lines"]} == set(refunds)
        assert [each["count"] for each in response.context["groups"]] == [10, 2]

    def test_shows_another_group_when_asked(self, page, refunds, submit):
        pay = [submit(amount=5, action="pay"), submit(amount=6, action="pay")]

        response = page(group=page().context["groups"][1]["group"].key)

        assert {row["approval"] for row in response.context["lines"]} == set(pay)

    def test_has_columns_for_what_differs_and_one_line_for_the_rest(self, page, submit):
        for amount in (10, 20):
            submit(arguments={"amount": amount, "account": "OPS-1", "currency": "USD"})

        response = page()

        assert [column["name"] for column in response.context["columns"]] == ["amount"]
        assert response.context["same"] == [("account", "OPS-1"), ("currency", "USD")]
        assert "$30.00 in total" in text_of(response)
        assert "10 · 15 · 20" in text_of(response)

    def test_puts_what_stands_out_first_and_has_it_opened(self, page, refunds):
        response = page()

        first = response.context["lines"][0]
        assert first["approval"] == refunds[-1]
        assert first["line"].is_strange
        assert response.context["next_to_open"] == refunds[-1].pk

    def test_leaves_high_risk_out_and_says_so(self, page, refunds, submit):
        high = submit(amount=10, action="refund", risk_score=0.7)

        response = page()

        (left,) = response.context["left_out"]
        assert left["approval"] == high
        assert left["why"] == "High risk is decided one by one."
        assert "High risk is decided one by one." in text_of(response)

    def test_leaves_out_text_that_deceives(self, page, refunds, submit):
        submit(action="refund", arguments={"amount": 10, "to": "Acme \u202eevil"})

        assert "deceive" in page().context["left_out"][0]["why"]

    def test_takes_no_more_than_the_checkpoint_allows(self, page, submit, payments):
        payments.batch_max = 3
        payments.save(update_fields=["batch_max"])
        for amount in range(5):
            submit(amount=amount)

        response = page()

        assert len(response.context["lines"]) == 3
        assert {each["why"] for each in response.context["left_out"]} == {
            "At most 3 at a time: it comes next."
        }

    def test_says_why_there_is_none(self, page, submit):
        submit(risk_score=0.95)

        response = page()

        assert response.context["sheet"] is None
        assert "Critical risk is decided one by one." in text_of(response)

    def test_asks_the_database_no_more_for_more_requests(
        self, page, submit, django_assert_max_num_queries
    ):
        for amount in range(25):
            submit(amount=amount)
        page()

        with django_assert_max_num_queries(24):
            page()


class TestInspection:
    def test_must_be_done_before_anything_is_approved(self, page, refunds, client):
        response = send(client, page(), "approve")

        assert response.status_code == 422
        assert response.context["refusal"] == "Open 4 more before you approve. Nothing was sent."
        assert not Decision.objects.exists()

    def test_keeps_what_was_opened(self, page, refunds, client):
        response = client.post(
            reverse("batch_look"), form_of(page()) | {"open": str(refunds[-1].pk)}
        )

        assert [row["is_opened"] for row in response.context["lines"]].count(True) == 1
        assert len(response.context["inspection"].missing) == 3
        assert len(page().context["inspection"].missing) == 3

    def test_of_an_older_revision_does_not_count(self, page, refunds, client, at):
        client.post(reverse("batch_look"), form_of(page()) | {"open": str(refunds[-1].pk)})
        revise(refunds[-1], at=at, amount=OUTLIER + 1)

        assert refunds[-1].pk in page().context["inspection"].missing

    def test_draws_anew_for_a_smaller_selection(self, page, refunds, client):
        opened = inspect(client, page())
        kept = [pk for pk in form_of(opened)["item"] if pk not in drawn_ids(opened)]

        response = client.post(reverse("batch_look"), form_of(opened) | {"item": kept})

        assert response.context["selected"] == 6
        assert len(response.context["inspection"].missing) == 3

    def test_is_the_same_however_often_the_page_is_drawn(self, page, refunds):
        assert page().context["inspection"].missing == page().context["inspection"].missing

    def test_opens_nothing_that_was_not_on_the_page(self, page, refunds, submit, client):
        other = submit(amount=1, action="pay")

        response = client.post(reverse("batch_look"), form_of(page()) | {"open": str(other.pk)})

        assert not any(row["is_opened"] or row["is_showing"] for row in response.context["lines"])


class TestApproving:
    def test_settles_each_and_marks_what_was_opened(self, page, refunds, client):
        response = send(client, inspect(client, page()), "approve")

        assert response.status_code == 200
        assert "10 approved" in text_of(response)
        assert set(ApprovalRequest.objects.values_list("status", flat=True)) == {Status.APPROVED}
        assert Decision.objects.filter(inspected=True).count() == 4
        assert Decision.objects.values("batch").distinct().count() == 1
        assert Event.objects.filter(type=events.SETTLED).count() == 10

    def test_skips_what_changed_since_it_was_shown(self, page, refunds, client, at):
        response = inspect(client, page())
        revise(refunds[0], at=at, amount=11)

        response = send(client, response, "approve")

        assert "9 approved, 1 skipped" in text_of(response)
        refunds[0].refresh_from_db()
        assert refunds[0].is_pending
        assert 'id="first-skipped" tabindex="-1" autofocus' in response.content.decode()
        assert "You saw revision 1; this is revision 2 now." in text_of(response)

    def test_shows_the_same_results_when_it_is_sent_twice(self, page, refunds, client, at):
        shown = inspect(client, page())
        Installation.objects.create(pk=1, paused_at=at)
        first = send(client, shown, "approve")
        Installation.objects.update(paused_at=None)

        again = send(client, shown, "approve")

        assert "10 skipped" in text_of(first)
        assert text_of(again).endswith(text_of(first).partition(" Reload ")[2])
        assert not Decision.objects.exists()

    def test_tells_the_slower_of_two_clicks_what_the_faster_did(self, page, refunds, client):
        shown = inspect(client, page())
        session = dict(client.session)
        send(client, shown, "approve")
        forget(client, session)

        response = send(client, shown, "approve")

        assert "10 approved" in text_of(response)
        assert Decision.objects.count() == 10

    def test_asks_again_if_the_selection_is_another_than_the_button_said(
        self, page, refunds, client
    ):
        shown = inspect(client, page())

        response = send(client, shown, "approve", item=form_of(shown)["item"][:4])

        assert response.status_code == 422
        assert "It is 4 now" in response.context["refusal"]
        assert not Decision.objects.exists()

    def test_counts_a_vote_where_more_are_needed(self, page, submit, payments, client):
        payments.quorum = {"team_member": 2}
        payments.save(update_fields=["quorum"])
        submit(amount=1)
        submit(amount=2)

        response = send(client, inspect(client, page()), "approve")

        assert "2 voted on" in text_of(response)

    def test_offers_all_of_low_risk_by_name(self, page, refunds, client):
        assert "Approve all low risk (10)" in text_of(inspect(client, page()))


class TestRejecting:
    def test_needs_no_inspection(self, page, refunds, client):
        response = send(client, page(), "reject", feedback="Not this week.")

        assert "10 rejected" in text_of(response)
        assert set(Decision.objects.values_list("feedback", flat=True)) == {"Not this week."}


class TestTheForm:
    @pytest.mark.parametrize("capture", ["", "nonsense", "a:b:c"])
    def test_without_its_capture_starts_again(self, page, refunds, client, capture):
        response = client.post(
            reverse("batch"), {"capture": capture, "verdict": "approve"}, follow=True
        )

        assert "too old to act on" in text_of(response)
        assert not Decision.objects.exists()

    def test_of_one_person_is_nothing_in_the_hands_of_another(self, page, refunds, ben):
        form = form_of(page()) | {"verdict": "reject"}
        other = Client()
        other.force_login(ben.user)

        other.post(reverse("batch"), form)

        assert not Decision.objects.exists()

    def test_cannot_be_made_up(self, page, refunds, client, ada):
        forged = signing.dumps([refunds[0].pk.hex, "g", "2026-01-01", []], salt="mine")

        client.post(reverse("batch"), {"capture": forged, "verdict": "reject", "counted": 0})

        assert not Decision.objects.exists()

    @pytest.mark.parametrize("verdict", ["", "modify", "escalate", "approve\0"])
    def test_takes_two_verdicts_only(self, page, refunds, client, verdict):
        response = send(client, page(), verdict)

        assert response.status_code == 422
        assert not Decision.objects.exists()

    def test_with_nothing_selected_does_nothing(self, page, refunds, client):
        response = send(client, page(), "reject", item=[], counted=0)

        assert response.context["refusal"] == "Nothing is selected."

    def test_needs_a_reviewer(self, client, db):
        client.force_login(factories.UserFactory())

        assert client.get(reverse("batch")).status_code == 403

    def test_answers_htmx_with_the_sheet_alone(self, page, refunds, client):
        response = client.post(
            reverse("batch_look"), form_of(page()), headers={"HX-Request": "true"}
        )

        assert b"<html" not in response.content
        assert b'id="batch"' in response.content


def drawn_ids(response):
    return {str(row["approval"].pk) for row in response.context["lines"] if row["is_opened"]}


def revise(approval, *, at, amount):
    revising.revise(approval.pk, {"arguments": {"amount": amount}}, at=at)


def forget(client, kept):
    """Put the session back to what it was before the faster click was answered."""
    session = client.session
    for key in set(session.keys()) - set(kept):
        del session[key]
    session.save()
