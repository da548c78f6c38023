"""`create_admin USERNAME [--password-stdin]`"""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand, shell_actor
from approvals.operations import people


class Command(AnsweringCommand):
    help = "Make a superuser, who may edit policies. It gives no authority to decide."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from stdin, one line"
        )

    def act(self, *, username: str, password_stdin: bool, **_: Any) -> dict[str, Any]:
        password = self.password(from_stdin=password_stdin)
        if password is None:
            raise CommandError("There is no terminal; give --password-stdin.", returncode=USAGE)
        admin = people.create_admin(
            username, password=password, actor=shell_actor(), at=timezone.now()
        )
        return {"id": admin.pk, "username": admin.get_username()}
