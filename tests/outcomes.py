"""
A pytest plugin for `tests/run.py`: which tests a run has, and what came of each, as JSON in
`$TEST_OUTCOMES`.
"""

import json
import os
from pathlib import Path

import pytest

# A test that needs the database has one of these, directly or through a fixture or marker.
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences"}

_outcomes: dict[str, tuple[str, str]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--only-database", action="store_true", help="run what needs a database")
    parser.addoption(
        "--browser", choices=["only", "without"], help="run what needs a browser, or the rest"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = items
    if config.getoption("--only-database"):
        wanted = [item for item in wanted if _needs_database(item)]
    if browser := config.getoption("--browser"):
        wanted = [item for item in wanted if _needs_browser(item) == (browser == "only")]
    kept = set(wanted)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = wanted


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # The worst of set-up, call and tear-down; a test that passed may still fail to tidy up.
    if report.failed:
        _outcomes[report.nodeid] = ("failed", "")
    elif report.skipped:
        _outcomes[report.nodeid] = ("skipped", _reason(report))
    elif report.when == "call":
        _outcomes[report.nodeid] = ("passed", "")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _outcomes[report.nodeid] = ("failed", "")
    elif report.skipped:
        _outcomes[report.nodeid] = ("skipped", _reason(report))


def pytest_sessionfinish(session: pytest.Session) -> None:
    # Workers of xdist report to the one that asked; only that one writes.
    if path := os.environ.get("TEST_OUTCOMES"):
        if not hasattr(session.config, "workerinput"):
            Path(path).write_text(json.dumps(_outcomes), encoding="utf-8")


def _needs_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & DATABASE_FIXTURES or item.get_closest_marker("django_db"))


def _needs_browser(item: pytest.Item) -> bool:
    return "chromium" in getattr(item, "fixturenames", ())


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if hasattr(report, "wasxfail"):
        return report.wasxfail
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")
