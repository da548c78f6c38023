"""What was settled, in a browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from approvals.models import Reviewer
from approvals.operations import decisions, revising
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture
def past(errand):
    """One that Ada approved, and one that its agent withdrew, in one run each."""
    mail, wipe = errand("customer-email"), errand("content-publishing")
    ada = Reviewer.objects.get(user__username="ada")
    ruling = Ruling(Verdict.APPROVE, mail.revision, mail.digest)
    decisions.decide(mail.pk, ruling, reviewer=ada, at=timezone.now())
    revising.cancel(wipe.pk, reason="Not needed.")
    return mail, wipe


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


class TestHistory:
    def test_leads_to_the_request_and_to_its_run(self, visit, past):
        mail, _ = past
        page = visit("ada").go("/history/?status=approved")

        page.get_by_role("link", name=f"run {mail.run}").click()
        page.get_by_role("heading", name=f"Run {mail.run}").wait_for()
        page.locator(".course .what").first.click()

        page.wait_for_url(f"**{mail.get_absolute_url()}")

    def test_narrows_without_script(self, visit, past):
        page = visit("ada", java_script_enabled=False).go("/history/")
        assert page.locator(".past").count() == 2

        page.get_by_label("Status").select_option("cancelled")
        with page.expect_navigation():
            page.get_by_role("button", name="Filter").click()

        assert page.locator(".past").count() == 1
        assert page.locator(".past .via").inner_text() == "Lapsed: the agent withdrew"

    def test_gives_automation_no_tablet(self, visit, past):
        page = visit("ada").go("/history/?status=cancelled")

        assert page.locator(".past svg.yes, .past svg.no").count() == 0


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_state_is_without_violations_and_fits(visit, past, theme, width):
    mail, _ = past
    guest = visit("ada", theme=theme, width=width)
    paths = {
        "history": "/history/",
        "narrowed": "/history/?via=human",
        "nothing": "/history/?q=nothing-like-it",
        "not understood": "/history/?via=magic",
        "run": f"/runs/{mail.agent_id}/{mail.run}/",
    }

    found = {}
    for name, path in paths.items():
        page = guest.go(path)
        found[name] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    assert found == {name: [] for name in paths}
