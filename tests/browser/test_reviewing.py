"""A reviewer's day, in a browser: with the mouse, with keys, without script, on a phone."""

import pytest
from django.utils import timezone

from approvals.models import ApprovalRequest, Reviewer
from approvals.operations import decisions
from approvals.rules.lifecycle import Status
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict

SKID_MS = 450
PRESS_A_AT_THE_NEXT = """() => {
    const shown = () => document.querySelector("#detail")?.dataset.item;
    const first = shown();
    const look = () => {
        const isThere = shown() && shown() !== first && !document.querySelector(".htmx-request");
        if (!isThere) return requestAnimationFrame(look);
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
        window.pressedAgain = true;
    };
    look();
}"""


@pytest.fixture
def ben_decides():
    """Ben, in another room, says something of what stands there now."""

    def act(approval, verdict, **words):
        approval.refresh_from_db()
        said = Ruling(Verdict(verdict), approval.revision, approval.digest, **words)
        ben = Reviewer.objects.get(user__username="ben")
        decisions.decide(approval.pk, said, reviewer=ben, at=timezone.now())

    return act


class TestApproving:
    def test_takes_one_click_and_leads_to_the_next(self, visit, errand, fresh):
        first, second = errand("content-publishing"), errand("customer-email")
        page = visit("ada").go("/")
        shown = page.locator("#detail").get_attribute("data-item")
        approval, other = (first, second) if shown == str(first.pk) else (second, first)

        page.get_by_role("button", name="Approve A").click()

        page.locator(f'#detail[data-item="{other.pk}"]').wait_for()
        assert "Approved: " in page.locator(".toast").inner_text()
        assert fresh(approval).status == Status.APPROVED
        page.locator(f"#row-{approval.pk.hex}[data-gone]").wait_for()
        assert page.url.endswith(str(other.pk))
        assert page.locator("#your-turn").inner_text().startswith("1")

    def test_ends_calmly_when_nothing_is_left(self, visit, errand):
        errand("customer-email")
        page = visit("ada").go("/")

        page.get_by_role("button", name="Approve A").click()

        page.get_by_role("heading", name="Nothing needs you").wait_for()

    def test_of_two_on_the_same_item_one_is_told_who_was_first(
        self, visit, errand, ben_decides, fresh
    ):
        approval = errand("customer-email")
        page = visit("ada").go("/")
        ben_decides(approval, "reject", feedback="Wrong customer.", reason_code="wrong_target")

        page.get_by_role("button", name="Approve A").click()

        conflict = page.get_by_role("alertdialog")
        conflict.wait_for()
        assert "Ben Arslan rejected it" in conflict.inner_text()
        assert "Wrong customer." in conflict.inner_text()
        assert fresh(approval).status == Status.REJECTED


class TestWithoutAuthority:
    def test_a_role_taken_away_meanwhile_is_told_in_its_place(self, visit, errand, fresh):
        approval = errand("content-publishing")
        page = visit("ben").go("/")
        Reviewer.objects.filter(user__username="ben").update(tier="team_member")

        page.get_by_role("button", name="Approve A").click()

        page.locator("#detail .refusal", has_text="This needs a team lead").wait_for()
        assert page.locator("#detail .hand [aria-disabled=true]").count() == 4
        assert fresh(approval).is_pending


