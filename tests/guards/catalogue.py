"""
The guards: each a condition that keeps something from being let through.

`line` is the exact text in the file, `instead` what stands there when it is taken away, and
`tests` are those that must then fail.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    name: str
    path: str
    line: str
    instead: str
    tests: tuple[str, ...]


def _in(path: str, *tests: str, **lines: tuple[str, str]) -> list[Guard]:
    return [
        Guard(name.replace("_", "-"), path, line, instead, tests)
        for name, (line, instead) in lines.items()
    ]


OPERATIONS = "tests/approvals/operations"

GUARDS: list[Guard] = [
    *_in(
        "approvals/rules/authority.py",
        "tests/approvals/rules/test_authority.py",
        who_is_inactive=("    if not person.is_active:", "    if False:"),
        who_is_qualified_no_more=("    if not _is_competent(person, case):", "    if False:"),
        who_is_excluded=("if excluded := _exclusion(person, case):", "if excluded := None:"),
        who_is_not_in_the_pool=("    if not in_pool(person, case):", "    if False:"),
        who_has_voted=("    if person.reviewer in case.voted:", "    if False:"),
        whose_authority_is_too_small=("    return beyond(person, case)", "    return None"),
        a_delegate_has_no_more=(
            "or (_above(absent, case) if absent else None)",
            "or None",
        ),
        a_delegate_votes_with_the_lower_tier=(
            "return min([person.tier, absent.tier], key=lambda tier: tier.rank) if absent else ",
            "return ",
        ),
        a_token_is_for_little=(
            "    if case.by_token and case.needed.reaches(Tier.DIRECTOR):",
            "    if False:",
        ),
        a_tier_below=("    if not person.tier.reaches(case.needed):", "    if False:"),
        an_amount_above_the_ceiling=("and case.amount > ceiling:", "and False:"),
        whom_it_is_done_for=(
            "    if case.on_behalf_of and case.on_behalf_of.strip().lower() in person.known_as:",
            "    if False:",
        ),
        who_owns_the_agent=("    if case.agent_owner == person.user:", "    if False:"),
        who_published_the_policy=("    if case.publisher == person.user:", "    if False:"),
        a_delegate_of_the_excluded=("        and _exclusion(absent, case) is None\n", ""),
        a_delegate_of_who_has_voted=("        and absent.reviewer not in case.voted\n", ""),
        a_delegate_of_the_inactive=("        absent.is_active\n", "        True\n"),
    ),
    *_in(
        "approvals/rules/quorum.py",
        "tests/approvals/rules/test_quorum.py",
        enough_people=(">= max(needed, 1):", ">= 1:"),
        one_no_is_a_no=(">= deny_threshold:", ">= 10_000:"),
    ),
    *_in(
        "approvals/queries/documents.py",
        "tests/approvals/queries/test_votes.py",
        f"{OPERATIONS}/test_rerouting.py",
        votes_on_other_bytes=("        and decision.revision == approval.revision\n", ""),
        votes_with_less_authority=(
            "        and Tier(decision.tier).reaches(approval.tier)\n",
            "",
        ),
    ),
    *_in(
        "approvals/operations/decisions.py",
        f"{OPERATIONS}/test_settling.py",
        f"{OPERATIONS}/test_tightening.py",
        f"{OPERATIONS}/test_rerouting.py",
        f"{OPERATIONS}/test_revising.py",
        authority_of_this_moment=(
            "reviewer = Reviewer.objects.with_standing().get(pk=reviewer.pk)",
            "pass",
        ),
        what_was_sent_back=("    if approval.status != Status.PENDING:", "    if False:"),
        what_was_seen=(
            "    if (said.revision, said.digest) != (approval.revision, approval.digest):",
            "    if False:",
        ),
        what_the_client_can_take=(
            "    if not approval.terms.allows(said.verdict):",
            "    if False:",
        ),
        the_policy_of_today=("    if said.verdict in PASS:", "    if False:"),
        authority_under_the_policy_of_today=(
            "if _needs_tier(approval, said.verdict) and (limit := authority.beyond(person, case)):",
            "if limit := None:",
        ),
        a_token_for_what_is_high_by_now=(
            "by_token=door == Decision.Door.API)",
            "by_token=False)",
        ),
    ),
    *_in(
        "approvals/operations/_voting.py",
        f"{OPERATIONS}/test_rerouting.py",
        f"{OPERATIONS}/test_pausing.py",
        f"{OPERATIONS}/test_tightening.py",
        a_yes_while_paused=(
            "    _pausing.refuse_if_paused(approval.agent, approval.version.checkpoint)\n",
            "",
        ),
        an_edit_that_goes_too_high=("    if limit is None:", "    if True:"),
        an_edit_of_what_was_too_high=(
            "    if not (was_entitled and limit.can_escalate):",
            "    if False:",
        ),
        an_edit_under_the_policy_of_today=(
            "        _escalating.raise_to_live(approval, at=decision.decided_at)",
            "        pass",
        ),
    ),
    *_in(
        "approvals/operations/_escalating.py",
        f"{OPERATIONS}/test_tightening.py",
        no_policy_no_approval=("    if live is None:", "    if live is None and at is None:"),
        votes_that_suffice_after_the_deadline=("        and at < approval.expires_at\n", ""),
        votes_that_suffice_while_paused=(
            "        and pauses.over(approval.agent, approval.version.checkpoint) is None\n",
            "",
        ),
    ),
    *_in(
        "approvals/operations/revising.py",
        f"{OPERATIONS}/test_rerouting.py",
        an_edit_lowers_nothing_unasked=(
            "if by_reviewer and approval.terms.edits_may_lower and not",
            "if by_reviewer and not",
        ),
        an_edit_does_not_undo_an_escalation=(
            " and not _escalating.is_raised(approval):",
            ":",
        ),
        an_agent_lowers_nothing=("    if by_reviewer and approval", "    if approval"),
    ),
    *_in(
        "approvals/operations/_deadlines.py",
        f"{OPERATIONS}/test_escalation.py",
        f"{OPERATIONS}/test_tightening.py",
        the_deadline=("        if now >= approval.expires_at:", "        if False:"),
        silence_after_an_escalation=(
            "        and not _escalating.is_raised(approval)\n",
            "",
        ),
        silence_while_paused=(
            "        and pauses.over(approval.agent, approval.version.checkpoint) is None\n",
            "",
        ),
        silence_under_the_policy_of_today=(
            "        and _passes_in_silence(approval, _tightening.live_policy(approval))\n",
            "",
        ),
        silence_where_no_policy_says_so=(
            "policy.on_timeout != OnTimeout.APPROVE:",
            "False:",
        ),
        silence_about_what_is_not_low=(
            'judged.risk.score < policy.tiers.get("team_lead", 0.0) and',
            "True and",
        ),
        silence_about_what_must_be_seen=(" and not judged.barred\n", "\n"),
        silence_as_an_answer=(
            '        and approval.terms.response["type"] == ResponseType.BINARY\n',
            "",
        ),
    ),
    *_in(
        "approvals/operations/grants.py",
        f"{OPERATIONS}/test_grants.py",
        f"{OPERATIONS}/test_pausing.py",
        a_grant_of_nothing=("    if not approval.may_proceed:", "    if False:"),
        a_grant_taken_twice=("    if grant.consumed_at:", "    if False:"),
        a_grant_for_other_bytes=("    if digest != grant.digest:", "    if False:"),
        a_grant_too_old=("    if at >= grant.expires_at:", "    if False:"),
        a_grant_while_paused=(
            "    _pausing.refuse_if_paused(approval.agent, approval.version.checkpoint)\n",
            "",
        ),
    ),
    *_in(
        "approvals/operations/_bypassing.py",
        f"{OPERATIONS}/test_bypasses.py",
        a_bypass_above_low=(
            "        judged.tier == Tier.TEAM_MEMBER\n"
            "        # It stands for its opener, who is one.\n"
            "        and judged.needed == 1\n"
            "        and judged.risk.score < terms.bounds.get(Tier.TEAM_LEAD, 0.0)\n",
            "        True\n",
        ),
        a_bypass_of_what_must_be_seen=("        and not judged.barred\n", ""),
        a_bypass_of_a_question=(
            '        and terms.response["type"] == ResponseType.BINARY\n',
            "",
        ),
        a_bypass_of_what_cannot_be_approved=("        and terms.allows(Verdict.APPROVE)\n", ""),
        a_bypass_beyond_its_opener=(
            "authority.objection_to(opener.standing(at=case.at), case) is None",
            "True",
        ),
    ),
    *_in(
        "approvals/queries/bypasses.py",
        f"{OPERATIONS}/test_bypasses.py",
        a_bypass_of_another_agent_s=("Q(agent__isnull=True) | Q(agent=agent), ", ""),
        a_bypass_of_another_checkpoint_s=(", checkpoint=checkpoint)", ")"),
        a_bypass_that_was_ended=("        ended_at__isnull=True, ", "        "),
        a_bypass_whose_time_is_over=(", ends_at__gt=at\n", "\n"),
    ),
    *_in(
        "approvals/operations/bypasses.py",
        f"{OPERATIONS}/test_bypasses.py",
        who_opens_a_bypass=(
            "if objection := authority.objection_to(reviewer.standing(at=at), case):",
            "if objection := None:",
        ),
        how_long_a_bypass_lasts=("    if not timedelta() < lasts <= LONGEST:", "    if False:"),
    ),
    *_in(
        "approvals/operations/submission.py",
        f"{OPERATIONS}/test_pausing.py",
        f"{OPERATIONS}/test_quota.py",
        f"{OPERATIONS}/test_groups.py",
        a_submission_while_paused=(
            "    _pausing.refuse_if_paused(prepared.agent, prepared.version.checkpoint)\n",
            "",
        ),
        a_turn_while_paused=(
            "        _pausing.refuse_if_paused(agent, member.version.checkpoint)\n",
            "",
        ),
        a_submission_too_many=(
            "    if way.via is None:\n        _quota",
            "    if False:\n        _quota",
        ),
        a_turn_too_many=("    _quota.refuse_if_over(agent, arriving=0)\n", ""),
    ),
    *_in(
        "approvals/operations/batches.py",
        f"{OPERATIONS}/test_batches.py",
        a_batch_of_what_is_high=("    if approval.level not in _LEVELS:", "    if False:"),
    ),
    *_in(
        "approvals/api/callers.py",
        "tests/approvals/api/test_callers.py",
        "tests/approvals/api/test_people.py",
        "tests/test_isolation.py",
        a_key_that_was_revoked=(", revoked_at__isnull=True)", ")"),
        a_key_that_has_expired=(
            "        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))\n",
            "",
        ),
        another_s_secret=(
            "not hmac.compare_digest(key.digest, presented.digest)",
            "False",
        ),
        an_agent_never_decides=(
            "        if (agent := key.agent) is not None:",
            "        if (agent := None) is not None:",
        ),
        who_does_not_review_any_more=(
            "        if reviewer is None or not reviewer.is_active:",
            "        if reviewer is None:",
        ),
    ),
]
