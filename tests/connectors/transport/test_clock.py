"""Receive stamps and steps of the wall clock, with given clocks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.transport.clock import SLEW, STEP_NS_MIN, StampClock
from market.inputs import InputKind
from tests.effort import examples

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


def test_the_anchor_is_stamps_minus_monotonic_time_and_none_while_they_are_slewed():
    hands = Hands()
    clock = clock_of(hands)
    hands.go(3 * S)
    assert clock.anchor_ns == clock.now_ns() - hands.monotonic == 995 * S
    hands.wall -= 2 * S
    clock.check()
    assert clock.anchor_ns is None
    hands.go(2 * SLEW * S)
    clock.check()
    assert clock.anchor_ns == clock.now_ns() - hands.monotonic


def test_a_step_ahead_is_reported_once_and_adopted():
    hands = Hands()
    clock = clock_of(hands)
    hands.wall += 2 * S
    assert clock.now_ns() == 1_000 * S
    step = clock.check()
    assert (step.kind, step.number, step.ts_recv) == (InputKind.CLOCK, 2 * S, 1_002 * S)
    assert clock.now_ns() == 1_002 * S
    assert (clock.take_shift(), clock.take_shift(), clock.ahead_ns) == (2 * S, 0, 0)
    assert clock.check() is None


def test_a_step_back_is_reported_once_and_slewed():
    """The stamps go on where they were and give back a hundredth of what elapses."""
    hands = Hands()
    clock = clock_of(hands)
    hands.wall -= 2 * S
    step = clock.check()
    assert (step.kind, step.number, step.ts_recv) == (InputKind.CLOCK, -2 * S, 1_000 * S)
    assert (clock.take_shift(), clock.ahead_ns) == (0, 2 * S)
    hands.go(100 * S)
    assert clock.now_ns() == 1_099 * S
    assert clock.check() is None
    assert (clock.take_shift(), clock.ahead_ns) == (-S, S)
    hands.go(150 * S)
    assert clock.now_ns() == hands.wall == 1_248 * S
    assert clock.check() is None
    assert (clock.take_shift(), clock.ahead_ns) == (-S, 0)
    hands.go(S)
    assert clock.now_ns() == 1_249 * S


def test_a_step_ahead_first_makes_up_for_one_back():
    hands = Hands()
    clock = clock_of(hands)
    hands.wall -= 5 * S
    clock.check()
    hands.wall += 3 * S
    assert clock.check().number == 3 * S
    assert (clock.now_ns(), clock.ahead_ns, clock.take_shift()) == (1_000 * S, 2 * S, 0)
    hands.wall += 3 * S
    assert clock.check().number == 3 * S
    assert (clock.now_ns(), clock.ahead_ns, clock.take_shift()) == (1_001 * S, 0, S)


@settings(max_examples=examples(2))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 20 * S),
            st.sampled_from([0, 0, 0, 1, 5_000_000]) | st.integers(-90 * S, 90 * S),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_whatever_the_wall_clock_does_stamps_go_on_and_come_back_to_it(moves):
    """No stamp is less than one before; no interval is shortened by more than a hundredth."""
    hands = Hands()
    clock = clock_of(hands)
    last, shifts, elapsed = clock.now_ns(), 0, 0
    for pause, step, checked in moves:
        hands.go(pause)
        elapsed += pause
        now = clock.now_ns()
        assert pause - pause // SLEW - 1 <= now - last <= pause
        hands.wall += step
        if checked:
            clock.check()
            shifts += clock.take_shift()
            assert clock.now_ns() >= now
            assert clock.now_ns() == 1_000 * S + elapsed + shifts
            assert clock.now_ns() - hands.wall > -2 * STEP_NS_MIN
            assert abs(clock.now_ns() - hands.wall - clock.ahead_ns) < 2 * STEP_NS_MIN
        last = clock.now_ns()
    clock.check()
    hands.go(clock.ahead_ns * SLEW)
    clock.check()
    assert clock.ahead_ns == 0
    assert abs(clock.now_ns() - hands.wall) < 2 * STEP_NS_MIN


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
