"""Receive stamps and steps of the wall clock, with given clocks."""

from connectors.transport.clock import StampClock
from market.inputs import InputKind

S = 1_000_000_000


class Hands:
    """A wall clock and a monotonic one, moved by hand; a reading may take time."""

    def __init__(self):
        self.wall = 1_000 * S
        self.monotonic = 5 * S
        self.reading_ns = 0

    def go(self, ns):
        self.wall += ns
        self.monotonic += ns

    def wall_ns(self):
        self.go(self.reading_ns)
        return self.wall

    def monotonic_ns(self):
        return self.monotonic


def clock_of(hands):
    return StampClock(hands.wall_ns, hands.monotonic_ns)


def test_stamps_are_the_anchor_plus_elapsed_time():
    hands = Hands()
    clock = clock_of(hands)
    hands.go(3 * S)
    assert clock.now_ns() == 1_003 * S
    assert clock.check() is None


def test_a_step_is_reported_once_and_adopted():
    hands = Hands()
    clock = clock_of(hands)
    hands.wall -= 2 * S
    assert clock.now_ns() == 1_000 * S
    step = clock.check()
    assert (step.kind, step.number, step.ts_recv) == (InputKind.CLOCK, -2 * S, 998 * S)
    assert clock.now_ns() == 998 * S
    assert clock.check() is None


def test_a_small_difference_is_no_step():
    hands = Hands()
    clock = clock_of(hands)
    hands.wall += 4_999_999
    assert clock.check() is None
    assert clock.now_ns() == 1_000 * S
    hands.wall += 1
    assert clock.check().number == 5_000_000


def test_a_difference_within_the_time_of_reading_is_no_step():
    hands = Hands()
    clock = clock_of(hands)
    hands.reading_ns = 40_000_000
    assert clock.check() is None
    hands.wall += 10_000_000
    assert clock.check() is None


def test_the_processs_clocks_agree():
    clock = StampClock()
    first = clock.now_ns()
    assert first <= clock.now_ns()
    assert first > 1_700_000_000 * S
