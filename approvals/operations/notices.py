"""Telling people: claim in one transaction, send in none, record in another."""

import secrets
import time
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.urls import reverse
from django.utils import timezone

from approvals.models import Notice, Reviewer
from approvals.operations import _addressing, digests, leases
from approvals.operations._owing import Telling, owe
from approvals.outbound import apprise, chat, email
from approvals.outbound.sending import Unsent
from approvals.queries import notice_words, reaching
from approvals.refusals import Conflict

# After each failure, so long until the next try; after the last it has failed. A notice
# that comes late is worth little.
SCHEDULE = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
# One worker sends at a time: a mail server that hangs then holds one thread, and never those
# that the deadlines need. By its end another worker may think that this one died.
LEASE, LASTS = "notices", timedelta(seconds=60)
SWEEP_LASTS_SECONDS = 15.0
# What let us run out of time is left alone for so long, with all that goes the same way.
REST = timedelta(minutes=1)
FAULT = "A fault of the server; its log says more."
TEST_AGAIN_AFTER = timedelta(minutes=1)

Channel = Notice.Channel
State = Notice.State

log = structlog.get_logger(__name__)


class NotFailed(Conflict):
    code = "not_failed"


class NoChannel(Conflict):
    code = "no_channel"


class AskedAlready(Conflict):
    code = "asked_already"


def tell_everybody(*, at: datetime) -> int:
    """One round: find out for whom announcements and digests are, then send what is due."""
    _addressing.address_all(at=at)
    digests.owe_digests(at=at)
    return send_due(at=at)


def send_due(*, at: datetime) -> int:
    """
    Send what is owed by now, urgent first, as far as one round's time goes; return how many.

    Any number of workers may call it. A crash between sending and recording sends that one
    message once more.
    """
    if not Notice.objects.filter(state=State.OWED, due_at__lte=at).exists():
        return 0
    holder = secrets.token_hex(8)
    if not leases.take(LEASE, holder=holder, at=timezone.now(), lasts=LASTS):
        return 0
    try:
        return _send_in_order(at)
    finally:
        leases.give_back(LEASE, holder=holder)


@transaction.atomic(durable=True)
def send_again(notice_id: uuid.UUID, *, at: datetime) -> None:
    """
    Owe a failed notice once more.

    :raises NotFailed: it was sent, dropped, or is still being tried
    """
    notice = Notice.objects.select_for_update().get(pk=notice_id)
    if notice.state != State.FAILED:
        raise NotFailed(f"This notice is {notice.get_state_display()}.")
    notice.state, notice.due_at, notice.tries, notice.error = State.OWED, at, 0, ""
    notice.settled_at = None
    notice.save(update_fields=["state", "due_at", "tries", "error", "settled_at"])


@transaction.atomic(durable=True)
def owe_test(reviewer: Reviewer, *, at: datetime) -> None:
    """
    Owe this person a test message through every channel of theirs.

    :raises NoChannel: they have none
    :raises AskedAlready: they asked for one within the last minute
    """
    ears = reaching.ears_of([reviewer])
    if not ears:
        raise NoChannel("There is no way to reach you: no e-mail, and no chat.")
    recent = Notice.objects.filter(reviewer=reviewer, kind=Notice.Kind.TEST)
    if recent.filter(created_at__gt=at - TEST_AGAIN_AFTER).exists():
        raise AskedAlready("A test message is on its way; give it a minute.")
    owe([Telling(Notice.Kind.TEST, ear) for ear in ears], at=at)


def _send_in_order(at: datetime) -> int:
    sent, stop_at = 0, time.monotonic() + SWEEP_LASTS_SECONDS
    tried: set[uuid.UUID] = set()
    while time.monotonic() < stop_at and (notice := _claim_next(tried, at)):
        tried.add(notice.pk)
        if notice.state == State.OWED:
            sent += _send(notice, at)
    return sent


