"""Whatever is sent, it is answered, and nothing that is kept breaks a list afterwards."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.api import bodies

# Text that may be sent, some of it such as people are deceived by; and text that may not.
LETTERS = st.characters() | st.sampled_from(
    "\x1b\u202e\u200b\u0300\U000e0041\uff1d=+-'\"<>&{}%\\/\n"
)
TEXT = st.text(LETTERS, max_size=12).filter(lambda text: "\0" not in text)
FOUL = st.sampled_from(["\0", "a\0b", "\ud800", "\udc00\ud800"])
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
ODD = SCALARS | FOUL | st.integers() | st.floats()


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
        max_leaves=12,
    )


ANYTHING = nested(ODD)
OBJECTS = st.dictionaries(TEXT, nested(SCALARS), max_size=4)
INSTANTS = st.datetimes().map(lambda at: f"{at.isoformat()}Z")


def fitting(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the shape, as far as its keywords here are concerned."""
    if "enum" in shape:
        return st.sampled_from(shape["enum"])
    match shape.get("type"):
        case "object" if "properties" in shape:
            parts = {name: fitting(part) for name, part in shape["properties"].items()}
            required = {name: parts.pop(name) for name in shape["required"]}
            return st.fixed_dictionaries(required, optional=parts)
        case "object":
            return OBJECTS
        case "array":
            least = shape.get("minItems", 0)
            several = st.lists(fitting(shape["items"]), min_size=least, max_size=least + 2)
            return several.map(once) if shape.get("uniqueItems") else several
        case "string":
            return fitting_text(shape)
        case "integer":
            return st.integers(shape.get("minimum"), shape.get("maximum"))
        case "number":
            return st.floats(shape.get("minimum"), shape.get("maximum"), allow_nan=False)
        case _:
            return nested(SCALARS)


def fitting_text(shape: dict[str, Any]) -> st.SearchStrategy[str]:
    match shape:
        case {"format": "uuid"}:
            return st.uuids().map(str)
        case {"format": "date-time"}:
            return INSTANTS
        case {"pattern": pattern} if "sha256" in pattern:
            return st.from_regex(pattern.replace("$", r"\Z"))
    least = shape.get("minLength", 0)
    pattern = re.compile(shape.get("pattern", ""))
    return TEXT.filter(lambda text: len(text) >= least and pattern.search(text))


def once(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


@st.composite
def spoiled(draw: st.DrawFn, bodies_: st.SearchStrategy[Any]) -> Any:
    """A body in which one value, somewhere, is anything at all, gone, or under another name."""
    body = draw(bodies_)
    inside = body
    while isinstance(inside, dict) and inside:
        name = draw(st.sampled_from(sorted(inside)))
        if isinstance(inside[name], dict) and draw(st.booleans()):
            inside = inside[name]
            continue
        match draw(st.sampled_from(["anything", "gone", "renamed"])):
            case "anything":
                inside[name] = draw(ANYTHING)
            case "gone":
                del inside[name]
            case "renamed":
                inside[draw(TEXT | FOUL)] = inside.pop(name)
        break
    return body


def known(body: Any) -> Any:
    """The same for a checkpoint that exists, so that it gets further than the door."""
    left = {name: value for name, value in body.items() if name != "callback_url"}
    steps = [
        {**step, "id": f"{n}", "depends_on": []} for n, step in enumerate(body.get("steps", []))
    ]
    return left | {"checkpoint": "payments", "steps": steps}


SUBMISSIONS = fitting(bodies.SUBMISSION)
SOME = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def person(ada, as_person):
    return as_person(ada)


@pytest.fixture
def stays_well(agent, person):
    """What every example ends with: the lists are still answered."""

    def check(response):
        assert response.status_code < 500
        assert agent.get("approvals/", {"limit": "200"}).status_code == 200
        assert person.get("inbox/", {"limit": "200"}).status_code == 200

    return check


class TestSubmitting:
    @SOME
    @given(body=SUBMISSIONS | SUBMISSIONS.map(known) | spoiled(SUBMISSIONS.map(known)))
    def test_any_body_of_about_the_right_shape_is_answered(self, agent, stays_well, body):
        stays_well(agent.post("approvals/", raw(body)))

    @SOME
    @given(body=ANYTHING | st.binary(max_size=200))
    def test_any_body_at_all_is_answered(self, agent, stays_well, body):
        stays_well(agent.post("approvals/", raw(body)))

    @SOME
    @given(bulk=spoiled(fitting(bodies.BULK)))
    def test_any_turn_is_answered(self, agent, stays_well, bulk):
        stays_well(agent.post("approvals/bulk/", raw(bulk)))


class TestDeciding:
    @SOME
    @given(
        body=SUBMISSIONS.map(known),
        words=fitting(bodies.DECISION) | spoiled(fitting(bodies.DECISION)),
    )
    def test_any_words_about_any_request_are_answered(self, agent, person, stays_well, body, words):
        made = agent.post("approvals/", raw(body))
        if made.status_code != 201:
            return
        seen = {name: made.json()[name] for name in ("revision", "digest")}

        path = f"approvals/{made.json()['id']}/decisions/"

        stays_well(person.post(path, raw({**words, **seen})))


class TestReporting:
    @SOME
    @given(
        act=st.sampled_from(["revise", "cancel", "consume", "outcome"]),
        body=fitting(bodies.REVISION) | fitting(bodies.OUTCOME) | spoiled(fitting(bodies.OUTCOME)),
    )
    def test_anything_said_about_a_request_is_answered(self, agent, person, stays_well, act, body):
        made = agent.submit()
        if act == "outcome":
            person.decide(made, "approve")

        stays_well(agent.post(f"approvals/{made['id']}/{act}/", raw(body)))


class TestAsking:
    @SOME
    @given(
        path=st.sampled_from(["approvals/", "feed/", "checkpoints/", "groups/x/"]),
        query=st.dictionaries(
            st.sampled_from(["status", "run", "created_after", "cursor", "limit", "wait"]) | TEXT,
            TEXT | st.datetimes().map(str),
            max_size=3,
        ),
    )
    def test_any_query_is_answered(self, agent, stays_well, path, query):
        query = {sendable(name): sendable(value) for name, value in query.items()}

        stays_well(agent.get(path, query))


def raw(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def sendable(text: str) -> str:
    """Without unpaired surrogates, which no client can put into an address."""
    return text.encode(errors="replace").decode()
