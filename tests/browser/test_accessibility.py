"""What axe finds on the reviewer's pages: nothing, in light, dark and high contrast."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from approvals.models import Reviewer

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture
def pages(errand):
    mail, plan = errand("customer-email"), errand("pay-invoices")
    wipe, blog = errand("data-deletion"), errand("content-publishing")
    return {
        "queue": "/",
        "an empty view": "/?view=claimed",
        "plans": "/plans/",
        "detail": mail.get_absolute_url(),
        "a critical one": wipe.get_absolute_url(),
        "plan": plan.get_absolute_url(),
        "modify": f"{blog.get_absolute_url()}modify/",
        "nothing": "/approvals/00000000-0000-0000-0000-000000000000/",
    }


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_page_is_without_violations(visit, pages, theme, width):
    guest = visit("ada", theme=theme, width=width)

    found = {name: violations(guest.go(path)) for name, path in pages.items()}

    assert {name: found[name] for name in found if found[name]} == {}


def test_high_contrast_is_without_violations(visit, pages):
    Reviewer.objects.update(theme="contrast")
    guest = visit("ada")

    found = {name: violations(guest.go(pages[name])) for name in ("queue", "detail", "plan")}

    assert found == {"queue": [], "detail": [], "plan": []}


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_sign_in_page_is_without_violations(visit, theme, width):
    assert violations(visit(None, theme=theme, width=width).go("/sign-in/")) == []


@pytest.mark.parametrize("key", ["r", "c", "g", "d", "u"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_opens_out_of_the_hand_is_without_violations(visit, errand, key, theme):
    page = visit("ben", theme=theme).go(errand("customer-email").get_absolute_url())
    page.wait_for_timeout(450)

    page.keyboard.press(key)
    page.locator(".hand details[open]").wait_for()

    assert violations(page) == []


def test_an_edit_and_its_errors_are_without_violations(visit, errand):
    page = visit("ada").go(f"{errand('customer-email').get_absolute_url()}modify/")
    page.get_by_label("refund_percent").fill("a lot")
    page.keyboard.press("Control+Enter")
    page.get_by_text("Nothing was saved.").wait_for()

    assert violations(page) == []
