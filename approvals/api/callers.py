"""Who is calling: an agent or a person, by bearer key; and how often they may."""

import hmac
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from approvals import keys
from approvals.api.problems import Problem
from approvals.api.rendering import AlwaysJSON
from approvals.models import Agent, ApiKey, ApprovalRequest, Reviewer
from approvals.operations import denying
from approvals.queries import documents
from approvals.refusals import Conflict

TOUCH_EVERY = timedelta(minutes=1)
RATE_OF_A_PERSON = 1200  # calls per minute
# Set by the front, which lets nobody else set it, when it asks again for one who waited.
WAITED = "X-Placet-Waited"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer plc_…`: `request.auth` is the key, whoever holds it."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey]:
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not credentials.strip():
            raise exceptions.NotAuthenticated("Send 'Authorization: Bearer <key>'.")
        if (key := _key_held(credentials.strip())) is None:
            # One sentence for every reason: unknown, wrong, revoked, expired, disabled.
            raise exceptions.AuthenticationFailed("The API key is not valid.")
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="placet"'


def key_of(request: Request) -> ApiKey:
    """The key that the caller was let in by."""
    return cast(ApiKey, request.auth)


def _key_held(credentials: str) -> ApiKey | None:
    now = timezone.now()
    presented = keys.read(credentials)
    if presented is None:
        return None
    key = (
        ApiKey.objects.select_related(presented.kind)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .filter(prefix=presented.prefix, revoked_at__isnull=True)
        .first()
    )
    if key is None or not hmac.compare_digest(key.digest, presented.digest):
        return None
    if not (key.agent.is_active if key.agent else key.user and key.user.is_active):
        return None
    if key.last_used_at is None or key.last_used_at < now - TOUCH_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class PerCallerThrottle(BaseThrottle):
    """
    A token bucket per agent or person in this process: no database, no cache, ten seconds'
    worth at once.

    With several web processes each lets its share through; the limit is against a flood,
    not a bill.
    """

    _buckets: dict[object, _Bucket] = {}
    _lock = threading.Lock()

    def allow_request(self, request: Request, view: APIView) -> bool:
        key = key_of(request)
        agent = key.agent
        per_minute = agent.rate_per_minute if agent else RATE_OF_A_PERSON
        # Who waited and is answered now has been counted when the question came.
        if per_minute is None or WAITED in request.headers:
            return True
        return self._take(agent.pk if agent else key.user_id, per_minute / 60)

    def _take(self, caller: object, per_second: float) -> bool:
        room = max(per_second * 10, 1.0)
        now = time.monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(caller, _Bucket(room, now))
            bucket.tokens = min(room, bucket.tokens + (now - bucket.filled_at) * per_second)
            bucket.filled_at = now
            if bucket.tokens < 1:
                self._wait = (1 - bucket.tokens) / per_second if per_second else 60.0
                return False
            bucket.tokens -= 1
        return True

    def wait(self) -> float:
        return self._wait


class KeyView(APIView):
    """
    An endpoint behind a bearer key, whoever holds it.

    What it answers is for that caller alone, and no cache may show it to another.
    """

    authentication_classes = (BearerAuthentication,)
    throttle_classes = (PerCallerThrottle,)
    content_negotiation_class = AlwaysJSON
    metadata_class = None  # OPTIONS has nothing to say here

    def handle_exception(self, exc: Exception) -> Response:
        approval_id = self.kwargs.get("approval_id")
        if isinstance(exc, Conflict) and approval_id:
            # Whatever said no, the caller learns where the approval stands now.
            stands = ApprovalRequest.objects.get(pk=approval_id)
            exc.current = documents.state_document(stands) | (exc.current or {})
        return super().handle_exception(exc)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class AgentView(KeyView):
    """An endpoint for agents: `self.agent` is the caller."""

    agent: Agent

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        agent = key_of(request).agent
        if agent is None:
            words = "This is for agents; a person's token cannot do it."
            raise _denied(f"user:{key_of(request).user_id}", words, request)
        self.agent = agent


class PersonView(KeyView):
    """An endpoint for people: `self.reviewer` is the caller, loaded with their standing."""

    reviewer: Reviewer

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        key = key_of(request)
        if (agent := key.agent) is not None:
            raise _denied(agent.ref, "Agent keys cannot decide.", request)
        reviewer = Reviewer.objects.with_standing().filter(user=key.user_id).first()
        if reviewer is None or not reviewer.is_active:
            raise _denied(f"user:{key.user_id}", "You are not an active reviewer.", request)
        self.reviewer = reviewer

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ObjectDoesNotExist) and "approval_id" in self.kwargs:
            denying.hidden(self.reviewer, self.kwargs["approval_id"], at=timezone.now())
        return super().handle_exception(exc)


def _denied(actor: str, why: str, request: Request) -> Problem:
    """The refusal, put on record."""
    denying.deny(actor, why=why, what=request.path, at=timezone.now())
    return Problem(403, "not_eligible", why)
