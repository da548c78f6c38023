"""A request in the reviewer's own editor, as JSON."""

from __future__ import annotations

import difflib
import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..._approval import ApprovalState
from .. import inert, inputs


def document_of(approval: ApprovalState) -> dict[str, Any]:
    """What of a request can be edited; for a plan, what is said of each step."""
    document: dict[str, Any] = {"arguments": approval.raw["arguments"]}
    if steps := approval.raw.get("steps"):
        document["steps"] = {
            step["id"]: {"verdict": "approve", "arguments": step.get("arguments") or {}}
            for step in steps
        }
    return document


def edited(text: str) -> str:
    """
    The text as it is once the editor is closed.

    :raises ValueError: the editor failed
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="placet-") as folder:  # for this user alone
        file = Path(folder) / "request.json"
        file.write_text(text + "\n", encoding="utf-8")
        try:
            code = subprocess.run([*shlex.split(editor), str(file)]).returncode
        except OSError as error:
            raise ValueError(f"The editor cannot be started: {error}") from None
        if code:
            raise ValueError(f"{editor} ended with exit code {code}; nothing was changed.")
        return file.read_text(encoding="utf-8").strip()


def parsed(text: str, *, like: Mapping[str, Any]) -> dict[str, Any]:
    """
    :param like: the document that was to be edited
    :raises ValueError: no JSON object, one that says something twice, or one from which
        something is gone: the server would take what is not named as approved
    """
    try:
        document = json.loads(text, object_pairs_hook=inputs.once)
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None
    if not isinstance(document, dict) or not isinstance(document.get("arguments"), dict):
        raise ValueError('It has to be a JSON object with the object "arguments".')
    steps = document.get("steps", {})
    if not isinstance(steps, dict) or not all(isinstance(step, dict) for step in steps.values()):
        raise ValueError("The steps have to be an object of objects, as they were.")
    if set(document) != set(like) or set(steps) != set(like.get("steps", {})):
        raise ValueError(
            'Every part and every step has to stay; a step goes with "verdict": "reject".'
        )
    return document


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What was changed, line by line; empty if nothing was."""
    lines = difflib.unified_diff(
        inert.as_json(before).split("\n"), inert.as_json(after).split("\n"), n=2, lineterm=""
    )
    return "\n".join(list(lines)[2:])


def ruling(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """
    The fields of a decision that lead from one document to the other.

    A step whose arguments were changed is modified, whatever is said of it beside that.
    """
    said: dict[str, Any] = {}
    if after["arguments"] != before["arguments"]:
        said["arguments"] = after["arguments"]
    steps = {
        id: _of_step(before.get("steps", {}).get(id, {}), step)
        for id, step in (after.get("steps") or {}).items()
        if step != before.get("steps", {}).get(id)
    }
    return {**said, "steps": steps} if steps else said


def _of_step(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    said = dict(after)
    if said.get("arguments") == before.get("arguments"):
        said.pop("arguments", None)
    elif said.get("verdict") == "approve":
        said["verdict"] = "modify"
    return said
