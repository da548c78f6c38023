"""Agents, their keys, and the kill switch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from approvals import events, keys, sealing
from approvals.models import Agent, ApiKey, Checkpoint, Installation, WebhookSecret
from approvals.outbound import signing
from approvals.refusals import Refusal
from audit import trail

OVERLAP = timedelta(hours=24)
LONGEST_NAME = 100


class NameTaken(Refusal):
    code = "name_taken"


class InvalidName(Refusal):
    code = "invalid_name"


class UnknownAgent(Refusal):
    code = "unknown_agent"


class UnknownCheckpoint(Refusal):
    code = "unknown_checkpoint"


@dataclass(frozen=True)
class Credentials:
    """What is shown once: the key, and the secret its webhooks are signed with."""

    agent: Agent
    key: str
    webhook_secret: str


@transaction.atomic(durable=True)
def register(
    name: str,
    *,
    actor: str,
    at: datetime,
    callback_prefixes: Sequence[str] = (),
    owner: User | None = None,
) -> Credentials:
    """
    Create an agent with its first key.

    :raises InvalidName: not 1 to 100 characters that can be printed
    :raises NameTaken: there is one of that name
    """
    if not (1 <= len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip()):
        raise InvalidName(f"An agent's name has 1 to {LONGEST_NAME} printable characters.")
    if Agent.objects.filter(name=name).exists():
        raise NameTaken(f"There is an agent called {name!r} already.")
    agent = Agent.objects.create(name=name, callback_prefixes=list(callback_prefixes), owner=owner)
    trail.record_in_stream(
        agent.ref, events.AGENT_REGISTERED, actor=actor, at=at, data={"name": name}
    )
    return Credentials(agent, issue_key(agent, actor=actor, at=at), _new_secret(agent, at=at))


@transaction.atomic(durable=True)
def rotate_key(name: str, *, actor: str, at: datetime, overlap: timedelta = OVERLAP) -> Credentials:
    """
    Give an agent a new key and webhook secret; the old ones stay valid for `overlap`.

    :raises UnknownAgent: there is none of that name
    """
    agent = _agent_named(name)
    ends = at + overlap
    for old in (agent.keys.filter(revoked_at__isnull=True), agent.webhook_secrets.all()):
        old.filter(expires_at__isnull=True).update(expires_at=ends)
        old.filter(expires_at__gt=ends).update(expires_at=ends)
    return Credentials(agent, issue_key(agent, actor=actor, at=at), _new_secret(agent, at=at))


def issue_key(agent: Agent, *, actor: str, at: datetime) -> str:
    """A new key for the agent, shown once. Expects a transaction."""
    key, made = keys.mint("agent")
    ApiKey.objects.create(agent=agent, prefix=made.prefix, digest=made.digest, created_at=at)
    trail.record_in_stream(
        agent.ref, events.KEY_ISSUED, actor=actor, at=at, data={"prefix": made.prefix}
    )
    return key


@transaction.atomic(durable=True)
def revoke_key(key: ApiKey, *, actor: str, at: datetime) -> None:
    """End a key now."""
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    holder = key.agent.ref if key.agent else f"user:{key.user_id}"
    trail.record_in_stream(
        holder,
        events.KEY_REVOKED,
        actor=actor,
        at=at,
        data={"prefix": key.prefix},
        related=[key.ref],
    )


def webhook_secrets(agent: Agent, *, at: datetime) -> list[str]:
    """The secrets that sign this agent's webhooks now, newest first."""
    held = agent.webhook_secrets.order_by("-created_at")
    return [
        sealing.unseal(secret.sealed)
        for secret in held
        if secret.expires_at is None or secret.expires_at > at
    ]


@transaction.atomic(durable=True)
def pause(
    *,
    paused: bool,
    actor: str,
    at: datetime,
    agent: str | None = None,
    checkpoint: str | None = None,
    reason: str = "",
) -> str:
    """
    Pull the kill switch, or let go of it, for one agent, one checkpoint, or everything.

    While it holds, nothing is approved or consumed; agents are told so.

    :return: what the switch is on, as the trail names it
    :raises UnknownAgent, UnknownCheckpoint: there is none of that name
    """
    subject: Any
    if agent:
        subject = _agent_named(agent)
        ref = subject.ref
    elif checkpoint:
        subject = Checkpoint.objects.filter(name=checkpoint).first()
        if subject is None:
            raise UnknownCheckpoint(f"There is no checkpoint called {checkpoint!r}.")
        ref = subject.ref
    else:
        subject, _ = Installation.objects.get_or_create(pk=1)
        ref = "system"
    subject.paused_at = at if paused else None
    subject.save(update_fields=["paused_at"])
    trail.record_in_stream(
        ref,
        events.PAUSED if paused else events.RESUMED,
        actor=actor,
        at=at,
        texts={"reason": reason},
    )
    return ref


def _agent_named(name: str) -> Agent:
    agent = Agent.objects.filter(name=name).first()
    if agent is None:
        raise UnknownAgent(f"There is no agent called {name!r}.")
    return agent


def _new_secret(agent: Agent, *, at: datetime) -> str:
    secret = signing.new_secret()
    WebhookSecret.objects.create(agent=agent, sealed=sealing.seal(secret), created_at=at)
    return secret
