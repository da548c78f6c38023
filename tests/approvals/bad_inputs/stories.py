"""More generators: sessions, floods and logs. See `generators`."""

from collections.abc import Iterator
from typing import Any

from django.core.cache import cache
from django.test import Client

from approvals.api import callers
from approvals.models import ApprovalRequest
from tests.approvals.bad_inputs.world import World

Sends = Iterator[dict[str, Any]]
SECRET = "canary-9f2c-do-not-write-me-down"
FORGED = "ok\n2026-01-01T00:00:00Z INFO approved by admin"


def stale_sessions(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    seen = {"revision": 1, "digest": approval.digest, "verdict": "approve"}
    decide = {"by": "stale", "path": f"/approvals/{approval.pk}/decide/", "form": seen}
    user = world.ben.user

    world.browsers["stale"] = stale = world.signed_in(world.ben)
    stale.post("/sign-out/")
    yield decide
    world.browsers["stale"] = world.signed_in(world.ben)
    user.set_password("another horse")
    user.save()
    yield decide
    world.browsers["stale"] = world.signed_in(world.ben)
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    yield decide


def wrong_passwords(world: World, entry: dict[str, Any]) -> Sends:
    cache.clear()
    names = ["ada"] * 12 + ["ADA", "ada ", "аda", "nobody", "'; --", "a\0b", "x" * 10_000]
    for name in names:
        form = {"login": name, "password": "wrong"}
        yield {"by": "stranger", "path": "/sign-in/", "form": form}
    cache.clear()


def session_fixation(world: World, entry: dict[str, Any]) -> Sends:
    cache.clear()
    client = Client(raise_request_exception=False)
    client.get("/sign-in/")
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    world.browsers["fixed"] = client
    form = {"login": "ada", "password": "correct horse battery"}
    yield {"by": "fixed", "path": "/sign-in/", "form": form}
    assert client.session.session_key not in (None, before)


def every_address_by_get(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    for act in ("decide", "modify", "plan", "claim", "reveal"):
        yield {"by": "browser", "method": "get", "path": f"/approvals/{approval.pk}/{act}/"}
    for act in ("cancel", "consume", "revise", "outcome"):
        yield {"method": "get", "path": f"approvals/{approval.pk}/{act}/"}
    yield {"by": "person", "method": "get", "path": f"approvals/{approval.pk}/decisions/"}
    yield {"by": "browser", "method": "get", "path": "/sign-out/"}


def new_line_in_a_reason(world: World, entry: dict[str, Any]) -> Sends:
    for verdict in ("guide", "reject"):
        yield world.decision(world.submit(run=FORGED), verdict, feedback=FORGED)


def secrets(world: World, entry: dict[str, Any]) -> Sends:
    arguments = {"password": SECRET, "token": SECRET, "authorization": SECRET, "card": SECRET}
    yield {"with": {"arguments": arguments, "context": {"api_key": SECRET}}}
    yield {"with": {"arguments": arguments, "surprise": SECRET}}
    yield {"by": "nobody", "with": {}, "headers": {"Authorization": f"Bearer {SECRET}"}}
    yield {"with": {}, "headers": {"Idempotency-Key": SECRET}}


def flood(world: World, entry: dict[str, Any]) -> Sends:
    callers.PerCallerThrottle._buckets.clear()
    third = world.third_agent()
    type(third).objects.filter(pk=third.pk).update(rate_per_minute=30)
    for _ in range(12):
        yield {"by": "third", "with": {}}
    yield {"by": "other", "with": {}}


def needle_in_a_haystack(world: World, entry: dict[str, Any]) -> Sends:
    hay = [world.submit(arguments={"amount": 10, "n": n}) for n in range(20)]
    needle = world.submit(arguments={"amount": 50_000, "n": 21})
    items = [
        {"id": str(approval.pk), "revision": 1, "digest": approval.digest}
        for approval in (*hay, needle)
    ]
    body = {"verdict": "approve", "items": items}
    yield {"by": "person", "path": "decisions/batch/", "body": body}
    assert {approval.status for approval in fresh(hay)} == {"approved"}
    assert [approval.status for approval in fresh([needle])] == ["pending"]


def fresh(approvals: list[ApprovalRequest]) -> list[ApprovalRequest]:
    return list(ApprovalRequest.objects.filter(pk__in=[approval.pk for approval in approvals]))
