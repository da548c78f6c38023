"""Which votes count for what stands now."""

from approvals.queries.votes import votes_on


def test_a_vote_on_other_bytes_is_outdated(payments, submit, decide, ada, ben):
    payments.quorum = {"team_member": 2}
    payments.save()
    approval = submit()
    decide(approval, ben, "approve")

    decide(approval, ada, "modify", merge_patch={"amount": 5})

    approval.refresh_from_db()
    votes = votes_on(approval, approval.decisions.all())
    assert (votes.approvals, votes.outdated) == (1, 1)
