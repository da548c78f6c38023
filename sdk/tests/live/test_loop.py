"""The whole loop over real sockets: submit, wait, decide, consume, report."""

import threading
from datetime import timedelta


def test_runs_what_a_person_approved(installation, robin):
    approval = robin.submit("refund", {"amount": 90}, checkpoint="tools")
    assert approval.is_pending

    row = installation.pending("refund")[-1]
    assert installation.ada.decide(row, "modify", arguments={"amount": 50}).status_code == 200

    settled = approval.wait(timeout=timedelta(seconds=30))
    assert settled.may_proceed
    assert settled.arguments == {"amount": 50}
    robin.consume(settled)
    robin.report(settled, "succeeded")


def test_waits_through_a_crash_of_the_server(installation, robin):
    approval = robin.submit("refund", {"amount": 91}, checkpoint="tools")
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(approval.wait(timeout=timedelta(seconds=90)))
    )
    waiting.start()

    installation.kill()
    installation.start()
    installation.ada.decide(approval, "reject", feedback="Not this one.")

    waiting.join(timeout=90)
    assert answers[0].status == "rejected"
    assert answers[0].decision.feedback == "Not this one."
