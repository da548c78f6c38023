"""`restore FILE [--force]`"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand
from hitl_site.backups import copies


class Command(AnsweringCommand):
    help = "Put a backup back, with the server stopped, and verify the trail it holds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="replace what the database holds")

    def act(self, *, file: Path, force: bool, **_: Any) -> dict[str, Any]:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.", returncode=USAGE)
        return copies.put_back(file.absolute(), force=force, at=timezone.now(), say=self.say)
