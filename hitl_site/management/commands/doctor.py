"""`doctor`: each thing is ok, or what to do."""

import sys
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from approvals.management.answering import REFUSED, AnsweringCommand
from hitl_site import doctor


class Command(AnsweringCommand):
    help = "Say what is wrong with this installation and how to mend it. Exit 1 if anything is."

    def act(self, **_: Any) -> dict[str, Any]:
        findings = []
        for finding in doctor.examine(at=timezone.now()):
            findings.append(asdict(finding))
            mark = "ok  " if finding.ok else "MEND"
            self.say(f"{mark}  {finding.name}: {finding.words}")
        return {"ok": all(finding["ok"] for finding in findings), "findings": findings}

    def answer(self, answer: dict[str, Any]) -> None:
        super().answer(answer)
        if not answer["ok"]:
            sys.exit(REFUSED)
