"""Orders for frames to come."""

import pytest

from sim.server.faults import Fault, Faults, Hit


def test_an_order_meets_as_many_frames_of_its_channel_as_it_says():
    faults = Faults()
    faults.order(Fault.DROP, "btcusdt@depth", frames=2)
    names = ["ethusdt@depth", "btcusdt@depth", "btcusdt@trade", "btcusdt@depth", "btcusdt@depth"]
    assert [faults.meet(name) is not None for name in names] == [False, True, False, True, False]
    assert faults.pending == 0


def test_orders_are_worked_off_in_turn():
    faults = Faults()
    faults.order(Fault.REPEAT)
    faults.order(Fault.DROP)
    assert [faults.meet("x").fault for _ in range(2)] == [Fault.REPEAT, Fault.DROP]
    assert faults.meet("x") is None


def test_orders_may_be_forgotten():
    faults = Faults()
    faults.order(Fault.DROP, frames=9)
    faults.clear()
    assert faults.meet("x") is None


def test_an_oversized_frame_is_beyond_64_mib_unless_told_otherwise():
    faults = Faults()
    faults.order(Fault.OVERSIZE)
    assert faults.meet("x").size > 64 << 20


def test_an_order_for_no_frames_is_refused():
    with pytest.raises(ValueError, match="0 is not positive"):
        Faults().order(Fault.DROP, frames=0)


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (Fault.DROP, []),
        (Fault.REPEAT, ['{"a":1}', '{"a":1}']),
        (Fault.MALFORM, ['{"a";1}']),
        (Fault.TRUNCATE, ['{"a']),
        (Fault.OVERSIZE, ['{"a":1}   ']),
    ],
)
def test_each_fault_does_what_it_says(fault, sent):
    assert Hit(fault, size=10).apply('{"a":1}') == sent
