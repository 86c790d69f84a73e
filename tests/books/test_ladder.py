"""The compiled ladder answers like its plain twin, whatever the feed does."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from books.ladder import Ladder
from books.plain_ladder import PlainLadder
from tests.effort import examples

LIMIT = 10**18 - 1
levels = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 5)), max_size=40)


def assert_same(fast, plain):
    for ask in (False, True):
        assert fast.count(ask) == plain.count(ask)
        assert fast.best(ask) == plain.best(ask)
        assert fast.levels(ask) == plain.levels(ask)
        assert fast.levels(ask, 3) == plain.levels(ask, 3)


@given(levels, levels, st.lists(st.tuples(levels, levels), max_size=8))
def test_snapshot_and_updates_agree_with_the_twin(bids, asks, batches):
    """Any snapshot followed by any batches leaves both ladders with the same levels."""
    fast, plain = Ladder(), PlainLadder()
    fast.load(bids, asks)
    plain.load(bids, asks)
    assert_same(fast, plain)
    for batch in batches:
        assert fast.update(*batch) == plain.update(*batch)
        assert_same(fast, plain)


WALKS = {
    "dense": (1, 300, 20),
    "drifting": (40, 2000, 100),
    "sparse": (10**6, 50, 10**6),
    "leaping": (10**12, 4, 10**15),
    "edges": (LIMIT // 3, 3, 1),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_walking_price_agrees_with_the_twin(name):
    """A touch that walks, leaps or sits at the ends of int64 keeps both ladders equal."""
    step, spread, jump = WALKS[name]
    rng = random.Random(name)
    fast, plain = Ladder(), PlainLadder()
    mid = LIMIT // 2
    for _ in range(6000):
        mid = min(max(mid + rng.randint(-jump, jump), 0), LIMIT)
        batch = [
            [
                (min(max(mid + side * step * rng.randint(0, spread), 0), LIMIT), rng.randint(0, 2))
                for _ in range(rng.randint(0, 6))
            ]
            for side in (-1, 1)
        ]
        assert fast.update(*batch) == plain.update(*batch)
        assert fast.best(False) == plain.best(False)
        assert fast.best(True) == plain.best(True)
    assert_same(fast, plain)
    for ask in (False, True):
        for ticks, lots in plain.levels(ask, 50):
            assert fast.get(ask, ticks) == lots
        assert fast.get(ask, 1) == plain.get(ask, 1)


def test_the_window_follows_the_price():
    """With a dense feed nearly all levels near the touch lie in the window."""
    ladder = Ladder()
    for mid in range(5_000, 60_000, 7):
        ladder.update([(mid - k, 1) for k in range(20)], [(mid + 1 + k, 1) for k in range(20)])
        ladder.update([], [(mid + 1 + k, 0) for k in range(20)])
    width, inside, _ = ladder.layout(ask=False)
    assert width >= 1024
    assert inside > width // 2


def test_the_window_is_given_up_where_it_cannot_help():
    """Prices a million ticks apart leave a plain sorted side, not a growing window."""
    ladder = Ladder()
    rng = random.Random(3)
    for k in range(20_000):
        ladder.update([((k + rng.randint(0, 5)) * 10**6, rng.randint(0, 3))], [])
    assert ladder.layout(ask=False)[0] == 0


def test_rescaling_multiplies_every_level():
    """A finer grid keeps the book, in the new units."""
    fast, plain = Ladder(), PlainLadder()
    bids = [(k * 7, k + 1) for k in range(3000)]
    asks = [(30_000 + k * 5, k + 1) for k in range(3000)]
    for ladder in (fast, plain):
        ladder.load(bids, asks)
        ladder.rescale(100, 10)
    assert_same(fast, plain)
    with pytest.raises(OverflowError):
        fast.rescale(10**17, 1)


def test_absurd_numbers_are_refused():
    """Ticks and lots beyond the limit never reach the window arithmetic."""
    ladder = Ladder()
    with pytest.raises(ValueError, match="ticks and lots"):
        ladder.set(False, LIMIT + 1, 1)
    with pytest.raises(ValueError, match="ticks and lots"):
        ladder.update([(-1, 1)], [])
    with pytest.raises(ValueError, match="finer"):
        ladder.rescale(0, 1)


@settings(max_examples=examples(0.5))
@given(levels, levels)
def test_zero_sizes_in_a_snapshot_are_dropped(bids, asks):
    """A snapshot may hold empty levels and repeats; the last of a price holds."""
    ladder = Ladder()
    ladder.load(bids, asks)
    for ask, side in ((False, bids), (True, asks)):
        assert dict(ladder.levels(ask)) == {t: q for t, q in dict(side).items() if q}
