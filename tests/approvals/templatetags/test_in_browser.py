"""What a browser makes of the components, and what placet.js adds to them."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

THEMES = ["light", "dark", "contrast"]

# Records what would have been pressed, and presses nothing.
RECORD = """() => {
    window.pressed = [];
    document.addEventListener("click", (event) => {
        const control = event.target.closest("[data-key], .row-effect");
        if (!control) return;
        window.pressed.push(control.dataset.key ?? control.getAttribute("href"));
        if (!control.matches("summary")) event.preventDefault();
    });
}"""


def pressed(page):
    return page.evaluate("window.pressed")


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('href')")


def said(page):
    return page.locator("#say").text_content()


@pytest.fixture
def page(open_gallery):
    page = open_gallery()
    page.evaluate(RECORD)
    return page


class TestTheComponents:
    @pytest.mark.parametrize("theme", THEMES)
    def test_need_nothing_that_the_policy_forbids(self, open_gallery, site, theme):
        page = open_gallery(theme=theme)
        page.wait_for_function("() => document.querySelector('#live').dataset.live != 'still'")

        assert [
            report for report in site.reports if "live/" not in report and "404" not in report
        ] == []
        assert {urlsplit(url).netloc for url in site.asked} == {"placet.test"}

    def test_make_no_element_of_what_an_agent_wrote(self, open_gallery):
        page = open_gallery()

        born = page.locator("main :is(img, script, style, iframe, object, b b, [style], [onerror])")
        assert born.count() == 0
        assert page.locator("main bdi", has_text="<script>alert(1)</script>").count() >= 2

    @pytest.mark.parametrize("width", [320, 390, 768, 1440])
    def test_fit_into_the_width_of_the_window(self, open_gallery, width):
        page = open_gallery(width=width)

        assert page.evaluate("document.documentElement.scrollWidth") <= width

    @pytest.mark.parametrize("theme", THEMES)
    @pytest.mark.parametrize("width", [390, 1440])
    def test_have_no_violation_that_axe_can_find(self, open_gallery, theme, width):
        page = open_gallery(theme=theme, width=width)

        found = Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []

    def test_keep_stacked_marks_inside_their_row(self, open_gallery):
        page = open_gallery()

        row = page.locator("dd", has_text="pproved").first
        assert row.evaluate("cell => getComputedStyle(cell).overflowY") == "clip"


class TestKeys:
    def test_move_the_focus_from_row_to_row(self, page):
        page.locator(".row-effect").first.focus()

        page.keyboard.press("j")
        assert focused(page) == "#4819"

        page.keyboard.press("k")
        assert focused(page) == "#4817"

    def test_press_the_control_that_carries_them(self, page):
        page.keyboard.press("a")

        assert pressed(page) == ["a"]

    def test_rest_for_a_moment_after_the_item_changed(self, page):
        page.locator('[data-item="4819"] .row-effect').focus()
        page.keyboard.press("k")

        page.keyboard.press("a")
        assert pressed(page) == []

        page.wait_for_timeout(450)
        page.keyboard.press("a")
        assert pressed(page) == ["a"]

    def test_never_decide_on_another_item_than_the_focused_one(self, page):
        page.locator('[data-item="4819"] .row-effect').focus()
        page.wait_for_timeout(450)

        page.keyboard.press("a")

        assert pressed(page) == []

    def test_reject_with_a_reason_in_two_keys(self, page):
        page.keyboard.press("2")
        assert pressed(page) == []

        page.keyboard.press("r")
        page.keyboard.press("2")
        assert pressed(page) == ["r", "2"]

    def test_say_why_a_control_may_not_be_pressed(self, page):
        page.keyboard.press("u")

        assert pressed(page) == []
        assert said(page) == "You are already the highest tier."

    @pytest.mark.parametrize("field", ["textarea[name=note]", ".search input", "select"])
    def test_are_letters_while_someone_types(self, page, field):
        page.locator(field).focus()

        page.keyboard.press("a")

        assert pressed(page) == []

    @pytest.mark.parametrize("chord", ["Control+a", "Alt+a", "Meta+a"])
    def test_leave_chords_to_the_browser(self, page, chord):
        page.keyboard.press(chord)

        assert pressed(page) == []

    def test_do_not_repeat_while_held_down(self, page):
        page.keyboard.down("a")
        page.keyboard.down("a")

        assert pressed(page) == ["a"]

    def test_wait_while_a_decision_is_on_its_way(self, page):
        page.evaluate("document.querySelector('.hand').toggleAttribute('data-sent', true)")

        page.keyboard.press("a")

        assert pressed(page) == []

    def test_open_the_row_in_focus(self, page):
        page.locator('[data-item="4819"] .row-effect').focus()

        page.keyboard.press("o")

        assert pressed(page) == ["#4819"]

    def test_explain_themselves_and_can_be_switched_off(self, page):
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keyboard").get_by_label("Single keys on").uncheck()
        page.keyboard.press("Escape")

        page.keyboard.press("a")

        assert pressed(page) == []

    def test_reach_the_search_and_leave_an_open_menu(self, page):
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "q"

        page.locator(".account summary").click()
        page.keyboard.press("Escape")
        assert page.locator(".account[open]").count() == 0


class TestTheme:
    def test_changes_at_once_and_is_stored(self, open_gallery, site):
        site.answers["/preferences/"] = {"status": 200}
        page = open_gallery(theme="light")
        page.locator(".account summary").click()

        with page.expect_request("**/preferences/"):
            page.get_by_role("button", name="Dark").click()

        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
        assert 'name="theme"\r\n\r\ndark' in site.posted[0]

    def test_says_so_if_it_could_not_be_stored(self, open_gallery, site):
        site.answers["/preferences/"] = {"status": 500}
        page = open_gallery(theme="light")
        page.locator(".account summary").click()

        page.get_by_role("button", name="Dark").click()

        page.get_by_text("The choice could not be stored.").wait_for(state="attached")


class TestLive:
    def test_announces_a_change_to_the_screens(self, open_gallery, site):
        page = open_gallery()
        page.evaluate("document.body.addEventListener('placet:changed', () => window.heard = true)")
        site.answers["/live/"] = {
            "content_type": "text/event-stream",
            "body": "retry: 60000\nevent: changed\ndata: {}\n\n",
        }

        page.evaluate("dispatchEvent(new Event('online'))")

        page.wait_for_function("() => window.heard")

    def test_admits_that_it_only_polls(self, open_gallery):
        page = open_gallery()

        page.locator("#live[data-live=polling]", has_text="Polling every 5 s").wait_for()

    def test_admits_that_the_list_may_be_stale(self, open_gallery):
        page = open_gallery()

        page.evaluate("dispatchEvent(new Event('offline'))")

        page.locator("#live[data-live=offline]", has_text="Offline since").wait_for()
        assert "stale" in page.locator("#say-now").text_content()


class TestCountdown:
    def test_goes_on_by_the_clock_of_the_server(self, open_gallery):
        page = open_gallery()
        deadline = page.locator('[data-item="4819"] time')
        assert deadline.text_content() in ("12\u00a0min", "11\u00a0min")

        page.clock.install()
        page.reload()
        page.clock.fast_forward("08:00")

        assert deadline.text_content() in ("4\u00a0min", "3\u00a0min")

    def test_warns_of_the_last_five_minutes(self, open_gallery):
        page = open_gallery()
        page.clock.install()
        page.reload()

        page.clock.fast_forward("02:07:30")

        assert said(page) == "5 minutes left."


class TestFocus:
    SWAP = "htmx.ajax('GET', '/part/', {target: '#payload', swap: 'outerHTML'})"

    def test_moves_to_the_place_that_a_fragment_names(self, open_gallery, site):
        part = '<section id="payload"><p data-focus id="told">Ben was first.</p></section>'
        site.answers["/part/"] = {"status": 409, "body": part}
        page = open_gallery()

        page.evaluate(self.SWAP)

        page.wait_for_function("() => document.activeElement.id == 'told'")

    def test_is_never_lost_to_the_top_of_the_page(self, open_gallery, site):
        site.answers["/part/"] = {"body": '<section id="payload"><h2>Payload</h2></section>'}
        page = open_gallery()
        page.locator("#payload input").first.focus()

        page.evaluate(self.SWAP)

        page.wait_for_function("() => document.activeElement.textContent == 'Payload'")

    def test_a_failed_request_leaves_the_page_and_says_so(self, open_gallery, site):
        site.answers["/part/"] = {"status": 500, "headers": {"X-Request-Id": "7f31-a0c2"}}
        page = open_gallery()

        page.evaluate(self.SWAP)

        page.locator("#trouble", has_text="Request 7f31-a0c2").wait_for()
        assert page.locator("#payload .payload").count() == 1
