"""One request: everything a person should know, in an order that does not change."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape

from approvals import events
from approvals.models import Grant, Revision
from approvals.operations import escalation, revising
from audit.models import Event
from tests import factories

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def page_of(client, approval):
    response = client.get(reverse("approval", args=[approval.pk]))
    assert response.status_code == 200
    return response.text


def hand_of(page):
    return page[page.index('class="hand"') : page.index("</article>")]


class TestThePage:
    def test_leads_with_evidence_and_ends_with_the_policy(self, ada_at, ask, payments):
        payments.guidelines = "Check the vendor."
        payments.save()
        approval = ask(context={"rationale": "It is due."}, run="november")

        headings = re.findall(r"<h2[^>]*>([A-Z][a-z ]+)", page_of(ada_at, approval))

        assert headings[:8] == [
            "Why you",
            "Payload",
            "Agent says",
            "Run",
            "Before",
            "Guideline",
            "Policy",
            "Happened",
        ]

    def test_draws_the_payload_from_the_very_bytes_that_are_sealed(
        self, ada_at, ask, despite_triggers
    ):
        approval = ask(arguments={"amount": 12, "to": "ACME"})
        with despite_triggers():
            Revision.objects.filter(approval=approval).update(
                body='{"action":"pay","arguments":{"amount":99,"to":"OTHER"}}'
            )

        page = page_of(ada_at, approval)

        assert "OTHER" in page
        assert "ACME" not in page

    def test_shows_the_seal_of_what_it_shows(self, ada_at, ask):
        approval = ask()

        assert f'title="{approval.digest}"' in page_of(ada_at, approval)

    def test_cuts_nothing_of_the_context(self, ada_at, ask):
        context = {
            "rationale": "Because.",
            "impact": {"scope": "one vendor", "reversibility": "none", "odd": {"deep": ["x1"]}},
            "alternatives": ["wait", "pay half"],
            "anything": {"else": [1, {"more": "y2"}]},
        }

        page = page_of(ada_at, ask(context=context))

        for words in ("Because.", "one vendor", "x1", "wait", "pay half", "y2"):
            assert words in page

    def test_says_when_the_agent_gave_no_reason(self, ada_at, ask):
        assert "It gave no reason and no context." in page_of(ada_at, ask())

    def test_shows_a_guideline_as_harmless_markdown(self, ada_at, ask, payments):
        payments.guidelines = f"# Look\n\n**at the vendor** {HOSTILE} [x](javascript:alert(1)) ![i](https://e.example)"
        payments.save()

        page = page_of(ada_at, ask())

        assert "<h3>Look</h3>" in page
        assert "<strong>at the vendor</strong>" in page
        for harm in ("<script>alert", "<img", "javascript:", "https://e.example"):
            assert harm not in page.replace(escape(HOSTILE), "").replace("[x](javascript:", "")

    def test_makes_nothing_of_what_an_agent_writes(self, ada_at, ask):
        approval = ask(
            action="pay",
            arguments={HOSTILE: HOSTILE, "bidi": "a\u202eb"},
            context={
                "rationale": HOSTILE,
                HOSTILE: [HOSTILE],
                "impact": {"reversibility": HOSTILE},
            },
            run=HOSTILE,
            steps=[{"id": HOSTILE, "action": HOSTILE, "impact": HOSTILE, "arguments": {}}],
        )

        page = page_of(ada_at, approval)

        assert HOSTILE not in page
        assert page.count("onerror=alert(1)") == page.count(escape("<img src=x onerror=alert(1)>"))
        assert "\u202e" not in page.replace(escape('"a\u202eb"'), "")

    def test_warns_of_characters_that_deceive(self, ada_at, ask):
        page = page_of(ada_at, ask(arguments={"to": "p\u0430ypal.example"}))

        assert "1 place in this request holds characters that can deceive" in page
        assert "mixes Cyrillic and Latin" in page

    def test_names_how_risky_it_is_and_why(self, ada_at, ask):
        page = page_of(ada_at, ask(amount=20_000))

        for words in ("amount_over_10000", "the amount is above 10,000", "+0.30", "0.60"):
            assert words in page


class TestWhyYou:
    def test_names_who_is_needed(self, ada_at, ask):
        page = page_of(ada_at, ask(amount=20_000))

        assert "Needs <b>1 director</b>" in page
        assert "You are an executive." in page

    def test_says_why_somebody_may_not(self, ben_at, ask):
        page = page_of(ben_at, ask(amount=20_000))

        assert "This needs a director; ben is a team member." in page


class TestTheHand:
    def test_offers_every_verdict(self, ada_at, ask):
        hand = hand_of(page_of(ada_at, ask()))

        for word in (
            "Approve",
            "Modify",
            "Reject",
            "Ask for changes",
            "Guide",
            "Defer",
            "Escalate",
        ):
            assert word in hand
        assert hand.count('aria-disabled="true"') == 0

    def test_sends_what_was_on_the_screen_along(self, ada_at, ask):
        approval = ask()

        hand = hand_of(page_of(ada_at, approval))

        forms = hand.count("<form")
        assert forms == 7
        assert hand.count(f'name="digest" value="{approval.digest}"') == forms
        assert hand.count('name="revision" value="1"') == forms

    def test_keeps_what_is_not_open_in_reach_and_says_why(self, ben_at, ask):
        hand = hand_of(page_of(ben_at, ask(amount=20_000)))

        closed = re.findall(
            r'aria-disabled="true" aria-describedby="(no-\d)"[^>]*>([\w ]+?) <', hand
        )
        assert {word for _, word in closed} == {"Approve", "Modify", "Reject", "Ask for changes"}
        reason = re.search(rf'id="{closed[0][0]}"><b>(.*?)</b> (.*?)</p>', hand)
        assert reason[1] == "Not open to you: approve, modify, reject or request changes."
        assert reason[2] == "This needs a director; ben is a team member."

    def test_offers_no_answer_that_the_agent_cannot_take(self, ada_at, ask):
        hand = hand_of(page_of(ada_at, ask(allowed_decisions=["approve", "reject"])))

        assert "The agent said that it cannot take this answer." in hand
        assert 'data-key="m">Modify' in hand
        assert hand.count('aria-disabled="true"') == 2

    def test_lets_nothing_through_while_it_is_paused(self, ada_at, ask, robin, now):
        approval = ask()
        robin.paused_at = now
        robin.save()

        page = page_of(ada_at, approval)

        assert "<b>The agent robin is paused since" in page
        assert "The agent robin is paused." in hand_of(page)
        assert 'name="reason_code" value="duplicate"' in hand_of(page)

    def test_never_offers_to_put_it_off_past_its_deadline(self, ada_at, ask):
        hand = hand_of(page_of(ada_at, ask(expires_in_seconds=1200)))

        assert "15 minutes" in hand
        assert "1 hour" not in hand

    def test_is_gone_once_the_time_is_up(self, ada_at, submit, now):
        approval = submit(when=now.replace(year=now.year - 1))

        page = page_of(ada_at, approval)

        assert "Time is up since" in page
        assert "<form" not in hand_of(page)

    def test_is_gone_while_it_is_the_agents_turn(self, ada_at, dora, ask, decide, now):
        approval = ask()
        decide(approval, dora, "request_changes", feedback="Name the vendor.", when=now)

        page = page_of(ada_at, approval)

        assert "It is the agent’s turn." in page
        assert "<form" not in hand_of(page)
        assert "Name the vendor." in page


class TestMaskedFields:
    @pytest.fixture
    def masked(self, ask, payments):
        payments.redacted_fields = ["/arguments/iban", "/context/customer/*"]
        payments.effect = "Pays {/arguments/iban}"
        payments.save()
        return ask(
            arguments={"amount": 5, "iban": "DE02120300000000202051"},
            context={"rationale": "r", "customer": {"mail": "jo@example.com"}},
        )

    def test_are_nowhere_on_the_page(self, ada_at, masked):
        for page in (
            page_of(ada_at, masked),
            ada_at.get(reverse("queue")).text,
            ada_at.get(reverse("modify", args=[masked.pk])).text,
        ):
            assert "DE02120300000000202051" not in page
            assert "jo@example.com" not in page

    def test_are_shown_to_whoever_asks_and_that_is_on_record(self, ada_at, ben_at, ada, masked):
        response = ada_at.post(reverse("reveal", args=[masked.pk]))

        assert response.status_code == 302
        assert "DE02120300000000202051" in page_of(ada_at, masked)
        assert "DE02120300000000202051" not in page_of(ben_at, masked)
        (event,) = Event.objects.filter(subject=masked.ref, type=events.REVEALED)
        assert event.actor == ada.ref

    def test_are_put_on_record_once(self, ada_at, masked):
        for _ in range(3):
            ada_at.post(reverse("reveal", args=[masked.pk]))

        assert Event.objects.filter(subject=masked.ref, type=events.REVEALED).count() == 1


class TestTheTimeline:
    def test_tells_of_reminders_and_of_whom_the_clock_called(self, ada_at, ada, ask, payments, now):
        shift = factories.ShiftFactory(reviewer=ada)
        payments.on_call = shift.schedule
        payments.save()
        approval = ask()

        escalation.escalate_due(at=now + timedelta(minutes=50))

        page = page_of(ada_at, approval)
        assert "called whoever is on call by night: 1 person" in page
        assert "reminded those who may decide" in page


class TestAfterwards:
    def test_names_who_decided_and_what_they_said(self, ada_at, dora, ask, decide, now):
        approval = ask()
        decide(
            approval, dora, "reject", feedback="Paid already.", reason_code="duplicate", when=now
        )

        page = page_of(ada_at, approval)

        assert "Nothing of this runs." in page
        assert "dora rejected it" in page
        assert "Paid already." in page

    def test_shows_the_permission_and_what_was_reported(self, ada_at, dora, ask, decide, now):
        approval = ask()
        decide(approval, dora, "approve", when=now)
        report = {"status": "failed", "severity": 2, "detail": HOSTILE}
        revising.report_outcome(approval.pk, report=report, reporter="agent:robin", at=now)

        page = page_of(ada_at, approval)

        assert Grant.objects.get(approval=approval).jti in page
        assert "<b>Failed</b>, severity 2 of 3" in page
        assert escape(HOSTILE) in page

    def test_shows_every_try_to_deliver_the_answer(self, ada_at, dora, ask, decide, robin, now):
        robin.callback_prefixes = ["https://agent.example/"]
        robin.save()
        approval = ask(callback_url="https://agent.example/hook")
        decide(approval, dora, "approve", when=now)
        delivery = approval.deliveries.get()
        delivery.attempts.create(number=1, started_at=now, status=503, duration_ms=12)

        page = page_of(ada_at, approval)

        assert "https://agent.example/hook" in page
        assert "HTTP 503, 12 ms" in page

    def test_never_shows_a_persons_tablet_for_what_no_person_decided(self, ada_at, ask, payments):
        payments.trigger = "false"
        payments.save()

        page = page_of(ada_at, ask())

        assert '<span class="via">' in page
        assert 'data-vote="yes"' not in page


class TestBefore:
    def test_counts_and_names_what_people_said_of_the_like(self, ada_at, dora, ask, decide, now):
        for amount, verdict in ((10, "approve"), (11, "approve"), (12, "reject")):
            decide(ask(amount=amount), dora, verdict, feedback=f"said of {amount}", when=now)

        page = page_of(ada_at, ask(amount=10))

        assert "<b>2</b> approved, <b>1</b> rejected" in page
        assert "said of 12" in page

    def test_shows_how_an_edit_changed_it(self, ada_at, ben, dora, ask, decide, payments, now):
        payments.quorum = {"team_member": 2}
        payments.save()
        approval = ask(arguments={"amount": 10, "note": "pay 20% now"})
        decide(approval, dora, "modify", merge_patch={"note": "pay 30% now"}, when=now)

        page = page_of(ada_at, approval)

        assert "<b>dora</b> made revision 2" in page
        assert "<del>20%</del>" in page
        assert "<ins>30%</ins>" in page
        assert "1 of 2" in page

    def test_links_the_checkpoints_of_a_run(self, ada_at, ask):
        first, second = ask(run="november", action="draft"), ask(run="november", action="publish")

        page = page_of(ada_at, second)

        assert f'<a href="{first.get_absolute_url()}">' in page
        assert 'aria-current="step"' in page


class TestWatching:
    def watch(self, client, approval, mark):
        return client.get(
            reverse("approval", args=[approval.pk]),
            {"mark": mark},
            headers={"HX-Request": "true", "HX-Target": "watch"},
        )

    def test_says_nothing_while_nothing_happened(self, ada_at, ask):
        approval = ask()
        mark = re.search(r"mark=([0-9a-f]+-\d+)", page_of(ada_at, approval))[1]

        assert self.watch(ada_at, approval, mark).status_code == 204

    def test_says_who_was_first(self, ada_at, dora, ask, decide, now):
        approval = ask()
        mark = re.search(r"mark=([0-9a-f]+-\d+)", page_of(ada_at, approval))[1]
        decide(approval, dora, "reject", when=now)

        response = self.watch(ada_at, approval, mark)

        assert 'role="alert"' in response.text
        assert "dora rejected it" in response.text


class TestItsCost:
    def test_does_not_grow_with_what_happened(
        self, ada_at, dora, ask, decide, now, django_assert_num_queries
    ):
        approval = ask(run="long")
        decide(approval, dora, "guide", feedback="one", when=now)
        decide(ask(), dora, "approve", when=now)
        page_of(ada_at, approval)
        with django_assert_num_queries(25, exact=False) as one:
            page_of(ada_at, approval)
        for n in range(20):
            decide(approval, dora, "guide", feedback=f"more {n}", when=now)
            decide(ask(run="long"), dora, "approve", when=now)

        with django_assert_num_queries(len(one)):
            page_of(ada_at, approval)
