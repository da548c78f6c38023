"""
The demo's agent: a process of its own that knows the server's address and a key.

    PLACET_URL=… PLACET_API_KEY=… python -m hitl_site.demo.agent

It runs four errands at once. Each proposes, waits for a person, takes the permission,
does exactly what was approved in its pretend world, says so, and reports the outcome.
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import resources
from typing import Any

import placet

from hitl_site.demo.world import World
from hitl_site.supervisor import end_with_parent

PATIENCE = timedelta(hours=12)
_voice = threading.Lock()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the four errands of the demo.")
    parser.add_argument("--only", action="append", help="run this errand alone (may be repeated)")
    parser.add_argument("--json", action="store_true", help="say the end of each as a JSON line")
    parser.add_argument("--stay", action="store_true", help="when done, idle until SIGTERM")
    options = parser.parse_args(argv)
    end_with_parent()
    errands = [
        Errand(scenario, as_json=options.json)
        for scenario in scenarios()
        if not options.only or scenario["id"] in options.only
    ]
    threads = [
        threading.Thread(target=errand.run, name=errand.name, daemon=True) for errand in errands
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if options.stay:
        signal.pause()
    return 0 if all(errand.ended_well for errand in errands) else 1


def scenarios() -> list[dict[str, Any]]:
    text = resources.files("hitl_site.demo").joinpath("scenarios.json").read_text(encoding="utf-8")
    return json.loads(text)["scenarios"]


class Errand:
    """One thing the agent was asked to do, with a review at each of its checkpoints."""

    def __init__(self, scenario: Mapping[str, Any], *, as_json: bool) -> None:
        self.name, self.run_name = scenario["id"], scenario["run"]
        self.asked, self.checkpoints = scenario["asked"], scenario["checkpoints"]
        self.as_json = as_json
        self.world = World()
        self.client = placet.Client()
        self.ended_well = False

    def run(self) -> None:
        self._say(f"asked to: {self.asked}")
        try:
            self.ended_well = all(self._pass(point["submit"]) for point in self.checkpoints)
        except (placet.PlacetError, ValueError) as error:
            self._say(f"stopped: {error}")
        finally:
            self.client.close()
        self._finish()

    def _pass(self, submission: Mapping[str, Any]) -> bool:
        """Propose one action and do what was approved; False if nothing may be done."""
        approval = self._pending_from_before(submission["action"]) or self._propose(submission)
        while not approval.may_proceed:
            self._say(f"waiting for a person: {approval.url}")
            approval = approval.wait(timeout=PATIENCE)
            if approval.status == "changes_requested":
                approval = self._revise(approval)
            elif not approval.may_proceed:
                said = approval.decision.feedback if approval.decision else ""
                self._say(f"{approval.status}: {said or 'without a word'}")
                return False
        return self._act(approval)

    def _propose(self, submission: Mapping[str, Any]) -> placet.Approval:
        fields = {name: value for name, value in submission.items() if name != "action"}
        return self.client.submit(submission["action"], **fields, run=self.run_name)

    def _pending_from_before(self, action: str) -> placet.Approval | None:
        """What an earlier life of this agent asked for and still waits for."""
        waiting = self.client.list(status="pending", run=self.run_name)
        mine = (approval for approval in waiting if approval.raw["follows"] is None)
        return next((approval for approval in mine if approval.action == action), None)

    def _revise(self, approval: placet.Approval) -> placet.Approval:
        said = approval.raw["feedback"][-1]["feedback"]
        self._say(f"sent back: {said}")
        context = {**approval.raw["context"], "in_answer_to": said}
        return self.client.revise(approval, approval.arguments, context=context)

    def _act(self, approval: placet.Approval) -> bool:
        self.client.consume(approval)
        try:
            done = self.world.do(approval.action, approval.arguments, approval.steps)
        except ValueError as error:
            self.client.report(approval, "failed", detail=str(error))
            raise
        self.client.report(approval, "succeeded", detail=done)
        self._say(f"{approval.status}: {done}")
        if approval.follow_up:
            self._say(f"what was put off waits in {', '.join(approval.follow_up)}")
        return True

    def _finish(self) -> None:
        world = self.world
        self._say("done" if self.ended_well else "ended without doing it")
        if self.as_json:
            end = {
                "errand": self.name,
                "ended_well": self.ended_well,
                "published": world.published,
                "posted": world.posted,
                "paid": world.paid,
                "sent": world.sent,
                "deleted": world.deleted,
                "kept": len(world.accounts),
            }
            with _voice:
                print(json.dumps(end), flush=True)

    def _say(self, words: str) -> None:
        with _voice:
            print(f"[agent · {self.name}] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
