"""`create_reviewer USERNAME --tier team_lead [--team T] [--password-stdin]`"""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from approvals.management.answering import AnsweringCommand, shell_actor
from approvals.operations import people
from approvals.rules.tiers import Tier


class Command(AnsweringCommand):
    help = "Make a person, new or existing, a reviewer. Without a password they cannot sign in yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--tier", required=True, choices=Tier.values)
        parser.add_argument("--team", action="append", default=[], dest="teams", metavar="TEAM")
        parser.add_argument("--email", default="")
        parser.add_argument("--full-name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from stdin, one line"
        )

    def act(
        self,
        *,
        username: str,
        tier: str,
        teams: list[str],
        email: str,
        full_name: str,
        password_stdin: bool,
        **_: Any,
    ) -> dict[str, Any]:
        reviewer = people.create_reviewer(
            username,
            tier=Tier(tier),
            teams=teams,
            email=email,
            full_name=full_name,
            password=self.password(from_stdin=True) if password_stdin else None,
            actor=shell_actor(),
            at=timezone.now(),
        )
        return {
            "id": str(reviewer.pk),
            "username": username,
            "tier": tier,
            "teams": sorted(set(teams)),
            "can_sign_in": reviewer.user.has_usable_password(),
        }
