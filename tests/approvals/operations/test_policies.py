from datetime import timedelta

import pytest

from approvals import events
from approvals.models import ApprovalTemplate, Checkpoint, CheckpointVersion, Team
from approvals.operations import policies
from approvals.operations.policies import Change, InvalidPolicy
from approvals.rules.policy import SHIPPED_RISK_RULES
from audit import trail
from tests import factories

pytestmark = pytest.mark.django_db

EVERY_FIELD = """\
checkpoints:
- name: refunds
  title: Refunds
  stage: pre_commit
  guidelines: |-
    Check the order.
    Check the customer.
  effect: Refunds {/arguments/amount#money}.
  trigger: action.startsWith("process_")
  required_context:
    properties:
      rationale: {minLength: 3, type: string}
    required: [rationale]
    type: object
  response_type: multiselect
  response:
    max: 1
    min: 1
    options:
    - {id: card, label: To the card}
    - {id: voucher, label: As a voucher}
  timeout_seconds: 600
  on_timeout: approve
  risk_rules:
  - {name: large, condition: args.amount > 100, weight: 0.4}
  - {name: abroad, condition: has(args.far), weight: 0.1, explanation: far}
  auto_approve_below: 0.1
  never_auto: args.irreversible == true
  tiers: {team_lead: 0.2, director: 0.5}
  quorum: {director: 2}
  deny_threshold: 2
  ladder:
  - {after_seconds: 120, schedule: night}
  - {after_seconds: 300, to: director, schedule: night}
  reminders: [0.25]
  urgent_below_seconds: 60
  second_review_rate: {team_member: 0.1, director: 1.0}
  auto_audit_rate: 0.05
  batch_max: 10
  undo_seconds: {team_member: 5}
  min_open_seconds: {director: 20}
  redacted_fields: [/arguments/iban]
  grant_seconds: 3600
  excludes_publisher: true
  team: Support
  on_call: night
  allow_timeout_approve: true
- name: unscored
  risk_rules: []
templates:
- name: small_refund
  checkpoint: refunds
  conditions:
  - {pointer: /action, operator: eq, value: process_refund}
  - {pointer: /arguments/amount, operator: max, value: 50}
  - pointer: /context/plan
    operator: in
    value: [free, 7, true]
  expression: risk < 0.1
  max_risk: 0.1
  max_per_hour: 5
  max_per_day: 20
  max_amount_per_day: '499.90'
  expires_at: '2026-12-24T18:00:00Z'
  state: 'on'
  origin: suggestion
"""


@pytest.fixture(autouse=True)
def night(db):
    """A schedule that policies may name: people are not made by a policy file."""
    return factories.ScheduleFactory(name="night")


@pytest.fixture
def load(at):
    def act(text, **how):
        return policies.load(text, **({"actor": "shell:ada", "at": at} | how))

    return act


def changes_of(done):
    return [(change.kind, change.name, change.change) for change in done]


def live(name):
    return CheckpointVersion.objects.get(checkpoint__name=name, state="live")


