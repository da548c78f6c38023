"""Valid rows, and nothing else."""

import datetime

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from approvals.models import (
    Agent,
    ApprovalTemplate,
    Checkpoint,
    CheckpointVersion,
    Reviewer,
    Schedule,
    Shift,
    Team,
)
from approvals.rules.rota import WEEKDAYS
from approvals.rules.tiers import Tier


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.django.Password("correct horse battery")


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = Team
        django_get_or_create = ("name",)

    name = "Payments"


class ReviewerFactory(DjangoModelFactory):
    class Meta:
        model = Reviewer
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    tier = Tier.TEAM_MEMBER

    @factory.post_generation
    def teams(self, create, names, **_):
        for name in names or ():
            self.teams.add(TeamFactory(name=name))


class AgentFactory(DjangoModelFactory):
    class Meta:
        model = Agent

    name = factory.Sequence(lambda n: f"agent-{n}")


class CheckpointFactory(DjangoModelFactory):
    class Meta:
        model = Checkpoint
        django_get_or_create = ("name",)

    name = "payments"


class VersionFactory(DjangoModelFactory):
    """A live version; a checkpoint has one at a time."""

    class Meta:
        model = CheckpointVersion

    checkpoint = factory.SubFactory(CheckpointFactory)
    number = 1
    state = CheckpointVersion.State.LIVE
    timeout_seconds = 3600


class TemplateFactory(DjangoModelFactory):
    class Meta:
        model = ApprovalTemplate

    name = "small_payments"
    checkpoint = factory.SubFactory(CheckpointFactory)
    state = ApprovalTemplate.State.ON
    conditions = [{"pointer": "/arguments/amount", "operator": "max", "value": 50}]
    max_risk = 0.2


class ScheduleFactory(DjangoModelFactory):
    class Meta:
        model = Schedule
        django_get_or_create = ("name",)

    name = "night"


class ShiftFactory(DjangoModelFactory):
    """Every day, round the clock, since long ago."""

    class Meta:
        model = Shift

    schedule = factory.SubFactory(ScheduleFactory)
    reviewer = factory.SubFactory(ReviewerFactory)
    weekdays = list(WEEKDAYS)
    starts_at = ends_at = datetime.time(0)
    starts_on = datetime.date(2020, 1, 6)
