"""The way to a first policy, as the README goes: an admin who knows Django, but not us."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from approvals.models import ApprovalRequest, ApprovalTemplate, CheckpointVersion, Schedule
from approvals.operations import people

PASSWORD = "a long enough one"


@pytest.fixture
def admins(house):
    for name in ("root", "vera"):
        if not get_user_model().objects.filter(username=name).exists():
            people.create_admin(name, password=PASSWORD, actor="test", at=timezone.now())


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".messagelist").wait_for()


def add_on_call(page):
    page.get_by_label("Name").fill("nights")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Add another Shift").click()
    shift = page.locator("#shifts-0")
    shift.locator(".select2-selection").click()
    page.keyboard.type("ada")
    page.locator(".select2-results__option", has_text="Ada Okafor").click()
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri"):
        shift.get_by_label(day, exact=True).check()
    shift.locator("[name$=starts_at]").fill("18:00")
    shift.locator("[name$=ends_at]").fill("08:00")
    shift.locator("[name$=starts_on]").fill("2026-01-05")
    save(page)


def write_draft(page):
    page.get_by_label("Title").fill("Transfers")
    page.get_by_label("Effect").fill("Transfers {/arguments/amount#money} to {/arguments/to}.")
    rules = page.locator("[data-rows=risk_rules]")
    # The five shipped rules stay; two of our own follow in the spare rows.
    for row, (name, condition, weight) in enumerate(
        [("abroad", 'args.country != "DE"', "0.4"), ("at_night", 'stage == "night"', "0.2")],
        start=6,
    ):
        rules.get_by_label(f"Name, row {row}", exact=True).fill(name)
        rules.get_by_label(f"Condition (CEL), row {row}", exact=True).fill(condition)
        rules.get_by_label(f"Weight, row {row}", exact=True).fill(weight)
    page.get_by_label("Timeout:", exact=True).fill("4 h")
    page.get_by_label("On call:", exact=True).select_option(label="nights")
    save(page)


def add_template(page):
    page.get_by_label("Name").fill("small_transfer")
    page.get_by_label("Checkpoint").select_option(label="transfers")
    for row, (pointer, how, value) in enumerate(
        [("/arguments/amount", "is at most", "50"), ("/arguments/country", "is", "DE")], start=1
    ):
        page.get_by_label(f"Field, row {row}").fill(pointer)
        page.get_by_label(f"How, row {row}").select_option(label=how)
        page.get_by_label(f"Value, row {row}").fill(value)
    save(page)


def test_a_first_policy_is_written_and_published_by_two(admins, visit, ask):
    root = visit("root")
    add_on_call(root.go("/admin/approvals/schedule/add/"))

    page = root.go("/admin/approvals/checkpoint/add/")
    page.get_by_label("Name").fill("transfers")
    save(page)
    page.get_by_role("link", name="transfers").first.click()
    page.get_by_role("button", name="New draft").click()
    write_draft(page)

    add_template(root.go("/admin/approvals/approvaltemplate/add/"))
    draft = CheckpointVersion.objects.get(checkpoint__name="transfers")
    vera = visit("vera").go(f"/policies/versions/{draft.pk}/")
    vera.get_by_text("Whoever is on call in nights is called then").wait_for()
    vera.get_by_role("button", name="Publish").click()
    vera.get_by_text("It holds now").or_(vera.get_by_text(re.compile("live"))).first.wait_for()

    template = ApprovalTemplate.objects.get(name="small_transfer")
    vera.goto(
        f"{vera.url.partition('/policies/')[0]}/admin/approvals/approvaltemplate/{template.pk}/"
    )
    vera.get_by_role("button", name="Turn on: let it pass requests").click()
    vera.get_by_text("small_transfer is on").wait_for()

    draft.refresh_from_db()
    assert (draft.state, draft.published_by.username) == ("live", "vera")
    assert Schedule.objects.get().shifts.get().weekdays == ["mon", "tue", "wed", "thu", "fri"]
    assert ApprovalTemplate.objects.get(name="small_transfer").state == "on"
    small = ask(
        checkpoint="transfers", action="transfer", arguments={"amount": 50, "country": "DE"}
    )
    large = ask(
        checkpoint="transfers",
        action="transfer",
        arguments={"amount": 50.01, "country": "FR", "to": "ACME"},
    )
    assert (small.status, small.via) == ("approved", "template")
    assert (large.status, large.required_tier, large.risk_score) == ("pending", "team_lead", 0.4)
    assert large.effect == "Transfers 50.01 to ACME."
    assert ApprovalRequest.objects.get(pk=large.pk).terms.on_call == "nights"
