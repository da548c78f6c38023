"""The API's documentation, in a browser that obeys the page's own content security policy."""

from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from approvals.api import published

ORIGIN = "http://localhost"  # which browsers trust without TLS
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def answers():
    """What the server says."""
    client = Client()
    return {path: client.get(path) for path in ("/api/docs/", "/api/schema/")}


@pytest.fixture(scope="module")
def opened(chromium, answers):
    """The page, what it asked for, and what the browser had to say about it."""
    asked, said = [], []

    def answer(route):
        url = urlsplit(route.request.url)
        asked.append(route.request.url)
        if url.path in answers:
            known = answers[url.path]
            route.fulfill(body=known.content, headers=dict(known.headers))
        elif url.path.startswith("/static/") and (found := finders.find(url.path[8:])):
            route.fulfill(path=found, content_type=KINDS[found.rpartition(".")[2]])
        else:
            route.fulfill(status=404)

    page = chromium.new_page()
    page.route("**/*", answer)
    page.on("console", lambda line: said.append(line.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{ORIGIN}/api/docs/")
    page.wait_for_selector(".opblock")
    yield page, asked, said
    page.close()


class TestPage:
    def test_lists_every_endpoint(self, opened):
        page, _, _ = opened
        listed = set(page.locator(".opblock-summary-operation-id").all_text_contents())

        assert listed == {
            operation["operationId"]
            for path in published.openapi()["paths"].values()
            for operation in path.values()
        }

    def test_opens_an_endpoint_with_its_fields_and_answers(self, opened):
        page, _, _ = opened
        page.locator("#operations-approvals-submit .opblock-summary-control").click()
        block = page.locator("#operations-approvals-submit")
        block.get_by_text("Idempotent-Replayed").first.wait_for()

        text = block.inner_text()
        for promised in ("Idempotency-Key", "expires_in_seconds", "application/problem+json"):
            assert promised in text

    def test_breaks_no_rule_of_its_policy_and_asks_nobody_else(self, opened):
        _, asked, said = opened

        assert said == []
        assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {
            "localhost"
        }
