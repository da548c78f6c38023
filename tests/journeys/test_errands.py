"""
The four errands, end to end: an agent process proposes over HTTP, a person decides in a real
browser, the agent does exactly what was approved.
"""

import json
import time

from hitl_site.demo.agent import scenarios


def scenario(name):
    return next(found for found in scenarios() if found["id"] == name)


def decide_by_edit(page, address, patch, words):
    """Change the fields that `patch` names, in the edit form, and approve the result."""
    page.goto(f"{address}modify/")
    for name, value in patch.items():
        text = value if isinstance(value, str | int) else json.dumps(value)
        page.get_by_label(name, exact=True).fill(str(text))
    page.get_by_label("To the agent").fill(words)
    page.locator("#preview ins").first.wait_for()
    page.get_by_role("button", name="Approve as revision 2").click()
    page.wait_for_url(lambda url: "modify" not in url)


class TestTheBlogPost:
    def test_goes_out_with_the_corrected_figure_and_then_the_social_posts(self, demo, ada):
        draft, social = scenario("content-publishing")["checkpoints"]
        said = draft["decision"]

        address = demo.page_of("content-publishing")
        decide_by_edit(ada, address, said["merge_patch"], said["feedback"])

        line = demo.wait_until_said("[agent · content-publishing] modified:")
        assert draft["expected"]["executes"]["claims"] == ["+23% YoY growth"]
        assert "+23% YoY growth" in line

        ada.goto(_after(demo, "content-publishing", address))
        ada.get_by_role("button", name="Approve A").click()

        assert social["expected"]["status"] == "approved"
        line = demo.wait_until_said("[agent · content-publishing] approved:")
        assert "posted to twitter and linkedin" in line
        demo.wait_until_said("[agent · content-publishing] done")


class TestTheInvoices:
    def test_four_are_paid_and_the_one_in_dispute_waits(self, demo, ada):
        point = scenario("pay-invoices")["checkpoints"][0]
        ada.goto(demo.page_of("pay-invoices"))
        for place, verdict in enumerate(point["decision"]["steps"].values()):
            if verdict == "defer":
                step = ada.locator(".step").nth(place)
                step.get_by_role("radio", name="Defer").check(force=True)
        ada.locator("#outcome", has_text="4 of 5 run").wait_for()

        ada.get_by_role("button", name="Submit the plan").click()

        line = demo.wait_until_said("[agent · pay-invoices] modified:")
        assert f"paid 4 invoices ({', '.join(point['expected']['runs'])})" in line
        assert f"{point['expected']['paid']:,.2f} in total" in line
        follow_up = demo.wait_until_said("what was put off waits in").split()[-1]
        ada.goto(f"{demo.address}/approvals/{follow_up}/")
        assert ada.locator(".step").count() == 1
        assert "inv-3" in ada.locator(".step").inner_text()


class TestTheApology:
    def test_offers_what_the_reviewer_said(self, demo, ada):
        point = scenario("customer-email")["checkpoints"][0]

        decide_by_edit(
            ada,
            demo.page_of("customer-email"),
            point["decision"]["merge_patch"],
            point["decision"]["feedback"],
        )

        percent = point["expected"]["executes"]["refund_percent"]
        line = demo.wait_until_said("[agent · customer-email] modified:")
        assert line.endswith(f"about a refund of {percent}%")
        assert percent == 30


class TestTheDeletion:
    def test_keeps_whoever_ordered_lately(self, demo, ada):
        point = scenario("data-deletion")["checkpoints"][0]

        decide_by_edit(
            ada,
            demo.page_of("data-deletion"),
            point["decision"]["merge_patch"],
            point["decision"]["feedback"],
        )

        expected = point["expected"]
        line = demo.wait_until_said("[agent · data-deletion] modified:")
        assert f"deleted {expected['deleted']} accounts and kept {expected['kept']}" in line
        assert (expected["deleted"], expected["kept"]) == (982, 265)


def _after(demo, errand, address):
    """The page of the errand's next request."""
    end = time.monotonic() + 60
    while (latest := demo.page_of(errand)) == address and time.monotonic() < end:
        time.sleep(0.1)
    return latest
