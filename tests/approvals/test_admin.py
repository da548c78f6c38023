"""The admin: policies and people, and history that can only be read."""

import json
from datetime import datetime

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from approvals import events
from approvals.admin.rows import RowsField
from approvals.models import (
    Agent,
    ApiKey,
    ApprovalRequest,
    ApprovalTemplate,
    Checkpoint,
    CheckpointVersion,
    Decision,
    Delivery,
    Notice,
    Reviewer,
)
from approvals.operations import agents, people
from approvals.operations._policy_rows import said_of_version
from approvals.rules.lifecycle import Status
from approvals.rules.policy import SHIPPED_RISK_RULES
from approvals.rules.tiers import Tier
from audit import trail
from audit.models import Event
from tests import factories

State = CheckpointVersion.State
CHANGES = ("view_checkpointversion", "change_checkpointversion")
HISTORY = [
    "approvals_approvalrequest",
    "approvals_decision",
    "approvals_revision",
    "approvals_grant",
    "approvals_message",
    "approvals_delivery",
    "approvals_apikey",
    "audit_event",
]
HOSTILE = "<script>alert(1)</script>\u202e\u200b" + "x" * 200_000


@pytest.fixture
def root(db, at):
    return people.create_admin("root", password="a long enough one", actor="test", at=at)


@pytest.fixture
def other_root(db, at):
    return people.create_admin("other", password="a long enough one", actor="test", at=at)


@pytest.fixture
def admin(client, root):
    client.force_login(root)
    return client


@pytest.fixture
def draft(payments, root):
    return factories.VersionFactory(
        checkpoint=payments.checkpoint, number=2, state=State.DRAFT, created_by=root
    )


def page_of(row, what="change"):
    kind = f"{row._meta.app_label}_{row._meta.model_name}"
    return reverse(f"admin:{kind}_{what}", args=[row.pk])


def list_of(kind):
    return reverse(f"admin:{kind}_changelist")


def do(client, row, act):
    kind = f"{row._meta.app_label}_{row._meta.model_name}"
    return client.post(reverse(f"admin:{kind}_act", args=[row.pk, act]), follow=True)


def form_of(response):
    """What a browser would send back of a change form."""
    sent = {}
    for field in response.context["adminform"].form:
        value = field.value()
        if isinstance(field.field, RowsField):
            sent |= typed(field.field, field.html_name, value)
        elif isinstance(value, datetime):
            sent |= {
                f"{field.html_name}_0": f"{value:%Y-%m-%d}",
                f"{field.html_name}_1": f"{value:%H:%M:%S.%f}",
            }
        elif value is not None and value is not False:
            sent[field.html_name] = "on" if value is True else value
    for formset in response.context["inline_admin_formsets"]:
        management = formset.formset.management_form
        sent |= {field.html_name: field.value() for field in management}
    return sent


def typed(field, name, rows):
    """Records as the rows of inputs they are shown in."""
    rows = field.prepare_value(rows)
    cells = {
        f"{name}-{place}-{column.name}": str(column.field.prepare_value(row[column.name]))
        for place, row in enumerate(rows)
        for column in field.columns
        if column.name in row
    }
    return cells | {f"{name}-rows": str(len(rows))}


def pks_of(kind):
    model = apps.get_model(*kind.split("_"))
    return sorted(str(pk) for pk in model.objects.values_list("pk", flat=True))


def told(response):
    return [str(message) for message in response.context["messages"]]


class TestSigningIn:
    def test_is_on_the_one_page_that_limits_guessing(self, client, db):
        assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/sign-in/")

    def test_gives_a_reviewer_nothing(self, client, ada):
        client.force_login(ada.user)

        assert client.get(list_of("approvals_approvalrequest")).status_code in (302, 403)


