"""The pretend world in which the demo's agent acts: a bank, a site, a mailbox, accounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MATCHED, ORDERED_LATELY = 1247, 265


@dataclass
class Account:
    inactive_years: float
    last_order_years: float


class World:
    """Does what it is told and remembers it. Each deed answers with a sentence of what happened."""

    def __init__(self) -> None:
        self.balance = 57_700.0
        self.paid: dict[str, float] = {}
        self.published: list[Mapping[str, Any]] = []
        self.posted: list[Mapping[str, Any]] = []
        self.sent: list[Mapping[str, Any]] = []
        self.accounts = [_account(number) for number in range(MATCHED)]
        self.deleted = 0
        self._deeds: dict[str, Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], str]] = {
            "publish_blog_post": self._publish,
            "post_social": self._post,
            "process_payments": self._pay,
            "send_email": self._send,
            "delete_accounts": self._delete,
        }

    def do(
        self, action: str, arguments: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]
    ) -> str:
        """:raises KeyError: this world has no such deed"""
        return self._deeds[action](arguments, steps)

    def _publish(self, post: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
        self.published.append(post)
        return f"published {post['title']!r} with the claims {', '.join(post['claims'])}"

    def _post(self, post: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
        self.posted.append(post)
        return f"posted to {' and '.join(post['networks'])}"

    def _pay(self, _: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> str:
        for step in steps:
            self.paid[step["id"]] = step["arguments"]["amount"]
            self.balance -= step["arguments"]["amount"]
        total = sum(self.paid.values())
        return f"paid {len(steps)} invoices ({', '.join(self.paid)}), {total:,.2f} in total"

    def _send(self, mail: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
        self.sent.append(mail)
        return f"e-mailed {mail['to']} about a refund of {mail['refund_percent']}%"

    def _delete(self, rule: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
        doomed = [account for account in self.accounts if _falls_under(rule, account)]
        # The approval names a number; a rule that hits another is not what was approved.
        if len(doomed) != rule["matched"]:
            raise ValueError(f"the rule matches {len(doomed)} accounts, not {rule['matched']}")
        self.accounts = [account for account in self.accounts if account not in doomed]
        self.deleted += len(doomed)
        return f"deleted {self.deleted} accounts and kept {len(self.accounts)}"


def _account(number: int) -> Account:
    ordered_lately = number < ORDERED_LATELY
    return Account(
        inactive_years=2 + number % 4 + number / 10_000,
        last_order_years=(2 + number / 1_000) if ordered_lately else (3 + number / 1_000),
    )


def _falls_under(rule: Mapping[str, Any], account: Account) -> bool:
    inactive = account.inactive_years >= rule["inactive_since_years"]
    return inactive and account.last_order_years >= rule["exclude_orders_within_years"]
