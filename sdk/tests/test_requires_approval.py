import asyncio
import copy
import json
from datetime import timedelta

import httpx2
import pytest
from awaited import AwaitedClock
from fakes import ID, taken

import placet

KIND = ["blocking", "awaiting"]


class Desk:
    """A server that approves every call, unless told to do otherwise; and what it was told."""

    def __init__(self, clock, approved):
        self.posted = {}  # by the last part of the path
        self.headers = []
        self._clock = clock
        self._approved = approved
        self._settled = {}
        self._answers = {}
        self.transport = httpx2.MockTransport(self._handle)

    def settles(self, **changes):
        self._settled = changes

    def answers(self, call, answer):
        """`call`: consume or outcome; a function is asked each time."""
        self._answers[call] = answer

    @property
    def submission(self):
        return self.posted["approvals"]

    @property
    def reported(self):
        return self.posted.get("outcome")

    def client(self, kind):
        given = {"transport": self.transport, "url": "http://h.example", "api_key": "k"}
        if kind == "awaiting":
            return placet.AsyncClient(**given, clock=AwaitedClock(self._clock))
        return placet.Client(**given, clock=self._clock)

    def _handle(self, request):
        call = request.url.path.strip("/").rpartition("/")[2]
        if request.method == "POST":
            self.posted[call] = json.loads(request.content)
            self.headers.append(request.headers)
        answer = self._answers.get(call, {})
        if callable(answer):
            answer = answer() or {}
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx2.Response):
            return answer
        if call not in ("approvals", ID):
            return httpx2.Response(200, json=taken(request, answer))
        arguments = copy.deepcopy(self.submission["arguments"])
        changes = copy.deepcopy(self._settled)
        decision = {"arguments": arguments, **changes.pop("decision", {})}
        return httpx2.Response(
            200, json=self._approved(arguments=arguments, decision=decision, **changes)
        )


@pytest.fixture
def desk(clock, approved):
    return Desk(clock, approved)


@pytest.fixture(params=KIND)
def gated(request, desk):
    """Decorates a blocking function, or the same one as a coroutine; calls block either way."""

    def decorate(function, **options):
        given = {"checkpoint": "tools", "client": desk.client(request.param), **options}
        decorator = placet.requires_approval(**given)
        if request.param == "blocking":
            return decorator(function)

        async def awaiting(*args, **kwargs):
            return function(*args, **kwargs)

        awaiting.__name__ = function.__name__
        awaiting.__signature__ = placet._bound_call.inspect.signature(function)
        coroutine = decorator(awaiting)

        def call(*args, **kwargs):
            return asyncio.run(coroutine(*args, **kwargs))

        return call

    return decorate


def refund(order, amount=90, *, note=""):
    return (order, amount, note)


