"""`create_token USERNAME [--expires-in-days 30]`"""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand, shell_actor
from approvals.operations import people
from audit.trail import stamp

LONGEST_DAYS = 366


class Command(AnsweringCommand):
    help = "Make an API token with a reviewer's own authority and print it, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--expires-in-days", type=int, default=30, metavar="DAYS")

    def act(self, *, username: str, expires_in_days: int, **_: Any) -> dict[str, Any]:
        if not 1 <= expires_in_days <= LONGEST_DAYS:
            words = f"--expires-in-days must be from 1 to {LONGEST_DAYS}."
            raise CommandError(words, returncode=USAGE)
        at = timezone.now()
        lives = timedelta(days=expires_in_days)
        token, _made = people.create_token(username, actor=shell_actor(), at=at, expires_in=lives)
        self.say("The token is shown once.")
        return {"username": username, "token": token, "expires_at": stamp(at + lives)}
