"""What loading a policy file checks against the rows there are, and writes."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max

from approvals import events
from approvals.models import ApprovalTemplate, Checkpoint, CheckpointVersion, Schedule, Team
from approvals.operations import _policy_rows as rows
from approvals.operations._publishing import go_live, saved
from approvals.rules import policy_checks, policy_text, template_checks
from approvals.rules.policy_problems import Problem
from approvals.rules.policy_text import Document
from audit import trail


@dataclass(frozen=True)
class Change:
    """
    What loading did to one thing: `created`, `changed`, `unchanged`, or for a checkpoint
    `published` or `drafted`, with its `version`.
    """

    kind: str
    name: str
    change: str
    version: int | None = None


@dataclass
class Loading:
    """One load under way: who, when, and the events to record once all is written."""

    actor: str
    at: datetime
    draft: bool
    events: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def record(self) -> None:
        # In one order for everybody: each stream's row is held until the commit.
        for ref, (event, data) in sorted(self.events.items()):
            trail.record_in_stream(ref, event, actor=self.actor, at=self.at, data=data)


def problems(read: Document, *, at: datetime) -> Iterator[tuple[str, Problem]]:
    """Everything wrong with a document, each with its entry: `templates[0] small_refund`."""
    for place, given in _places("checkpoints", read.checkpoints):
        fields = {**rows.CHECKPOINT_DEFAULTS, **given}
        found = policy_checks.problems_of_checkpoint(fields) or unknown_schedules(fields)
        yield from ((place, problem) for problem in found)
    known = {str(given.get("name")) for given in read.checkpoints}
    known.update(Checkpoint.objects.values_list("name", flat=True))
    for place, given in _places("templates", read.templates):
        found = template_checks.problems_of_template({**rows.TEMPLATE_DEFAULTS, **given}, at=at)
        yield from ((place, problem) for problem in found)
        if not found and (problem := _objection_to_template(given, known)):
            yield place, problem
    for section in policy_text.SECTIONS:
        names = [given.get("name") for given in getattr(read, section)]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield f"{section}[{number}] {name}", Problem("name", "is there twice")


def unknown_schedules(fields: Mapping[str, Any]) -> list[Problem]:
    """The schedules that a checked policy names and that are none, with what may be meant."""
    named = {f"ladder[{place}].schedule": rung for place, rung in enumerate(fields["ladder"])}
    wanted = {place: rung.get("schedule") for place, rung in named.items()}
    wanted["on_call"] = fields["on_call"]
    known = set(Schedule.objects.values_list("name", flat=True)) if any(wanted.values()) else set()
    return [
        Problem(place, f"there is no schedule {name!r}{_meant(name, known)}")
        for place, name in wanted.items()
        if name and name not in known
    ]


def _meant(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _places(
    section: str, entries: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, given in enumerate(entries):
        yield f"{section}[{number}] {given.get('name', '')}".strip(), given


def _objection_to_template(given: Mapping[str, Any], known: set[str]) -> Problem | None:
    if given["checkpoint"] not in known:
        return Problem("checkpoint", f"there is no checkpoint {given['checkpoint']!r}")
    suspended = ApprovalTemplate.objects.filter(
        name=given["name"], state=ApprovalTemplate.State.SUSPENDED
    )
    if given.get("state") == "on" and suspended.exists():
        words = "it was suspended because of what came of it; set it to off first, then to on"
        return Problem("state", words)
    return None


def make_teams(read: Document) -> list[Change]:
    named = sorted({given["team"] for given in read.checkpoints if given.get("team")})
    made = [name for name in named if Team.objects.get_or_create(name=name)[1]]
    return [Change("team", name, "created") for name in made]


def load_checkpoint(given: Mapping[str, Any], loading: Loading) -> Change:
    fields = rows.tidy_checkpoint({**rows.CHECKPOINT_DEFAULTS, **given})
    checkpoint, _ = Checkpoint.objects.get_or_create(name=fields["name"])
    checkpoint = Checkpoint.objects.select_for_update().get(pk=checkpoint.pk)
    said = policy_text.written(rows.entry_of_checkpoint(fields))
    if same := _version_that_says(said, checkpoint, draft=loading.draft):
        return Change("checkpoint", checkpoint.name, "unchanged", same.number)
    highest = checkpoint.versions.aggregate(highest=Max("number"))["highest"] or 0
    version = CheckpointVersion.objects.create(
        checkpoint=checkpoint,
        number=highest + 1,
        team=Team.objects.get(name=fields["team"]) if fields["team"] else None,
        on_call=Schedule.objects.get(name=fields["on_call"]) if fields["on_call"] else None,
        created_at=loading.at,
        **rows.values_for_version(fields),
    )
    if loading.draft:
        data = saved(version) | {"from_file": True}
        loading.events[checkpoint.ref] = (events.CHECKPOINT_DRAFT_SAVED, data)
        return Change("checkpoint", checkpoint.name, "drafted", version.number)
    data = go_live(version, at=loading.at) | {"from_file": True}
    loading.events[checkpoint.ref] = (events.CHECKPOINT_PUBLISHED, data)
    return Change("checkpoint", checkpoint.name, "published", version.number)


def _version_that_says(
    said: str, checkpoint: Checkpoint, *, draft: bool
) -> CheckpointVersion | None:
    """The live version if it says just this; when drafting, the newest draft too."""
    standing = checkpoint.versions.select_related("checkpoint", "team", "on_call")
    candidates = [standing.filter(state=CheckpointVersion.State.LIVE).first()]
    if draft:
        candidates.append(
            standing.filter(state=CheckpointVersion.State.DRAFT).order_by("-number").first()
        )
    for version in candidates:
        if version and rows.said_of_version(version) == said:
            return version
    return None


def load_template(given: Mapping[str, Any], loading: Loading) -> Change:
    name = given["name"]
    standing = ApprovalTemplate.objects.select_for_update(of=("self",)).select_related("checkpoint")
    template = standing.filter(name=name).first()
    fields = _with_life(
        rows.tidy_template({**rows.TEMPLATE_DEFAULTS, **given}), template, at=loading.at
    )
    if loading.draft:
        fields["state"] = "off"
    said = policy_text.written(rows.entry_of_template(fields))
    if template and (loading.draft or rows.said_of_template(template) == said):
        return Change("template", name, "unchanged")
    change = "changed" if template else "created"
    template = template or ApprovalTemplate(name=name, created_at=loading.at)
    template.checkpoint = Checkpoint.objects.get(name=fields["checkpoint"])
    for column, value in rows.values_for_template(fields).items():
        setattr(template, column, value)
    template.save()
    # Templates have no versions, so the trail keeps what they said.
    data = {"name": name, "state": fields["state"], "template": said, "from_file": True}
    loading.events[f"template:{template.pk}"] = (events.TEMPLATE_CHANGED, data)
    return Change("template", name, change)


def _with_life(
    fields: dict[str, Any], template: ApprovalTemplate | None, *, at: datetime
) -> dict[str, Any]:
    """The fields with the end that a template has, or gets, if the file names none."""
    if fields["state"] != "on" or fields["expires_at"]:
        return fields
    if template and template.state == ApprovalTemplate.State.ON:
        # Loading a file again is no evidence, so it renews nothing.
        kept = rows.fields_of_template(template)["expires_at"]
        return fields | {"expires_at": kept}
    ends_at = (at + template_checks.LONGEST_LIFE).isoformat()
    return rows.tidy_template(fields | {"expires_at": ends_at})
