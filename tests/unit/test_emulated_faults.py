"""The fault plan: the same seed gives the same trouble, and a mistyped plan is an error, never silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.emulators.faults import POSSIBLE, Fault, FaultKind, FaultPlan, FaultSpecError, Point


def test_a_seed_replays_the_same_faults() -> None:
    spec = "drop=0.2,delay=0.3:0.2s,cut=0.2:40,seed=7"
    rows = [[FaultPlan.from_spec(spec).draw(point) for point in Point] for _ in range(2)]
    first, second = FaultPlan.from_spec(spec), FaultPlan.from_spec(spec)
    assert rows[0] == rows[1]
    assert [first.draw(Point.ANSWER) for _ in range(200)] == [second.draw(Point.ANSWER) for _ in range(200)]


def test_a_spec_says_what_it_means() -> None:
    plan = FaultPlan.from_spec("delay=1:50ms, cut@ofd.answer=1:40, power_loss=0:3s")
    assert plan.draw(Point.ANSWER) == Fault(kind=FaultKind.DELAY, seconds=0.05)
    assert FaultPlan.from_spec("cut@ofd.answer=1:40").draw(Point.OFD_ANSWER) == Fault(
        kind=FaultKind.CUT, after_bytes=40
    )
    assert FaultPlan.from_spec("cut@ofd.answer=1:40").draw(Point.ANSWER) is None


@pytest.mark.parametrize(
    "spec",
    [
        "drop",
        "drop=x",
        "drop=2",
        "drop=-0.1",
        "fire=0.1",
        "drop@nowhere=0.1",
        "cut=0.1:a",
        "delay=1:soon",
        "seed=x",
        "power_loss@ofd.answer=1",
        "drop=nan",
        "delay=1:-5s",
        "delay=1:inf",
        "delay=1:nan",
        "cut=1:-1",
    ],
)
def test_a_mistyped_plan_is_named(spec: str) -> None:
    with pytest.raises(FaultSpecError):
        FaultPlan.from_spec(spec)


def test_an_ordered_fault_strikes_as_often_as_ordered() -> None:
    plan = FaultPlan()
    plan.order(Point.ANSWER, Fault(kind=FaultKind.DROP), times=2)
    plan.order(Point.ANSWER, Fault(kind=FaultKind.GARBAGE))
    struck = [plan.draw(Point.ANSWER) for _ in range(4)]
    assert [f.kind if f else None for f in struck] == [
        FaultKind.DROP,
        FaultKind.DROP,
        FaultKind.GARBAGE,
        None,
    ]
    assert plan.draw(Point.REQUEST) is None


def test_a_fault_until_cleared_stays() -> None:
    plan = FaultPlan.from_spec("drop=1")
    plan.order(Point.AFTER_SIGN, Fault(kind=FaultKind.POWER_LOSS), times=-1)
    assert all(plan.draw(Point.AFTER_SIGN) == Fault(kind=FaultKind.POWER_LOSS) for _ in range(5))
    plan.clear()
    assert plan.draw(Point.AFTER_SIGN) is None
    assert plan.pending() == ()


def test_an_impossible_order_is_refused() -> None:
    with pytest.raises(FaultSpecError):
        FaultPlan().order(Point.ANSWER, Fault(kind=FaultKind.POWER_LOSS))
    with pytest.raises(FaultSpecError):
        FaultPlan().order(Point.ANSWER, Fault(kind=FaultKind.DROP), times=0)


@given(seed=st.integers(0, 1000), point=st.sampled_from(Point))
def test_chance_never_strikes_where_it_is_impossible(seed: int, point: Point) -> None:
    everything = ",".join(f"{kind}=0.5" for kind in FaultKind)
    plan = FaultPlan.from_spec(f"{everything},seed={seed}")
    drawn = [plan.draw(point) for _ in range(20)]
    assert {f.kind for f in drawn if f} <= POSSIBLE[point]
