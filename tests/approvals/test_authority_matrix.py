"""
Everybody who may not decide, at every door there is.

The doors are read from the URL table, the admin's registry and the folder of commands: one
that is not named here fails, so that nobody adds a way to settle a request unnoticed.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from approvals import events
from approvals.management import commands
from approvals.models import Absence, ApiKey, ApprovalRequest, Decision, Grant, Reviewer
from approvals.operations import agents, people
from approvals.queries.batching import Seen
from approvals.views.batch_memory import Capture
from audit.models import Event
from tests import factories
from tests.test_isolation import routes

# Doors at which somebody with the authority settles a request, and what they would send.
PAGES = {
    "approvals/<uuid:approval_id>/decide/": lambda it: seen(it, verdict="approve"),
    "approvals/<uuid:approval_id>/modify/": lambda it: seen(it, a0="4000"),
    "approvals/<uuid:approval_id>/plan/": lambda it: seen(it),
    "batch/": lambda it: {"verdict": "reject", "counted": 1, "item": [str(it.pk)]},
}
CALLS = {
    "api/v1/approvals/<uuid:approval_id>/decisions/": lambda it: seen(it, verdict="approve"),
    "api/v1/decisions/batch/": lambda it: {
        "items": [seen(it, id=str(it.pk))],
        "verdict": "approve",
    },
}
# An agent's own doors: it may withdraw what it asked, and say it anew.
ITS_OWN = {
    "api/v1/approvals/<uuid:approval_id>/cancel/": lambda it: {"reason": "x"},
    "api/v1/approvals/<uuid:approval_id>/revise/": lambda it: {"arguments": {}},
    "api/v1/approvals/<uuid:approval_id>/consume/": lambda it: {"digest": it.digest},
}
# Doors at which nobody settles anything.
NOTHING_IS_SETTLED = {
    *("", "plans/", "start/", "live/", "history/", "preferences/", "sign-in/", "sign-out/"),
    *("preferences/notices/", "preferences/notices/test/"),
    *("policies/", "policies/explain/", "policies/versions/<uuid:version_id>/"),
    *("policies/versions/<uuid:version_id>/publish/", "policies/backtests/<uuid:backtest_id>/"),
    "policies/versions/<uuid:version_id>/backtest/",
    "policies/backtests/<uuid:backtest_id>/cases/<uuid:approval_id>/",
    *("healthz", "readyz", "welcome/<str:token>/", ".well-known/jwks.json"),
    *("api/schema/", "api/docs/", "api/v1/approvals/", "api/v1/approvals/bulk/"),
    *("api/v1/approvals/together/", "api/v1/approvals/<uuid:approval_id>/", "api/v1/feed/"),
    *("api/v1/approvals/<uuid:approval_id>/outcome/", "api/v1/groups/<path:name>/"),
    *("api/v1/evaluate/", "api/v1/checkpoints/", "api/v1/checkpoints/<slug:name>/"),
    *("api/v1/inbox/", "batch/look/", "batch/<uuid:token>/"),
    *("runs/<uuid:agent_id>/<path:run>/", "approvals/<uuid:approval_id>/"),
    *("approvals/<uuid:approval_id>/claim/", "approvals/<uuid:approval_id>/reveal/"),
}
# What may be done to a selection in the admin; none of it is about requests.
ADMIN_ACTIONS = {
    ("agent", "pause_each"),
    ("agent", "resume_each"),
    ("approvaltemplate", "turn_off_each"),
    ("approvaltemplate", "turn_on_each"),
    ("checkpoint", "pause_each"),
    ("checkpoint", "resume_each"),
    ("delivery", "send_each_again"),
    ("notice", "send_each_again"),
}
COMMANDS = {
    *("create_admin", "create_agent", "create_reviewer", "create_token", "dump_policy"),
    *("load_policy", "pause", "release_sweep", "resume", "rotate_key"),
}


def seen(approval, **said):
    return {"revision": approval.revision, "digest": approval.digest} | said


@dataclass
class Door:
    """Somebody, with what they come with: a signed-in browser, a key, or neither."""

    user: object = None
    key: str = ""
    # Whether we know who it is, so that being refused goes on record.
    is_known: bool = True
    # What they are told at the button, by the API and in the trail, if it is about them.
    told: str = ""

    def knock(self, route, approval, body):
        address = "/" + re.sub(
            r"<\w+:(\w+)>", lambda part: {"approval_id": str(approval.pk)}[part[1]], route
        )
        client = Client()
        if route.startswith("api/"):
            return client.post(
                address,
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            )
        if self.user:
            client.force_login(self.user)
        if route == "batch/" and (reviewer := Reviewer.objects.filter(user=self.user).first()):
            shown = Seen(approval.pk, approval.revision, approval.digest)
            body = body | {"capture": Capture.of("kind", [shown]).signed_for(reviewer)}
        return client.post(address, body)


class World:
    """
    One request that needs two directors of Payments, of whom Ada has said yes already.

    Its risk is medium, so that neither the batch page nor its level stand in the way.
    """

    def __init__(self, submit, publish, decide, robin, ada, now):
        self.now, self.robin, self.ada = now, robin, ada
        self.team = factories.TeamFactory(name="Payments")
        self.owner, self.publisher = (self.person(name) for name in ("owen", "pat"))
        ada.teams.add(self.team)
        robin.owner = self.owner.user
        robin.save()
        publish(
            team=self.team,
            quorum={"director": 2},
            excludes_publisher=True,
            published_by=self.publisher.user,
        )
        asked = submit(amount=5000, on_behalf_of="bea", when=now)
        decide(asked, ada, "escalate", feedback="I want two.", when=now)
        decide(asked, ada, "approve", when=now)
        self.approval = ApprovalRequest.objects.get(pk=asked.pk)

    def person(self, name="", *, teams=("Payments",), tier="executive", **fields):
        how = {"user__username": name} if name else {}
        return factories.ReviewerFactory(tier=tier, teams=list(teams), **how, **fields)

    def door(self, person, told="", **about):
        user = getattr(person, "user", person)
        how = {"actor": "test", "at": self.now, "expires_in": timedelta(days=1)}
        key, _ = people.create_token(user.get_username(), **how)
        return Door(user=user, key=key, told=told, **about)

    def stand_in_for(self, absent):
        delegate = self.person("stan", teams=())
        day = timedelta(days=1)
        Absence.objects.create(
            reviewer=absent, delegate=delegate, starts_at=self.now - day, ends_at=self.now + day
        )
        return delegate


def nobody(world):
    return Door(is_known=False)


def signed_in_without_reviewing(world):
    user = factories.UserFactory()
    return Door(user=user, key=token_row(world, user))


def token_row(world, user, **fields):
    """A token of somebody who could not have been given one, or no more."""
    person = world.person(user=user)
    key = world.door(person).key
    Reviewer.objects.filter(pk=person.pk).update(**(fields or {"is_active": False}))
    return key


def superuser(world):
    return Door(user=factories.UserFactory(is_staff=True, is_superuser=True))


def auditor(world):
    user = factories.UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return Door(user=user)


def inactive(world):
    user = factories.UserFactory()
    return Door(user=user, key=token_row(world, user))


def below_the_tier(world):
    lea = world.person("lea", tier="team_lead")
    return world.door(lea, "This needs a director; lea is a team lead.")


def outside_the_team(world):
    return world.door(world.person(teams=["Support"]))


def limited_to_another_checkpoint(world):
    person = world.person()
    person.checkpoints.add(factories.CheckpointFactory(name="refunds"))
    return world.door(person)


def above_the_ceiling(world):
    person = world.person("celia", amount_ceiling=100)
    return world.door(person, "celia may decide up to 100.00; this is 5,000.00.")


def qualified_no_more(world):
    person = world.person("quinn", competent_until=world.now - timedelta(days=1))
    return world.door(person, "quinn&#x27;s qualification for reviewing has run out.")


def done_on_their_behalf(world):
    return world.door(world.person("bea"), "This is done on behalf of bea, who may not decide it.")


def the_agent_s_owner(world):
    words = "owen owns the agent that asks, and may not decide for it."
    return world.door(world.owner, words)


def the_publisher(world):
    words = "pat published this policy version, and may not decide under it."
    return world.door(world.publisher, words)


def already_voted(world):
    return world.door(world.ada, "ada has already voted on this revision.")


def stands_in_for_one_who_is_excluded(world):
    return world.door(world.stand_in_for(world.owner))


def stands_in_for_one_below_the_tier(world):
    stan = world.stand_in_for(world.person("lea", tier="team_lead"))
    return world.door(stan, "This needs a director; lea is a team lead.")


def stands_in_for_one_who_has_voted(world):
    return world.door(world.stand_in_for(world.ada))


def the_agent_itself(world):
    return Door(key=agents.issue_key(world.robin, actor="test", at=world.now))


def another_agent(world):
    return Door(key=agents.issue_key(factories.AgentFactory(), actor="test", at=world.now))


def with_a_revoked_token(world):
    door = world.door(world.person())
    ApiKey.objects.update(revoked_at=world.now)
    return Door(key=door.key, is_known=False)


def with_an_expired_token(world):
    door = world.door(world.person())
    ApiKey.objects.update(expires_at=world.now - timedelta(seconds=1))
    return Door(key=door.key, is_known=False)


def with_a_token_for_what_is_high(world):
    return Door(key=world.door(world.person("ed")).key)


ACTORS = [
    nobody,
    signed_in_without_reviewing,
    superuser,
    auditor,
    inactive,
    below_the_tier,
    outside_the_team,
    limited_to_another_checkpoint,
    above_the_ceiling,
    qualified_no_more,
    done_on_their_behalf,
    the_agent_s_owner,
    the_publisher,
    already_voted,
    stands_in_for_one_who_is_excluded,
    stands_in_for_one_below_the_tier,
    stands_in_for_one_who_has_voted,
    the_agent_itself,
    another_agent,
    with_a_revoked_token,
    with_an_expired_token,
    with_a_token_for_what_is_high,
]


@pytest.fixture
def world(submit, publish, decide, robin, ada):
    return World(submit, publish, decide, robin, ada, timezone.now())


@pytest.fixture
def publish(payments):
    def act(**fields):
        for name, value in fields.items():
            setattr(payments, name, value)
        payments.save()

    return act


def stands():
    """What nobody without authority may move."""
    [approval] = ApprovalRequest.objects.all()
    fields = ("status", "revision", "digest", "required_tier", "quorum_needed", "decision")
    return (
        [getattr(approval, name) for name in fields],
        Decision.objects.count(),
        Grant.objects.count(),
    )


def denials():
    return Event.objects.filter(type=events.DENIED).order_by("pk")


def knows(door, route):
    """Whether the door tells us who it is: a browser by its session, the API by a key."""
    return door.is_known and bool(door.key if route.startswith("api/") else door.user)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.__name__)
class TestWhoMayNot:
    def test_moves_nothing_at_any_door_and_each_refusal_is_one_event(self, world, actor):
        door, before = actor(world), stands()

        for route, said in (PAGES | CALLS).items():
            denied = denials().count()
            answer = door.knock(route, world.approval, said(world.approval))

            assert stands() == before, route
            assert answer.status_code < 500
            assert denials().count() - denied == int(knows(door, route)), route

    def test_moves_nothing_at_an_agent_s_doors(self, world, actor):
        if actor is the_agent_itself:
            return
        door, before = actor(world), stands()

        for route, said in ITS_OWN.items():
            door.knock(route, world.approval, said(world.approval))

            assert stands() == before, route

    def test_moves_nothing_in_the_admin(self, world, actor):
        door, before = actor(world), stands()
        address = reverse("admin:approvals_approvalrequest_change", args=[world.approval.pk])

        for page in (address, address.replace("/change/", "/delete/")):
            client = Client()
            if door.user:
                client.force_login(door.user)
            client.post(page, {"status": "approved", "post": "yes", "_save": "Save"})

            assert stands() == before


TOLD = [
    below_the_tier,
    above_the_ceiling,
    qualified_no_more,
    done_on_their_behalf,
    the_agent_s_owner,
    the_publisher,
    already_voted,
    stands_in_for_one_below_the_tier,
]


@pytest.mark.parametrize("actor", TOLD, ids=lambda actor: actor.__name__)
def test_the_button_the_api_and_the_trail_use_the_same_words(world, actor):
    door = actor(world)
    client = Client()
    client.force_login(door.user)

    page = client.get(world.approval.get_absolute_url()).text
    route = "api/v1/approvals/<uuid:approval_id>/decisions/"
    said = door.knock(route, world.approval, CALLS[route](world.approval)).json()["detail"]

    words = door.told.replace("&#x27;", "'")
    assert door.told in page
    assert said == words
    assert json.loads(denials().last().body)["data"]["why"] == words


class TestWhoIsBelowTheTier:
    def test_asks_the_next_tier_in_one_step_on_the_page(self, world):
        lea = world.person("lea", tier="team_lead")
        client = Client()
        client.force_login(lea.user)
        page = client.get(world.approval.get_absolute_url()).text
        assert re.search(r'<button[^>]*value="escalate"(?![^>]*aria-disabled)', page)

        address = reverse("decide", args=[world.approval.pk])
        client.post(address, seen(world.approval, verdict="escalate", feedback="Not mine."))

        world.approval.refresh_from_db()
        assert world.approval.required_tier == "executive"

    def test_asks_the_next_tier_in_one_step_by_the_api(self, world):
        door = below_the_tier(world)
        said = seen(world.approval, verdict="escalate", feedback="Not mine.")

        route = "api/v1/approvals/<uuid:approval_id>/decisions/"
        assert door.knock(route, world.approval, said).json()["required_level"] == "executive"


class TestEveryDoor:
    def test_is_named_here(self):
        named = PAGES.keys() | CALLS.keys() | ITS_OWN.keys() | NOTHING_IS_SETTLED

        assert set(routes()) - named == set(), "Say whether a request can be settled there."
        assert named - set(routes()) == set(), "This address is gone."

    def test_of_the_admin_is_named_here(self, db):
        request = RequestFactory().get("/admin/")
        request.user = factories.UserFactory(is_staff=True, is_superuser=True)
        found = {
            (model._meta.model_name, name)
            for model, page in admin.site._registry.items()
            for name in page.get_actions(request)
            if name != "delete_selected"
        }

        assert found == ADMIN_ACTIONS

    def test_to_requests_in_the_admin_only_shows(self, db, world):
        request = RequestFactory().post("/admin/")
        request.user = factories.UserFactory(is_staff=True, is_superuser=True)
        for model in (ApprovalRequest, Decision, Grant):
            page = admin.site._registry[model]

            assert not page.has_change_permission(request)
            assert not page.has_add_permission(request)
            assert not page.has_delete_permission(request)
            assert not page.get_actions(request)

    def test_among_commands_is_named_here(self):
        [folder] = commands.__path__
        found = {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}

        assert found == COMMANDS

    @pytest.mark.parametrize("command", sorted(COMMANDS))
    def test_among_commands_decides_nothing(self, command):
        [folder] = commands.__path__
        source = (Path(folder) / f"{command}.py").read_text()

        assert not re.search(r"decisions|_settling|_voting|batches|ApprovalRequest", source)

    def test_opens_for_who_may(self, world):
        door = world.door(world.person())
        route = "approvals/<uuid:approval_id>/decide/"

        door.knock(route, world.approval, PAGES[route](world.approval))

        world.approval.refresh_from_db()
        assert world.approval.status == "approved"
