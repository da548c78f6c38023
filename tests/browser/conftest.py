"""
A browser before the running product: people who sign in, and the four errands to decide.

Whatever a browser has to say (a dialog, an error, a violation of the policy, a request to
another host) fails the test it happens in.
"""

import json
import re
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, Route

import approvals
from approvals.models import ApprovalRequest
from approvals.operations import policies, submission
from approvals.rules.tiers import Tier
from tests import factories

ERRANDS = ("content-publishing", "pay-invoices", "customer-email", "data-deletion")
# The page asks for a stream and polls when it gets none, as here, where nothing streams.
# And a browser calls every refusal an error, though it is an answer like any other.
EXPECTED = re.compile(r"EventSource|/live/|status of (401|403|404|409|422) ")


@pytest.fixture(autouse=True)
def house(chromium, transactional_db) -> None:
    """Ada decides anything, Ben what a team lead may; the policy is the one to start from."""
    factories.ReviewerFactory(
        user__username="ada", user__first_name="Ada", user__last_name="Okafor", tier=Tier.EXECUTIVE
    )
    factories.ReviewerFactory(
        user__username="ben", user__first_name="Ben", user__last_name="Arslan", tier=Tier.TEAM_LEAD
    )
    starter = Path(approvals.__file__).parent / "starter_policy.yaml"
    policies.load(starter.read_text(), actor="test", at=timezone.now())


@pytest.fixture
def agent(house):
    return factories.AgentFactory(name="errand-agent")


@pytest.fixture
def ask(agent):
    """`ask(**body)`: a request that waits now, as its row."""

    def act(**body):
        made = submission.submit(agent, body, at=timezone.now())
        return ApprovalRequest.objects.get(pk=made.approvals[0])

    return act


@pytest.fixture
def errand(ask):
    """`errand("pay-invoices")`: the first request of one of the four errands."""

    def act(name, place=0):
        file = resources.files("hitl_site.demo").joinpath("scenarios.json")
        known = {story["id"]: story for story in json.loads(file.read_text())["scenarios"]}
        story = known[name]
        return ask(run=story["run"], **story["checkpoints"][place]["submit"])

    return act


class Guest:
    """One person's browser, and what it had to say."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context, self.origin = context, origin
        self.reports: list[str] = []
        context.route("**/*", self._stay_here)
        self.page = self._open()

    def _open(self) -> Page:
        page = self.context.new_page()
        page.on("dialog", lambda dialog: (self.reports.append("a dialog"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.reports.append(str(error)))
        page.on("console", self._hear)
        return page

    def _hear(self, line: object) -> None:
        words = f"{line.text} {line.location.get('url', '')}"
        if line.type in ("error", "warning") and not EXPECTED.search(words):
            self.reports.append(words)

    def _stay_here(self, route: Route) -> None:
        host = urlsplit(self.origin).netloc
        if urlsplit(route.request.url).netloc != host:
            self.reports.append(f"asked for {route.request.url}")
            route.abort()
            return
        route.continue_()

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.origin}{path}")
        return self.page


@pytest.fixture
def visit(chromium, live_server):
    """`visit("ada", width=390, theme="dark")`: Ada's browser, signed in."""
    guests: list[Guest] = []

    def come(
        name: str | None, *, width: int = 1440, height: int = 900, theme: str = "light", **how: bool
    ) -> Guest:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            **how,
        )
        if name:
            client = Client()
            client.force_login(factories.UserFactory._meta.model.objects.get(username=name))
            cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
            context.add_cookies(
                [{"name": cookie.key, "value": cookie.value, "url": live_server.url}]
            )
        guests.append(Guest(context, live_server.url))
        return guests[-1]

    yield come
    reports = [report for guest in guests for report in guest.reports]
    for guest in guests:
        guest.context.close()
    assert reports == []


@pytest.fixture
def fresh():
    def read(approval):
        return ApprovalRequest.objects.get(pk=approval.pk)

    return read
