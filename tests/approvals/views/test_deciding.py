"""Saying something about a request, and what comes back."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from approvals import events
from approvals.forms import opened_mark
from approvals.models import Decision
from approvals.operations import revising
from approvals.rules.lifecycle import Status
from audit.models import Event

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def say(seen):
    """`say(client, approval, verdict="approve")`: the form of the hand, sent as a browser does."""

    def act(client, approval, *, headers=None, **said):
        fields = seen(approval) | said
        return client.post(reverse("decide", args=[approval.pk]), fields, headers=headers or {})

    return act


def told(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


class TestADecision:
    def test_leads_to_the_next_request_and_says_what_it_did(self, ada_at, ask, say, submit, now):
        following = submit(when=now, amount=11)
        approval = submit(when=now - timedelta(minutes=5))

        response = say(ada_at, approval, verdict="approve", place="pane", view="yours")

        assert response.status_code == 302
        assert response.url == f"{reverse('queue')}?view=yours&focus={following.pk}"
        assert told(response) == "Approved: Runs pay"

    def test_leads_to_the_queue_when_nothing_is_left(self, ada_at, ask, say):
        response = say(ada_at, ask(), verdict="approve")

        assert response.url == f"{reverse('queue')}?view=yours"

    def test_approves(self, ada_at, ask, say, fresh):
        approval = ask()

        say(ada_at, approval, verdict="approve")

        assert fresh(approval).status == Status.APPROVED

    def test_rejects_by_its_reason_alone(self, ada_at, ask, say, fresh):
        approval = ask()

        say(ada_at, approval, reason_code="duplicate", feedback="Paid\r\nalready.")

        decided = fresh(approval).decided
        assert (decided["verdict"], decided["reason_code"]) == ("reject", "duplicate")
        assert decided["feedback"] == "Paid\nalready."

    def test_asks_for_changes(self, ada_at, ask, say, fresh):
        approval = ask()

        say(ada_at, approval, verdict="request_changes", feedback="Name the vendor.")

        assert fresh(approval).status == Status.CHANGES_REQUESTED

    def test_guides_and_stays_where_it_is(self, ada_at, ask, say, fresh):
        ask()
        approval = ask()

        response = say(ada_at, approval, verdict="guide", feedback="Ask them first.")

        assert response.url == approval.get_absolute_url()
        assert fresh(approval).is_pending
        assert Event.objects.filter(subject=approval.ref, type=events.GUIDED).exists()

    def test_escalates(self, ben_at, ask, say, fresh):
        approval = ask()

        response = say(ben_at, approval, verdict="escalate", feedback="I am unsure.")

        assert fresh(approval).required_tier == "team_lead"
        assert told(response) == "Now with a team lead: Runs pay"

    def test_defers_to_an_instant(self, ada_at, ask, say, now):
        approval = ask()
        until = (now + timedelta(minutes=20)).replace(microsecond=0)

        say(ada_at, approval, verdict="defer", until=until.isoformat())

        assert Decision.objects.get(approval=approval).until == until

    def test_defers_to_a_wall_clock_time_of_the_reader(self, ada, ada_at, ask, say, now):
        ada.time_zone = "Asia/Tokyo"
        ada.save()
        approval = ask()
        until = (now + timedelta(minutes=20)).replace(microsecond=0, second=0)
        in_tokyo = f"{until + timedelta(hours=9):%Y-%m-%dT%H:%M}"

        say(ada_at, approval, verdict="defer", until_other=in_tokyo)

        assert Decision.objects.get(approval=approval).until == until

    def test_says_how_many_more_are_needed(self, ada_at, dora, ask, say, payments):
        payments.quorum = {"team_member": 2}
        payments.save()

        response = say(ada_at, ask(), verdict="approve")

        assert told(response) == "Your approval counts, 1 of 2: Runs pay"

    def test_keeps_how_long_the_page_was_open(self, ada_at, ask, say, time_machine, now):
        approval = ask()
        time_machine.move_to(now, tick=False)
        mark = opened_mark(approval)
        time_machine.move_to(now + timedelta(seconds=42), tick=False)

        say(ada_at, approval, verdict="approve", opened=mark)

        assert Decision.objects.get(approval=approval).seen_seconds == pytest.approx(42, abs=0.2)

    @pytest.mark.parametrize("mark", ["", "1", "forged@0:signature"])
    def test_knows_nothing_of_that_from_a_mark_that_is_not_ours(self, ada_at, ask, say, mark):
        approval = ask()

        say(ada_at, approval, verdict="approve", opened=mark)

        assert Decision.objects.get(approval=approval).seen_seconds is None


class TestAnAnswer:
    @pytest.fixture
    def choosing(self, ask, payments):
        payments.response_type = "multiselect"
        payments.response = {
            "options": [{"id": "eu", "label": "Europe"}, {"id": "us", "label": "America"}],
            "min": 1,
            "max": 1,
        }
        payments.save()
        return ask()

    @pytest.fixture
    def asking(self, ask, payments):
        payments.response_type = "freeform"
        payments.save()
        return ask()

    def test_is_what_was_chosen(self, ada_at, choosing, say, fresh):
        say(ada_at, choosing, verdict="approve", selected=["us"])

        assert fresh(choosing).decided["selected"] == ["us"]

    def test_that_does_not_fit_is_refused_with_the_choice_kept(self, ada_at, choosing, say, fresh):
        response = say(ada_at, choosing, verdict="approve", selected=["eu", "us"])

        assert response.status_code == 422
        assert "Choose 1 of the options." in response.text
        assert response.text.count('form="approve" checked') == 2
        assert fresh(choosing).is_pending

    def test_is_what_was_written(self, ada_at, asking, say, fresh):
        say(ada_at, asking, verdict="approve", answer="Send the third one.")

        assert fresh(asking).decided["answer"] == "Send the third one."

    def test_is_read_as_json_where_its_schema_asks_for_that(self, ada_at, asking, say, fresh, ask):
        number = ask(response={"type": "freeform", "schema": {"type": "integer", "maximum": 5}})

        assert say(ada_at, number, verdict="approve", answer="7").status_code == 422
        assert say(ada_at, number, verdict="approve", answer="soon").status_code == 422
        say(ada_at, number, verdict="approve", answer="3")

        assert fresh(number).decided["answer"] == 3

    def test_is_not_needed_for_a_no(self, ada_at, asking, say, fresh):
        say(ada_at, asking, reason_code="other")

        assert fresh(asking).status == Status.REJECTED


class TestWordsThatDoNotFit:
    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"verdict": "guide"}, "Say what the agent should know."),
            ({"verdict": "request_changes", "feedback": "  "}, "the agent acts on your words"),
            ({"verdict": "escalate"}, "Say why the next tier should decide."),
            ({"verdict": "guide", "feedback": "x" * 2001}, "At most 2,000 characters"),
            ({"verdict": "guide", "feedback": "a\0b"}, "Null characters are not allowed."),
            ({"verdict": "defer"}, "Say until when"),
            ({"verdict": "shout"}, "not one of the available choices"),
            ({"reason_code": "boredom"}, "not one of the available choices"),
            ({}, "Choose what to say."),
            ({"verdict": "approve", "revision": "one"}, "Enter a whole number."),
        ],
    )
    def test_are_refused_with_a_sentence(self, ada_at, ask, say, fresh, said, sentence):
        approval = ask()

        response = say(ada_at, approval, **said)

        assert response.status_code == 422
        assert sentence in response.text
        assert fresh(approval).is_pending

    def test_stay_where_they_were_written(self, ada_at, ask, say):
        response = say(ada_at, ask(), verdict="guide", feedback="y" * 2001)

        assert "y" * 2001 in response.text
        assert 'name="act" open><summary class="btn btn-quiet" data-key="g">' in response.text

    def test_cannot_put_it_off_past_its_deadline(self, ada_at, ask, say, now):
        late = (now + timedelta(days=2)).isoformat()

        response = say(ada_at, ask(), verdict="defer", until=late)

        assert response.status_code == 422
        assert "Silence decides at" in response.text


class TestComingTooLate:
    def test_names_who_was_first_and_keeps_the_words(self, ada_at, dora, ask, say, decide, now):
        approval = ask()
        decide(approval, dora, "reject", feedback="Wrong environment.", when=now)

        response = say(ada_at, approval, verdict="guide", feedback="My careful words.")

        assert response.status_code == 409
        assert 'role="alertdialog"' in response.text
        assert "dora rejected it" in response.text
        assert "Wrong environment." in response.text
        assert "My careful words." in response.text

    def test_after_an_edit_shows_what_stands_now(self, ada_at, ask, seen, now):
        approval = ask()
        stale = seen(approval, verdict="guide", feedback="My careful words.")
        revising.revise(approval.pk, {"arguments": {"amount": 77}}, at=now)

        response = ada_at.post(reverse("decide", args=[approval.pk]), stale)

        assert response.status_code == 409
        assert "You saw revision 1; this is revision 2 now." in response.text
        assert "My careful words." in response.text
        assert 'name="revision" value="2"' in response.text

    def test_after_the_deadline_says_what_silence_did(self, ada_at, submit, say, fresh):
        approval = submit(when=timezone.now() - timedelta(hours=2))

        response = say(ada_at, approval, verdict="approve")

        assert response.status_code == 409
        assert "Nobody decided in time: rejected" in response.text
        assert fresh(approval).status == Status.REJECTED

    def test_a_second_time_changes_nothing(self, ada_at, ask, say, payments):
        payments.quorum = {"team_member": 2}
        payments.save()
        approval = ask()
        say(ada_at, approval, verdict="approve")

        response = say(ada_at, approval, verdict="approve")

        assert response.status_code == 409
        assert "has already voted" in response.text
        assert Decision.objects.filter(approval=approval).count() == 1

    def test_keeps_the_queue_around_it_where_it_stood_beside_one(
        self, ada_at, dora, ask, say, decide, now
    ):
        approval, other = ask(), ask()
        decide(approval, dora, "approve", when=now)

        response = say(ada_at, approval, verdict="approve", place="pane", view="team")

        assert response.status_code == 409
        assert f'id="row-{other.pk.hex}"' in response.text
        assert 'role="alertdialog"' in response.text


class TestWithoutAuthority:
    def test_is_refused_in_words_and_on_record(self, ben_at, ask, say, fresh):
        approval = ask(amount=20_000)

        response = say(ben_at, approval, verdict="approve")

        assert response.status_code == 403
        assert "This needs a director; ben is a team member." in response.text
        assert fresh(approval).is_pending
        assert Event.objects.filter(subject=approval.ref, type=events.DENIED).exists()


class TestWithHtmx:
    def test_brings_the_next_request_in_its_place(self, ada_at, say, submit, now):
        following = submit(when=now, amount=11)
        approval = submit(when=now - timedelta(minutes=5))

        response = say(ada_at, approval, verdict="approve", place="pane", headers=HTMX)

        assert response.status_code == 200
        assert "<html" not in response.text
        assert f'id="detail" data-item="{following.pk}"' in response.text
        assert "Approved: Runs pay" in response.text
        assert response["HX-Replace-Url"].endswith(f"focus={following.pk}")
        assert response["HX-Trigger-After-Settle"] == "placet:changed"
        assert 'id="your-turn" hx-swap-oob="true">1' in response.text

    def test_says_when_nothing_is_left(self, ada_at, ask, say):
        response = say(ada_at, ask(), verdict="approve", place="pane", headers=HTMX)

        assert "Nothing needs you" in response.text
        assert 'id="detail"' in response.text

    def test_draws_the_request_anew_when_it_is_refused(self, ben_at, ask, say):
        approval = ask(amount=20_000)

        response = say(ben_at, approval, verdict="approve", headers=HTMX)

        assert response.status_code == 403
        assert response["X-Placet-Panel"] == "yes"
        assert response.text.lstrip().startswith("<article")

    def test_answers_differ_so_caches_keep_them_apart(self, ada_at, ask, say):
        assert "HX-Request" in say(ada_at, ask(), verdict="approve", headers=HTMX)["Vary"]


class TestAClaim:
    def test_says_who_is_looking_and_can_be_given_back(self, ada_at, ada, ask, seen, fresh):
        approval = ask()

        ada_at.post(reverse("claim", args=[approval.pk]), seen(approval))
        assert fresh(approval).claimed_by == ada

        ada_at.post(reverse("claim", args=[approval.pk]), seen(approval, release="yes"))
        assert fresh(approval).claimed_by is None

    def test_is_refused_to_whoever_could_not_decide(self, ben_at, ask, seen, fresh):
        approval = ask(amount=20_000)

        response = ben_at.post(reverse("claim", args=[approval.pk]), seen(approval))

        assert response.status_code == 403
        assert fresh(approval).claimed_by is None


class TestStarting:
    def test_hands_out_the_most_urgent_and_claims_it(self, ada_at, ada, submit, now, fresh):
        submit(when=now)
        urgent = submit(when=now - timedelta(minutes=30))

        response = ada_at.post(reverse("start"))

        assert response.url == f"{reverse('queue')}?view=yours&focus={urgent.pk}"
        assert fresh(urgent).claimed_by == ada

    def test_leaves_alone_what_somebody_else_looks_at(self, ada_at, ben_at, submit, seen, now):
        theirs = submit(when=now - timedelta(minutes=30))
        free = submit(when=now)
        ben_at.post(reverse("claim", args=[theirs.pk]), seen(theirs))

        assert ada_at.post(reverse("start")).url.endswith(f"focus={free.pk}")

    def test_leads_to_the_queue_when_there_is_nothing(self, ada_at):
        assert ada_at.post(reverse("start")).url == f"{reverse('queue')}?view=yours"
