"""What stands over every page while something is stopped, or passes without a person."""

from datetime import timedelta

import pytest
from django.urls import reverse

from approvals.models import Bypass
from approvals.operations import agents
from tests import factories

PAGES = ["queue", "plans", "batch", "history"]


@pytest.fixture
def pause(payments, robin, now):
    return lambda **what: agents.pause(paused=True, actor="user:1", at=now, **what)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_is_paused(ada_at, pause, page):
    pause()
    pause(agent="robin")
    pause(checkpoint="payments")

    shown = ada_at.get(reverse(page)).text

    for what in ("Everything is", "The agent robin is", "The checkpoint payments is"):
        assert f"<b>{what} paused since" in shown


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_that_a_bypass_is_active(ada_at, payments, dora, now, page):
    ends_at = now + timedelta(hours=1)
    Bypass.objects.create(
        checkpoint=payments.checkpoint,
        reason="<b>Storm</b>",
        starts_at=now,
        ends_at=ends_at,
        created_by=dora.user,
    )

    shown = ada_at.get(reverse(page)).text

    assert "<b>Bypass active until" in shown
    assert "dora: “&lt;b&gt;Storm&lt;/b&gt;”" in shown


def test_the_queue_hears_of_it_without_a_reload(ada_at, pause):
    pause()

    changes = ada_at.get(reverse("queue"), headers={"HX-Request": "true", "HX-Target": "changes"})

    assert '<div id="notices" hx-swap-oob="true">' in changes.text
    assert "Everything is paused" in changes.text


def test_many_are_counted(ada_at, now):
    for _ in range(5):
        factories.AgentFactory(paused_at=now)

    assert "2 more agents or checkpoints are paused." in ada_at.get(reverse("queue")).text


def test_nothing_is_said_where_there_is_nothing_to_say(ada_at):
    assert '<div id="notices"></div>' in ada_at.get(reverse("queue")).text