class TestAnApprovedCall:
    def test_is_sent_by_name_with_its_defaults(self, gated, desk):
        assert gated(refund)("4711", note="late") == ("4711", 90, "late")

        assert desk.submission["action"] == "refund"
        assert desk.submission["checkpoint"] == "tools"
        assert desk.submission["arguments"] == {"order": "4711", "amount": 90, "note": "late"}

    def test_takes_the_permission_before_it_runs(self, gated, desk):
        seen = []

        gated(lambda: seen.append(set(desk.posted)), action="look")()

        assert seen == [{"approvals", "consume"}]

    def test_runs_with_the_arguments_as_amended(self, gated, desk):
        desk.settles(decision={"arguments": {"order": "4711", "amount": 50, "note": ""}})

        assert gated(refund)("4711") == ("4711", 50, "")

    def test_runs_with_the_default_where_the_reviewer_took_an_argument_out(self, gated, desk):
        desk.settles(decision={"arguments": {"order": "4711", "note": "kept"}})

        assert gated(refund)("4711", 12) == ("4711", 90, "kept")

    def test_is_reported_as_succeeded(self, gated, desk):
        gated(refund)("4711")

        assert desk.reported == {"status": "succeeded", "detail": ""}

    def test_may_say_why_and_what_else(self, gated, desk):
        run = gated(
            refund,
            action="pay_back",
            context=lambda call: {"rationale": f"{call['order']} came late"},
            risk_score=0.4,
            metadata={"team": "a"},
        )

        run("4711")

        assert desk.submission["action"] == "pay_back"
        assert desk.submission["context"] == {"rationale": "4711 came late"}
        assert desk.submission["risk_score"] == 0.4
        assert desk.submission["metadata"] == {"team": "a"}

    @pytest.mark.parametrize("value", [(1, 2), 90.0, {"a": (1.0,)}, True, None])
    def test_gets_the_very_values_it_was_called_with(self, gated, value):
        given = gated(lambda value: value, action="echo")(value)

        assert given == value
        assert type(given) is type(value)

    def test_is_not_moved_by_what_the_caller_does_meanwhile(self, gated, desk):
        order = {"items": [1]}
        desk.answers("consume", lambda: order["items"].append(2))

        assert gated(lambda order: order, action="keep")(order) == {"items": [1]}
        assert order == {"items": [1, 2]}


class TestEveryKindOfParameter:
    def test_arrives_where_it_belongs(self, gated, desk):
        def call(first, /, second, *rest, third=3, **more):
            return first, second, rest, third, more

        assert gated(call)(1, 2, 8, 9, x=10) == (1, 2, (8, 9), 3, {"x": 10})
        assert desk.submission["arguments"] == {
            "first": 1,
            "second": 2,
            "rest": [8, 9],
            "third": 3,
            "more": {"x": 10},
        }

    def test_can_be_amended(self, gated, desk):
        def call(first, /, *rest, **more):
            return first, rest, more

        desk.settles(decision={"arguments": {"first": 2, "rest": [7], "more": {"y": 1}}})

        assert gated(call)(1, 8, 9, x=10) == (2, (7,), {"y": 1})

    def test_is_described_to_the_reviewer(self, gated, desk):
        def call(order: str, amount: float, units: "int", plain, *rest, flag: bool = False):
            return None

        gated(call)("4711", 90, True, 1)

        schema = desk.submission["arguments_schema"]
        assert schema["required"] == ["order", "amount", "units", "plain"]
        assert schema["additionalProperties"] is False
        assert schema["properties"] == {
            "order": {"type": "string"},
            "amount": {"type": "number"},
            "units": {},  # the call itself did not keep to the annotation
            "plain": {},
            "rest": {"type": "array"},
            "flag": {"type": "boolean"},
        }

    def test_can_be_left_out_of_what_is_approved(self, gated, desk):
        bank = object()

        def pay(bank, amount):
            return bank, amount

        desk.settles(decision={"arguments": {"amount": 5}})

        assert gated(pay, not_sent=["bank"])(bank, 9) == (bank, 5)
        assert desk.submission["arguments"] == {"amount": 9}


class TestArgumentsThatDoNotFit:
    @pytest.mark.parametrize(
        "final",
        [
            {"amount": 1, "note": ""},
            {"order": "1", "amount": 1, "note": "", "bank": "mine"},
            {"order": "1", "amount": 1, "note": "", "self": "mine"},
        ],
    )
    def test_are_not_run_and_the_permission_is_kept(self, gated, desk, final):
        desk.settles(decision={"arguments": final})
        ran = []

        def refund(bank, order, amount=90, *, note=""):
            ran.append(order)

        with pytest.raises(placet.UnusableArguments) as refused:
            gated(refund, not_sent=["bank"])(object(), "4711")

        assert ran == []
        assert "consume" not in desk.posted
        assert refused.value.approval.id == ID

    @pytest.mark.parametrize(
        "final",
        [
            {"first": 1, "rest": 5, "more": {}},
            {"first": 1, "rest": [], "more": [1]},
            {"first": 1, "rest": "abc", "more": {}},
            {"first": 1, "rest": [], "named": 1, "more": {"named": 2}},
        ],
    )
    def test_are_seen_also_where_python_would_take_them(self, gated, desk, final):
        def call(first, *rest, named=0, **more):
            raise AssertionError("it ran")

        desk.settles(decision={"arguments": final})

        with pytest.raises(placet.UnusableArguments):
            gated(call)(1, 8)

        assert "consume" not in desk.posted


