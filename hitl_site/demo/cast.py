"""Who works at the demo's company, and what its agents usually ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from approvals.rules.tiers import Tier

PASSWORD = "approve-with-care"  # noqa: S105  (of a demo that listens on this machine only)


@dataclass(frozen=True)
class Person:
    username: str
    full_name: str
    tier: Tier


PEOPLE = (
    Person("mia", "Mia Tanaka", Tier.TEAM_MEMBER),
    Person("ben", "Ben Arslan", Tier.TEAM_LEAD),
    Person("dora", "Dora Lindqvist", Tier.DIRECTOR),
    Person("ada", "Ada Okafor", Tier.EXECUTIVE),
)
ADMIN = "admin"
# Runs the four errands; the others made the past and a few requests of today.
ERRAND_AGENT = "errand-agent"


@dataclass(frozen=True)
class Habit:
    """A kind of request an agent makes again and again."""

    agent: str
    checkpoint: str
    action: str
    # What varies: arguments, and where there are any, steps and facts for the context.
    proposal: Callable[[Random], dict[str, Any]]
    rationale: str
    scope: str
    reversibility: str

    def submission(self, chance: Random) -> dict[str, Any]:
        proposal = self.proposal(chance)
        context = {
            "rationale": self.rationale,
            "impact": {"scope": self.scope, "reversibility": self.reversibility},
            **proposal.pop("context", {}),
        }
        return {
            "checkpoint": self.checkpoint,
            "action": self.action,
            "context": context,
            **proposal,
        }


_CUSTOMERS = ("M. Tanaka", "J. Weber", "A. Rossi", "L. Novak", "S. Haddad", "K. Brandt", "P. Silva")
_VENDORS = ("Acme Ltd", "Northwind", "Contoso", "Helvetia Print", "Blue Freight", "Orion Cloud")
_TOPICS = ("Release notes", "Customer story", "Hiring in Porto", "How we test", "Roadmap update")


def _mail(chance: Random) -> dict[str, Any]:
    customer = chance.choice(_CUSTOMERS)
    percent, voucher = chance.choice((5, 10, 15, 20)), chance.choice((0, 10, 20))
    return {
        "arguments": {
            "to": f"{customer.split()[-1].lower()}@example.com",
            "subject": f"Your order #{chance.randrange(10_000, 99_999)}",
            "body": f"Dear {customer}, we are sorry that your parcel was late. "
            f"We have refunded {percent}% of its price.",
            "refund_percent": percent,
            "voucher": voucher,
            "currency": "USD",
        }
    }


def _refund(chance: Random) -> dict[str, Any]:
    amount = round(chance.choice((18.5, 24, 32, 38.5, 45, 49, 120, 260)) + chance.random(), 2)
    return {
        "arguments": {
            "customer": chance.choice(_CUSTOMERS),
            "order": f"#{chance.randrange(10_000, 99_999)}",
            "amount": amount,
            "currency": "USD",
        }
    }


def _payment(chance: Random) -> dict[str, Any]:
    vendors = chance.sample(_VENDORS, chance.randrange(1, 4))
    amounts = [chance.choice((340, 780, 950, 2400, 3900)) for _ in vendors]
    steps = [
        {
            "id": f"inv-{chance.randrange(1000, 9999)}",
            "action": "pay_invoice",
            "arguments": {"vendor": vendor, "amount": amount},
        }
        for vendor, amount in zip(vendors, amounts, strict=True)
    ]
    context = {"amount": sum(amounts)}
    return {"arguments": {"currency": "USD"}, "steps": steps, "context": context}


def _post(chance: Random) -> dict[str, Any]:
    return {
        "arguments": {
            "title": chance.choice(_TOPICS),
            "body": "What changed, why it matters to you, and what comes next.",
            "claims": [],
            "word_count": chance.randrange(300, 1200),
        },
        "context": {"public_facing": True},
    }


HABITS = (
    Habit(
        "support-agent",
        "customer_communication",
        "send_email",
        _mail,
        rationale="The order was late; the standard remedy applies.",
        scope="single customer",
        reversibility="an e-mail cannot be recalled",
    ),
    Habit(
        "refund-agent",
        "refunds",
        "process_refund",
        _refund,
        rationale="The parcel arrived damaged; the photo is on file.",
        scope="single customer",
        reversibility="a refund can be charged again",
    ),
    Habit(
        "finance-agent",
        "transaction_approval",
        "process_payments",
        _payment,
        rationale="The invoices are due this week.",
        scope="known vendors",
        reversibility="final once settled",
    ),
    Habit(
        "content-agent",
        "content_review",
        "publish_blog_post",
        _post,
        rationale="It is the next post of the editorial calendar.",
        scope="company website",
        reversibility="a post can be unpublished",
    ),
)
