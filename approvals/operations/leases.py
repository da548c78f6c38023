"""Letting one process at a time do what several could: leases on names."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from approvals.models import Lease


def take(name: str, *, holder: str, at: datetime, lasts: timedelta) -> bool:
    """
    Hold the lease until `at + lasts`, taking or renewing it; False if another holds it.

    Two that take at once don't both succeed: the database decides by one statement.
    """
    until = at + lasts
    free = Lease.objects.filter(name=name, until__lte=at)
    own = Lease.objects.filter(name=name, holder=holder)
    with transaction.atomic():
        if (own | free).update(holder=holder, until=until):
            return True
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:
        return False
    return True


def give_back(name: str, *, holder: str) -> None:
    """Let the next one take it at once."""
    with transaction.atomic():
        Lease.objects.filter(name=name, holder=holder).delete()
