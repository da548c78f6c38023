"""Who may do what only one process at a time should do."""

from django.db import models


class Lease(models.Model):
    """A right that ends by itself: whoever holds it renews it, whoever dies loses it."""

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder} until {self.until:%Y-%m-%d %H:%M:%S}"