class TestADraft:
    def test_is_saved_with_who_wrote_it(self, admin, draft, root):
        form = form_of(admin.get(page_of(draft))) | {"title": "Bigger payments"}

        admin.post(page_of(draft), form)

        draft.refresh_from_db()
        assert draft.title == "Bigger payments"
        assert draft.created_by == root

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("trigger", "action ==\n&& 1", "line 2"),
            ("never_auto", "risk + 1.0", "true or false"),
            ("effect", "Pays {/arguments", "stands alone"),
            ("quorum-0-director", "2 or 3", "whole number"),
            ("tiers-0-director", "nan", "number"),
            ("tiers-0-director", "0.2", "above team_lead"),
            ("risk_rules-0-condition", "", "required"),
            ("risk_rules-0-condition", "args.a ==\n&& 1", "Row 1, condition: line 2"),
            ("risk_rules-0-condition", "a\0b", "Null characters"),
            ("risk_rules-1-name", "amount_over_1000", "there twice"),
            ("answer_schema", "[" * 5000 + "]" * 5000, "deep"),
            ("ladder-0-to", "nobody", "nobody"),
            ("ladder-0-after_seconds", "soon", "4 h, 30 min"),
            ("ladder-0-schedule", "nihgt", "nihgt"),
            ("redacted_fields", "no pointer", ""),
            ("required_context", '{"type": "nothing"}', "nothing"),
            ("timeout_seconds", "0", "from 1 s"),
            ("timeout_seconds", "9 parsecs", "4 h, 30 min"),
            ("reminders", "half", "50 %"),
            ("auto_approve_below", "nan", ""),
            ("title", "a\0b", "Null characters"),
        ],
    )
    def test_with_a_mistake_says_where(self, admin, draft, field, value, words):
        filled = {"ladder-rows": "1", "ladder-0-after_seconds": "5 min", "ladder-0-to": "director"}
        form = form_of(admin.get(page_of(draft))) | filled | {field: value}

        response = admin.post(page_of(draft), form)

        assert response.status_code == 200
        errors = response.context["adminform"].form.errors
        assert words.lower() in " ".join(errors[field.partition("-")[0]]).lower()
        draft.refresh_from_db()
        assert draft.title == ""

    def test_that_is_saved_as_it_is_shown_stays_as_it_is(self, admin, draft):
        before = said_of_version(draft)

        admin.post(page_of(draft), form_of(admin.get(page_of(draft))))

        draft.refresh_from_db()
        assert said_of_version(draft) == before

    def test_keeps_what_was_typed_beside_what_is_wrong_with_it(self, admin, draft):
        wrong = {"risk_rules-0-condition": "args.a ==\n&& <b>1</b>"}

        page = admin.post(
            page_of(draft), form_of(admin.get(page_of(draft))) | wrong
        ).content.decode()

        assert "args.a ==\n&amp;&amp; &lt;b&gt;1&lt;/b&gt;</textarea>" in page
        assert 'aria-describedby="id_risk_rules-0-condition_wrong"' in page

    def test_asks_for_what_a_choice_needs(self, admin, draft):
        options = {
            "response_type": "multiselect",
            "options-rows": "2",
            "options-0-id": "a",
            "options-0-label": "The first",
            "options-1-id": "b",
            "options-1-label": "The second",
            "choose_at_most": "1",
        }

        admin.post(page_of(draft), form_of(admin.get(page_of(draft))) | options)

        draft.refresh_from_db()
        assert draft.response == {
            "options": [{"id": "a", "label": "The first"}, {"id": "b", "label": "The second"}],
            "max": 1,
        }

    def test_takes_times_as_people_write_them(self, admin, draft):
        times = {"timeout_seconds": "1 d 12h", "undo_seconds-0-team_member": "90"}

        admin.post(page_of(draft), form_of(admin.get(page_of(draft))) | times)

        draft.refresh_from_db()
        assert draft.timeout_seconds == 129_600
        assert draft.undo_seconds == {"team_member": 90}
        assert 'value="1 d 12 h"' in admin.get(page_of(draft)).content.decode()

    def test_may_approve_by_silence_only_if_somebody_says_so(self, admin, draft):
        form = form_of(admin.get(page_of(draft))) | {"on_timeout": "approve"}

        refused = admin.post(page_of(draft), form)
        admin.post(page_of(draft), form | {"allow_timeout_approve": "on"})

        assert "on_timeout" in refused.context["adminform"].form.errors
        draft.refresh_from_db()
        assert draft.on_timeout == "approve"

    def test_is_numbered_after_the_last(self, admin, draft):
        address = reverse("admin:approvals_checkpointversion_add")
        form = form_of(admin.get(address)) | {"checkpoint": str(draft.checkpoint_id)}

        admin.post(address, form)

        added = draft.checkpoint.versions.get(number=3)
        assert added.state == State.DRAFT
        assert [rule["name"] for rule in added.risk_rules] == [
            rule.name for rule in SHIPPED_RISK_RULES
        ]

    def test_can_be_thrown_away(self, admin, draft):
        admin.post(page_of(draft, "delete"), {"post": "yes"})

        assert not CheckpointVersion.objects.filter(pk=draft.pk).exists()


