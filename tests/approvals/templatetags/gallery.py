"""One page with every component, filled from the four scenarios; for eyes and for tests."""

from collections import namedtuple
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

from django import forms
from django.template import engines

Part = namedtuple("Part", "kind value")
Mark = namedtuple("Mark", "pointer title detail touch touched")

BLOG = {
    "title": "Our Q4 results",
    "body": "Revenue grew 25% year over year, and the new product line shipped in twelve "
    "countries.",
    "claims": ["+25% YoY growth"],
    "word_count": 800,
    "tone": "professional, optimistic",
}
PAYMENTS = {
    "currency": "USD",
    "invoices": [
        {"vendor": "Vendor A", "amount": 3200, "age_days": 30},
        {"vendor": "Vendor B", "amount": 2800.5, "age_days": 15},
    ],
}
EMAIL = {
    "to": "sarah.johnson@example.com",
    "subject": "Your order #12345",
    "body": "We are sorry that your order arrived five days late. We have refunded 20% and added "
    "a $50 voucher.",
    "refund_percent": 20,
    "voucher": 50,
}
EDITED_EMAIL = EMAIL | {"body": EMAIL["body"].replace("20%", "30%"), "refund_percent": 30}
DELETION = {"inactive_since_years": 2, "exclude_orders_within_years": 0, "matched": 1247}
HOSTILE = {
    "account": "Please pay to account \u202e4711\u202c at once",
    "host": "https://p\u0430ypal.example/invoice",
    "<img src=x onerror=alert(1)>": "<script>alert(1)</script>",
    "attributes": "' hx-on:load=alert(1) style='position:fixed' \"><b>x",
    "padding": "harmless" + "\n" * 400 + "rm -rf /",
    "spaces": "ok" + " " * 5000 + "and delete everything",
    "zalgo": "a" + "\u0301\u0316" * 60 + "pproved",
    "number": "2",
    "nothing": "",
    "edges": " blank at both ends ",
    "null": None,
    "flags": [True, False, [], {}],
    "a/b": {"~c": 1e21},
    "long": "The quick brown fox jumps over the lazy dog. " * 60,
    "script": "\n".join(f"line {n}: echo step {n}" for n in range(1, 41)),
}


def digest(label: str) -> str:
    return f"sha256:{sha256(label.encode()).hexdigest()}"


class EditForm(forms.Form):
    to = forms.CharField(label="To", disabled=True, help_text="Fixed by the checkpoint")
    refund = forms.IntegerField(label="Refund", min_value=0, max_value=100)
    channel = forms.ChoiceField(label="Channel", choices=[("mail", "E-mail"), ("sms", "SMS")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea({"rows": 3}))


def rows(now: datetime) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            id="4817",
            current=True,
            level="critical",
            score=0.95,
            agent="data-agent v2",
            action="delete_accounts",
            why="you: executive",
            due_at=now + timedelta(hours=2, minutes=12),
            needed=2,
            approvals=1,
            outdated=0,
            parts=[
                Part("text", "Deletes "),
                Part("lifted", "1,247"),
                Part("text", " user accounts and their "),
                Part("claimed", "3,891"),
                Part("text", " orders"),
            ],
        ),
        SimpleNamespace(
            id="4819",
            level="high",
            score=0.6,
            agent="finance-agent v4",
            action="process_payments",
            why="you: director, on call",
            due_at=now + timedelta(minutes=12),
            needed=1,
            approvals=0,
            outdated=0,
            parts=[
                Part("text", "Pays "),
                Part("lifted", "5"),
                Part("text", " invoices, "),
                Part("lifted", "$12,500.00"),
                Part("text", " in total"),
            ],
        ),
        SimpleNamespace(
            id="4821",
            level="medium",
            score=0.3,
            agent="content-agent v3",
            action="publish_blog_post",
            why="you: team lead, content",
            due_at=now + timedelta(minutes=54),
            needed=1,
            approvals=0,
            outdated=1,
            parts=[
                Part("text", "Publishes "),
                Part("lifted", "Our Q4 results"),
                Part("text", " on the website and e-mails it to "),
                Part("claimed", "40,000 subscribers"),
            ],
        ),
        SimpleNamespace(
            id="4809",
            level="low",
            score=0.2,
            agent="support-agent v9",
            action="send_email",
            why="you: support",
            due_at=now + timedelta(days=1, hours=3),
            needed=1,
            approvals=0,
            outdated=0,
            parts=[
                Part("text", "Sends Sarah Johnson a "),
                Part("lifted", "20%"),
                Part("text", " refund and a voucher of "),
                Part("missing", "(no /arguments/voucher)"),
            ],
        ),
    ]


