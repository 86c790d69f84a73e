"""Frames of an Advanced Trade connection are counted from 0 without a hole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.coinbase.sequence import ConnectionSequence, Count


def test_numbers_follow_from_zero():
    sequence = ConnectionSequence()
    assert [sequence.check(number) for number in range(5)] == [Count.NEXT] * 5


@pytest.mark.parametrize("first", [1, 2, 10**12])
def test_a_first_number_other_than_zero_is_a_gap(first):
    assert ConnectionSequence().check(first) is Count.GAP


def test_an_old_or_repeated_number_is_stale_and_moves_nothing():
    sequence = ConnectionSequence()
    for number in range(10):
        sequence.check(number)
    assert sequence.check(9) is Count.STALE
    assert sequence.check(0) is Count.STALE
    assert sequence.check(10) is Count.NEXT


def test_a_gap_is_reported_once_and_counting_goes_on_behind_it():
    sequence = ConnectionSequence()
    sequence.check(0)
    assert sequence.check(5) is Count.GAP
    assert sequence.check(6) is Count.NEXT
    assert sequence.check(3) is Count.STALE


def test_a_reset_awaits_zero_again():
    sequence = ConnectionSequence()
    sequence.check(0)
    sequence.reset()
    assert sequence.check(0) is Count.NEXT


@given(st.lists(st.integers(0, 60), max_size=60))
def test_a_frame_is_next_exactly_when_it_is_one_above_the_highest_so_far(numbers):
    sequence, highest = ConnectionSequence(), -1
    for number in numbers:
        expected = Count.STALE if number <= highest else Count.GAP
        if number == highest + 1:
            expected = Count.NEXT
        assert sequence.check(number) is expected
        highest = max(highest, number)