class TestTheLifeOfAVersion:
    def test_leads_from_a_draft_to_the_page_that_publishes(self, admin, draft):
        page = admin.get(page_of(draft))

        assert reverse("policy", args=[draft.pk]) in page.content.decode()
        assert do(admin, draft, "publish").status_code == 403

    def test_saving_is_on_record_for_everybody_who_did(
        self, admin, draft, root, client, other_root
    ):
        for person in (root, other_root):
            client.force_login(person)
            client.post(page_of(draft), form_of(client.get(page_of(draft))) | {"title": "x"})

        saved = trail.history_of(draft.checkpoint.ref)
        assert [event.actor for event in saved] == [f"user:{root.pk}", f"user:{other_root.pk}"]
        assert {event.type for event in saved} == {events.CHECKPOINT_DRAFT_SAVED}

    def test_goes_through_the_shadow_into_retirement(self, admin, draft):
        do(admin, draft, "start_shadow")
        draft.refresh_from_db()
        assert draft.state == State.SHADOW
        assert admin.post(page_of(draft), {"title": "Another"}).status_code == 403

        do(admin, draft, "stop_shadow")

        draft.refresh_from_db()
        assert draft.state == State.RETIRED

    def test_goes_back_by_a_draft_of_what_held_then(self, admin, payments, at):
        payments.state, payments.published_at, payments.title = State.RETIRED, at, "As it was"
        payments.save()

        response = do(admin, payments, "go_back")

        made = payments.checkpoint.versions.get(number=2)
        assert (made.state, made.title) == (State.DRAFT, "As it was")
        assert "Somebody else has to publish it." in told(response)[0]

    def test_ends_live_only_by_somebody_who_may_publish(self, client, payments, root):
        editor = factories.UserFactory(username="eve", is_staff=True)
        editor.user_permissions.set(Permission.objects.filter(codename__in=CHANGES))
        client.force_login(editor)
        assert do(client, payments, "retire").status_code == 403

        client.force_login(root)
        do(client, payments, "retire")

        payments.refresh_from_db()
        assert payments.state == State.RETIRED


class TestALiveVersion:
    def test_cannot_be_edited(self, admin, payments):
        response = admin.post(page_of(payments), {"title": "Another"})

        assert response.status_code == 403
        payments.refresh_from_db()
        assert payments.title == ""

    def test_can_be_looked_at(self, admin, payments):
        assert admin.get(page_of(payments)).status_code == 200

    def test_can_be_copied_into_a_draft(self, admin, payments, root):
        payments.title = "Payments"
        payments.save(update_fields=["title"])

        do(admin, payments, "new_draft")

        made = payments.checkpoint.versions.get(number=2)
        assert (made.title, made.state, made.created_by) == ("Payments", State.DRAFT, root)

    def test_cannot_be_deleted(self, admin, payments):
        assert admin.post(page_of(payments, "delete"), {"post": "yes"}).status_code == 403


