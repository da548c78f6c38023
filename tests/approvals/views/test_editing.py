"""Changing what would run: the form, what the change comes to, and the decision."""

import json

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from approvals.models import ApprovalRequest, Decision, Revision
from approvals.operations import revising
from approvals.rules.canonical import canonical
from approvals.rules.lifecycle import Status
from tests import factories

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Target": "preview"}
MAIL = {"refund_percent": 20, "body": "We refund 20%.\nSorry.", "vip": True, "tags": ["late"]}


def fields_of(approval, **said):
    """What a browser sends from an untouched form, but for what is said."""
    revision = Revision.objects.get(approval=approval, number=approval.revision)
    sent = {"revision": revision.number, "digest": revision.digest, "feedback": ""}
    for place, (key, value) in enumerate(revision.arguments.items()):
        text = value if isinstance(value, str) else json.dumps(value)
        # A browser sends every line end of a textarea as two characters.
        text = said.pop(key, text).replace("\r\n", "\n").replace("\r", "\n")
        sent[f"a{place}"] = text.replace("\n", "\r\n")
    return sent | said


@pytest.fixture
def mail(ask):
    return ask(action="send_email", arguments=MAIL)


@pytest.fixture
def routed(payments):
    """The policy asks a lead for any amount, an executive for a large one."""
    payments.risk_rules = [
        {"name": "any", "condition": "true", "weight": 0.3},
        {"name": "much", "condition": "args.amount > 50000.0", "weight": 0.6},
    ]
    payments.save()
    return payments


@pytest.fixture
def save():
    def act(client, approval, *, fields=None, **said):
        url = reverse("modify", args=[approval.pk])
        return client.post(url, fields or fields_of(approval, **said))

    return act


@pytest.fixture
def preview():
    def act(client, approval, **said):
        url = f"{reverse('modify', args=[approval.pk])}?preview"
        return client.post(url, fields_of(approval, **said), headers=HTMX)

    return act


class TestTheForm:
    def test_has_a_typed_field_for_each_argument(self, ada_at, mail):
        page = ada_at.get(reverse("modify", args=[mail.pk])).text

        assert '<textarea name="a0"' in page  # body
        assert 'name="a1" value="20" inputmode="decimal"' in page  # refund_percent
        assert '<textarea name="a2"' in page  # tags
        assert 'type="radio" name="a3" value="true"' in page  # vip

    def test_follows_the_schema_that_the_agent_sent(self, ada_at, ask):
        schema = {
            "type": "object",
            "properties": {
                "channel": {"enum": ["mail", "sms"]},
                "count": {"type": "integer", "minimum": 1, "description": "How <b>many</b>"},
            },
        }
        approval = ask(arguments={"channel": "mail", "count": 3}, arguments_schema=schema)

        page = ada_at.get(reverse("modify", args=[approval.pk])).text

        assert '<option value="&quot;mail&quot;" selected>mail</option>' in page
        assert 'inputmode="numeric"' in page
        assert "How &lt;b&gt;many&lt;/b&gt;; at least 1" in page

    def test_can_be_one_json_text_instead(self, ada_at, mail, save, fresh):
        page = ada_at.get(f"{reverse('modify', args=[mail.pk])}?as=json").text
        assert "&quot;refund_percent&quot;: 20" in page

        fields = {"revision": 1, "digest": mail.digest, "as": "json"}
        save(ada_at, mail, fields=fields | {"arguments": '{"refund_percent": 5, "new": null}'})

        assert fresh(mail).decided["arguments"] == {"refund_percent": 5, "new": None}

    def test_is_not_shown_to_whoever_may_not_use_it(self, ben_at, ask):
        response = ben_at.get(reverse("modify", args=[ask(amount=20_000).pk]))

        assert response.status_code == 302
        assert "needs a director" in str(next(iter(get_messages(response.wsgi_request))))

    def test_is_not_shown_once_it_is_decided(self, ada_at, dora, mail, decide, now):
        decide(mail, dora, "approve", when=now)

        assert ada_at.get(reverse("modify", args=[mail.pk])).status_code == 302

    def test_never_submits_by_a_mere_enter(self, ada_at, mail):
        page = ada_at.get(reverse("modify", args=[mail.pk])).text

        form = page[page.index('<form class="sheet"') :]
        assert form.index("<button disabled hidden>") < form.index("btn-go")


