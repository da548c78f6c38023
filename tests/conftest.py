"""The cast, the instant, and short ways to say what they do."""

import os
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import TransactionTestCase
from playwright.sync_api import Error, sync_playwright

from approvals.models import ApprovalRequest, Reviewer
from approvals.operations import decisions, submission
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Verdict
from tests import factories


@pytest.fixture
def at():
    return datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def ada(db):
    """May decide anything."""
    return factories.ReviewerFactory(user__username="ada", tier=Tier.EXECUTIVE)


@pytest.fixture
def ben(db):
    """May decide what is low."""
    return factories.ReviewerFactory(user__username="ben", tier=Tier.TEAM_MEMBER)


@pytest.fixture
def dora(db):
    """A director."""
    return factories.ReviewerFactory(user__username="dora", tier=Tier.DIRECTOR)


@pytest.fixture
def robin(db):
    """An agent."""
    return factories.AgentFactory(name="robin")


@pytest.fixture
def payments(db):
    """The live version of the checkpoint `payments`."""
    return factories.VersionFactory()


@pytest.fixture
def submit(robin, payments, at):
    """`submit(amount=…)` or `submit(**body)`: an approval from Robin, as its row."""

    def act(*, amount=10, when=at, agent=robin, **body):
        submitted = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": amount}}
        made = submission.submit(agent, submitted | body, at=when)
        return ApprovalRequest.objects.get(pk=made.approvals[0])

    return act


@pytest.fixture
def decide(at):
    """`decide(approval, reviewer, "approve", **words)` about what stands there now."""

    def act(approval, reviewer, verdict, *, when=at, **words):
        approval = ApprovalRequest.objects.get(pk=approval.pk)
        seen = {"revision": approval.revision, "digest": approval.digest}
        ruling = Ruling(**(seen | {"verdict": Verdict(verdict)} | words))
        return decisions.decide(
            approval.pk, ruling, reviewer=Reviewer.objects.get(pk=reviewer.pk), at=when
        )

    return act


@contextmanager
def triggers_off():
    """What the database refuses, a damaged disk or an operator could do all the same."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, sql in triggers:
            cursor.execute(sql)


@pytest.fixture
def despite_triggers():
    """`with despite_triggers(): …` writes what the database would refuse."""
    return triggers_off


@pytest.fixture(autouse=True, scope="session")
def flushing_despite_triggers():
    """
    The trail refuses to be emptied, which tests with real transactions must do between them.

    For the whole session: a test's own patches are gone when its database is emptied.
    """
    flush = TransactionTestCase._fixture_teardown

    def teardown(self):
        with triggers_off():
            flush(self)

    # TestCase rolls back and overrides this; only tests with real transactions come here.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(scope="session")
def chromium():
    """
    The one browser of a process: Playwright keeps a loop running in its thread.

    Under that loop Django would take itself for a coroutine's, so tests with a browser have
    a run of their own.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=path,
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
        except Error as error:
            if os.environ.get("REQUIRE_ALL"):
                raise
            pytest.skip(f"No Chromium to run: {error.message.splitlines()[0]}")
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