class TestTemplates:
    @pytest.fixture
    def template(self, payments):
        return factories.TemplateFactory(
            checkpoint=payments.checkpoint, state=ApprovalTemplate.State.OFF
        )

    def test_are_switched_on_for_ninety_days_at_most_and_on_record(self, admin, template):
        do(admin, template, "turn_on")

        template.refresh_from_db()
        assert template.state == ApprovalTemplate.State.ON
        assert template.expires_at is not None
        assert Event.objects.get(type=events.TEMPLATE_SWITCHED).subject == f"template:{template.pk}"

    def test_are_switched_off(self, admin, template):
        do(admin, template, "turn_on")

        do(admin, template, "turn_off")

        template.refresh_from_db()
        assert template.state == ApprovalTemplate.State.OFF

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ({"pointer": "amount", "operator": "max", "value": "50"}, "amount"),
            ({"pointer": "/context/rationale", "operator": "eq", "value": "1"}, "free text"),
            ({"pointer": "/arguments/amount", "operator": "max", "value": "NaN"}, "numbers"),
            ({"pointer": "/arguments/amount", "operator": "matches", "value": "("}, "RE2"),
            ({"pointer": "/arguments/amount", "operator": "max", "value": " "}, "required"),
            ({"pointer": "/arguments/amount", "operator": "about", "value": "50"}, "about"),
        ],
    )
    def test_with_a_mistake_are_not_saved(self, admin, template, row, words):
        cells = {f"conditions-0-{name}": value for name, value in row.items()}
        form = form_of(admin.get(page_of(template))) | cells

        response = admin.post(page_of(template), form)

        assert response.status_code == 200
        errors = response.context["adminform"].form.errors["conditions"]
        assert words in " ".join(errors)
        template.refresh_from_db()
        assert template.conditions == factories.TemplateFactory.conditions

    def test_with_one_condition_are_saved_though_a_spare_row_sends_its_choice(
        self, admin, template
    ):
        spare = {
            "conditions-rows": "3",
            "conditions-1-operator": "eq",
            "conditions-2-operator": "eq",
        }
        changed = {"max_per_day": "7"}

        answer = admin.post(
            page_of(template), form_of(admin.get(page_of(template))) | spare | changed
        )

        assert answer.status_code == 302
        template.refresh_from_db()
        assert (template.max_per_day, len(template.conditions)) == (7, 1)

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("50", 50),
            ("50.5", 50.5),
            ("good_standing", "good_standing"),
            ('"50"', "50"),
            ("true", True),
            ('""', ""),
            ("null", None),
            ('{"a": [1]}', {"a": [1]}),
        ],
    )
    def test_read_a_value_as_json_where_it_is_json(self, admin, template, typed, kept):
        row = {"conditions-0-operator": "eq", "conditions-0-value": typed}
        admin.post(page_of(template), form_of(admin.get(page_of(template))) | row)

        admin.post(page_of(template), form_of(admin.get(page_of(template))))

        template.refresh_from_db()
        assert template.conditions[0]["value"] == kept
        assert type(template.conditions[0]["value"]) is type(kept)

    def test_that_were_used_say_why_they_stay(self, admin, template):
        response = admin.get(page_of(template, "delete"))

        assert response.status_code == 403
        assert b"in use by the audit trail" in response.content


