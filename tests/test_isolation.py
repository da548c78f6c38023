"""
Every address the server has, and who may come in.

The routes are read from the resolver: one that stands in no list here fails the test, so
that nobody adds a door without saying for whom it is.
"""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from approvals.models import ApprovalRequest
from approvals.operations import agents, people
from tests import factories

# Anybody, without a key or a session.
PUBLIC = {
    "healthz",
    "readyz",
    "welcome/<str:token>/",
    "sign-in/",
    "sign-out/",
    "api/schema/",
    "api/docs/",
    ".well-known/jwks.json",
}
# A session, and a reviewer behind it.
SESSION = {
    "",
    "plans/",
    "start/",
    "live/",
    "batch/",
    "batch/look/",
    "batch/<uuid:token>/",
    "history/",
    "runs/<uuid:agent_id>/<path:run>/",
    "preferences/",
    "preferences/notices/",
    "preferences/notices/test/",
    "approvals/<uuid:approval_id>/",
    "approvals/<uuid:approval_id>/claim/",
    "approvals/<uuid:approval_id>/decide/",
    "approvals/<uuid:approval_id>/modify/",
    "approvals/<uuid:approval_id>/plan/",
    "approvals/<uuid:approval_id>/reveal/",
}
# A session of somebody who writes policies.
STAFF = {
    "policies/",
    "policies/explain/",
    "policies/versions/<uuid:version_id>/",
    "policies/versions/<uuid:version_id>/publish/",
    "policies/versions/<uuid:version_id>/backtest/",
    "policies/backtests/<uuid:backtest_id>/",
    "policies/backtests/<uuid:backtest_id>/cases/<uuid:approval_id>/",
}
# An agent's key, and what is asked of it: method and body.
AGENT = {
    "api/v1/approvals/": ("get", None),
    "api/v1/approvals/bulk/": ("post", {"group": "g", "requests": []}),
    "api/v1/approvals/together/": ("post", {"keys": []}),
    "api/v1/approvals/<uuid:approval_id>/": ("get", None),
    "api/v1/approvals/<uuid:approval_id>/revise/": ("post", {"arguments": {}}),
    "api/v1/approvals/<uuid:approval_id>/cancel/": ("post", {}),
    "api/v1/approvals/<uuid:approval_id>/consume/": ("post", {"digest": "sha256:" + "0" * 64}),
    "api/v1/approvals/<uuid:approval_id>/outcome/": ("post", {"status": "failed"}),
    "api/v1/groups/<path:name>/": ("get", None),
    "api/v1/feed/": ("get", None),
    "api/v1/evaluate/": ("post", {}),
    "api/v1/checkpoints/": ("get", None),
    "api/v1/checkpoints/<slug:name>/": ("get", None),
}
# A person's token.
PERSON = {
    "api/v1/inbox/": ("get", None),
    "api/v1/approvals/<uuid:approval_id>/decisions/": (
        "post",
        {"verdict": "approve", "revision": 1, "digest": "sha256:" + "0" * 64},
    ),
    "api/v1/decisions/batch/": ("post", {"items": [], "verdict": "approve"}),
}