@transaction.atomic(durable=True)
def _claim_next(tried: set[uuid.UUID], at: datetime) -> Notice | None:
    """The next one due, held for this worker with its words found; or dropped, where it is over."""
    skip = connection.features.has_select_for_update_skip_locked
    urgent = ExpressionWrapper(Q(kind=Notice.Kind.URGENT), output_field=BooleanField())
    notice = (
        Notice.objects.select_for_update(of=("self",), skip_locked=skip)
        .select_related("approval__agent", "approval__version")
        .select_related("reviewer__user", "reviewer__notifying")
        .filter(state=State.OWED, due_at__lte=at)
        .exclude(pk__in=tried)
        .order_by(urgent.desc(), "due_at")
        .first()
    )
    if notice is None:
        return None
    if objection := _objection_to(notice, at):
        return _settle(notice, State.DROPPED, objection, at)
    if notice.tries > len(SCHEDULE):
        # The last try took its worker down with it; one more would do no better.
        return _settle(notice, State.FAILED, notice.error or "The worker died.", at)
    try:
        with transaction.atomic():
            found = notice_words.words_for(notice, at=at)
    except Exception:
        log.exception("notice.failed", notice=str(notice.pk))
        return _settle(notice, State.FAILED, FAULT, at)
    if found is None:
        return _settle(notice, State.DROPPED, "It was settled before.", at)
    words, notice.link = found
    notice.subject, notice.text = words.subject, words.text
    notice.tries += 1
    notice.due_at = at + LASTS
    notice.save(update_fields=["subject", "text", "link", "tries", "due_at"])
    return notice


def _objection_to(notice: Notice, at: datetime) -> str | None:
    if notice.not_after and notice.not_after <= at:
        return "It was out of date before it could be sent."
    reader = notice.reviewer
    if reader and not (reader.is_active and reader.user.is_active):
        return "Whom it was for is no reviewer any more."
    if not reaching.still_reaches(notice):
        return "Whom it was for is not reached there any more."
    if notice.channel == Channel.EMAIL and not settings.EMAIL_URL:
        return "No mail server is named (EMAIL_URL)."
    if notice.channel == Channel.APPRISE and int(notice.recipient) > len(settings.NOTIFY_URLS):
        return "NOTIFY_URLS no longer names this service."
    return None


def _settle(notice: Notice, state: State, error: str, at: datetime) -> Notice:
    notice.state, notice.error, notice.settled_at = state, error, at
    notice.save(update_fields=["state", "error", "settled_at"])
    return notice


def _send(notice: Notice, at: datetime) -> bool:
    failure: Unsent | None = None
    try:
        _hand_over(notice)
    except Unsent as unsent:
        failure = unsent
    except Exception:
        # A fault in one is a bug to be seen, not a reason to keep silent about the others.
        log.exception("notice.failed", notice=str(notice.pk))
        failure = Unsent(FAULT)
    _record(notice, failure, at=max(at, timezone.now()))
    return failure is None


def _hand_over(notice: Notice) -> None:
    words = {"subject": notice.subject, "text": notice.text, "link": notice.link}
    match notice.channel:
        case Channel.EMAIL:
            email.send(
                notice.recipient,
                sender=settings.EMAIL_FROM,
                settings_link=f"{settings.SITE_URL}{reverse('preferences')}",
                message_id=str(notice.pk),
                **words,
            )
        case Channel.CHAT:
            allowed = settings.ALLOW_PRIVATE_CALLBACKS
            chat.send(notice.recipient, allowed_networks=allowed, **words)
        case Channel.APPRISE:
            apprise.send(settings.NOTIFY_URLS[int(notice.recipient) - 1], **words)


@transaction.atomic(durable=True)
def _record(notice: Notice, failure: Unsent | None, *, at: datetime) -> None:
    held = Notice.objects.select_for_update().get(pk=notice.pk)
    if held.state != State.OWED:
        return
    if failure is None:
        held.state, held.error, held.settled_at = State.SENT, "", at
    elif held.tries > len(SCHEDULE):
        held.state, held.error, held.settled_at = State.FAILED, failure.sentence[:300], at
    else:
        held.due_at, held.error = at + SCHEDULE[held.tries - 1], failure.sentence[:300]
    held.save(update_fields=["state", "error", "settled_at", "due_at"])
    if failure and failure.was_slow:
        _let_rest(held, until=at + REST)


def _let_rest(notice: Notice, *, until: datetime) -> None:
    """Leave alone what would meet the same server, but for what somebody else holds."""
    skip = connection.features.has_select_for_update_skip_locked
    others = Notice.objects.select_for_update(skip_locked=skip).filter(
        _same_way(notice), state=State.OWED, due_at__lt=until
    )
    Notice.objects.filter(pk__in=list(others.values_list("pk", flat=True))).update(due_at=until)


def _same_way(notice: Notice) -> Q:
    """What would meet the same server: all e-mail, a chat's host, one service."""
    match notice.channel:
        case Channel.EMAIL:
            return Q(channel=Channel.EMAIL)
        case Channel.CHAT:
            url = urlsplit(notice.recipient)
            return Q(channel=Channel.CHAT, recipient__startswith=f"{url.scheme}://{url.netloc}/")
    return Q(channel=notice.channel, recipient=notice.recipient)