class TestReviewers:
    def test_are_made_on_record(self, admin, root):
        user = factories.UserFactory(username="cleo")
        address = reverse("admin:approvals_reviewer_add")
        form = form_of(admin.get(address)) | {"user": user.pk, "tier": Tier.DIRECTOR}

        admin.post(address, form)

        reviewer = Reviewer.objects.get(user=user)
        (event,) = trail.history_of(reviewer.ref)
        assert (event.type, event.actor) == (events.REVIEWER_CREATED, f"user:{root.pk}")

    def test_change_their_authority_on_record(self, admin, ben):
        team = factories.TeamFactory(name="Legal")
        form = form_of(admin.get(page_of(ben))) | {
            "tier": Tier.TEAM_LEAD,
            "teams": [str(team.pk)],
            "amount_ceiling": "500",
        }

        admin.post(page_of(ben), form)

        (event,) = trail.history_of(ben.ref)
        data = json.loads(event.body)["data"]
        assert event.type == events.REVIEWER_CHANGED
        assert data["changed"] == ["tier", "teams", "amount_ceiling"]
        assert (data["tier"], data["teams"]) == ("team_lead", ["Legal"])

    def test_that_did_not_change_leave_no_record(self, admin, ben):
        admin.post(page_of(ben), form_of(admin.get(page_of(ben))))

        assert trail.history_of(ben.ref) == []

    def test_are_away_on_record(self, admin, ben, ada):
        form = form_of(admin.get(page_of(ben))) | {
            "absences-TOTAL_FORMS": "1",
            "absences-0-reviewer": str(ben.pk),
            "absences-0-delegate": str(ada.pk),
            "absences-0-starts_at_0": "2026-12-01",
            "absences-0-starts_at_1": "08:00",
            "absences-0-ends_at_0": "2026-12-08",
            "absences-0-ends_at_1": "08:00",
        }

        admin.post(page_of(ben), form)

        data = json.loads(trail.history_of(ben.ref)[-1].body)["data"]
        assert data["absences"][0]["delegate"] == "ada"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("time_zone", "Mars/Olympus"),
            ("amount_ceiling", "NaN"),
        ],
    )
    def test_with_a_mistake_are_not_saved(self, admin, ben, field, value):
        response = admin.post(page_of(ben), form_of(admin.get(page_of(ben))) | {field: value})

        assert field in response.context["adminform"].form.errors

    def test_and_their_sign_in_stay(self, admin, ben):
        for row in (ben, ben.user):
            assert admin.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403

    def test_lose_their_sign_in_on_record(self, admin, ben):
        form = form_of(admin.get(page_of(ben.user)))
        del form["is_active"]

        admin.post(page_of(ben.user), form)

        (event,) = trail.history_of(f"user:{ben.user.pk}")
        assert json.loads(event.body)["data"]["is_active"] is False

    def test_a_team_that_a_policy_names_is_not_deleted(self, admin, payments):
        payments.team = factories.TeamFactory(name="Legal")
        payments.save(update_fields=["team"])

        response = admin.post(page_of(payments.team, "delete"), {"post": "yes"})

        assert response.status_code == 200
        assert b"Cannot delete team" in response.content


class TestAgents:
    def test_are_registered_with_a_key_shown_once(self, admin, db):
        address = reverse("admin:approvals_agent_add")

        response = admin.post(
            address, {"name": "robin", "callback_prefixes": "https://robin.example/hooks/"}
        )

        made = response.context["made"]
        agent = Agent.objects.get(name="robin")
        assert made.key in response.content.decode()
        assert made.webhook_secret in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert made.key not in admin.get(page_of(agent)).content.decode()
        assert agent.callback_prefixes == ["https://robin.example/hooks/"]

    def test_of_one_name_are_registered_once(self, admin, robin):
        response = admin.post(reverse("admin:approvals_agent_add"), {"name": "robin"})

        assert "already" in response.context["form"].errors["name"][0]

    def test_get_another_key(self, admin, robin):
        response = do(admin, robin, "rotate")

        assert response.context["made"].key in response.content.decode()
        assert robin.keys.count() == 1

    def test_are_paused_and_go_on(self, admin, robin):
        do(admin, robin, "pause")
        robin.refresh_from_db()
        assert robin.paused_at is not None

        do(admin, robin, "resume")
        robin.refresh_from_db()
        assert robin.paused_at is None
        assert [event.type for event in trail.history_of(robin.ref)] == [
            events.PAUSED,
            events.RESUMED,
        ]

    def test_change_on_record(self, admin, robin):
        form = form_of(admin.get(page_of(robin))) | {"trust": "0.9"}

        admin.post(page_of(robin), form)

        data = json.loads(trail.history_of(robin.ref)[-1].body)["data"]
        assert data["changed"] == ["trust"]

    def test_lose_a_key(self, admin, at):
        agents.register("robin", actor="test", at=at)
        key = ApiKey.objects.get()

        do(admin, key, "revoke")

        key.refresh_from_db()
        assert key.revoked_at is not None

    def test_stay(self, admin, robin, submit):
        submit()

        assert admin.post(page_of(robin, "delete"), {"post": "yes"}).status_code == 403


