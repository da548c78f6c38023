"""
Which way imports point, and who may write an approval's status.

Read with `ast`: nothing is imported, and no import hides in a function. A room that is not
in the list has to be given its place here.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each line may import the lines below it; the rooms on one line do not import each other.
LINES = [
    ["urls"],
    ["api", "views", "admin", "management", "tasks", "checks", "apps"],
    ["argument_form"],
    ["forms"],
    ["templatetags"],
    ["operations"],
    ["queries", "outbox", "outbound", "keys", "sealing", "signing_keys"],
    ["models"],
    ["rules"],
    ["events", "refusals"],
]
RANK = {room: rank for rank, line in enumerate(LINES) for room in line}
SERVER = ("approvals", "audit", "metrics", "hitl_site")
# Of the wiring, what speaks to the product; the rest would serve any other one.
WIRING = {
    *("urls", "celery", "beat", "health", "welcome", "first_run", "demo", "management"),
    *("backups", "doctor"),
}
# What takes plain values, and does not know what an approval is.
PLAIN = {"outbound", "keys", "sealing", "signing_keys"}
LIBRARIES_OF_RULES = {"cel_expr_python", "jsonschema_rs", "jsonpatch", "yaml"}
OTHERS_WITH_A_STATUS = {"self", "attempt", "step", "received"}
SETTLING = Path("approvals/operations/_settling.py")


def imported_by(tree):
    """(dotted name, node) of everything a module imports; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            where = "." * node.level + (node.module or "")
            yield from ((f"{where}.{alias.name}", node) for alias in node.names)


def in_functions(tree):
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node


def wrong_direction(path, name):
    """Why the module at `path` may not import `name`, or None."""
    app, room = path.parts[0], path.with_suffix("").parts[1]
    target, target_room = (*name.split("."), "")[:2]
    if app == "sdk":
        return "is the server's" if target in SERVER else None
    if name.startswith("."):
        return "is relative; say where it comes from"
    if target not in SERVER:
        return None
    if app == "audit" and target != "audit":
        return "is somebody, and the trail knows nobody"
    if target == "hitl_site" and app != "hitl_site":
        return "is wiring"
    if app == "approvals" and target == "metrics":
        return "reads us, not we it"
    if app == "hitl_site" and target != "hitl_site" and room not in WIRING:
        return "is the product, which this wiring does not know"
    if (app, target) != ("approvals", "approvals") or room == target_room:
        return None
    if target_room not in RANK:
        return "has no place in the list"
    if RANK[target_room] < RANK[room]:
        return "stands above"
    if RANK[target_room] == RANK[room]:
        return "is a neighbour"
    if room in PLAIN and target_room == "models":
        return "is more than plain values"
    return None


def unfit_for_rules(name):
    """Why a rule may not import `name`, or None."""
    top = name.split(".")[0]
    if top in sys.stdlib_module_names or top in LIBRARIES_OF_RULES:
        return None
    if name.startswith("approvals.rules") or name == "django.db.models.TextChoices":
        return None
    return "is not for rules, which have no database, settings, clock or network"


