import pytest

from approvals.rules import progress
from approvals.rules.lifecycle import Status
from approvals.rules.progress import Step
from approvals.rules.verdicts import StepStatus, StepVerdict

A = Step("a")
B = Step("b", ("a",))
C = Step("c", ("b",))
D = Step("d")
CHAIN = [A, B, C, D]


def resolve(steps, **verdicts):
    said = {name: StepVerdict(verdict) for name, verdict in verdicts.items()}
    return {name: str(status) for name, status in progress.resolve(steps, said).items()}


class TestResolve:
    def test_a_step_nobody_named_is_approved(self):
        assert set(resolve(CHAIN).values()) == {"approved"}

    @pytest.mark.parametrize(
        ("verdict", "status"),
        [
            ("approve", "approved"),
            ("modify", "modified"),
            ("skip", "skipped"),
            ("defer", "deferred"),
            ("reject", "rejected"),
        ],
    )
    def test_each_verdict_has_its_status(self, verdict, status):
        assert resolve([D], d=verdict) == {"d": status}

    def test_rejecting_blocks_all_that_depends_on_it_and_nothing_else(self):
        assert resolve(CHAIN, a="reject") == {
            "a": "rejected",
            "b": "blocked",
            "c": "blocked",
            "d": "approved",
        }

    def test_deferring_carries_along_all_that_depends_on_it(self):
        assert resolve(CHAIN, a="defer") == {
            "a": "deferred",
            "b": "deferred",
            "c": "deferred",
            "d": "approved",
        }

    def test_skipping_holds_nothing_back(self):
        assert resolve(CHAIN, a="skip") == {
            "a": "skipped",
            "b": "approved",
            "c": "approved",
            "d": "approved",
        }

    def test_a_rejected_need_weighs_more_than_a_deferred_one(self):
        both = Step("e", ("a", "d"))

        assert resolve([A, D, both], a="defer", d="reject")["e"] == "blocked"
        assert resolve([A, D, both], a="reject", d="defer")["e"] == "blocked"

    @pytest.mark.parametrize("verdict", ["approve", "modify", "defer"])
    def test_what_depends_on_a_rejected_step_is_blocked_whatever_is_said_of_it(self, verdict):
        assert resolve([A, B], a="reject", b=verdict)["b"] == "blocked"

    @pytest.mark.parametrize(("verdict", "status"), [("skip", "skipped"), ("reject", "rejected")])
    def test_a_no_to_a_step_stays_a_no_under_a_rejected_one(self, verdict, status):
        assert resolve([A, B], a="reject", b=verdict)["b"] == status

    @pytest.mark.parametrize("verdict", ["approve", "modify"])
    def test_what_depends_on_a_deferred_step_waits_with_it(self, verdict):
        assert resolve([A, B], a="defer", b=verdict)["b"] == "deferred"

    def test_a_need_that_an_earlier_edit_took_out_holds_nothing_back(self):
        assert resolve([B, C]) == {"b": "approved", "c": "approved"}


class TestVerdictsOf:
    def test_leads_back_to_the_same_statuses(self):
        steps = [A, B, C, D, Step("e"), Step("f", ("e",))]
        said = {"a": "skip", "b": "modify", "d": "defer", "e": "reject"}
        statuses = progress.resolve(steps, {k: StepVerdict(v) for k, v in said.items()})
        assert set(statuses.values()) >= {"skipped", "modified", "deferred", "blocked"}

        again = progress.verdicts_of({name: {"status": now} for name, now in statuses.items()})

        assert progress.resolve(steps, again) == statuses

    def test_says_nothing_of_a_blocked_step(self):
        assert progress.verdicts_of({"b": {"status": "blocked"}}) == {}


class TestObjection:
    def test_accepts_steps_in_running_order(self):
        assert progress.objection([A, B, C, D]) is None
        assert progress.objection([]) is None
        assert progress.objection([A, D, Step("e", ("a", "d", "a"))]) is None

    @pytest.mark.parametrize(
        ("steps", "pointer", "words"),
        [
            ([A, Step("a")], "/steps/1/id", "two steps are called 'a'"),
            ([Step("a", ("a",))], "/steps/0/depends_on", "is the step itself"),
            ([A, Step("b", ("x",))], "/steps/1/depends_on", "comes later or does not exist"),
            ([B, A], "/steps/0/depends_on", "list steps in running order"),
            (
                [Step("a", ("b",)), Step("b", ("a",))],
                "/steps/0/depends_on",
                "comes later or does not exist",
            ),
            (
                [Step("a", ("c",)), Step("b", ("a",)), Step("c", ("b",))],
                "/steps/0/depends_on",
                "comes later",
            ),
        ],
        ids=["duplicate", "itself", "unknown", "later", "cycle of two", "cycle of three"],
    )
    def test_refuses_with_the_place(self, steps, pointer, words):
        found = progress.objection(steps)

        assert found is not None
        assert found[0] == pointer
        assert words in found[1]


class TestOutcome:
    @pytest.mark.parametrize(
        ("statuses", "edited", "outcome"),
        [
            (["approved", "approved"], False, Status.APPROVED),
            (["approved"], True, Status.MODIFIED),
            (["approved", "modified"], False, Status.MODIFIED),
            (["approved", "rejected"], False, Status.MODIFIED),
            (["approved", "deferred"], False, Status.MODIFIED),
            (["rejected", "blocked"], False, Status.REJECTED),
            (["deferred"], False, Status.REJECTED),
            (["skipped"], True, Status.REJECTED),
            ([], False, Status.REJECTED),
        ],
    )
    def test_is_rejected_where_nothing_may_run(self, statuses, edited, outcome):
        by_name = {str(place): StepStatus(status) for place, status in enumerate(statuses)}

        assert progress.outcome(by_name, edited=edited) == outcome


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ({}, "The agent may run a, b, c, d."),
        ({"d": "defer"}, "The agent may run a, b, c; d waits in a new request."),
        ({"a": "defer"}, "The agent may run d; a, b, c wait in a new request."),
        ({"a": "reject"}, "The agent may run d; will not run a, b, c."),
        (
            {"a": "reject", "d": "defer"},
            "The agent may run nothing; will not run a, b, c; d waits in a new request.",
        ),
    ],
)
def test_the_outcome_in_words_names_every_step(verdicts, sentence):
    said = {name: StepVerdict(verdict) for name, verdict in verdicts.items()}

    assert progress.in_words(progress.resolve(CHAIN, said)) == sentence


def test_steps_are_read_from_what_the_agent_sent():
    sent = [{"id": "a", "action": "x"}, {"id": "b", "action": "y", "depends_on": ["a"]}]

    assert progress.steps_of(sent) == [A, B]
