"""`backup FILE`"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand
from hitl_site.backups import copies


class Command(AnsweringCommand):
    help = "Write database and keys to one file while the server runs. Guard it like the keys."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="for example placet-2026-11-22.tar.gz")

    def act(self, *, file: Path, **_: Any) -> dict[str, Any]:
        if not file.absolute().parent.is_dir():
            raise CommandError(f"There is no folder {file.parent}.", returncode=USAGE)
        manifest = copies.take(file.absolute(), at=timezone.now(), say=self.say)
        return {
            "file": str(file.absolute()),
            "bytes": file.stat().st_size,
            "made_at": manifest["made_at"],
            "database": manifest["database"],
        }
