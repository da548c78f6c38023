"""Deciding a plan: a word on every step, and what comes of it."""

import pytest
from django.urls import reverse

from approvals.models import ApprovalRequest
from approvals.operations import revising
from approvals.rules.lifecycle import Status

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Target": "outcome"}
STEPS = [
    {"id": f"inv-{n}", "action": "pay_invoice", "arguments": {"amount": amount}}
    for n, amount in enumerate((3200, 2800, 2500), start=1)
]


@pytest.fixture
def plan(ask, payments):
    payments.effect = "Pays {/steps#count} invoices, {/steps/*/arguments/amount#sum#money} in total"
    payments.save()
    return ask(arguments={}, steps=STEPS)


@pytest.fixture
def submit_plan(seen):
    def act(client, approval, *words, preview=False, headers=None, **said):
        url = reverse("decide_plan", args=[approval.pk]) + ("?preview" if preview else "")
        steps = {f"step-{place}": word for place, word in enumerate(words)}
        return client.post(url, seen(approval) | steps | said, headers=headers or {})

    return act


class TestThePage:
    def test_asks_about_every_step_with_plain_radios(self, ada_at, plan):
        page = ada_at.get(plan.get_absolute_url()).text

        for place in range(3):
            for verdict in ("approve", "modify", "skip", "defer", "reject"):
                assert f'type="radio" name="step-{place}" value="{verdict}" form="plan"' in page
        assert page.count('value="approve" form="plan" checked') == 3

    def test_shows_what_depends_on_what(self, ada_at, ask):
        steps = [STEPS[0], STEPS[1] | {"depends_on": ["inv-1"]}]

        assert "after <bdi>inv-1</bdi>" in ada_at.get(ask(steps=steps).get_absolute_url()).text

    def test_asks_about_the_whole_where_the_agent_takes_no_part(self, ada_at, ask):
        approval = ask(steps=STEPS, allowed_decisions=["approve", "reject"])

        page = ada_at.get(approval.get_absolute_url()).text

        assert 'type="radio"' not in page
        assert "Submit the plan" in page


class TestTheOutcome:
    def test_is_said_as_the_steps_are_chosen(self, ada_at, plan, submit_plan, fresh):
        response = submit_plan(
            ada_at, plan, "approve", "approve", "defer", preview=True, headers=HTMX
        )

        assert "2 of 3 run" in response.text
        assert "The agent may run inv-1, inv-2; inv-3 waits in a new request." in response.text
        assert '<b class="lifted"><bdi>6,000.00</bdi></b>' in response.text
        assert fresh(plan).is_pending

    def test_says_what_a_rejected_step_blocks(self, ada_at, ask, submit_plan):
        steps = [STEPS[0], STEPS[1] | {"depends_on": ["inv-1"]}]

        response = submit_plan(
            ada_at, ask(steps=steps), "reject", "approve", preview=True, headers=HTMX
        )

        assert "The agent may run nothing; will not run inv-1, inv-2." in response.text

    def test_says_what_cannot_be_read_yet(self, ada_at, plan, submit_plan):
        response = submit_plan(
            ada_at, plan, "modify", "approve", "approve",
            preview=True, headers=HTMX, **{"arguments-0": "{"},
        )  # fmt: skip

        assert "That cannot be submitted yet." in response.text
        assert "Step 1: " in response.text

    def test_comes_with_the_whole_page_where_there_is_no_script(self, ada_at, plan, submit_plan):
        page = submit_plan(
            ada_at, plan, "approve", "defer", "approve", preview=True, **{"why-1": "In dispute."}
        ).text

        assert "<html" in page
        assert "inv-2 waits in a new request" in page
        assert 'name="step-1" value="defer" form="plan" checked' in page
        assert 'value="In dispute."' in page


class TestSubmitting:
    def test_with_one_deferred_runs_the_rest_and_carries_it_over(
        self, ada_at, plan, submit_plan, fresh
    ):
        submit_plan(
            ada_at, plan, "approve", "defer", "approve",
            feedback="Invoice 2 is in dispute.", **{"why-1": "In dispute."},
        )  # fmt: skip

        decided = fresh(plan).decided
        assert fresh(plan).status == Status.MODIFIED
        assert [step["status"] for step in decided["steps"]] == ["approved", "deferred", "approved"]
        assert decided["steps"][1]["feedback"] == "In dispute."
        assert decided["feedback"] == "Invoice 2 is in dispute."
        follow_up = ApprovalRequest.objects.get(follows=plan)
        assert str(follow_up.pk) in decided["follow_up"]
        assert follow_up.short_id in ada_at.get(plan.get_absolute_url()).text

    def test_of_all_steps_is_a_plain_approval(self, ada_at, plan, submit_plan, fresh):
        submit_plan(ada_at, plan, "approve", "approve", "approve")

        assert fresh(plan).status == Status.APPROVED

    def test_with_every_step_rejected_rejects_the_plan(self, ada_at, plan, submit_plan, fresh):
        submit_plan(ada_at, plan, "reject", "reject", "reject")

        assert fresh(plan).status == Status.REJECTED

    def test_changes_the_arguments_of_a_step(self, ada_at, plan, submit_plan, fresh):
        submit_plan(
            ada_at, plan, "modify", "skip", "approve", **{"arguments-0": '{"amount": 1600}'}
        )

        first, second, _ = fresh(plan).decided["steps"]
        assert (first["status"], first["arguments"]) == ("modified", {"amount": 1600})
        assert second["status"] == "skipped"

    @pytest.mark.parametrize(
        ("words", "said", "sentence"),
        [
            (("approve", "approve"), {}, "Step 3 has no answer."),
            (("approve", "shout", "approve"), {}, "Step 2 has no answer."),
            (("modify", "approve", "approve"), {"arguments-0": "{"}, "Step 1: "),
            (("modify", "approve", "approve"), {"arguments-0": "[]"}, "must stay a JSON object"),
            (("skip", "approve", "approve"), {"why-0": "x" * 2001}, "Step 1: At most 2,000"),
        ],
    )
    def test_wants_every_step_answered_in_a_way_that_can_be_read(
        self, ada_at, plan, submit_plan, fresh, words, said, sentence
    ):
        response = submit_plan(ada_at, plan, *words, **said)

        assert response.status_code == 422
        assert sentence in response.text
        assert fresh(plan).is_pending

    def test_over_a_revised_plan_is_refused_and_cannot_mean_other_steps(
        self, ada_at, plan, submit_plan, seen, fresh, now
    ):
        stale = seen(plan)
        revising.revise(plan.pk, {"arguments": {}, "steps": STEPS[::-1]}, at=now)

        response = submit_plan(
            ada_at, plan, "approve", "approve", "reject", **stale, **{"why-2": "Not ours."}
        )

        assert response.status_code == 409
        assert fresh(plan).is_pending
        assert 'value="reject" form="plan" checked' not in response.text
        assert "Not ours." in response.text

    def test_keeps_a_step_that_was_taken_out_in_sight(
        self, ada_at, dora, submit_plan, sign_in, payments, ask
    ):
        payments.quorum = {"team_lead": 2}
        payments.save()
        approval = ask(arguments={}, steps=STEPS)
        submit_plan(
            sign_in(dora), approval, "approve", "reject", "approve", **{"why-1": "Not ours."}
        )

        page = ada_at.get(approval.get_absolute_url()).text

        assert "<bdi>inv-2</bdi></span> rejected" in page
        assert "Not ours." in page
        assert "1 of 2" in page
