import pytest
from fakes import ID

from placet.cli.review.desk import Desk


@pytest.fixture
def desk(server, monkeypatch):
    """A reviewer's desk at the fake server."""
    monkeypatch.setenv("PLACET_URL", "https://approvals.example")
    monkeypatch.setenv("PLACET_TOKEN", "plc_user_ada_secret")
    desk = Desk(server.transport)
    yield desk
    desk.close()


@pytest.fixture
def waiting(body):
    """A request as the inbox has it."""

    def build(**changes):
        return body(
            **{
                "id": ID,
                "agent": "robin",
                "checkpoint": {
                    "name": "refunds",
                    "version": 1,
                    "stage": "pre_commit",
                    "guidelines": "Ask twice.",
                },
                "risk": {"score": 0.1, "factors": [], "reported": None},
                "flags": [],
                "effect": "Refunds 90 for order 4711",
                "required_level": "team_member",
                "quorum": {"needed": 1, "approvals": 0},
                "expires_at": "2026-01-01T13:00:00Z",
                "context": {},
                "steps": [],
                "response": {"type": "binary"},
                "allowed_decisions": ["approve", "modify", "reject", "request_changes"],
                "feedback": [],
                **changes,
            }
        )

    return build
