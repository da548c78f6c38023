"""`dump_policy`: what `load_policy` would load."""

from typing import Any

from approvals.management.answering import AnsweringCommand
from approvals.operations import policies


class Command(AnsweringCommand):
    help = "Print the live checkpoints and their templates as a policy file (YAML)."

    def act(self, **_: Any) -> str:
        return policies.dump()

    def answer(self, answer: str) -> None:
        self.stdout.write(answer, ending="")
