"""
Writes the table of settings in operating.md: names, kinds and defaults as the code reads
them, words from here. With `--check` it only says whether the table is true.

A setting that the code reads and nobody explains here is an error, and so is the reverse.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operating.md"
READ_BY = ("settings", "asgi", "serving")
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
READERS = {"secret", "whole_number", "choice"}
KINDS = {
    "secret": "secret",
    "whole_number": "number",
    "bool": "yes or no",
    "list": "list, by commas",
}

# What each does. A default that the code computes is put in words, in brackets.
WORDS = {
    "PLACET_DATA_DIR": "Folder of the keys, and of the embedded database and broker.",
    "DEBUG": "Show errors in full. Never where others can see them.",
    "SECRET_KEY": "[made and kept in the data directory] Signs sessions and seals webhook secrets.",
    "SITE_URL": "The address people and agents use: in links, and the issuer of grants."
    " `up` takes its own host and port instead if it is not set.",
    "ALLOWED_HOSTS": "[loopback and the host of SITE_URL] Host names it answers to.",
    "CSRF_TRUSTED_ORIGINS": "[SITE_URL] Origins whose forms it accepts.",
    "TRUSTED_PROXIES": "[none] Addresses or networks whose X-Forwarded-* headers count.",
    "DATABASE_URL": "[SQLite in the data directory] `sqlite:///path` or"
    " `postgres://user:password@host/name`.",
    "BROKER_URL": "[a file in the data directory] `redis://…` or `amqp://…`, for workers on"
    " several machines.",
    "PLACET_SWEEP_SECONDS": "How often deadlines and owed deliveries are looked for, in seconds.",
    "PLACET_UNKNOWN_CHECKPOINT": "What a submission to a checkpoint nobody set up meets: a"
    " refusal, or the strict checkpoint called `default`.",
    "PLACET_VAGUE_CONTEXT": 'Whether a context that says nothing, such as `{"data": …}` alone, is'
    " marked for the reviewer or refused.",
    "PLACET_MAX_BODY_BYTES": "Longest body that the API reads, in bytes.",
    "PLACET_ALLOW_PRIVATE_CALLBACKS": "[none] Private networks that webhooks may reach (CIDR).",
    "PLACET_SIGNING_KEY": "[made and kept in the data directory] Ed25519 private key (PEM) that"
    " signs grants.",
    "EMAIL_URL": "[none: no e-mail is sent] Mail server: `smtp+tls://user:password@host:587`"
    " (STARTTLS), `smtp+ssl://…:465`, or `smtp://host` in a network of your own.",
    "EMAIL_FROM": "[`Placet <placet@…>`, the host of SITE_URL] Who e-mail comes from.",
    "NOTIFY_URLS": "[none] Services that hear of trouble with the server, and of what is urgent"
    " with nobody on call; by commas or spaces, as [Apprise](https://appriseit.com) writes them."
    " Needs `pip install placet-server[notify]`.",
    "TIME_ZONE": "Zone in which the server writes times where it knows no reader's own.",
    "LOG_FORMAT": "Lines for people, or one JSON object for each record.",
    "LOG_LEVEL": "`DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    "PLACET_WEB_THREADS": "Threads of one web process that run Django, each with a database"
    " connection. Waiting takes none.",
    "PLACET_WORKER_THREADS": "Tasks that one worker runs at a time.",
}


@dataclass(frozen=True)
class Setting:
    name: str
    kind: str
    default: str


class Untrue(Exception):
    """The words and the code disagree."""


def settings_read() -> Iterator[Setting]:
    """Every setting that the code reads, in its order."""
    for module in READ_BY:
        source = (ROOT / "hitl_site" / f"{module}.py").read_text(encoding="utf-8")
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda call: call.lineno):
            if reader := _reader(call):
                yield _setting(reader, call)


def table() -> str:
    """:raises Untrue: a setting without words, or words without a setting"""
    read = list(dict.fromkeys(settings_read()))
    names = [setting.name for setting in read]
    if nameless := [name for name in names if name not in WORDS]:
        raise Untrue(f"docs/settings_table.py does not explain {', '.join(nameless)}.")
    if gone := sorted(set(WORDS) - set(names)):
        raise Untrue(f"docs/settings_table.py explains {', '.join(gone)}, which nothing reads.")
    rows = ["| setting | kind | default | what it does |", "|---|---|---|---|"]
    return "\n".join([*rows, *map(_row, read)])


def page() -> str:
    """operating.md as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    try:
        wanted = page()
    except Untrue as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" not in arguments:
        PAGE.write_text(wanted, encoding="utf-8")
    elif wanted != PAGE.read_text(encoding="utf-8"):
        print("The table in docs/operating.md is old: make docs", file=sys.stderr)
        return 1
    return 0


def _reader(call: ast.Call) -> str:
    """Which of our ways to read a setting this call is, or "" for none."""
    match call:
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str()), *_]):
            return name if name in READERS else ""
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="env"), attr=kind),
            args=[ast.Constant(value=str()), *_],
        ):
            return kind
    return ""


def _setting(reader: str, call: ast.Call) -> Setting:
    name = call.args[0].value  # type: ignore[attr-defined]
    defaults = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "default")]
    literal = defaults[0] if defaults and isinstance(defaults[0], ast.Constant) else None
    default = "" if literal is None else _in_words(literal.value)
    kind = KINDS.get(reader, "text")
    if reader == "choice":
        kind = " or ".join(f"`{option.value}`" for option in call.args[2].elts)  # type: ignore[attr-defined]
    return Setting(name, kind, default)


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value}`"


def _row(setting: Setting) -> str:
    words, default = WORDS[setting.name], setting.default
    if words.startswith("["):
        default, _, words = words[1:].partition("] ")
    return f"| `{setting.name}` | {setting.kind} | {default} | {words} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