class TestACallThatCannotBeSent:
    @pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), 2**60 + 1, b"x", {1: 2}])
    def test_is_refused_before_anything_is_submitted(self, gated, desk, value):
        with pytest.raises(placet.UnsendableValue, match=r"/order .*not_sent=\['order'\]"):
            gated(refund)(value)

        assert desk.posted == {}

    def test_is_refused_where_the_function_could_not_be_called_so(self, gated, desk):
        with pytest.raises(TypeError, match="order"):
            gated(refund)(amount=3)

        assert desk.posted == {}


class TestANo:
    def test_is_raised_with_its_reasons(self, gated, desk):
        desk.settles(
            status="rejected",
            may_proceed=False,
            decision={"verdict": "reject", "feedback": "Wrong order."},
        )

        with pytest.raises(placet.Rejected, match=r"is rejected\. Wrong order\.") as refused:
            gated(refund)("4711")

        assert isinstance(refused.value, placet.NotApproved)
        assert refused.value.feedback == "Wrong order."
        assert refused.value.decision.by[0]["name"] == "Ada"
        assert refused.value.approval.id == ID
        assert set(desk.posted) == {"approvals"}

    def test_for_now_says_what_is_wanted(self, gated, desk):
        desk.settles(
            status="changes_requested",
            may_proceed=False,
            feedback=[{"by": "Ada", "feedback": "Name the order."}],
        )
        desk._approved = lambda **shown: {**APPROVAL, **shown, "decision": None}

        with pytest.raises(placet.ChangesRequested) as refused:
            gated(refund)("4711")

        assert refused.value.feedback == "Name the order."
        assert set(desk.posted) == {"approvals"}

    def test_of_a_withdrawn_request_is_no_rejection(self, gated, desk):
        desk.settles(status="cancelled", may_proceed=False)

        with pytest.raises(placet.NotApproved) as refused:
            gated(refund)("4711")

        assert not isinstance(refused.value, placet.Rejected)

    def test_decision_in_time_runs_nothing(self, gated, desk):
        desk.settles(status="pending", may_proceed=False)

        with pytest.raises(placet.NotDecidedInTime) as late:
            gated(refund, timeout=timedelta(seconds=90))("4711")

        assert late.value.last_seen.id == ID
        assert set(desk.posted) == {"approvals"}


APPROVAL = {"id": ID, "action": "refund", "revision": 1, "digest": "sha256:"}


class TestAPermissionThatIsGone:
    @pytest.mark.parametrize("code", ["grant_consumed", "digest_mismatch", "expired", "paused"])
    def test_runs_nothing_and_reports_nothing(self, gated, desk, refusal, code):
        desk.answers("consume", refusal(409, code))

        with pytest.raises(placet.Conflict):
            gated(lambda: pytest.fail("it ran"), action="run")()

        assert desk.reported is None

    def test_for_all_we_know_runs_nothing(self, gated, desk):
        desk.answers("consume", httpx2.ReadError("gone"))

        with pytest.raises(placet.AnswerLost):
            gated(lambda: pytest.fail("it ran"), action="run")()

        assert desk.reported is None