class TestHistory:
    @pytest.fixture
    def past(self, submit, decide, ada):
        approval = submit(context={"rationale": HOSTILE[:150_000]}, run="<b>run</b>")
        decide(approval, ada, "approve", feedback="<img src=x onerror=alert(1)>")
        return approval

    @pytest.mark.parametrize("kind", HISTORY)
    def test_is_listed_and_neither_added_to_nor_changed(self, admin, past, kind):
        assert admin.get(list_of(kind)).status_code == 200
        assert admin.get(reverse(f"admin:{kind}_add")).status_code == 403
        before = pks_of(kind)
        deleting = {"action": "delete_selected", "post": "yes"}
        admin.post(list_of(kind), deleting | {"_selected_action": pks_of(kind)})
        assert pks_of(kind) == before

    @pytest.mark.parametrize("act", ["change", "delete"])
    def test_of_a_request_cannot_be_written(self, admin, submit, act):
        approval = submit()

        response = admin.post(page_of(approval, act), {"status": "approved", "post": "yes"})

        assert response.status_code == 403
        approval.refresh_from_db()
        assert approval.status == Status.PENDING

    def test_sends_those_who_would_decide_to_the_review_page(self, admin, submit):
        response = admin.post(page_of(submit()), {"status": "approved"})

        assert b"Decisions are made on the review page only" in response.content

    def test_of_the_trail_cannot_be_written(self, admin, past):
        event = Event.objects.first()

        assert admin.post(page_of(event), {"type": "x"}).status_code == 403
        assert admin.post(page_of(event, "delete"), {"post": "yes"}).status_code == 403

    def test_shows_what_agents_and_people_wrote_as_text(self, admin, past):
        pages = [
            page_of(past),
            page_of(past.revisions.get()),
            page_of(past.decisions.get()),
            page_of(past.messages.first()),
            page_of(Event.objects.filter(subject=past.ref, texts__isnull=False).first()),
            list_of("approvals_decision"),
        ]

        for page in pages:
            html = admin.get(page).content.decode()
            assert "<script>alert(1)" not in html
            assert "<img src=x" not in html
            assert "<b>run</b>" not in html

    def test_folds_what_is_long(self, admin, past):
        html = admin.get(page_of(past.revisions.get())).content.decode()

        assert '<details class="fold">' in html

    def test_is_found_by_the_id_of_a_request(self, admin, past, submit):
        other = submit()

        response = admin.get(list_of("approvals_decision"), {"q": str(past.pk)})
        none = admin.get(list_of("approvals_decision"), {"q": str(other.pk)})
        nonsense = admin.get(list_of("approvals_approvalrequest"), {"q": "x\0'"})

        assert len(response.context["cl"].result_list) == 1
        assert len(none.context["cl"].result_list) == 0
        assert nonsense.status_code == 200

    def test_asks_the_database_no_more_for_more_rows(
        self, admin, submit, django_assert_max_num_queries
    ):
        for _ in range(10):
            submit()
        for kind in HISTORY:
            with django_assert_max_num_queries(9):
                admin.get(list_of(kind))


