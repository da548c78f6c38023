"""Who is on call, week by week, by the clock on the wall."""

import uuid

from django.db import models
from django.db.models import F, Q

from approvals.models.reviewer import Reviewer


class Schedule(models.Model):
    """A rota. Its shifts and overrides are read in its own time zone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        return f"schedule:{self.pk}"


class Shift(models.Model):
    """
    One person's recurring duty: on these weekdays, from one wall-clock time to another.

    A shift that ends at or before its start ends on the next day. With `every_weeks` above
    one, duty comes round every so many weeks, counted from the week of `starts_on`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="shifts")
    # 1 is asked first; the next layer when nobody in the one before is there.
    layer = models.PositiveSmallIntegerField(default=1)
    reviewer = models.ForeignKey(Reviewer, on_delete=models.PROTECT, related_name="shifts")
    # Names as in ("mon", …, "sun").
    weekdays = models.JSONField(default=list)
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    every_weeks = models.PositiveSmallIntegerField(default=1)
    starts_on = models.DateField()

    class Meta:
        ordering = ["layer", "starts_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(layer__gte=1), name="shift_layer_from_1"),
            models.CheckConstraint(
                condition=Q(every_weeks__gte=1, every_weeks__lte=52), name="shift_weeks_1_to_52"
            ),
        ]

    def __str__(self) -> str:
        days = ", ".join(self.weekdays)
        return f"layer {self.layer}, {days} {self.starts_at:%H:%M} to {self.ends_at:%H:%M}"


class ScheduleOverride(models.Model):
    """For once somebody else: instead of whoever the shifts name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    reviewer = models.ForeignKey(Reviewer, on_delete=models.PROTECT, related_name="overrides")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="override_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"instead, {self.starts_at:%Y-%m-%d} to {self.ends_at:%Y-%m-%d}"
