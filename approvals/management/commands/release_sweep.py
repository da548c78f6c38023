"""`release_sweep`: let deadlines act again."""

from typing import Any

from django.utils import timezone

from approvals.management.answering import AnsweringCommand, shell_actor
from approvals.operations import escalation


class Command(AnsweringCommand):
    help = "Confirm that clock and workers are well: deadlines that are held back act now."

    def act(self, **_: Any) -> dict[str, Any]:
        escalation.release_sweep(actor=shell_actor(), at=timezone.now())
        return {"released": True}
