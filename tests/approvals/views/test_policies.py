"""The pages of those who write policies: what they say, and to whom."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from approvals.models import CheckpointVersion
from approvals.operations import backtests, versions
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
READS = ("view_checkpointversion",)
ALL = (*READS, "change_checkpointversion", "publish_checkpointversion", "view_approvalrequest")


def staff(name, *codenames):
    user = factories.UserFactory(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def cleo(db):
    return staff("cleo", *ALL)


@pytest.fixture
def draft(payments, now):
    return factories.VersionFactory(
        checkpoint=payments.checkpoint, number=2, state="draft", auto_approve_below=0.3,
        tiers={"team_lead": 0.4, "director": 0.6, "executive": 0.9},
    )  # fmt: skip


@pytest.fixture
def tested(draft, ask, decide, ada, now):
    decide(ask(amount=20), ada, "reject", when=now, feedback="Paid already.")
    at = now + timedelta(seconds=1)
    asked = backtests.ask(draft, days=30, by_user=None, actor="test", at=at)
    assert backtests.work_on(asked.pk)
    return asked


def text(response):
    return response.content.decode()


class TestTheIndex:
    def test_lists_what_holds_what_is_tried_and_how_it_goes(self, cleo, draft, ask, submit, now):
        ask(amount=1)
        factories.TemplateFactory(checkpoint=draft.checkpoint)
        ask(amount=2)

        page = text(cleo.get(reverse("policies")))

        assert all(words in page for words in ("payments", "version 1", "version 2", "1 of 1"))
        assert "100\u00a0%" in page

    def test_of_nothing_says_how_to_begin(self, cleo):
        assert "There are no checkpoints yet" in text(cleo.get(reverse("policies")))


class TestAVersion:
    def test_says_in_words_what_it_changes_and_what_it_means(self, cleo, draft):
        page = text(cleo.get(reverse("policy", args=[draft.pk])))

        assert "A team lead is needed from risk 0.4 instead of 0.3." in page
        assert 'data-leans="loosens"' in page
        assert "Below risk 0.3 it passes without a person." in page

    def test_is_published_as_it_was_read(self, cleo, draft, payments):
        address = reverse("publish", args=[draft.pk])
        stale = cleo.post(address, {"seen": "sha256:" + "0" * 64})
        assert (stale.status_code, "read it again" in text(stale)) == (409, True)

        cleo.post(address, {"seen": versions.digest(draft)})

        draft.refresh_from_db()
        assert (draft.state, draft.published_by) == ("live", cleo.user)

    def test_is_not_published_without_the_right(self, draft):
        reader = staff("rita", *READS)

        answer = reader.post(reverse("publish", args=[draft.pk]), {"seen": versions.digest(draft)})

        assert answer.status_code == 403
        draft.refresh_from_db()
        assert draft.state == "draft"

    def test_written_by_the_reader_says_who_has_to_publish_it(self, cleo, draft):
        CheckpointVersion.objects.filter(pk=draft.pk).update(created_by=cleo.user)

        page = cleo.get(reverse("policy", args=[draft.pk]))

        assert "Somebody else has to publish what you wrote." in text(page)
        answer = cleo.post(reverse("publish", args=[draft.pk]), {"seen": versions.digest(draft)})
        assert answer.status_code == 403

    def test_in_the_shadow_tells_nothing_of_what_still_waits(
        self, cleo, draft, ask, ada, decide, now
    ):
        versions.start_shadow(draft, actor="test", at=now)
        waits = ask(amount=20)
        page = text(cleo.get(reverse("policy", args=[draft.pk])))
        assert "People have decided none of them yet" in page

        decide(waits, ada, "reject", when=now, feedback="No.")

        page = text(cleo.get(reverse("policy", args=[draft.pk])))
        assert waits.short_id in page
        assert "rejected or changed <b>1</b>" in page


class TestTheShadowOnARequest:
    def test_is_shown_only_once_a_person_decided(self, ada_at, draft, ask, ada, decide, now):
        versions.start_shadow(draft, actor="test", at=now)
        approval = ask(amount=20)
        assert "tried out beside it" not in text(ada_at.get(approval.get_absolute_url()))

        decide(approval, ada, "approve", when=now)

        assert "tried out beside it" in text(ada_at.get(approval.get_absolute_url()))


class TestTheTerms:
    def test_are_told_to_reviewers_and_linked_for_those_who_may_follow(self, ada, ada_at, ask):
        approval = ask(amount=20)
        link = reverse("policy", args=[approval.version_id])
        page = text(ada_at.get(approval.get_absolute_url()))
        assert ("From risk 0.3 up to 0.6, a team lead decides." in page, link in page) == (
            True,
            False,
        )

        ada.user.is_staff = True
        ada.user.save()
        ada.user.user_permissions.set(Permission.objects.filter(codename__in=READS))

        assert link in text(ada_at.get(approval.get_absolute_url()))


class TestABacktest:
    def test_is_asked_for_and_shows_how_far_it_is(self, cleo, draft, ask):
        answer = cleo.post(reverse("ask_backtest", args=[draft.pk]), {"days": 30}, follow=True)

        assert "It waits for a worker." in text(answer)
        fragment = cleo.get(answer.request["PATH_INFO"], headers={"HX-Request": "true"})
        assert "<progress" in text(fragment)
        assert "<html" not in text(fragment)

    @pytest.mark.parametrize("days", ["", "0", "3000", "x"])
    def test_over_no_period_is_refused(self, cleo, draft, days):
        answer = cleo.post(reverse("ask_backtest", args=[draft.pk]), {"days": days})

        assert answer.status_code == 422

    def test_stops_being_asked_for_when_it_is_done(self, cleo, tested):
        address = reverse("backtest", args=[tested.pk])

        answer = cleo.get(address, headers={"HX-Request": "true"})

        assert (answer.status_code, answer["HX-Refresh"]) == (286, "true")

    def test_shows_what_it_found(self, cleo, tested):
        page = text(cleo.get(reverse("backtest", args=[tested.pk])))

        assert "Would have let 1 of 1 requests pass" in page
        assert "1 left to open" in page

    def test_lists_no_requests_for_whoever_may_not_see_any(self, tested):
        page = text(staff("rita", *READS).get(reverse("backtest", args=[tested.pk])))

        assert "You may not see requests" in page
        assert tested.overruled.get().approval.effect not in page


class TestACase:
    def address(self, tested):
        return reverse("overruled", args=[tested.pk, tested.overruled.get().approval_id])

    def test_is_opened_by_a_post_and_not_by_looking(self, cleo, tested):
        assert cleo.get(self.address(tested)).status_code == 404

        page = text(cleo.post(self.address(tested), follow=True))

        assert "Paid already." in page
        assert "You have opened all of them." in page
        assert cleo.get(self.address(tested)).status_code == 200

    def test_is_closed_to_whoever_may_not_see_requests(self, tested):
        assert staff("rita", *READS).post(self.address(tested)).status_code == 403

    def test_keeps_masked_what_its_checkpoint_masks(self, cleo, payments, request):
        payments.effect, payments.redacted_fields = "Pays {/arguments/amount}.", ["/amount"]
        payments.save()
        tested = request.getfixturevalue("tested")
        approval = tested.overruled.get().approval
        assert approval.effect == "Pays 20."

        pages = (
            cleo.get(reverse("backtest", args=[tested.pk])),
            cleo.post(self.address(tested), follow=True),
            cleo.post(reverse("explain"), {"request_id": str(approval.pk)}),
        )

        assert all("masked" in text(page) and "Pays 20" not in text(page) for page in pages)


class TestExplain:
    BODY = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 1500}}

    def explain(self, client, **said):
        said = {"body": json.dumps(self.BODY)} | said
        return client.post(reverse("explain"), said)

    def test_names_each_rule_the_tier_and_who_could_decide(self, cleo, payments, ada, ben):
        page = text(self.explain(cleo))

        assert "It would ask a team lead" in page
        assert "the amount is above 1,000" in page
        assert "does not apply" in page
        assert ada.name in page
        assert f"{ben.name} is a team member." in page

    def test_writes_nothing(self, cleo, payments, robin):
        self.explain(cleo, agent=str(robin.pk))

        assert not robin.approvals.exists()

    def test_says_which_condition_of_a_template_fails_first(self, cleo, payments):
        factories.TemplateFactory(checkpoint=payments.checkpoint, max_risk=1.0)

        page = text(self.explain(cleo))

        assert "/arguments/amount is at most 50: not so here" in page

    def test_holds_it_against_any_version_and_instant(self, cleo, draft, now):
        page = text(
            self.explain(
                cleo, version=str(draft.pk), at="2026-12-24T09:00",
                body=json.dumps(self.BODY | {"arguments": {"amount": 5}}),
            )
        )  # fmt: skip

        assert "It would pass without a person: the auto-approval threshold" in page
        assert "24\u00a0Dec" in page

    def test_says_what_is_missing(self, cleo, payments):
        CheckpointVersion.objects.update(required_context=["/rationale"])

        assert "It lacks /rationale." in text(self.explain(cleo))

    def test_shows_a_condition_that_could_not_be_evaluated(self, cleo, payments):
        rules = [{"name": "odd", "condition": "args.nothing > 5", "weight": 0.4}]
        CheckpointVersion.objects.update(risk_rules=rules)

        page = text(self.explain(cleo))

        assert "could not be evaluated" in page
        assert "so a person decides" in page

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ('{"checkpoint": "payments", "checkpoint": "x"}', "It does not pass the gate."),
            ("[" * 5000, "It does not pass the gate."),
            ('{"checkpoint": "payments"}', "It has not the shape of a submission."),
            ("[1]", "It has not the shape of a submission."),
            ('{"checkpoint": "paymets", "action": "pay"}', "Did you mean payments?"),
            ('{"checkpoint": "payments", "action": "\\ud800"}', "It does not pass the gate."),
        ],
    )
    def test_refuses_what_the_api_would_refuse(self, cleo, payments, body, words):
        answer = self.explain(cleo, body=body)

        assert words in text(answer).replace("&#x27;", "'")

    def test_takes_a_request_by_its_id(self, cleo, payments, ask):
        page = text(self.explain(cleo, body="", request_id=str(ask(amount=20_000).pk)))

        assert "It would ask a director" in page

    def test_tells_nothing_of_a_request_that_may_not_be_seen(self, payments, ask):
        approval = ask(amount=20_000)

        page = text(self.explain(staff("rita", *READS), body="", request_id=str(approval.pk)))

        assert "you may not see it" in page

    @pytest.mark.parametrize(
        "said",
        [
            {"body": ""},
            {"version": "x"},
            {"at": "soon"},
            {"at": "9999-12-31T23:59"},
            {"at": "0001-01-01T00:00"},
        ],
    )
    def test_asks_again_for_what_it_does_not_understand(self, cleo, payments, said):
        assert self.explain(cleo, **said).status_code == 422
