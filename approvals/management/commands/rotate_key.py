"""`rotate_key AGENT [--overlap-seconds 86400]`"""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand, shell_actor
from approvals.operations import agents
from audit.trail import stamp


class Command(AnsweringCommand):
    help = "Give an agent a new key and webhook secret; the old ones stay valid for a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agent")
        parser.add_argument(
            "--overlap-seconds",
            type=int,
            default=int(agents.OVERLAP.total_seconds()),
            help="how long the old ones stay valid; 0 ends them now",
        )

    def act(self, *, agent: str, overlap_seconds: int, **_: Any) -> dict[str, Any]:
        if overlap_seconds < 0:
            raise CommandError("--overlap-seconds cannot be negative.", returncode=USAGE)
        at, overlap = timezone.now(), timedelta(seconds=overlap_seconds)
        made = agents.rotate_key(agent, actor=shell_actor(), at=at, overlap=overlap)
        self.say("The key and the secret are shown once.")
        return {
            "id": str(made.agent.pk),
            "name": made.agent.name,
            "key": made.key,
            "webhook_secret": made.webhook_secret,
            "old_ones_end_at": stamp(at + overlap),
        }