class TestAFunctionThatFails:
    @pytest.mark.parametrize("error", [ValueError("secret"), KeyboardInterrupt(), SystemExit(3)])
    def test_keeps_its_own_exception_and_is_reported_by_its_class(self, gated, desk, error):
        def fail():
            raise error

        with pytest.raises(type(error)) as raised:
            gated(fail)()

        assert raised.value is error
        assert desk.reported == {"status": "failed", "detail": type(error).__name__}

    def test_keeps_it_also_where_the_server_cannot_be_told(self, gated, desk, caplog):
        desk.answers("outcome", httpx2.ReadError("gone"))

        with pytest.raises(ZeroDivisionError):
            gated(lambda: 1 / 0, action="divide")()

        assert "could not report that it failed" in caplog.text


@pytest.mark.parametrize("answer", [httpx2.ReadError("gone"), httpx2.Response(404), RuntimeError()])
def test_a_lost_report_does_not_hide_the_result(gated, desk, answer, caplog):
    desk.answers("outcome", answer)

    assert gated(refund)("4711") == ("4711", 90, "")
    assert "could not report that it succeeded" in caplog.text


class TestTheIdempotencyKey:
    def keys(self, desk):
        return [
            headers["Idempotency-Key"] for headers in desk.headers if "Idempotency-Key" in headers
        ]

    def test_is_fresh_for_each_call(self, gated, desk):
        for _ in range(2):
            gated(refund)("4711")

        first, second = self.keys(desk)
        assert first != second

    @pytest.mark.parametrize("run", ["november", lambda call: f"run-of-{call['order']}"])
    def test_follows_from_the_call_within_a_run(self, gated, desk, run):
        for arguments in [("4711",), ("4711", 90), ("4711", 91)]:
            gated(refund, run=run)(*arguments)

        first, again, other = self.keys(desk)
        assert first == again != other
        assert desk.submission["run"] in ("november", "run-of-4711")

    def test_is_another_in_another_run_or_for_another_action(self, gated, desk):
        gated(refund, run="november")("4711")
        gated(refund, run="december")("4711")
        gated(refund, run="november", action="pay")("4711")

        assert len(set(self.keys(desk))) == 3

    def test_can_be_made_by_the_agent(self, gated, desk):
        gated(refund, idempotency_key=lambda call: f"order-{call['order']}")("4711")

        assert self.keys(desk) == ["order-4711"]


class TestDecorating:
    @pytest.mark.parametrize("kind", KIND)
    def test_refuses_the_other_kind_of_client(self, desk, kind):
        async def awaiting():
            pass

        def blocking():
            pass

        function = blocking if kind == "awaiting" else awaiting
        with pytest.raises(TypeError, match="give a"):
            placet.requires_approval(checkpoint="tools", client=desk.client(kind))(function)

    def test_refuses_generators(self):
        def items():
            yield 1

        async def awaited_items():
            yield 1

        for function in (items, awaited_items):
            with pytest.raises(TypeError, match="generator"):
                placet.requires_approval(checkpoint="tools")(function)

    def test_refuses_to_leave_out_what_is_not_there(self):
        with pytest.raises(TypeError, match="bank"):
            placet.requires_approval(checkpoint="tools", not_sent=["bank"])(refund)

    def test_keeps_the_function_recognisable(self, desk):
        decorated = placet.requires_approval(checkpoint="tools")(refund)

        assert decorated.__name__ == "refund"
        assert decorated.__wrapped__ is refund

    def test_asks_for_no_server_before_the_first_call(self, monkeypatch):
        monkeypatch.delenv("PLACET_URL", raising=False)
        decorated = placet.requires_approval(checkpoint="tools")(refund)

        with pytest.raises(ValueError, match="PLACET_URL"):
            decorated("4711")

    def test_works_on_methods(self, desk):
        class Shop:
            @placet.requires_approval(
                checkpoint="tools", client=desk.client("blocking"), not_sent=["self"]
            )
            def refund(self, order):
                return self, order

        shop = Shop()

        assert shop.refund("4711") == (shop, "4711")
        assert desk.submission["arguments"] == {"order": "4711"}


