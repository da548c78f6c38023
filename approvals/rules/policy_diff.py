"""
What one version of a policy changes in another, a sentence for each change.

Reads the fields of a checkpoint under the names they have in a policy file, as
`policy_words` does. A change *loosens* if more may pass, or less authority or scrutiny is
needed. What a condition lets through cannot be read off its text, so a condition that
became another may do either; only a backtest can tell.
"""

from collections.abc import Iterator, Mapping

from approvals.rules import authority_changes
from approvals.rules.policy import OnTimeout, ResponseType, Stage
from approvals.rules.policy_changes import (
    Bearing,
    Change,
    Comparer,
    condition,
    leaning,
    per_tier,
    prose,
    scale,
)
from approvals.rules.policy_phrases import listed, number, share, span
from approvals.rules.policy_words import Fields


def changes(before: Fields, after: Fields) -> list[Change]:
    """Every difference, what loosens first; of versions that say the same, none."""
    found = [
        change
        for field, compare in _COMPARED.items()
        if before.get(field) != after.get(field)
        for change in compare(field, before, after)
    ]
    return sorted(found, key=lambda change: list(Bearing).index(change.bearing))


def may_loosen(found: list[Change]) -> bool:
    """Whether something may pass, or need less authority, that did not before."""
    return any(change.bearing in (Bearing.LOOSENS, Bearing.UNCLEAR) for change in found)


