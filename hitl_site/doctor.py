"""What is wrong with this installation, and how to mend it: a finding for each thing looked at."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from celery import current_app
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http.request import validate_host

from approvals import sealing, signing_keys
from approvals.models import (
    Announcement,
    ApprovalRequest,
    CheckpointVersion,
    Delivery,
    Lease,
    Notice,
    Reviewer,
    WebhookSecret,
)
from approvals.outbound import email
from approvals.outbound.sending import Unsent
from approvals.queries import installation
from hitl_site.beat import LEASE

# A sweep comes every few seconds; what has waited so long beyond its time was overlooked.
LATE = timedelta(minutes=2)
LATELY = timedelta(days=1)
MANY_MESSAGES = 1000
TRIGGERS = {
    "sqlite": {
        "event_no_update",
        "event_no_delete",
        "event_text_no_update",
        "approval_final_update",
        "approval_no_delete",
        "grant_used_once",
    },
    "postgresql": {
        "event_no_change",
        "event_no_truncate",
        "event_text_no_update",
        "approval_final_update",
        "approval_no_delete",
        "grant_used_once",
    },
}


@dataclass(frozen=True)
class Finding:
    """`words` say how it stands, or what to do."""

    name: str
    ok: bool
    words: str


class Ill(Exception):
    """Something is wrong; the message says what to do."""


def examine(*, at: datetime) -> Iterator[Finding]:
    """Look at everything, in an order in which a later trouble may come from an earlier one."""
    has_database = True
    for name, look in _LOOKS.items():
        try:
            yield Finding(name, True, look(at))
        except Ill as ill:
            yield Finding(name, False, str(ill))
        except DatabaseError as error:
            words = " ".join(str(error).split())
            yield Finding(name, False, words if has_database else "Needs the database.")
            has_database = False


def _settings(at: datetime) -> str:
    if found := [issue for issue in checks.run_checks() if issue.is_serious()]:
        raise Ill(f"{found[0].msg} {found[0].hint or ''}".strip())
    if settings.DEBUG and not _is_loopback(settings.SITE_URL):
        raise Ill("DEBUG shows internals to visitors. Unset it.")
    return "as they should be"


def _address(at: datetime) -> str:
    site = urlsplit(settings.SITE_URL)
    if not validate_host(site.hostname or "", settings.ALLOWED_HOSTS):
        raise Ill(f"SITE_URL names {site.hostname}, which ALLOWED_HOSTS lacks. Add it there.")
    if f"{site.scheme}://{site.netloc}" not in settings.CSRF_TRUSTED_ORIGINS:
        raise Ill(f"CSRF_TRUSTED_ORIGINS lacks {settings.SITE_URL}. Add it there.")
    if site.scheme == "http" and not _is_loopback(settings.SITE_URL):
        raise Ill("SITE_URL is http: passwords and keys travel in the open. Put TLS in front.")
    return settings.SITE_URL


def _data_dir(at: datetime) -> str:
    if not settings.DATA_DIR.is_dir():
        raise Ill(
            f"There is no {settings.DATA_DIR}. Set PLACET_DATA_DIR, or start the server once."
        )
    others = stat.S_IMODE(settings.DATA_DIR.stat().st_mode) & 0o077
    if others:
        raise Ill(f"Others may read keys in {settings.DATA_DIR}: chmod 700 {settings.DATA_DIR}")
    return str(settings.DATA_DIR)


def _database(at: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}"


def _migrations(at: datetime) -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise Ill(f"{len(missing)} are missing: placet-server migrate")
    return "all applied"


def _triggers(at: datetime) -> str:
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {name for (name,) in cursor.fetchall()}
    if missing := sorted(TRIGGERS[connection.vendor] - there):
        raise Ill(
            f"The database lacks {', '.join(missing)}: records could be changed unnoticed."
            " Find out who removed them, then restore a backup beside it and compare."
        )
    return f"{len(TRIGGERS[connection.vendor])} guard the records"


def _durability(at: datetime) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW synchronous_commit")
            (mode,) = cursor.fetchone()
            if mode == "off":
                raise Ill("synchronous_commit is off: a crash loses decisions. Turn it on.")
            return f"synchronous_commit is {mode}"
        cursor.execute("PRAGMA journal_mode")
        (journal,) = cursor.fetchone()
        cursor.execute("PRAGMA synchronous")
        (synchronous,) = cursor.fetchone()
    if journal.lower() not in ("wal", "memory"):
        raise Ill(f"journal_mode is {journal}: keep the database on a local disk, where WAL works.")
    if synchronous < 2:
        raise Ill("synchronous is below FULL: a power cut loses decisions. Unset that option.")
    return f"journal_mode {journal}, synchronous FULL"


def _broker(at: datetime) -> str:
    queue = current_app.conf.task_default_queue
    try:
        with current_app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=1, timeout=5)
            declared = current_app.amqp.queues[queue].bind(broker.default_channel).queue_declare()
    except Exception as error:  # Each transport raises its own.
        raise Ill(f"The broker cannot be reached ({error}). Check BROKER_URL.") from None
    waiting = declared.message_count
    if waiting > MANY_MESSAGES:
        raise Ill(f"{waiting} messages wait. Start more workers: placet-server worker")
    return f"{waiting} messages wait"


def _beat(at: datetime) -> str:
    lease = Lease.objects.filter(name=LEASE).first()
    if lease is None or lease.until <= at:
        raise Ill("Nobody keeps the schedule. Start one: placet-server beat (or up)")
    return f"kept by {lease.holder}"


def _deadlines(at: datetime) -> str:
    if held := installation.held_sweep():
        raise Ill(
            f"They are held back since {held.sweep_held_at:%Y-%m-%d %H:%M} UTC."
            f" {held.sweep_held_because} If clock and workers are well:"
            " placet-server release_sweep"
        )
    return "act in time"


def _approvals(at: datetime) -> str:
    late = ApprovalRequest.objects.filter(next_due_at__lte=at - LATE).order_by("next_due_at")
    if oldest := late.first():
        raise Ill(
            f"{late.count()} wait for their deadline to be acted on, the oldest since"
            f" {oldest.next_due_at:%Y-%m-%d %H:%M} UTC. Are beat and worker running?"
        )
    return "no deadline was overlooked"


def _deliveries(at: datetime) -> str:
    owed = Delivery.objects.filter(state=Delivery.State.OWED, due_at__lte=at - LATE)
    if oldest := owed.order_by("due_at").first():
        raise Ill(
            f"{owed.count()} are owed, the oldest since {oldest.due_at:%Y-%m-%d %H:%M} UTC."
            " Are beat and worker running?"
        )
    parked = Delivery.objects.filter(state=Delivery.State.PARKED).count()
    return f"none is late; {parked} given up" if parked else "none is late"


def _mail(at: datetime) -> str:
    if not settings.EMAIL_URL:
        return "not set up (EMAIL_URL): nobody is told by e-mail"
    try:
        email.check()
    except Unsent as unsent:
        raise Ill(f"{unsent.sentence} Check EMAIL_URL.") from None
    return f"{settings.EMAIL_FROM} may send"


def _notices(at: datetime) -> str:
    if waiting := Announcement.objects.filter(at__lte=at - LATE).count():
        raise Ill(f"Nobody was told of {waiting} matters. Are beat and worker running?")
    late = Notice.objects.filter(state=Notice.State.OWED, tries=0, due_at__lte=at - LATE)
    if oldest := late.order_by("due_at").first():
        raise Ill(
            f"{late.count()} people or channels were to be told, the oldest at"
            f" {oldest.due_at:%Y-%m-%d %H:%M} UTC. Are beat and worker running?"
        )
    failed = Notice.objects.filter(state=Notice.State.FAILED, settled_at__gt=at - LATELY)
    if newest := failed.order_by("-settled_at").first():
        raise Ill(
            f"{failed.count()} could not be sent since yesterday: {newest.error} See Notices in"
            " the admin."
        )
    return "none is late, none failed since yesterday"


def _signing_key(at: datetime) -> str:
    try:
        signing_keys.sign({"sub": "doctor"})
    except Exception as error:
        raise Ill(f"Grants cannot be signed ({error}). Restore the key from a backup.") from None
    return f"kid {signing_keys.kid()}"


def _secret_key(at: datetime) -> str:
    newest = WebhookSecret.objects.order_by("-created_at").first()
    if newest is None:
        return "nothing was sealed with it yet"
    try:
        sealing.unseal(newest.sealed)
    except InvalidToken:
        raise Ill(
            "SECRET_KEY is not the one that webhook secrets were sealed with. Put the old one"
            " back, or rotate the key of every agent."
        ) from None
    return "opens what it sealed"


def _people(at: datetime) -> str:
    if not get_user_model().objects.filter(is_superuser=True, is_active=True).exists():
        raise Ill("There is no admin: placet-server create_admin USERNAME")
    reviewers = Reviewer.objects.filter(is_active=True, user__is_active=True).count()
    if not reviewers:
        raise Ill("Nobody may decide: placet-server create_reviewer USERNAME --tier director")
    return f"{reviewers} may decide"


def _policy(at: datetime) -> str:
    live = CheckpointVersion.objects.filter(state=CheckpointVersion.State.LIVE).count()
    if not live:
        raise Ill("There is no checkpoint: placet-server load_policy --starter")
    return f"{live} checkpoints"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_LOOKS: dict[str, Callable[[datetime], str]] = {
    "settings": _settings,
    "address": _address,
    "data directory": _data_dir,
    "database": _database,
    "migrations": _migrations,
    "triggers": _triggers,
    "durability": _durability,
    "broker": _broker,
    "beat": _beat,
    "deadlines": _deadlines,
    "approvals": _approvals,
    "deliveries": _deliveries,
    "mail": _mail,
    "notices": _notices,
    "signing key": _signing_key,
    "secret key": _secret_key,
    "people": _people,
    "policy": _policy,
}
