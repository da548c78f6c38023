"""`placet-server demo`: a company to try it on."""

import os
import sys
from importlib import resources
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from approvals.operations import agents
from hitl_site import migrating, serving
from hitl_site.demo import seeding
from hitl_site.demo.cast import ADMIN, ERRAND_AGENT, PASSWORD, PEOPLE


class Command(BaseCommand):
    help = "Run everything with sample data of its own, and an agent that acts on your decisions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **_: Any) -> None:
        if find_spec("placet") is None:
            raise CommandError("The demo's agent needs the SDK, the distribution `placet`.")
        self._say(f"Demo data in {settings.DATA_DIR}")
        migrating.migrate()
        # Links and the issuer of grants name this address; the parts inherit it.
        self.site = os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{port}").rstrip("/")
        # Passed by the environment: a key on a command line is there for all to read.
        os.environ["PLACET_API_KEY"] = self._agent_key()
        os.environ["PLACET_URL"] = self.site
        connections.close_all()
        agent = [sys.executable, "-m", "hitl_site.demo.agent", "--stay"]
        commands = {**serving.usual_commands(host, port), "agent": agent}
        sys.exit(serving.run_all(host, port, self._announce, commands=commands))

    def _agent_key(self) -> str:
        now = timezone.now()
        if seeding.is_seeded():
            return agents.rotate_key(ERRAND_AGENT, actor=seeding.ACTOR, at=now).key
        self._say("Making four reviewers, six checkpoints and a month of decisions …")
        policy = resources.files("approvals").joinpath("starter_policy.yaml")
        return seeding.seed(policy.read_text(encoding="utf-8"), at=now)

    def _announce(self) -> None:
        people = "\n".join(
            f"    {person.username:6} {person.full_name}, {person.tier.label}" for person in PEOPLE
        )
        self._say(
            f"\nPlacet is running at {self.site}\n\n"
            f"  Sign in with the password {PASSWORD} as\n{people}\n"
            f"    {ADMIN:6} edits policies at {self.site}/admin/, decides nothing\n\n"
            "  An agent in a process of its own has four errands and waits for your decisions.\n"
            "  Stop with Ctrl-C.\n"
        )

    def _say(self, words: str) -> None:
        print(words, file=sys.stderr, flush=True)
