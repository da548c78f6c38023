"""Reviewers and their API tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from approvals import events, keys
from approvals.models import ApiKey, Reviewer, Team
from approvals.refusals import Refusal
from approvals.rules.tiers import Tier
from audit import trail


class NameTaken(Refusal):
    code = "name_taken"


class WeakPassword(Refusal):
    code = "weak_password"


class UnknownPerson(Refusal):
    code = "unknown_person"


@transaction.atomic(durable=True)
def create_reviewer(
    username: str,
    *,
    tier: Tier,
    actor: str,
    at: datetime,
    teams: Sequence[str] = (),
    password: str | None = None,
    email: str = "",
    full_name: str = "",
) -> Reviewer:
    """
    Make a person a reviewer; an existing user without a reviewer's role is given one.

    :param password: None leaves the account without one, to be set by an admin
    :raises NameTaken: this user is a reviewer already
    :raises WeakPassword: with what the validators say
    """
    user = get_user_model().objects.filter(username=username).first()
    if user and Reviewer.objects.filter(user=user).exists():
        raise NameTaken(f"{username} is a reviewer already.")
    user = user or _new_user(username, password, email=email, full_name=full_name)
    reviewer = Reviewer.objects.create(user=user, tier=tier)
    reviewer.teams.set(Team.objects.get_or_create(name=name)[0] for name in teams)
    trail.record_in_stream(
        reviewer.ref,
        events.REVIEWER_CREATED,
        actor=actor,
        at=at,
        data={"username": username, "tier": tier, "teams": sorted(teams)},
    )
    return reviewer


@transaction.atomic(durable=True)
def create_admin(username: str, *, password: str, actor: str, at: datetime) -> User:
    """
    A superuser who may edit policies, and has no decision authority by that.

    :raises NameTaken, WeakPassword: as for a reviewer
    """
    if get_user_model().objects.filter(username=username).exists():
        raise NameTaken(f"There is a user called {username!r} already.")
    user = _new_user(username, password)
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])
    trail.record_in_stream(
        f"user:{user.pk}", events.ADMIN_CREATED, actor=actor, at=at, data={"username": username}
    )
    return user


@transaction.atomic(durable=True)
def create_token(
    username: str, *, actor: str, at: datetime, expires_in: timedelta = timedelta(days=30)
) -> tuple[str, ApiKey]:
    """
    A person's API token, shown once. It has that person's authority and no more.

    :raises UnknownPerson: nobody of that name reviews
    """
    reviewer = Reviewer.objects.filter(user__username=username).select_related("user").first()
    if reviewer is None:
        raise UnknownPerson(f"There is no reviewer called {username!r}.")
    token, made = keys.mint("user")
    kept = ApiKey.objects.create(
        user=reviewer.user,
        prefix=made.prefix,
        digest=made.digest,
        created_at=at,
        expires_at=at + expires_in,
    )
    trail.record_in_stream(
        reviewer.ref, events.KEY_ISSUED, actor=actor, at=at, data={"prefix": made.prefix}
    )
    return token, kept


def _new_user(username: str, password: str | None, *, email: str = "", full_name: str = "") -> User:
    first, _, last = full_name.partition(" ")
    user = get_user_model()(username=username, email=email, first_name=first, last_name=last)
    try:
        user.full_clean(exclude=["password"])
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error
    user.set_password(password)
    user.save()
    return user
