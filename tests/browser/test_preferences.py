"""How somebody is told, in a browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from approvals.models import Notice, NotificationPreference, Reviewer

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture
def ada(house):
    ada = Reviewer.objects.get(user__username="ada")
    ada.time_zone = "Europe/Berlin"
    ada.working_hours = {day: ["09:00", "17:30"] for day in ("mon", "tue", "wed", "thu", "fri")}
    ada.save()
    return ada


@pytest.fixture
def told(ada):
    """What Ada was told, and could not be told."""
    now = timezone.now()
    usual = {"reviewer": ada, "due_at": now, "created_at": now}
    mail = usual | {"channel": "email", "recipient": "ada@example.com"}
    Notice.objects.create(
        kind="new", subject="Waits for you: payments, high risk, 38 min left (+12 more)",
        state="sent", **mail,
    )  # fmt: skip
    Notice.objects.create(kind="digest", subject="4 low-risk requests wait for you", **mail)
    Notice.objects.create(
        kind="test", subject="A test message", state="failed", channel="chat",
        recipient="https://chat.example.com/x", error="The receiver answered 404.", **usual,
    )  # fmt: skip


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


class TestHowSomebodyIsTold:
    def test_is_kept_without_script(self, visit, ada):
        page = visit("ada", java_script_enabled=False).go("/preferences/")

        page.get_by_label("From").fill("22:00")
        page.get_by_label("Until").fill("07:00")
        with page.expect_navigation():
            page.get_by_role("button", name="Keep").click()

        assert page.get_by_text("Kept.").is_visible()
        assert page.get_by_label("From").input_value() == "22:00"
        assert NotificationPreference.objects.get().quiet_until.hour == 7

    def test_is_found_in_the_menu_of_every_page(self, visit, ada):
        page = visit("ada").go("/")

        page.locator(".account summary").click()
        page.get_by_role("link", name="How you are told").click()

        page.get_by_role("heading", name="How you are told").wait_for()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_state_is_without_violations_and_fits(visit, told, theme, width, settings):
    settings.EMAIL_URL = "smtp://mail.example.com"
    guest = visit("ada", theme=theme, width=width)

    page = guest.go("/preferences/")
    found = {"told": violations(page)}
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_label("Chat webhook").fill("http://127.0.0.1/")
    page.get_by_label("From").fill("22:00")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("A chat's address begins with https://.").wait_for()
    found["refused"] = violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    assert found == {"told": [], "refused": []}