class TestThePreview:
    def test_shows_what_changes_word_by_word(self, ada_at, mail, preview):
        page = preview(ada_at, mail, body="We refund 30%.\nSorry.").text

        assert "<del>20%</del>" in page
        assert "<ins>30%</ins>" in page
        assert "Unchanged: " in page

    def test_sends_the_new_seal_and_risk_along(self, ada_at, ask, preview):
        approval = ask(amount=10)

        page = preview(ada_at, approval, amount="20000").text

        assert 'id="recomputed" hx-swap-oob="true"' in page
        assert 'id="edit-head" hx-swap-oob="true"' in page
        assert "Now needs 1 <b>director</b>, no longer a team member" in page
        assert "<tr data-new><td>amount_over_10000</td>" in page
        assert "Approve as revision 2" in page

    def test_calls_an_edit_of_nothing_a_plain_approval(self, ada_at, mail, preview):
        assert "Approve unchanged" in preview(ada_at, mail).text

    def test_warns_that_the_edit_would_go_up(self, ben_at, ask, preview):
        page = preview(ben_at, ask(amount=10), amount="20000").text

        assert "This needs a director; ben is a team member." in page
        assert "goes up to them as a proposal" in page
        assert "Send up as a proposal" in page

    def test_writes_nothing(self, ada_at, mail, preview, fresh):
        before = ApprovalRequest.objects.filter(pk=mail.pk).values().get()

        preview(ada_at, mail, refund_percent="99")

        assert ApprovalRequest.objects.filter(pk=mail.pk).values().get() == before
        assert Revision.objects.filter(approval=mail).count() == 1
        assert not Decision.objects.exists()

    def test_says_what_cannot_be_read(self, ada_at, mail, preview):
        page = preview(ada_at, mail, refund_percent="a lot").text

        assert "Write a number, such as 30 or 0.5." in page

    def test_comes_with_the_whole_page_where_there_is_no_script(self, ada_at, mail):
        url = f"{reverse('modify', args=[mail.pk])}?preview"

        page = ada_at.post(url, fields_of(mail, refund_percent="30")).text

        assert "<html" in page
        assert "<ins><bdi>30</bdi></ins>" in page
        assert 'name="a1" value="30"' in page


