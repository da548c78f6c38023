"""The schedule, kept by whoever holds the lease: any number of beats do no harm."""

import logging
import os
import secrets
import socket
import time
from datetime import timedelta
from typing import Any

from celery.beat import Scheduler
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from approvals.operations import leases

LEASE = "beat"
# A beat that dies is replaced after so long; every sweep says how much that may be late.
LASTS = timedelta(seconds=15)
LOOK_EVERY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class LeasedScheduler(Scheduler):
    """
    Celery's scheduler, which sends nothing while another process holds the lease.

    If the database is away nothing is sent either: the sweeps would find nothing to do.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._renew_at = float("-inf")
        self._is_ours = False
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due if the lease is ours; seconds until the next look."""
        if not self._holds_the_lease():
            return LOOK_EVERY_SECONDS
        return min(super().tick(*args, **kwargs), LOOK_EVERY_SECONDS)

    def close(self) -> None:
        """Stop, and let the next one begin at once."""
        super().close()
        if not self._is_ours:
            return
        self._is_ours = False
        try:
            leases.give_back(LEASE, holder=self._holder)
        except DatabaseError as error:
            logger.warning("Could not give the schedule's lease back: %s", error)

    def _holds_the_lease(self) -> bool:
        now = time.monotonic()
        if self._is_ours and now < self._renew_at:
            return True
        was_ours, self._is_ours = self._is_ours, self._take()
        self._renew_at = now + LASTS.total_seconds() / 3
        if self._is_ours and not was_ours:
            logger.info("This beat keeps the schedule now.")
        return self._is_ours

    def _take(self) -> bool:
        close_old_connections()
        try:
            return leases.take(LEASE, holder=self._holder, at=timezone.now(), lasts=LASTS)
        except DatabaseError as error:
            logger.warning("The schedule waits: the database is away (%s).", type(error).__name__)
            return False