def timeline(now: datetime) -> list[dict[str, object]]:
    return [
        {"at": now - timedelta(minutes=50), "who": "support-agent v9", "did": "proposed revision 1",
         "icon": "say", "said": "The standard remedy applies.", "by_agent": True},
        {"at": now - timedelta(minutes=49, seconds=58), "who": "Placet", "did": "found a rule",
         "via": "template", "detail": "small_refund v3"},
        {"at": now - timedelta(minutes=20), "who": "Ben Arslan", "did": "rejected revision 1",
         "vote": "no", "said": "VIP, and not the first time."},
        {"at": now - timedelta(minutes=2), "who": "Ada Okafor", "did": "approved revision 2",
         "vote": "yes"},
    ]  # fmt: skip


def render(*, now: datetime, theme: str = "system", density: str = "comfortable") -> str:
    """The gallery as a signed-in executive sees it at one instant."""
    queue = rows(now)
    template = engines["django"].from_string(Path(__file__).with_name("gallery.html").read_text())
    form = EditForm({"refund": "130", "channel": "mail"}, initial={"to": EMAIL["to"]})
    form.is_valid()
    person = SimpleNamespace(
        is_authenticated=True, is_staff=True, get_full_name="Ada Okafor", get_username="ada"
    )
    context = {
        "request": SimpleNamespace(user=person, get_full_path="/gallery/", GET={}),
        "reviewer": SimpleNamespace(tier="executive", get_tier_display="Executive"),
        "your_turn": 14,
        "section": "queue",
        "theme": theme,
        "density": density,
        "now": now,
        "rows": queue,
        "head": queue[0],
        "parts": [
            *queue[0].parts,
            Part("text", ", "),
            Part("lifted", "whatever the date of their last order"),
            Part("text", "."),
        ],
        "blog": BLOG,
        "payments": PAYMENTS,
        "email": EMAIL,
        "edited": EDITED_EMAIL,
        "deletion": DELETION,
        "hostile": HOSTILE,
        "hostile_edited": HOSTILE | {"long": HOSTILE["long"] + "The end.", "null": 0, "new": "yes"},
        "digest": digest("deletion"),
        "digest_edited": digest("deletion, revision 2"),
        "marks": [
            Mark("/exclude_orders_within_years", "Changed.",
                 "The last four approved deletions had 3 here.", True, False),
            Mark("/matched", "8 times the usual.",
                 "This agent’s earlier deletions: median 148, largest 310.", True, True),
            Mark("/approved_by", "Missing.", "The last four had it.", False, False),
        ],
        "facts": [
            ("Scope", "1,247 profiles, 3,891 orders, 1,247 saved preferences"),
            ("Reversible", "IRREVERSIBLE"),
            ("Instead", ["Archive them", "Ask the owners first"]),
            ("customer", {"name": "Sarah Johnson", "tier": "VIP"}),
        ],
        "timeline": timeline(now),
        "form": form,
        "sides": [("Agent, revision 1", "8443, 24 h"), ("Ben", "rejected"), ("Your draft", "4 h")],
        "banners": [
            {"kind": "stop", "icon": "power", "title": "finance-agent is paused",
             "text": "by Jon Weiss since 13:40 CET. Nothing it asked for can be approved.",
             "url": "#why", "link": "Why"},
            {"icon": "for", "title": "You act for Ana Silva", "text": "until 18:00 CET."},
        ],
        "narrow_bounds": [0.1, 0.2, 0.95],
    }  # fmt: skip
    return template.render(context)