def _stage(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    now, was = Stage(after[field]).label, Stage(before[field]).label
    # Conditions may speak of the stage.
    yield Change(field, f"It is asked {now} instead of {was}.", Bearing.UNCLEAR)


def _required_context(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    was, now = before[field], after[field]
    if isinstance(was, Mapping) or isinstance(now, Mapping):
        says = "The context has to fit another schema."
        yield Change(field, says, Bearing.UNCLEAR, text=(str(was), str(now)))
        return
    if new := [pointer for pointer in now if pointer not in was]:
        yield Change(field, f"A request is now refused without {listed(new)} in its context.")
    if gone := [pointer for pointer in was if pointer not in now]:
        says = f"The context need not have {listed(gone)} any more."
        yield Change(field, says, Bearing.LOOSENS)
    if not new and not gone:
        yield Change(field, "What the context must have is asked for in another order.")


def _response_type(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    was, now = ResponseType(before[field]), ResponseType(after[field])
    binary = ResponseType.BINARY
    leans = leaning(now == binary, was == binary)
    yield Change(field, f"The answer is {now.label} instead of {was.label}.", leans)


def _on_timeout(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    does = {
        OnTimeout.REJECT: "rejects",
        OnTimeout.ESCALATE: "asks the next tier, and rejects after the last",
        OnTimeout.APPROVE: "approves low risk",
    }
    was, now = OnTimeout(before[field]), OnTimeout(after[field])
    leans = leaning(now == OnTimeout.APPROVE, was == OnTimeout.APPROVE)
    yield Change(field, f"Silence now {does[now]}; before, it {does[was]}.", leans)


def _timeout(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    was, now = before[field], after[field]
    # Where silence approves, less time to object is less scrutiny.
    approves = after["on_timeout"] == OnTimeout.APPROVE
    leans = leaning(approves and now < was, approves and now > was)
    yield Change(field, f"The time to decide is {span(now)} instead of {span(was)}.", leans)


def _reminders(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    now, was = (
        listed([share(fraction) for fraction in fields[field]]) if fields[field] else "no point"
        for fields in (after, before)
    )
    yield Change(field, f"Reminders come at {now} of the time instead of {was}.")


def _on_call(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    now, was = (
        f"whoever is on call in {fields.get(field)}" if fields.get(field) else "nobody"
        for fields in (after, before)
    )
    yield Change(field, f"When it is urgent, {now} is called instead of {was}.")


def _response(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    yield Change(
        field,
        "What can be answered is another choice.",
        text=(str(before[field]), str(after[field])),
    )


def _redacted(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    new = [pointer for pointer in after[field] if pointer not in before[field]]
    gone = [pointer for pointer in before[field] if pointer not in after[field]]
    if new:
        yield Change(field, f"{listed(new)} is masked now.")
    if gone:
        yield Change(field, f"{listed(gone)} is shown to everybody now.")
    if not new and not gone:
        yield Change(field, "What is masked is named in another order.")


def _excludes_publisher(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    may = "may not" if after[field] else "may now"
    leans = leaning(not after[field], after[field])
    yield Change(field, f"Whoever publishes a version {may} decide under it.", leans)


def _edits_may_lower(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    now = bool(after.get(field))
    does = "now lowers the tier with it" if now else "does not lower the tier any more"
    yield Change(field, f"An edit that lowers the risk {does}.", leaning(now, not now))


def _silence_allowed(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    # What silence does says `on_timeout`; this only says that somebody agreed.
    if before["on_timeout"] == after["on_timeout"]:
        agreed = "has agreed" if after[field] else "has not agreed"
        leans = leaning(after[field], not after[field])
        yield Change(field, f"Somebody {agreed} that silence may approve.", leans)


def _batch(value: int) -> str:
    return f"up to {value}" if value else "not several"


_LOOSENS, _TIGHTENS, _NEITHER = Bearing.LOOSENS, Bearing.TIGHTENS, Bearing.NEITHER
# In the order of a policy file. A field that is missing here would change unseen; a test
# holds this against all the fields there are.
_COMPARED: dict[str, Comparer] = {
    "name": prose("The name"),
    "title": prose("The title"),
    "stage": _stage,
    "guidelines": prose("The guideline"),
    "effect": prose("The sentence that a reviewer reads first"),
    "trigger": condition(
        "What it takes to come here at all", empty="everything does", empty_is_looser=False
    ),
    "required_context": _required_context,
    "response_type": _response_type,
    "response": _response,
    "timeout_seconds": _timeout,
    "on_timeout": _on_timeout,
    "allow_timeout_approve": _silence_allowed,
    "risk_rules": authority_changes.risk_rules,
    "auto_approve_below": scale(
        "What is below risk {} passes without a person; before, below {}.",
        number,
        more_is=_LOOSENS,
        less_is=_TIGHTENS,
    ),
    "never_auto": condition(
        "What a person must see whatever its risk", empty="nothing is", empty_is_looser=True
    ),
    "tiers": authority_changes.tiers,
    "quorum": authority_changes.quorum,
    "deny_threshold": scale(
        "It takes {} to end it by rejecting, instead of {}.",
        lambda count: f"{count} rejection{'' if count == 1 else 's'}",
        more_is=_LOOSENS,
        less_is=_TIGHTENS,
    ),
    "team": authority_changes.team,
    "ladder": authority_changes.ladder,
    "reminders": _reminders,
    "urgent_below_seconds": scale(
        "It is urgent with less than {} left, instead of {}.",
        span,
        more_is=_NEITHER,
        less_is=_NEITHER,
    ),
    "on_call": _on_call,
    "second_review_rate": per_tier(
        "Of what {} decides, {} is reviewed a second time, instead of {}.", share, less_is=_LOOSENS
    ),
    "auto_audit_rate": scale(
        "{} of what passed is looked at afterwards, instead of {}.",
        share,
        more_is=_TIGHTENS,
        less_is=_LOOSENS,
    ),
    "batch_max": scale(
        "Decided together are {}, instead of {}.", _batch, more_is=_LOOSENS, less_is=_TIGHTENS
    ),
    "undo_seconds": per_tier(
        "What {} decides can be undone for {}, instead of {}.", span, less_is=_NEITHER
    ),
    "min_open_seconds": per_tier(
        "What {} decides is open for {} before, instead of {}.", span, less_is=_LOOSENS
    ),
    "redacted_fields": _redacted,
    "grant_seconds": scale(
        "The permission holds for {} instead of {}.", span, more_is=_NEITHER, less_is=_NEITHER
    ),
    "excludes_publisher": _excludes_publisher,
    "edits_may_lower": _edits_may_lower,
}
COVERED = frozenset(_COMPARED)