class TestLoadAndDump:
    def test_give_every_field_back_byte_for_byte(self, load):
        load(EVERY_FIELD)

        assert policies.dump() == EVERY_FIELD

    def test_loading_what_was_dumped_changes_nothing(self, load):
        load(EVERY_FIELD)

        done = load(policies.dump())

        assert {change.change for change in done} == {"unchanged"}
        assert CheckpointVersion.objects.count() == 2

    def test_a_name_is_enough(self, load):
        load("checkpoints: [{name: anything}]")

        assert policies.dump() == "checkpoints:\n- {name: anything}\ntemplates: []\n"
        assert [rule["name"] for rule in live("anything").risk_rules] == [
            rule.name for rule in SHIPPED_RISK_RULES
        ]

    def test_no_rules_are_not_the_shipped_rules(self, load):
        load("checkpoints: [{name: unscored, risk_rules: []}]")

        assert live("unscored").risk_rules == []
        assert "risk_rules: []" in policies.dump()

    def test_spelling_is_no_change(self, load):
        load(
            "checkpoints: [{name: a, tiers: {executive: 0.9, director: 0.5}, timeout_seconds: 60}]"
        )

        (change,) = load(
            "checkpoints:\n"
            "- {timeout_seconds: 60.0, tiers: {director: 0.50, executive: 0.9}, name: a}\n"
        )

        assert change == Change("checkpoint", "a", "unchanged", 1)

    def test_a_true_that_becomes_a_one_is_a_change(self, load):
        one = "checkpoints: [{name: a}]\ntemplates: [{name: t, checkpoint: a, conditions: "
        row = "{pointer: /arguments/n, operator: eq, value: %s}"
        load(f"{one}[{row % 'true'}]}}]")

        assert load(f"{one}[{row % '1'}]}}]")[1].change == "changed"

    def test_names_stand_in_one_order_on_every_database(self, load):
        load("checkpoints: [{name: a_b}, {name: Z}, {name: a-b}, {name: aa}]")

        assert [line for line in policies.dump().splitlines() if "name" in line] == [
            *("- {name: Z}", "- {name: a-b}", "- {name: a_b}", "- {name: aa}")
        ]

    def test_what_the_document_does_not_name_stays(self, load):
        load(EVERY_FIELD)

        load("checkpoints: [{name: unscored, title: Other}]")

        assert live("refunds").number == 1
        assert ApprovalTemplate.objects.get().state == "on"


class TestLoad:
    def test_publishes_at_once_and_retires_what_was_live(self, load, at):
        load("checkpoints: [{name: refunds}]")

        (change,) = load("checkpoints: [{name: refunds, title: Refunds}]")

        assert change == Change("checkpoint", "refunds", "published", 2)
        states = CheckpointVersion.objects.order_by("number").values_list("state", "published_at")
        assert list(states) == [("retired", at), ("live", at)]

    def test_is_on_record_with_who_loaded_what(self, load):
        load("checkpoints: [{name: refunds}]")
        load("checkpoints: [{name: refunds, title: Refunds}]")

        first, second = trail.history_of(Checkpoint.objects.get().ref)
        assert (first.type, first.actor) == (events.CHECKPOINT_PUBLISHED, "shell:ada")
        assert '"retired":1,"version":2' in second.body
        assert '"from_file":true' in second.body

    def test_keeps_a_templates_words_on_record(self, load):
        load(EVERY_FIELD)

        template = ApprovalTemplate.objects.get()
        (event,) = trail.history_of(f"template:{template.pk}")
        assert event.type == events.TEMPLATE_CHANGED
        assert "max_amount_per_day: '499.90'" in event.body

    def test_makes_the_teams_it_names(self, load):
        done = load("checkpoints: [{name: refunds, team: Support}]")

        assert ("team", "Support", "created") in changes_of(done)
        assert live("refunds").team == Team.objects.get(name="Support")

    def test_a_draft_leaves_what_holds_alone(self, load):
        load("checkpoints: [{name: refunds}]")

        (change,) = load("checkpoints: [{name: refunds, title: New}]", draft=True)

        assert change == Change("checkpoint", "refunds", "drafted", 2)
        assert live("refunds").number == 1
        recorded = trail.history_of(Checkpoint.objects.get().ref)
        assert [event.type for event in recorded] == [
            events.CHECKPOINT_PUBLISHED,
            events.CHECKPOINT_DRAFT_SAVED,
        ]

    def test_the_same_draft_is_not_made_twice(self, load):
        load("checkpoints: [{name: refunds}]", draft=True)

        assert load("checkpoints: [{name: refunds}]", draft=True)[0].change == "unchanged"

    def test_a_draft_turns_no_template_on(self, load):
        load(EVERY_FIELD, draft=True)

        assert ApprovalTemplate.objects.get().state == "off"

    def test_a_draft_leaves_templates_that_exist_alone(self, load):
        load(EVERY_FIELD)

        load(EVERY_FIELD.replace("state: 'on'", "state: 'off'"), draft=True)

        assert ApprovalTemplate.objects.get().state == "on"

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("checkpoints: [", "The policy cannot be read: line 1, column"),
            ("checkpoints: [{title: x}]", "checkpoints[0]: name: this field is required"),
            (
                "checkpoints: [{name: a}, {name: transaction_approval, trigger: action ==}]",
                "checkpoints[1] transaction_approval: trigger: line 1, column 10: it ends",
            ),
            ("checkpoints: [{name: a}, {name: a}]", "checkpoints[1] a: name: is there twice"),
            (
                "templates: [{name: t, checkpoint: nowhere, expression: 'true'}]",
                "templates[0] t: checkpoint: there is no checkpoint 'nowhere'",
            ),
            ("templates: [{name: t, checkpoint: a}]", "templates[0] t: conditions: without any"),
            (
                "checkpoints: [{name: a, on_call: nihgt}]",
                "checkpoints[0] a: on_call: there is no schedule 'nihgt'; did you mean night?",
            ),
            (
                "checkpoints: [{name: a, ladder: [{after_seconds: 60, schedule: day}]}]",
                "checkpoints[0] a: ladder[0].schedule: there is no schedule 'day'",
            ),
        ],
    )
    def test_refuses_with_a_sentence_that_names_the_place(self, load, text, says):
        with pytest.raises(InvalidPolicy) as refused:
            load(text)

        assert refused.value.detail.startswith(says)

    def test_counts_the_other_faults_and_lists_them(self, load):
        with pytest.raises(InvalidPolicy, match=r"\(and 1 more\)$") as refused:
            load("checkpoints: [{name: a, stage: x, trigger: y}]")

        assert [error["pointer"] for error in refused.value.errors] == ["checkpoints[0] a"] * 2

    def test_loads_all_of_it_or_nothing(self, load):
        with pytest.raises(InvalidPolicy):
            load("checkpoints: [{name: good}, {name: bad, trigger: '('}]")

        assert not Checkpoint.objects.exists()

    def test_a_template_may_rest_on_a_checkpoint_that_is_there_already(self, load, payments):
        done = load("templates: [{name: t, checkpoint: payments, expression: 'true'}]")

        assert changes_of(done) == [("template", "t", "created")]


