"""Promises of every page and component: the frame, the sprite, the style sheets."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from tests.approvals.templatetags import gallery

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMPONENTS = sorted((ROOT / "templates" / "components").glob("*.html"))
VISITOR = SimpleNamespace(user=SimpleNamespace(is_authenticated=False), GET={})


def name_of(path):
    return path.name


@pytest.fixture
def page():
    return gallery.render(now=datetime(2025, 11, 22, 13, 8, tzinfo=UTC))


class TestEveryTemplate:
    @pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
    def test_holds_nothing_that_a_strict_policy_forbids(self, path):
        source = path.read_text()

        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|hx-on|hx-vals=.js:", source)
        assert not re.search(r"<script(?![^>]*\ssrc=)", source)
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", source)

    @pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
    def test_trusts_nothing(self, path):
        assert not re.search(r"\|\s*safe\b|autoescape off|\|\s*safeseq", path.read_text())

    @pytest.mark.parametrize("path", COMPONENTS, ids=name_of)
    def test_names_its_context_in_the_first_line(self, path):
        assert re.match(r"\{# .+ #\}\n", path.read_text())


class TestTheSprite:
    def test_has_every_symbol_that_is_used(self, page):
        sprite = (ROOT / "templates/components/sprite.html").read_text()
        drawn = {
            name for path in TEMPLATES for name in re.findall(r'\{% icon "(\w+)"', path.read_text())
        }

        used = set(re.findall(r'<use href="#([\w-]+)"', page)) | {f"i-{name}" for name in drawn}
        assert used - set(re.findall(r'id="([\w-]+)"', sprite)) == set()


class TestTheFrame:
    def test_lets_conflicts_and_invalid_forms_swap_and_no_script_run(self, page):
        config = json.loads(re.search(r"name=\"htmx-config\" content='([^']+)'", page)[1])

        swaps = {each["code"]: each["swap"] for each in config["responseHandling"]}
        assert swaps["(409|422)"] is True
        assert swaps["[45].."] is False
        assert (config["allowEval"], config["allowScriptTags"]) == (False, False)
        assert (config["selfRequestsOnly"], config["historyCacheSize"]) == (True, 0)

    def test_names_the_current_page_and_what_waits(self, page):
        assert re.search(r'aria-current="page">Queue\s*<span class="n" id="your-turn">14<', page)

    def test_has_no_id_twice(self, page):
        ids = re.findall(r'\sid="([^"]+)"', page)

        assert sorted(ids) == sorted(set(ids))

    @pytest.mark.parametrize("theme", ["light", "dark", "contrast", "system"])
    def test_wears_the_theme_from_the_first_byte(self, theme):
        page = gallery.render(now=datetime.now(UTC), theme=theme, density="compact")

        assert f'<html lang="en" data-theme="{theme}" data-density="compact"' in page
        assert f'value="{theme}" aria-pressed="true"' in page

    def test_survives_urls_that_do_not_exist(self, settings):
        settings.ROOT_URLCONF = "django.conf.urls.i18n"

        page = gallery.render(now=datetime.now(UTC))

        assert 'aria-label="Main"' in page
        assert ">Batch<" not in page

    def test_shows_no_top_bar_to_a_stranger(self):
        assert 'class="top"' not in render_to_string("404.html", {"request": VISITOR})


class TestErrorPages:
    @pytest.mark.parametrize("name", ["400.html", "500.html"])
    def test_need_no_context_at_all(self, name):
        assert "<h1>" in render_to_string(name)

    @pytest.mark.parametrize("name", ["403.html", "404.html", "500.html"])
    def test_give_the_request_a_name_to_ask_about(self, name):
        page = render_to_string(name, {"request": VISITOR, "request_id": "7f31-a0c2"})

        assert "request 7f31-a0c2" in page

    def test_say_why_something_was_not_allowed(self):
        page = render_to_string("403.html", {"request": VISITOR, "exception": "Cleo may <look>."})

        assert "Cleo may &lt;look&gt;." in page


class TestTheStyleSheets:
    SHEETS = tuple(ROOT / "static" / "css" / name for name in ("tokens.css", "site.css"))

    def test_stay_small_together(self):
        assert sum(sheet.stat().st_size for sheet in self.SHEETS) <= 45 * 1024

    def test_name_every_colour_in_the_tokens(self):
        site = re.sub(r"/\*.*?\*/", "", self.SHEETS[1].read_text(), flags=re.DOTALL)
        colours = set(re.findall(r":[^;{}]*?(#[0-9a-fA-F]{3,8})\b", site))

        # On the red plate, on the hand's own accent, and behind a dialog: the same in every theme.
        assert colours <= {"#fff", "#06201c", "#0008"}

    def test_use_only_tokens_that_exist(self):
        defined = set(re.findall(r"(--[\w-]+):", self.SHEETS[0].read_text()))
        used = {
            name
            for sheet in self.SHEETS
            for name in re.findall(r"var\((--[\w-]+)", sheet.read_text())
        }

        assert used - defined == set()

    def test_fetch_nothing(self):
        assert not any(
            re.search(r"url\(|@import|@font-face", sheet.read_text()) for sheet in self.SHEETS
        )


class TestTheScript:
    SOURCE = (ROOT / "static" / "js" / "placet.js").read_text()

    def test_stays_small(self):
        assert len(self.SOURCE.splitlines()) <= 250

    def test_turns_no_text_into_markup_or_code(self):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", self.SOURCE
        )
