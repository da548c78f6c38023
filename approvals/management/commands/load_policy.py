"""`load_policy FILE.yaml [--draft]`, `load_policy --starter`"""

import sys
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand, shell_actor
from approvals.operations import policies


class Command(AnsweringCommand):
    help = "Bring checkpoints and templates to what a file says, at once; all of it or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="a YAML file; - reads stdin")
        parser.add_argument(
            "--starter", action="store_true", help="load the shipped starter policy"
        )
        parser.add_argument("--draft", action="store_true", help="leave drafts, publish nothing")

    def act(self, *, file: str | None, starter: bool, draft: bool, **_: Any) -> dict[str, Any]:
        if starter == bool(file):
            raise CommandError("Give a file, or --starter.", returncode=USAGE)
        done = policies.load(_text_of(file), actor=shell_actor(), at=timezone.now(), draft=draft)
        changes = [
            {name: value for name, value in asdict(change).items() if value is not None}
            for change in done
        ]
        same = sum(change.change == "unchanged" for change in done)
        self.say(f"{len(done) - same} changed, {same} unchanged.")
        return {"changes": changes}


def _text_of(file: str | None) -> str:
    try:
        if file is None:
            return resources.files("approvals").joinpath("starter_policy.yaml").read_text("utf-8")
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"Cannot read {file}: {error.strerror}.", returncode=USAGE) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8 text.", returncode=USAGE) from error