class TestTheLifeOfATemplate:
    ON = (
        "checkpoints: [{name: a}]\n"
        "templates: [{name: t, checkpoint: a, expression: 'true', state: on}]\n"
    )

    def test_ends_after_90_days_if_the_file_names_no_end(self, load, at):
        load(self.ON)

        assert ApprovalTemplate.objects.get().expires_at == at + timedelta(days=90)

    def test_is_not_renewed_by_loading_the_file_again(self, load, at):
        load(self.ON)

        done = load(self.ON, at=at + timedelta(days=80))

        assert done[1].change == "unchanged"
        assert ApprovalTemplate.objects.get().expires_at == at + timedelta(days=90)

    def test_does_not_go_on_after_a_suspension_by_loading_the_file_again(self, load):
        load(self.ON)
        ApprovalTemplate.objects.update(state="suspended")

        with pytest.raises(InvalidPolicy, match="it was suspended because of what came of it"):
            load(self.ON)

        assert load(self.ON.replace("state: on", "state: off"))[1].change == "changed"
        assert load(self.ON)[1].change == "changed"


class TestProblemsForForms:
    def test_an_unsaved_version_is_checked_by_the_same_rules(self, payments):
        payments.tiers, payments.ladder = {"captain": 0.3}, "soon"

        found = policies.problems_of_version(payments, silence_allowed=False)

        assert {problem.root for problem in found} == {"tiers", "ladder"}

    def test_a_ladder_names_schedules_that_there_are(self, payments):
        payments.ladder = [{"after_seconds": 60, "schedule": "nobody"}]

        (problem,) = policies.problems_of_version(payments, silence_allowed=False)

        assert (problem.field, problem.root) == ("ladder[0].schedule", "ladder")

    def test_silence_needs_its_box_ticked(self, payments):
        payments.on_timeout = "approve"

        assert policies.problems_of_version(payments, silence_allowed=False)
        assert not policies.problems_of_version(payments, silence_allowed=True)

    def test_an_unsaved_template_is_checked_by_the_same_rules(self, at):
        template = factories.TemplateFactory.build(max_risk=3)

        (problem,) = policies.problems_of_template(template, at=at)

        assert problem.field == "max_risk"
