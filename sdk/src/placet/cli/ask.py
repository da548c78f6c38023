"""`placet ask`"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta
from typing import Any

from .._client import Client
from .._decision import Decision
from .._errors import NotApproved
from . import inert, inputs, output


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "ask",
        help="ask a person a question",
        description="Ask a person a question, wait, and print the answer: a text, or with "
        "--option the ids of what was chosen, one a line.",
        allow_abbrev=False,
    )
    command.add_argument("question")
    command.add_argument(
        "--option",
        action="append",
        type=_option,
        default=[],
        metavar="ID=LABEL",
        help="something to choose; several times",
    )
    command.add_argument("--min", type=int, default=1, help="choose at least so many (default: 1)")
    command.add_argument("--max", type=int, default=1, help="choose at most so many (default: 1)")
    inputs.add_question_options(command, checkpoint=None)
    command.add_argument(
        "--timeout",
        type=inputs.duration,
        default=timedelta(hours=1),
        metavar="TIME",
        help="how long to wait (default: 1h)",
    )
    output.add_json_option(command)
    command.set_defaults(perform=run)


def run(options: argparse.Namespace) -> int:
    response: dict[str, Any] = {"type": "freeform"}
    if options.option:
        response = {
            "type": "multiselect",
            "options": options.option,
            "min": options.min,
            "max": options.max,
        }
    with Client() as client:
        approval = client.submit(
            "ask",
            {"question": options.question},
            checkpoint=options.checkpoint,
            context=inputs.context_of(options),
            response=response,
            run=options.run,
            idempotency_key=options.key,
            wait=options.timeout,
        )
    approval.require_permission()
    decision = approval.decision
    if decision is None or (decision.answer is None and decision.selected is None):
        raise NotApproved("The request passed without a person, so nobody has answered.")
    _show(decision, options)
    return 0


def _show(decision: Decision, options: argparse.Namespace) -> None:
    chosen = decision.selected
    found = {"answer": decision.answer, "selected": chosen, "by": [p["name"] for p in decision.by]}
    if options.json:
        print(json.dumps(found))
        return
    # The answer alone, piped too: that is what a script wants of it.
    text = "\n".join(chosen) if chosen is not None else _text(decision.answer)
    print(inert.block(text, margin="") if sys.stdout.isatty() else text)


def _text(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)


def _option(text: str) -> dict[str, str]:
    id, _, label = text.partition("=")
    return {"id": id, "label": label or id}