class TestAnInterruptedCall:
    @pytest.mark.parametrize(("run", "told"), [(None, True), ("november", False)])
    def test_is_withdrawn_where_nobody_can_come_back(self, desk, run, told):
        desk.settles(status="pending", may_proceed=False)

        class Interrupted:
            def monotonic(self):
                return 0.0

            def sleep(self, seconds):
                raise KeyboardInterrupt

        desk._clock = Interrupted()
        decorator = placet.requires_approval(
            checkpoint="tools", client=desk.client("blocking"), run=run
        )

        with pytest.raises(KeyboardInterrupt):
            decorator(refund)("4711")

        assert ("cancel" in desk.posted) is told


class TestWorkThatIsOnlyPromised:
    """An ordinary wrapper around an async function, or a generator, hides what it wraps."""

    def test_does_not_run_and_is_reported_as_failed(self, desk):
        ran = []

        async def inner():
            ran.append("late")

        def outer():
            return inner()

        gated = placet.requires_approval(checkpoint="tools", client=desk.client("blocking"))(outer)

        with pytest.raises(TypeError, match="before its work began"):
            gated()

        assert ran == []
        assert desk.reported["status"] == "failed"


class TestACancelledCall:
    """Of an async function, cancelled at each point of its way."""

    def cancelled_at(self, desk, point, approved, *, key=None):
        posted = []

        async def scenario():
            reached = asyncio.Event()

            async def handle(request):
                call = request.url.path.strip("/").rpartition("/")[2]
                posted.append((call, request.content))
                if call == point and not reached.is_set():
                    reached.set()
                    await asyncio.sleep(0.01 if call in ("consume", "outcome") else 3600)
                    posted.append(("answered", b""))
                is_shown = call in ("approvals", ID)
                shown = approved(status="pending", may_proceed=False, decision={})
                if call == ID:
                    shown = approved(decision={"arguments": {}})
                return httpx2.Response(200, json=shown if is_shown else taken(request, {}))

            client = placet.AsyncClient(
                "http://h.example", "k", transport=httpx2.MockTransport(handle)
            )

            @placet.requires_approval(
                checkpoint="tools", client=client, idempotency_key=key and (lambda call: key)
            )
            async def act():
                posted.append(("ran", b""))
                if point == "ran":
                    reached.set()
                    await asyncio.sleep(3600)

            task = asyncio.ensure_future(act())
            await asyncio.wait_for(reached.wait(), timeout=10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(scenario())
        return posted

    def test_while_waiting_is_withdrawn(self, desk, approved):
        posted = self.cancelled_at(desk, ID, approved)

        assert [call for call, _ in posted] == ["approvals", ID, "cancel"]

    def test_while_waiting_is_left_standing_where_the_agent_can_come_back(self, desk, approved):
        posted = self.cancelled_at(desk, ID, approved, key="mine")

        assert [call for call, _ in posted] == ["approvals", ID]

    def test_while_taking_the_permission_says_that_nothing_ran(self, desk, approved):
        posted = self.cancelled_at(desk, "consume", approved)

        assert [call for call, _ in posted] == [
            "approvals",
            ID,
            "consume",
            "answered",
            "outcome",
        ]
        assert json.loads(posted[-1][1])["status"] == "failed"
        assert "before it was run" in json.loads(posted[-1][1])["detail"]

    def test_while_running_is_reported_as_failed(self, desk, approved):
        posted = self.cancelled_at(desk, "ran", approved)

        assert [call for call, _ in posted][-2:] == ["ran", "outcome"]
        assert json.loads(posted[-1][1])["status"] == "failed"

    def test_while_telling_of_its_success_tells_it_to_the_end(self, desk, approved):
        posted = self.cancelled_at(desk, "outcome", approved)

        assert [call for call, _ in posted][-3:] == ["ran", "outcome", "answered"]
        assert json.loads(posted[-2][1])["status"] == "succeeded"