class TestDeliveries:
    @pytest.fixture
    def parked(self, submit, decide, ada, at):
        approval = submit()
        decide(approval, ada, "approve")
        return Delivery.objects.create(
            kind=Delivery.Kind.CALLBACK,
            approval=approval,
            message=approval.messages.first(),
            recipient="https://robin.example/",
            state=Delivery.State.PARKED,
            tries=10,
            due_at=at,
            created_at=at,
        )

    def test_that_gave_up_are_sent_again(self, admin, parked, root):
        do(admin, parked, "send_again")

        parked.refresh_from_db()
        assert (parked.state, parked.tries) == (Delivery.State.OWED, 0)
        assert trail.history_of(parked.approval.ref)[-1].actor == f"user:{root.pk}"

    def test_are_sent_again_from_the_list(self, admin, parked):
        admin.post(
            list_of("approvals_delivery"),
            {"action": "send_each_again", "_selected_action": [str(parked.pk)]},
        )

        parked.refresh_from_db()
        assert parked.state == Delivery.State.OWED

    def test_that_arrived_are_not(self, admin, parked):
        Delivery.objects.update(state=Delivery.State.DONE)

        assert do(admin, parked, "send_again").status_code == 403


class TestNotices:
    @pytest.fixture
    def failed(self, ada, submit, at):
        return Notice.objects.create(
            kind="new", channel="chat", recipient="https://chat.example.com/hooks/s3cret",
            reviewer=ada, approval=submit(), subject="Waits <script>alert(1)", state="failed",
            tries=4, error="The receiver answered 404.", due_at=at, created_at=at, settled_at=at,
        )  # fmt: skip

    def test_that_failed_are_sent_again(self, admin, failed):
        do(admin, failed, "send_again")

        failed.refresh_from_db()
        assert (failed.state, failed.tries, failed.error) == ("owed", 0, "")

    def test_that_were_sent_are_not(self, admin, failed):
        Notice.objects.update(state="sent")

        assert do(admin, failed, "send_again").status_code == 403

    def test_say_why_and_to_whom_but_not_the_address_of_a_chat(self, admin, failed):
        for page in (list_of("approvals_notice"), page_of(failed)):
            html = admin.get(page).content.decode()

            assert "The receiver answered 404." in html
            assert "a channel at chat.example.com" in html
            assert "s3cret" not in html
            assert "<script>alert(1)" not in html

    def test_cannot_be_written(self, admin, failed):
        assert admin.post(page_of(failed), {"state": "sent"}).status_code == 403

    def test_go_to_no_team_s_channel_that_is_private(self, admin):
        team = factories.TeamFactory()

        said = {"name": team.name, "chat_url": "https://10.0.0.1/hook"}
        refused = admin.post(page_of(team), said)
        taken = admin.post(page_of(team), said | {"chat_url": "https://chat.example.com/h"})

        assert b"private or reserved" in refused.content
        assert taken.status_code == 302
        team.refresh_from_db()
        assert team.chat_url == "https://chat.example.com/h"


class TestEveryPage:
    def test_can_be_opened(self, admin, draft, robin, ada, submit):
        submit()
        rows = [draft, draft.checkpoint, robin, ada, ada.user]
        rows += [ApprovalRequest.objects.get(), factories.TeamFactory()]

        for row in rows:
            assert admin.get(page_of(row)).status_code == 200
            assert (
                admin.get(list_of(f"{row._meta.app_label}_{row._meta.model_name}")).status_code
                == 200
            )

    def test_decides_nothing(self, admin, submit):
        page = page_of(submit())

        for act in ("approve", "publish", "decide", "send_again"):
            address = page.replace("/change/", f"/act/{act}/")
            assert admin.post(address).status_code in (302, 403, 404)

        assert not Decision.objects.exists()
        assert LogEntry.objects.count() == 0

    def test_acts_on_nothing_by_being_looked_at(self, admin, robin):
        address = reverse("admin:approvals_agent_act", args=[robin.pk, "pause"])

        assert admin.get(address).status_code == 405
        assert Checkpoint.objects.filter(paused_at__isnull=False).count() == 0