class TestSaving:
    def test_approves_what_was_edited(self, ada_at, mail, save, fresh):
        save(ada_at, mail, refund_percent="30", feedback="VIP: 30%.")

        decided = fresh(mail).decided
        assert fresh(mail).status == Status.MODIFIED
        assert decided["arguments"] == MAIL | {"refund_percent": 30}
        assert decided["feedback"] == "VIP: 30%."

    def test_leaves_alone_what_nobody_touched_however_a_browser_sends_it(
        self, ada_at, ask, save, fresh
    ):
        odd = {"a": "one\r\ntwo\r", "b": " blank ", "c": "", "d": None, "e": 1.5, "f": 10}
        approval = ask(arguments=odd)

        save(ada_at, approval, f="11")

        assert canonical(fresh(approval).decided["arguments"]) == canonical(odd | {"f": 11})

    def test_keeps_every_type(self, ada_at, mail, save, fresh):
        save(ada_at, mail, vip="false", tags='["late", {"again": 2}]', refund_percent="12.50")

        assert fresh(mail).decided["arguments"] == {
            "refund_percent": 12.5,
            "body": MAIL["body"],
            "vip": False,
            "tags": ["late", {"again": 2}],
        }

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"refund_percent": "a lot"}, "Write a number"),
            ({"refund_percent": "true"}, "Write a number"),
            ({"refund_percent": "9007199254740993"}, "Write a number"),
            ({"tags": '["late"'}, "This is not JSON as we take it"),
            ({"tags": '{"a": 1, "a": 2}'}, "appears twice"),
            ({"vip": "maybe"}, "Choose true or false."),
            ({"body": "a\0b"}, "contains NUL"),
            ({"feedback": "x" * 2001}, "At most 2,000 characters"),
        ],
    )
    def test_refuses_what_is_no_such_value_and_keeps_the_draft(
        self, ada_at, mail, save, fresh, said, sentence
    ):
        response = save(ada_at, mail, **({"body": "My careful draft."} | said))

        assert response.status_code == 422
        assert sentence in response.text
        assert "Nothing was saved. Your edit is still here." in response.text
        assert ("My careful draft." in response.text) or "body" in said
        assert fresh(mail).is_pending

    def test_puts_what_the_schema_says_beside_the_field(self, ada_at, ask, save, fresh):
        schema = {"properties": {"amount": {"type": "integer", "maximum": 50}}}
        approval = ask(amount=10, arguments_schema=schema)

        response = save(ada_at, approval, amount="99")

        assert response.status_code == 422
        assert 'id="id_a0_error"' in response.text
        assert fresh(approval).is_pending

    def test_of_no_change_at_all_is_a_plain_approval(self, ada_at, mail, save, fresh):
        save(ada_at, mail)

        assert fresh(mail).status == Status.APPROVED

    def test_of_what_needs_more_authority_goes_up_as_a_proposal(self, ben_at, ask, save, fresh):
        approval = ask(amount=10)

        response = save(ben_at, approval, amount="20000")

        assert fresh(approval).is_pending
        assert fresh(approval).required_tier == "director"
        said = str(next(iter(get_messages(response.wsgi_request))))
        assert said.startswith("Your edit needs a director; it went up as a proposal")

    def test_from_500_to_90_000_by_a_lead_waits_for_an_executive(
        self, sign_in, routed, ask, save, fresh
    ):
        lea = factories.ReviewerFactory(user__username="lea", tier="team_lead")
        approval = ask(amount=500)

        page = save(sign_in(lea), approval, a0="90000")

        assert (fresh(approval).status, fresh(approval).required_tier) == ("pending", "executive")
        assert page.status_code == 302

    @pytest.mark.parametrize(
        ("may_lower", "form", "status"), [(False, 302, "pending"), (True, 200, "modified")]
    )
    def test_from_90_000_to_500_is_a_lead_s_only_where_the_policy_says_so(
        self, sign_in, routed, ask, save, fresh, may_lower, form, status
    ):
        routed.edits_may_lower = may_lower
        routed.save()
        lea = factories.ReviewerFactory(user__username="lea", tier="team_lead")
        client, approval = sign_in(lea), ask(amount=90_000)
        assert client.get(reverse("modify", args=[approval.pk])).status_code == form

        save(client, approval, a0="500")

        assert fresh(approval).status == status

    def test_over_somebody_elses_edit_is_refused_and_the_draft_is_kept(
        self, ada_at, mail, save, fresh, now
    ):
        mine = fields_of(mail, refund_percent="30", feedback="VIP: 30%.")
        revising.revise(mail.pk, {"arguments": MAIL | {"another": 1, "refund_percent": 5}}, at=now)

        response = save(ada_at, mail, fields=mine)

        assert response.status_code == 409
        assert "this is revision 2 now" in response.text
        assert "&quot;refund_percent&quot;: 30" in response.text
        assert "VIP: 30%." in response.text
        assert fresh(mail).revision == 2

    def test_after_somebody_decided_names_them_and_keeps_the_draft(
        self, ada_at, dora, mail, save, decide, now
    ):
        mine = fields_of(mail, refund_percent="30")
        decide(mail, dora, "reject", when=now)

        response = save(ada_at, mail, fields=mine)

        assert response.status_code == 409
        assert "dora rejected it" in response.text
        assert "&quot;refund_percent&quot;: 30" in response.text

    def test_without_authority_is_refused(self, ben_at, ask, save, fresh):
        approval = ask(amount=20_000)

        assert save(ben_at, approval, amount="1").status_code == 403
        assert fresh(approval).revision == 1

    def test_of_masked_fields_wants_them_shown_first(self, ada_at, ask, save, payments, fresh):
        payments.redacted_fields = ["/arguments/iban"]
        payments.save()
        approval = ask(arguments={"amount": 5, "iban": "DE02"})

        save(ada_at, approval, iban="DE03")
        assert fresh(approval).is_pending

        ada_at.post(reverse("reveal", args=[approval.pk]))
        save(ada_at, approval, iban="DE03")
        assert fresh(approval).decided["arguments"]["iban"] == "DE03"
