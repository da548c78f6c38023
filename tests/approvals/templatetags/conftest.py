"""A browser that sees the gallery under the product's own content security policy."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, Route

from tests.approvals.templatetags import gallery

ORIGIN = "http://placet.test"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@pytest.fixture(autouse=True)
def frame_urls(settings):
    settings.ROOT_URLCONF = "tests.approvals.templatetags.urls"
    settings.TIME_ZONE = "Europe/Berlin"


class Site:
    """What the browser talks to, and what it asked and reported."""

    def __init__(self) -> None:
        self.html = ""
        self.answers: dict[str, dict[str, object]] = {"/live/": {"status": 404}}
        self.asked: list[str] = []
        self.posted: list[str] = []
        self.reports: list[str] = []

    def answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        self.asked.append(route.request.url)
        if route.request.method == "POST":
            self.posted.append(f"{url.path} {route.request.post_data}")
        if url.path == "/":
            headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
            route.fulfill(body=self.html, headers=headers)
        elif url.path in self.answers:
            route.fulfill(**self.answers[url.path])
        elif url.path.startswith("/static/") and (found := finders.find(url.path[8:])):
            route.fulfill(path=found, content_type=KINDS[found.rpartition(".")[2]])
        else:
            route.fulfill(status=404)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def open_gallery(chromium, site):
    """Open the gallery: `open_gallery(width=390, theme="dark")`."""
    contexts = []

    def open_page(*, width: int = 1440, height: int = 900, **look: str) -> Page:
        site.html = gallery.render(now=datetime.now(UTC), **look)
        dark = "dark" if look.get("theme") == "dark" else "light"
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=dark, reduced_motion="reduce"
        )
        contexts.append(context)
        context.route("**/*", site.answer)
        page = context.new_page()
        page.on("dialog", lambda dialog: (site.reports.append("a dialog"), dialog.dismiss()))
        page.on("pageerror", lambda error: site.reports.append(str(error)))
        page.on("console", lambda line: site.reports.append(line.text))
        page.goto(f"{ORIGIN}/")
        return page

    yield open_page
    for context in contexts:
        context.close()