def routes(patterns=None, prefix=""):
    """Every address as the resolver writes it, without the admin's own."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route.removeprefix("^").removesuffix("\\Z")
        elif entry.app_name != "admin":
            yield from routes(entry.url_patterns, route)


def filled(route, approval):
    """The address about this approval, whatever else it is about."""
    known = {
        "approval_id": approval.pk,
        "name": approval.group.name,
        "agent_id": approval.agent_id,
        "run": approval.run,
        "token": uuid.uuid4(),
        "version_id": approval.version_id,
        "backtest_id": uuid.uuid4(),
    }
    return "/" + re.sub(r"<\w+:(\w+)>", lambda part: str(known[part[1]]), route)


def ask(route, approval, key, method, body):
    return getattr(Client(), method)(
        filled(route, approval),
        **(
            {"data": json.dumps(body), "content_type": "application/json"}
            if body is not None
            else {}
        ),
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )


@pytest.fixture
def foreign(submit):
    """Robin's approval, in a group and a run of Robin's, still open now."""
    group = {"id": "turn", "index": 0, "size": 1}
    approval = submit(group=group, run="invoices", when=timezone.now())
    assert approval.is_pending
    return approval


@pytest.fixture
def stranger_key(db):
    return agents.issue_key(factories.AgentFactory(), actor="test", at=timezone.now())


@pytest.fixture
def token(ada):
    how = {"actor": "test", "at": timezone.now(), "expires_in": timedelta(days=1)}
    return people.create_token("ada", **how)[0]


def test_every_address_is_for_somebody_who_is_named_here():
    listed = PUBLIC | SESSION | STAFF | AGENT.keys() | PERSON.keys()

    assert set(routes()) - listed == set(), "Say in this file for whom the new address is."
    assert listed - set(routes()) == set(), "This address is gone."


@pytest.mark.parametrize("route", [*AGENT, *PERSON])
def test_the_api_is_closed_without_a_key(route, foreign):
    method, body = (AGENT | PERSON)[route]

    assert ask(route, foreign, None, method, body).status_code == 401


@pytest.mark.parametrize("route", AGENT)
def test_an_agent_sees_nothing_of_another(route, foreign, stranger_key):
    method, body = AGENT[route]

    answer = ask(route, foreign, stranger_key, method, body)

    if "approval_id" in route or "groups" in route:
        assert answer.status_code == 404
    assert str(foreign.pk) not in answer.content.decode()
    assert ApprovalRequest.objects.get(pk=foreign.pk).trail_seq == foreign.trail_seq


@pytest.mark.parametrize("route", AGENT)
def test_a_person_s_token_does_nothing_of_an_agent_s(route, foreign, token):
    method, body = AGENT[route]

    assert ask(route, foreign, token, method, body).status_code == 403


@pytest.mark.parametrize("route", PERSON)
def test_an_agent_s_key_does_nothing_of_a_person_s(route, foreign, stranger_key):
    method, body = PERSON[route]

    assert ask(route, foreign, stranger_key, method, body).status_code == 403
    assert ApprovalRequest.objects.get(pk=foreign.pk).is_pending


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", sorted(SESSION | STAFF))
def test_a_page_is_closed_to_strangers_and_to_every_key(
    route, method, foreign, stranger_key, token
):
    for key in (None, stranger_key, token):
        answer = ask(route, foreign, key, method, None)

        assert answer.status_code in (302, 401, 403, 404, 405)
        assert str(foreign.pk) not in answer.content.decode()
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/")
    assert ApprovalRequest.objects.get(pk=foreign.pk).trail_seq == foreign.trail_seq


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", sorted(SESSION))
def test_a_page_shows_nothing_of_another_team_s(route, method, foreign, payments):
    type(payments).objects.filter(pk=payments.pk).update(team=factories.TeamFactory())
    otto = factories.ReviewerFactory(tier="executive", teams=["Elsewhere"])
    client = Client()
    client.force_login(otto.user)

    answer = getattr(client, method)(filled(route, foreign))

    assert answer.status_code < 500
    assert foreign.effect not in answer.content.decode()
    if {"approval_id", "agent_id"} & set(re.findall(r"\w+", route)):
        assert answer.status_code in (404, 405)
    assert ApprovalRequest.objects.get(pk=foreign.pk).trail_seq == foreign.trail_seq


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", sorted(STAFF))
def test_policies_are_closed_to_whoever_only_reviews(route, method, foreign, ada):
    client = Client()
    client.force_login(ada.user)

    answer = getattr(client, method)(filled(route, foreign))

    assert answer.status_code in (403, 405)
    assert foreign.checkpoint not in answer.content.decode()


@pytest.mark.parametrize("route", sorted(PUBLIC))
def test_what_is_public_tells_nothing_of_anybody_s_approval(route, foreign):
    answer = Client().get(filled(route, foreign))

    assert answer.status_code < 500
    assert str(foreign.pk) not in answer.content.decode()
    assert foreign.effect not in answer.content.decode()
