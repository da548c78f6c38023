from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.backends.sqlite3 import base as sqlite3
from django.utils import timezone

from approvals.models import Delivery, Installation, Lease, Notice, WebhookSecret
from approvals.operations import agents, people, policies
from approvals.outbound.sending import Unsent
from hitl_site import doctor
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture(autouse=True)
def well(settings, tmp_path, now):
    """An installation that lacks nothing."""
    settings.DATA_DIR = tmp_path / "var"
    settings.DATA_DIR.mkdir(mode=0o700)
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    Lease.objects.create(name="beat", holder="here", until=now + timedelta(seconds=9))
    people.create_admin("root", password="correct horse battery", actor="x", at=now)
    factories.ReviewerFactory()
    policies.load("checkpoints: [{name: refunds}]", actor="x", at=now)
    agents.register("wren", actor="x", at=now)


@pytest.fixture
def ill(now):
    """`ill()`: what is wrong, in words, by what was looked at."""

    def examine():
        found = doctor.examine(at=now)
        return {finding.name: finding.words for finding in found if not finding.ok}

    return examine


def test_finds_nothing_wrong_where_nothing_is(ill):
    assert ill() == {}


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"SITE_URL": "https://placet.example"}, "address", "which ALLOWED_HOSTS lacks"),
        ({"CSRF_TRUSTED_ORIGINS": []}, "address", "CSRF_TRUSTED_ORIGINS lacks"),
        (
            {
                "SITE_URL": "http://placet.example",
                "ALLOWED_HOSTS": ["placet.example"],
                "CSRF_TRUSTED_ORIGINS": ["http://placet.example"],
            },
            "address",
            "Put TLS in front",
        ),
        ({"SECRET_KEY": "another"}, "secret key", "not the one that webhook secrets"),
    ],
)
def test_looks_at_the_settings(settings, ill, changes, name, says):
    for setting, value in changes.items():
        setattr(settings, setting, value)

    assert says in ill()[name]


def test_keys_that_others_may_read(settings, ill):
    settings.DATA_DIR.chmod(0o755)

    assert "chmod 700" in ill()["data directory"]


def test_deadlines_that_are_held_back(ill, now):
    Installation.objects.create(sweep_held_at=now, sweep_held_because="The clock moved.")

    words = ill()["deadlines"]

    assert "The clock moved." in words
    assert "placet-server release_sweep" in words


def test_a_trigger_that_was_removed(ill):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER event_no_change ON audit_event")
        else:
            cursor.execute("DROP TRIGGER event_no_update")

    assert "records could be changed unnoticed" in ill()["triggers"]


@pytest.mark.parametrize(
    ("pragmas", "says"),
    [
        ("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", "synchronous is below FULL"),
        ("PRAGMA journal_mode=DELETE", "journal_mode is delete"),
    ],
)
def test_a_file_whose_commits_may_be_lost(ill, monkeypatch, tmp_path, pragmas, says):
    own = {"NAME": tmp_path / "x.sqlite3", "OPTIONS": {"init_command": pragmas}}
    unsafe = sqlite3.DatabaseWrapper({**connection.settings_dict, **own}, "unsafe")
    monkeypatch.setattr(doctor, "connection", unsafe)

    assert says in ill()["durability"]


def test_a_server_whose_commits_may_be_lost(ill):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has a test of its own")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")

    assert "synchronous_commit is off" in ill()["durability"]


@pytest.mark.parametrize("until", [timedelta(0), -timedelta(hours=1)])
def test_a_schedule_that_nobody_keeps(ill, now, until):
    Lease.objects.update(until=now + until)

    assert "Nobody keeps the schedule" in ill()["beat"]


def test_a_deadline_that_was_overlooked(ill, submit, now):
    submit(when=now - timedelta(hours=3))

    assert ill()["approvals"].startswith("1 wait for their deadline")


def test_a_delivery_that_is_late(ill, submit, decide, ada, robin, now):
    robin.callback_prefixes = ["https://hooks.example"]
    robin.save()
    approval = submit(callback_url="https://hooks.example/x", when=now)
    decide(approval, ada, "approve", when=now)
    Delivery.objects.update(due_at=now - timedelta(hours=1))

    assert ill()["deliveries"].startswith("1 are owed, the oldest since")


def test_a_mail_server_that_does_not_answer(ill, settings, monkeypatch):
    def refuse():
        raise Unsent("The mail server cannot be reached.")

    monkeypatch.setattr(doctor.email, "check", refuse)
    assert "mail" not in ill()

    settings.EMAIL_URL = "smtp://mail.example.com"

    assert ill()["mail"] == "The mail server cannot be reached. Check EMAIL_URL."


def test_people_whom_nobody_told(ill, submit, now):
    submit(when=now - timedelta(minutes=3))

    assert ill()["notices"].startswith("Nobody was told of 1 matters.")


@pytest.mark.parametrize(
    ("state", "says"),
    [("owed", "1 people or channels were to be told"), ("failed", "1 could not be sent since")],
)
def test_a_notice_that_did_not_go_out(ill, now, state, says):
    then = now - timedelta(minutes=3)
    Notice.objects.create(
        kind="trouble", channel="email", recipient="root@example.com", state=state,
        due_at=then, created_at=then, settled_at=then, error="The mail server answered 550.",
    )  # fmt: skip

    assert ill()["notices"].startswith(says)


def test_a_broker_that_does_not_answer(ill, monkeypatch):
    def refuse(*_, **__):
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(doctor.current_app, "connection_for_read", refuse)

    assert "Check BROKER_URL" in ill()["broker"]


def test_a_key_that_cannot_sign(ill, monkeypatch):
    def broken(*_, **__):
        raise ValueError("no key")

    monkeypatch.setattr(doctor.signing_keys, "sign", broken)

    assert "Restore the key from a backup" in ill()["signing key"]


def test_nobody_who_may_decide(ill):
    WebhookSecret.objects.all().delete()
    doctor.Reviewer.objects.update(is_active=False)

    assert "create_reviewer" in ill()["people"]


def test_no_checkpoint(ill):
    doctor.CheckpointVersion.objects.update(state="retired")

    assert "load_policy --starter" in ill()["policy"]


def test_a_database_that_is_away_is_named_once(ill, monkeypatch):
    def away(*_, **__):
        raise DatabaseError("connection refused")

    monkeypatch.setattr(connection, "cursor", away)

    found = ill()
    assert found["database"] == "connection refused"
    assert found["policy"] == "Needs the database."