def writes_status(tree):
    """Where an approval's status is assigned, updated or given to a new one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (inner for outer in targets for inner in ast.walk(outer)):
                if isinstance(target, ast.Attribute) and target.attr == "status":
                    if _is_approval(target.value):
                        yield node
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = {keyword.arg for keyword in node.keywords}
            texts = {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
            if name == "update" and "status" in given:
                yield node
            elif name == "setattr" and "status" in texts:
                yield node
            elif name == "ApprovalRequest" and "status" in given:
                yield node
            elif (
                "create" in name and "status" in given and "ApprovalRequest" in ast.dump(node.func)
            ):
                yield node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if "update approvals_approvalrequest" in node.value.lower():
                yield node


def _is_approval(value):
    # Others have a status too; whatever is not called like one of them is taken for one.
    return not (isinstance(value, ast.Name) and value.id in OTHERS_WITH_A_STATUS)


def violations(path, source):
    """Every way in which the module at `path` (relative to the root) breaks a rule."""
    tree = ast.parse(source)
    found = []
    for name, node in imported_by(tree):
        if why := wrong_direction(path, name):
            found.append(f"{path}:{node.lineno}: {name} {why}")
        if path.parts[:2] == ("approvals", "rules") and (why := unfit_for_rules(name)):
            found.append(f"{path}:{node.lineno}: {name} {why}")
    found += [f"{path}:{node.lineno}: imports in a function" for node in in_functions(tree)]
    if path != SETTLING:
        found += [f"{path}:{node.lineno}: writes a status" for node in writes_status(tree)]
    return found


def modules():
    folders = [*SERVER, "sdk/src"]
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        if "migrations" not in path.parts:
            yield path.relative_to(ROOT)


def test_every_import_points_down_and_only_settling_writes_a_status():
    checked = list(modules())
    assert len(checked) > 100

    assert [
        wrong for path in checked for wrong in violations(path, (ROOT / path).read_text())
    ] == []


def test_every_room_of_approvals_has_its_place():
    rooms = {
        path.stem
        for path in (ROOT / "approvals").iterdir()
        if not path.name.startswith("_") and (path.is_dir() or path.suffix == ".py")
    }

    assert rooms - {"migrations"} - set(RANK) == set()


PLANTED = {
    "models import queries": ("approvals/models/agent.py", "from approvals.queries import inbox"),
    "rules import models": ("approvals/rules/risk.py", "from approvals.models import Agent"),
    "rules import Django": ("approvals/rules/risk.py", "from django.utils import timezone"),
    "rules read settings": ("approvals/rules/risk.py", "from django.conf import settings"),
    "rules import a model base": ("approvals/rules/risk.py", "from django.db import models"),
    "rules use the network": ("approvals/rules/risk.py", "import httpx2"),
    "queries import operations": (
        "approvals/queries/inbox.py",
        "from approvals.operations import decisions",
    ),
    "operations import a door": ("approvals/operations/people.py", "import approvals.api.bodies"),
    "a door imports a door": ("approvals/views/queue.py", "from approvals.api import bodies"),
    "neighbours": ("approvals/outbox.py", "from approvals.outbound import webhooks"),
    "sockets know models": ("approvals/outbound/webhooks.py", "from approvals.models import Agent"),
    "audit knows somebody": ("audit/trail.py", "from approvals import events"),
    "approvals knows the wiring": ("approvals/tasks.py", "from hitl_site.celery import app"),
    "approvals reads metrics": ("approvals/queries/inbox.py", "from metrics import queries"),
    "the database layer knows approvals": (
        "hitl_site/sqlite/base.py",
        "from approvals.models import Agent",
    ),
    "the SDK imports the server": ("sdk/src/placet/_client.py", "from approvals.rules import gate"),
    "a relative import": ("approvals/rules/risk.py", "from . import effect"),
    "a room nobody knows": ("approvals/tasks.py", "from approvals.helpers import anything"),
    "an import in a function": (
        "approvals/operations/people.py",
        "def act():\n    from approvals.models import Agent\n    return Agent",
    ),
    "an import in a method": ("sdk/src/placet/_x.py", "class A:\n  def b(self):\n    import json"),
    "a status assigned": ("approvals/operations/grants.py", "approval.status = 'approved'"),
    "a status assigned to what is called otherwise": (
        "approvals/views/x.py",
        "row.approval.status = x",
    ),
    "a status among others": ("approvals/tasks.py", "a.via, a.status = 'human', 'approved'"),
    "a status updated": ("approvals/tasks.py", "rows.filter(pk=1).update(status='approved')"),
    "a status set by name": ("approvals/tasks.py", "setattr(row, 'status', 'approved')"),
    "born approved": ("approvals/tasks.py", "ApprovalRequest(status='approved')"),
    "created approved": ("approvals/tasks.py", "ApprovalRequest.objects.create(status='approved')"),
    "written in SQL": (
        "approvals/tasks.py",
        "sql = 'UPDATE approvals_approvalrequest SET status = 1'",
    ),
}
INNOCENT = {
    "doors use operations": ("approvals/api/x.py", "from approvals.operations import decisions"),
    "operations use each other": (
        "approvals/operations/batches.py",
        "from approvals.operations import decisions\nfrom approvals import outbox",
    ),
    "rules use what they may": (
        "approvals/rules/x.py",
        "import json\nfrom django.db.models import TextChoices\nfrom approvals.rules import risk",
    ),
    "anybody writes to the trail": ("approvals/operations/x.py", "from audit import trail"),
    "the wiring mounts the product": ("hitl_site/urls.py", "import approvals.urls"),
    "another status": ("approvals/operations/deliveries.py", "attempt.status = answer.status"),
    "reading a status": ("approvals/queries/x.py", "found = [a for a in b if a.status == 'open']"),
    "settling": ("approvals/operations/_settling.py", "approval.status = new"),
}


@pytest.mark.parametrize(("path", "source"), PLANTED.values(), ids=PLANTED)
def test_a_planted_violation_is_found(path, source):
    assert violations(Path(path), source)


@pytest.mark.parametrize(("path", "source"), INNOCENT.values(), ids=INNOCENT)
def test_what_is_allowed_is_not_complained_of(path, source):
    assert violations(Path(path), source) == []
