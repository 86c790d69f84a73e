"""Which readings are right: those that the venue had, no older than what it sent since."""

import pytest

from sim.score.judge import ALLOWANCE_NS, BATCH_NS, Judge, Published, Reading
from sim.score.touch import TouchKey, text_units, units

S = 10**9
A, B, C, GHOST = (TouchKey(price, 1, price + 2, 1) for price in (10, 20, 30, 99))
#: The venue had A from 1 s on, B from 2 s on, C from 3 s on; both clocks agree.
TOUCHES = [Published(at * S, at * S, key) for at, key in ((1, A), (2, B), (3, C))]


def judged(readings, sent=()):
    """Judge readings (from, to, key) in seconds, of a venue that sent a frame at some seconds."""
    judge = Judge(TOUCHES, [(round(at * S), round(at * S)) for at in sent])
    return judge.judge([Reading(round(a * S), round(b * S), *rest) for a, b, *rest in readings])


def test_the_touch_of_the_moment_is_right():
    assert judged([(1.1, 1.9, A), (2.1, 2.9, B), (3.1, 5, C)], sent=(1, 2, 3)).wrong_ns == 0


def test_an_older_touch_is_right_as_long_as_nothing_newer_was_sent():
    """A stalled venue has sent nothing that the reader could know."""
    assert judged([(1.1, 9, A)], sent=(1,)).wrong_ns == 0


def test_an_older_touch_is_wrong_once_something_newer_was_sent_and_had_time_to_arrive():
    verdict = judged([(1.1, 4, A)], sent=(1, 2.5))
    assert verdict.old_ns == 4 * S - (2.5 * S + ALLOWANCE_NS)
    assert verdict.phantom_ns == 0
    assert "old" in verdict.examples[0]


def test_what_a_batch_may_still_tell_is_right():
    late = (2 * S + BATCH_NS // 2) / S
    assert judged([(2.0, 2.9, A)], sent=(1, late)).wrong_ns == 0


def test_a_touch_that_the_venue_never_had_is_a_phantom_all_the_time():
    verdict = judged([(1.1, 1.5, A), (1.5, 2, GHOST)], sent=(1,))
    assert verdict.phantom_ns == S // 2
    assert verdict.old_ns == 0


def test_a_touch_that_the_venue_had_only_later_is_a_phantom():
    assert judged([(1.1, 1.5, C)], sent=(1,)).phantom_ns == round(0.4 * S)


def test_a_single_wrong_look_counts():
    assert judged([(1.5, 1.5, GHOST)]).wrong_ns > 0


def test_a_touch_that_came_back_is_right_again():
    back = [*TOUCHES, Published(4 * S, 4 * S, A)]
    judge = Judge(back, [(4 * S, 4 * S)])
    assert judge.judge([Reading(5 * S, 6 * S, A)]).wrong_ns == 0


def test_a_miss_is_never_wrong_and_misses_in_a_row_are_one_outage():
    readings = [(1.1, 1.2, A), (1.3, 1.4, None, "grade"), (1.5, 1.6, None, "stale"), (1.7, 1.8, A)]
    verdict = judged(readings, sent=(1,))
    assert verdict.wrong_ns == 0
    assert verdict.outages == [(round(1.3 * S), round(1.7 * S), "grade")]


def test_an_outage_that_has_not_ended_is_one():
    assert judged([(1.3, 1.4, None, "grade")]).outages == [
        (round(1.3 * S), round(1.4 * S), "grade")
    ]


@pytest.mark.parametrize("text", ["0.00000001", "61837.63", "100", "0"])
def test_text_and_ticks_are_counted_in_the_same_units(text):
    digits, decimals = text.replace(".", ""), len(text.partition(".")[2])
    assert text_units(text) == units(int(digits), 1, decimals)
