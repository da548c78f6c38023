"""The pages of those who write policies, in a browser: they open, fit, and are accessible."""

import json
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.utils import timezone

from approvals.models import ApprovalRequest, CheckpointVersion, OutcomeReport, Reviewer
from approvals.operations import backtests, decisions, people, versions
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]
REFUND = {"checkpoint": "refunds", "action": "process_refund"}


def person(name):
    if not get_user_model().objects.filter(username=name).exists():
        people.create_admin(name, password="a long enough one", actor="test", at=timezone.now())
    return get_user_model().objects.get(username=name)


def decide(approval, verdict, **words):
    seen = {"revision": approval.revision, "digest": approval.digest}
    decisions.decide(
        approval.pk,
        Ruling(verdict=Verdict(verdict), **seen, **words),
        reviewer=Reviewer.objects.with_standing().get(user__username="ada"),
        at=timezone.now(),
        seen_seconds=40.0,
    )
    return ApprovalRequest.objects.get(pk=approval.pk)


@pytest.fixture
def draft():
    """Version 2 of refunds, by Cleo, which lets much more pass."""
    cleo, now = person("cleo"), timezone.now()
    live = CheckpointVersion.objects.get(checkpoint__name="refunds", state="live")
    made = versions.copy(live, by_user=cleo, actor=f"user:{cleo.pk}", at=now)
    made.auto_approve_below, made.tiers = 0.6, {"team_lead": 0.5, "director": 0.8}
    made.guidelines = f"{live.guidelines}\nBe quick about small ones."
    made.save()
    return made


@pytest.fixture
def past(ask, draft):
    """What people decided of refunds, most of it approved."""
    versions.start_shadow(draft, actor="test", at=timezone.now())
    made = []
    for amount in (20, 40, 60, 80, 120, 400):
        context = {"rationale": "The parcel came late.", "customer_history": "good_standing"}
        arguments = {"amount": amount, "currency": "EUR", "order": f"A-{amount}"}
        made.append(ask(**REFUND, arguments=arguments, context=context))
    decide(made[0], "reject", feedback="That order was refunded already.", reason_code="duplicate")
    decide(made[1], "modify", merge_patch={"amount": 10})
    for approval in made[2:]:
        decide(approval, "approve")
    OutcomeReport.objects.create(
        approval=made[2], status="harmful", occurred_at=timezone.now(),
        reported_at=timezone.now(), reporter="test",
    )  # fmt: skip
    return made


@pytest.fixture
def tested(past, draft):
    at = timezone.now() + timedelta(seconds=1)
    asked = backtests.ask(draft, days=30, by_user=person("cleo"), actor="test", at=at)
    assert backtests.work_on(asked.pk)
    asked.refresh_from_db()
    return asked


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def explain(page, **more):
    body = REFUND | {"arguments": {"amount": 1500}, "context": {"rationale": "Late."}} | more
    page.get_by_label("A submission").fill(json.dumps(body))
    page.get_by_role("button", name="Explain").click()
    page.locator("#answer").wait_for()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_page_fits_and_is_without_violations(visit, tested, theme, width):
    person("root")
    guest = visit("root", theme=theme, width=width)
    found = {}
    for name, path in {
        "index": "/policies/",
        "version": f"/policies/versions/{tested.version_id}/",
        "backtest": f"/policies/backtests/{tested.pk}/",
        "explain": "/policies/explain/",
    }.items():
        page = guest.go(path)
        found[name] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    explain(page)
    found["explained"] = violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page = guest.go(f"/policies/backtests/{tested.pk}/")
    page.get_by_role("button", name="Open").first.click()
    page.get_by_text("on record").wait_for()
    found["case"] = violations(page)

    assert {name: found[name] for name in found if found[name]} == {}


def test_a_second_person_publishes_once_every_case_is_opened(visit, tested):
    person("root")
    page = visit("root").go(f"/policies/versions/{tested.version_id}/")
    page.get_by_text("You have not opened 2 cases").wait_for()

    page.get_by_role("link", name="Over 30 days").click()
    page.get_by_role("button", name="Open").first.click()
    page.get_by_role("button", name="Open the next").click()
    page.get_by_role("link", name="To the version").click()
    page.get_by_role("button", name="Publish").click()

    page.get_by_text("Version 2 of refunds is live.").wait_for()
    tested.version.refresh_from_db()
    assert tested.version.state == "live"


def test_a_backtest_shows_how_far_it_is_and_then_what_it_found(visit, past, draft):
    person("root")
    page = visit("root").go(f"/policies/versions/{draft.pk}/")
    page.get_by_role("button", name="Run a backtest").click()
    page.get_by_text("It waits for a worker.").wait_for()

    backtests.work_due()

    page.get_by_role("heading", name="Would have let").wait_for()


def test_explain_works_without_script(visit, draft):
    person("root")
    page = visit("root", java_script_enabled=False).go("/policies/explain/")

    explain(page)

    assert page.get_by_role("heading", name="It would ask a team lead").count() == 1
