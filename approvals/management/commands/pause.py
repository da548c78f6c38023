"""`pause [--agent A] [--checkpoint C] [--all] [--reason WHY]`: the kill switch."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand, shell_actor
from approvals.operations import agents


class Command(AnsweringCommand):
    help = "Stop an agent, a checkpoint or everything: nothing is approved or used meanwhile."
    paused = True

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--agent", metavar="NAME")
        which.add_argument("--checkpoint", metavar="NAME")
        which.add_argument("--all", action="store_true")
        parser.add_argument("--reason", metavar="WHY", default="", help="kept on record")

    def act(
        self, *, agent: str | None, checkpoint: str | None, all: bool, reason: str, **_: Any
    ) -> dict[str, Any]:
        if not (agent or checkpoint or all):
            # An empty name, perhaps of an unset variable, must not come to mean everything.
            raise CommandError("The name is empty.", returncode=USAGE)
        subject = agents.pause(
            paused=self.paused,
            agent=agent,
            checkpoint=checkpoint,
            reason=reason,
            actor=shell_actor(),
            at=timezone.now(),
        )
        return {"subject": subject, "paused": self.paused}