class TestWithKeys:
    def test_a_approves(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada").go("/")
        page.wait_for_timeout(SKID_MS)

        page.keyboard.press("a")

        page.get_by_role("heading", name="Nothing needs you").wait_for()
        assert fresh(approval).status == Status.APPROVED

    def test_r_and_a_digit_reject_with_the_reason(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada").go("/")
        page.wait_for_timeout(SKID_MS)

        page.keyboard.press("r")
        page.keyboard.press("4")

        page.get_by_role("heading", name="Nothing needs you").wait_for()
        assert fresh(approval).decided["reason_code"] == "duplicate"

    def test_j_moves_to_the_next_and_shows_it(self, visit, errand):
        errand("content-publishing"), errand("customer-email")
        page = visit("ada").go("/")
        rows = page.locator("#queue .row")
        second = rows.nth(1).get_attribute("data-item")

        page.keyboard.press("j")

        page.locator(f'#detail[data-item="{second}"]').wait_for()
        assert rows.nth(1).get_attribute("data-current") is not None
        assert rows.nth(0).get_attribute("data-current") is None

    def test_two_quick_presses_decide_one_item_only(self, visit, errand):
        errand("content-publishing"), errand("customer-email")
        page = visit("ada").go("/")
        page.wait_for_timeout(SKID_MS)

        # From inside the page: the press comes the moment that the next item is shown, however
        # busy the machine is.
        page.evaluate(PRESS_A_AT_THE_NEXT)
        page.keyboard.press("a")
        page.keyboard.press("a")
        page.wait_for_function("() => window.pressedAgain")
        page.wait_for_timeout(300)

        assert ApprovalRequest.objects.pending().count() == 1

    def test_g_opens_the_place_for_words_and_puts_the_cursor_there(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada").go("/")
        page.wait_for_timeout(SKID_MS)

        page.keyboard.press("g")
        page.keyboard.type("Ask for the order number first.")
        page.get_by_role("button", name="Guide", exact=True).click()

        page.locator(".toast", has_text="The agent will hear your guidance").wait_for()
        assert fresh(approval).is_pending
        assert approval.decisions.get().feedback == "Ask for the order number first."

    def test_a_closed_verdict_says_why_instead(self, visit, errand, fresh):
        approval = errand("data-deletion")
        page = visit("ben").go(approval.get_absolute_url())
        page.wait_for_timeout(SKID_MS)

        page.keyboard.press("a")

        assert "Ben Arslan is a team lead" in page.locator("#say").inner_text()
        assert fresh(approval).is_pending


class TestModifying:
    def test_shows_the_difference_while_one_types_and_approves_it(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada").go(approval.get_absolute_url())
        page.get_by_role("link", name="Modify M").click()
        page.wait_for_url("**/modify/**")

        page.get_by_label("refund_percent").fill("30")

        page.locator("#preview ins", has_text="30").wait_for()
        assert page.locator("#preview del").inner_text() == "20"
        assert "30%" in page.get_by_role("heading", level=1).inner_text()
        page.get_by_label("To the agent").fill("VIP: 30%.")
        page.get_by_role("button", name="Approve as revision 2").click()
        page.wait_for_url("**/?view=yours")
        assert fresh(approval).status == Status.MODIFIED
        assert fresh(approval).decided["arguments"]["refund_percent"] == 30
        assert fresh(approval).decided["feedback"] == "VIP: 30%."

    def test_says_what_is_wrong_and_keeps_the_draft(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada").go(f"{approval.get_absolute_url()}modify/")

        page.get_by_label("refund_percent").fill("a lot")
        page.get_by_label("subject").fill("A better subject")
        page.keyboard.press("Control+Enter")

        page.get_by_text("Nothing was saved. Your edit is still here.").wait_for()
        assert page.get_by_label("subject").input_value() == "A better subject"
        assert fresh(approval).is_pending

    def test_never_happens_by_enter_in_a_field(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada").go(f"{approval.get_absolute_url()}modify/")

        page.get_by_label("refund_percent").fill("99")
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)

        assert fresh(approval).is_pending


class TestAPlan:
    def test_with_one_step_deferred_runs_the_rest(self, visit, errand, fresh):
        approval = errand("pay-invoices")
        page = visit("ada").go(approval.get_absolute_url())

        third = page.locator(".step").nth(2)
        third.get_by_role("radio", name="Defer").check(force=True)
        third.get_by_label("Why, for the agent").fill("In dispute with the vendor.")

        page.locator("#outcome", has_text="4 of 5 run").wait_for()
        assert "inv-3 waits in a new request" in page.locator("#outcome").inner_text()
        assert "10,000.00" in page.locator("#outcome").inner_text()
        page.get_by_role("button", name="Submit the plan").click()
        follow_up = page.locator(".toast", has_text="Approved with changes")
        follow_up.wait_for()
        steps = fresh(approval).decided["steps"]
        assert [step["status"] for step in steps].count("approved") == 4
        assert steps[2]["status"] == "deferred"
        assert ApprovalRequest.objects.get(follows=approval).is_pending


class TestWithoutScript:
    def test_a_whole_decision_can_be_made(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada", java_script_enabled=False).go("/")

        page.locator(".row-effect").click()
        page.locator("summary", has_text="Reject").click()
        page.get_by_label("Words to the agent, if any").fill("Sent yesterday.")
        page.get_by_role("button", name="Duplicate").click()

        page.get_by_text("Rejected: ").wait_for()
        decided = fresh(approval).decided
        assert (decided["reason_code"], decided["feedback"]) == ("duplicate", "Sent yesterday.")

    def test_an_edit_can_be_seen_before_it_is_sent(self, visit, errand, fresh):
        approval = errand("customer-email")
        page = visit("ada", java_script_enabled=False).go(f"{approval.get_absolute_url()}modify/")

        page.get_by_label("refund_percent").fill("30")
        with page.expect_navigation():
            page.get_by_role("button", name="Show what changes").click()
        assert page.locator("#preview ins", has_text="30").count() == 1
        with page.expect_navigation():
            page.get_by_role("button", name="Approve as revision 2").click()

        assert fresh(approval).decided["arguments"]["refund_percent"] == 30

    def test_a_plan_can_be_decided_step_by_step(self, visit, errand, fresh):
        approval = errand("pay-invoices")
        page = visit("ada", java_script_enabled=False).go(approval.get_absolute_url())

        page.locator(".step").nth(2).get_by_role("radio", name="Reject").check(force=True)
        with page.expect_navigation():
            page.get_by_role("button", name="What would run?").click()
        assert "will not run inv-3" in page.locator("#outcome").inner_text()
        with page.expect_navigation():
            page.get_by_role("button", name="Submit the plan").click()

        assert fresh(approval).decided["steps"][2]["status"] == "rejected"


class TestTheQueue:
    def test_tells_of_new_requests_without_moving_the_old(self, visit, errand):
        errand("customer-email")
        page = visit("ada").go("/")
        errand("content-publishing")

        page.evaluate("document.body.dispatchEvent(new CustomEvent('placet:changed'))")

        new = page.get_by_role("link", name="1 new")
        new.wait_for()
        assert page.locator("#queue .row").count() == 1
        new.click()
        page.wait_for_function("document.querySelectorAll('#queue .row').length == 2")

    def test_says_at_once_when_the_open_request_was_decided(self, visit, errand, ben_decides):
        approval = errand("customer-email")
        page = visit("ada").go(approval.get_absolute_url())
        ben_decides(approval, "reject")

        page.evaluate("document.body.dispatchEvent(new CustomEvent('placet:changed'))")

        page.locator("#watch", has_text="Ben Arslan rejected it").wait_for()

    def test_starts_with_the_most_urgent(self, visit, errand):
        errand("customer-email")
        urgent = errand("pay-invoices")
        page = visit("ada").go("/")

        page.get_by_role("button", name="Start reviewing").click()

        page.locator(f'#detail[data-item="{urgent.pk}"]', has_text="You are looking").wait_for()

    def test_is_a_list_and_then_a_page_on_a_phone(self, visit, errand):
        approval = errand("customer-email")
        page = visit("ada", width=390, height=844).go("/")
        assert not page.locator("#detail").is_visible()

        page.locator(".row-effect").first.click()

        page.locator("#detail").wait_for()
        assert not page.locator(".pane-list").is_visible()
        assert page.url.endswith(str(approval.pk))
        page.locator("#detail .crumbs a").click()
        page.locator(".pane-list").wait_for()

    def test_survives_a_session_that_ended(self, visit, errand, settings):
        approval = errand("customer-email")
        guest = visit("ada")
        page = guest.go("/")
        guest.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)

        page.get_by_role("button", name="Approve A").click()

        page.wait_for_url("**/sign-in/**")
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("button", name="Sign in").click()
        page.locator(f'#detail[data-item="{approval.pk}"]').wait_for()
