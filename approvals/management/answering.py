"""Commands that answer in JSON: one operation each, words on stderr, 0 / 1 refused / 2 usage."""

import getpass
import json
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from approvals.refusals import Refusal

REFUSED, USAGE = 1, 2


class AnsweringCommand(BaseCommand):
    """Subclasses write `act`: what it returns is printed as JSON, what it refuses in words."""

    # They say little about one operation and take seconds; `doctor` asks for them.
    requires_system_checks = ()

    def act(self, *_: Any, **options: Any) -> Any:
        """Do it, and return plain values."""
        raise NotImplementedError

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            answer = self.act(**options)
        except Refusal as refusal:
            raise CommandError(_in_words(refusal), returncode=REFUSED) from refusal
        except DatabaseError as error:
            words = f"The database did not take it ({error}). `doctor` says what is wrong."
            raise CommandError(words.replace("\n", " "), returncode=REFUSED) from error
        self.answer(answer)

    def answer(self, answer: Any) -> None:
        self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))

    def say(self, words: str) -> None:
        # Plain: to Django, whatever goes to stderr is an error and red.
        self.stderr.write(words, str)

    def password(self, *, from_stdin: bool) -> str | None:
        """One line of stdin, or what is typed twice at a terminal; None without either."""
        if from_stdin:
            return sys.stdin.readline().rstrip("\r\n")
        if not sys.stdin.isatty():
            return None
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise CommandError("The two are not the same.", returncode=USAGE)
        return password


def shell_actor() -> str:
    """Who runs this, as the trail names them."""
    try:
        return f"shell:{getpass.getuser()}"
    except (KeyError, OSError):  # In a container a user may have no name.
        return f"shell:uid {os.getuid()}"


def _in_words(refusal: Refusal) -> str:
    others = [error["detail"] for error in refusal.errors if error["detail"] not in refusal.detail]
    return "\n".join([refusal.detail, *others])
