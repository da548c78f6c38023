"""The admin in a browser, under the product's own content security policy."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from approvals.models import CheckpointVersion, Reviewer
from approvals.operations import people
from tests import factories

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]
LISTS = [
    "approvals/checkpoint",
    "approvals/checkpointversion",
    "approvals/approvaltemplate",
    "approvals/reviewer",
    "approvals/schedule",
    "approvals/agent",
    "approvals/approvalrequest",
    "approvals/revision",
    "approvals/delivery",
    "auth/user",
    "audit/event",
]


@pytest.fixture
def admin(visit):
    """`admin(width=390)`: the browser of somebody who edits policies."""
    if not get_user_model().objects.filter(username="root").exists():
        people.create_admin("root", password="a long enough one", actor="test", at=timezone.now())
    return lambda **look: visit("root", **look)


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_list_and_form_opens_and_fits(admin, errand, theme, width):
    errand("customer-email")
    factories.ShiftFactory(reviewer=Reviewer.objects.get(user__username="ada"))
    guest = admin(theme=theme, width=width)

    for kind in LISTS:
        page = guest.go(f"/admin/{kind}/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if page.locator("#result_list tbody th a").count():
            page.locator("#result_list tbody th a").first.click()
            page.wait_for_load_state()
            assert page.locator("#content h1").count() == 1


def test_wears_our_colours_in_light_and_dark(admin):
    grounds = {}
    for theme in ("light", "dark"):
        page = admin(theme=theme).go("/admin/")
        grounds[theme] = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 25, 26)"}


def test_a_mistake_in_a_draft_is_told_under_its_field(admin):
    page = admin().go("/admin/approvals/checkpoint/")
    page.get_by_role("link", name="refunds").click()
    page.get_by_role("button", name="New draft").click()

    page.get_by_label("Trigger").fill("action ==\n  && 1")
    page.get_by_role("button", name="Save", exact=True).click()

    row = page.locator(".form-row.field-trigger")
    assert "line 2" in row.locator(".errorlist").inner_text()
    assert row.locator("textarea").input_value() == "action ==\n  && 1"


def test_nobody_publishes_what_they_wrote(admin):
    page = admin().go("/admin/approvals/checkpoint/")
    page.get_by_role("link", name="refunds").click()
    page.get_by_role("button", name="New draft").click()
    page.get_by_role("link", name="Compare and publish").click()

    page.get_by_text("Somebody else has to publish what you wrote.").wait_for()
    assert page.get_by_role("button", name="Publish").get_attribute("aria-disabled") == "true"
    assert CheckpointVersion.objects.get(checkpoint__name="refunds", number=2).state == "draft"


def test_a_new_agent_shows_its_key_once(admin):
    page = admin().go("/admin/approvals/agent/add/")

    page.get_by_label("Name").fill("robin")
    page.get_by_role("button", name="Register").click()
    key = page.get_by_label("API key").input_value()
    page.get_by_role("link", name="I have stored them").click()

    assert len(key) > 40
    assert key not in page.content()


def test_hostile_words_stay_words(admin, ask):
    ask(
        checkpoint="refunds",
        action="process_refund",
        arguments={"note": "<img src=x onerror=alert(1)>\u202eevil", "long": "x" * 50_000},
        context={"rationale": "<script>alert(1)</script>"},
    )
    page = admin().go("/admin/approvals/revision/")

    page.locator("#result_list tbody th a").first.click()
    page.locator("details.fold summary").first.click()

    page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    assert page.locator("#content img, #content script:not([src])").count() == 0
    assert page.locator("#content .u").count() >= 1
    assert page.locator("#content details.fold").count() >= 1


def test_a_rule_is_added_in_rows_and_told_at_its_cell(admin):
    page = admin().go("/admin/approvals/checkpoint/")
    page.get_by_role("link", name="refunds").click()
    page.get_by_role("button", name="New draft").click()
    rules = page.locator("[data-rows=risk_rules]")
    rules.wait_for()
    shown = rules.locator("tbody tr").count()

    rules.get_by_role("button", name="Add a row").click()
    page.keyboard.type("abroad")
    page.get_by_label(f"Condition (CEL), row {shown + 1}").fill('args.country !=\n "DE" && 1')
    page.get_by_label(f"Weight, row {shown + 1}").fill("0.4")
    page.get_by_role("button", name="Save and continue").click()

    cell = page.locator("textarea[aria-invalid=true]")
    cell.wait_for()
    assert "line 2" in page.locator(f"#{cell.get_attribute('aria-describedby')}").inner_text()
    cell.fill('args.country != "DE"')
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_text("was changed successfully").wait_for()
    draft = CheckpointVersion.objects.get(checkpoint__name="refunds", number=2)
    assert draft.risk_rules[-1] == {
        "name": "abroad",
        "condition": 'args.country != "DE"',
        "weight": 0.4,
    }
