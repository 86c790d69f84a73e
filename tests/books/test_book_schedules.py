"""Any schedule of diffs, snapshots, quotes and faults leaves a book and its plain twin alike."""

import random

import pytest

from books.sequence import SequenceRule
from books.state import State
from connectors.binance.sequence import FuturesDepthRule, SpotDepthRule
from tests.books.book_twins import BookTwins, Venue, diff, quote

RULES = {"spot": SpotDepthRule, "futures": FuturesDepthRule, "in stream": SequenceRule}
FAULTS = (
    "disconnect", "doubt", "begin_refresh", "cancel_refresh", "unsubscribe", "subscribe",
    "acknowledge", "condemn",
)  # fmt: skip


def fault(pair, rng):
    name = rng.choice(FAULTS)
    pair.condemn() if name == "condemn" else pair.do(name)


def deliver(pair, kept, rng):
    """Deliver the frame, or lose, repeat, delay or corrupt it."""
    lot = rng.random()
    if lot < 0.03:
        return
    if lot < 0.06 and kept:
        pair.feed(rng.choice(kept[-20:]))
    pair.feed(kept[-1])
    if lot > 0.97:
        pair.feed(kept[-1])


def run(name, seed, steps=220):
    """Run a seeded schedule; returns the states seen and the book."""
    rng = random.Random(seed)
    venue = Venue(seed, futures=name == "futures")
    pair = BookTwins(RULES[name])
    pair.do("subscribe")
    kept, replies, states = [], [venue.snapshot()], set()
    for _ in range(steps):
        lot = rng.random()
        if lot < 0.55:
            kept.append(venue.diff())
            deliver(pair, kept, rng)
        elif lot < 0.75:
            kept.append(venue.quote())
            deliver(pair, kept, rng)
        elif lot < 0.85:
            replies.append(venue.snapshot())
        elif lot < 0.95:
            # Mostly the newest reply, now and then one that is too old.
            pair.feed(replies[-1] if rng.random() < 0.8 else rng.choice(replies[-5:]))
        elif lot < 0.96:
            pair.feed(quote(venue.id, (rng.randint(1, 999), 1), (rng.randint(1, 999), 1)))
        elif lot < 0.97:
            pair.feed(diff(venue.id + 1, venue.id + 1, [(10**6, 1)], prev=venue.last))
        else:
            fault(pair, rng)
        states.add(State(pair.fast.state))
    return states, pair


@pytest.mark.parametrize("name", RULES)
def test_seeded_schedules_leave_both_books_alike(name):
    """Forty schedules with loss, repeats, delays and every command agree step by step."""
    states, totals = set(), {}
    for seed in range(40):
        seen, pair = run(name, f"{name} {seed}")
        states |= seen
        for counter, value in vars(pair.plain.counters).items():
            totals[counter] = totals.get(counter, 0) + value
    assert states == set(State)
    # The schedules must reach what they are meant to compare.
    unreachable = {"overflows"} | ({"gaps"} if name == "in stream" else set())
    assert {counter for counter, value in totals.items() if value == 0} <= unreachable


@pytest.mark.parametrize("name", RULES)
def test_a_schedule_without_faults_ends_live_and_equal_to_the_venue(name):
    """Diffs, quotes and one snapshot in order give the venue's own book."""
    venue = Venue(f"calm {name}", futures=name == "futures")
    pair = BookTwins(RULES[name])
    pair.do("subscribe")
    frames = [venue.diff() for _ in range(5)]
    reply = venue.snapshot()
    frames += [venue.diff() for _ in range(5)]
    if name == "in stream":
        pair.feed(reply)
        frames = frames[5:]
    for data in frames:
        pair.feed(data)
    if name != "in stream":
        assert pair.fast.buffered == 10
        if name == "futures":
            # The first diff to be applied must hold the snapshot's own id.
            pair.feed(frames[4])
        pair.feed(reply)
    assert pair.fast.live
    for ask in (False, True):
        assert pair.fast.levels(ask) == venue.ladder.levels(ask)
    assert pair.fast.gaps == pair.fast.crossed == pair.fast.condemned == 0
