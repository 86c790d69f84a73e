"""The state machine of a book: every row of its table, and nothing else."""

from itertools import product

import pytest

from books.book import Book
from books.sequence import SequenceRule
from books.state import TABLE, Cause, IllegalMoveError, Reason, State, move
from connectors.binance.sequence import SpotDepthRule
from tests.books.book_twins import BookTwins, diff, snapshot


@pytest.mark.parametrize(("state", "cause"), list(product(State, Cause)))
def test_a_move_is_in_the_table_or_raises(state, cause):
    """A pair that the table lacks is a bug of the caller and raises."""
    if (state, cause) in TABLE:
        assert move(state, cause) is TABLE[state, cause]
    else:
        with pytest.raises(IllegalMoveError, match=f"{state.name} knows no {cause.name}"):
            move(state, cause)


def test_only_fitting_and_proof_lead_to_a_readable_book():
    """No other cause ends in LIVE, and no state keeps a condemned book readable."""
    for (_, cause), after in TABLE.items():
        assert (after is State.LIVE) == (cause in (Cause.FITS, Cause.PROVED))
    for state in State:
        assert TABLE.get((state, Cause.CONDEMN)) in (None, State.BUFFERING)


def test_every_state_can_be_left():
    """No state is a dead end."""
    for state in State:
        assert any(before is state and after is not state for (before, _), after in TABLE.items())


def book(state):
    """A book in this state, reached by events."""
    pair = BookTwins(SpotDepthRule)
    if state is State.EMPTY:
        return pair
    pair.do("subscribe")
    if state in (State.LIVE, State.DOUBTED):
        pair.feed(diff(10, 10))
        pair.feed(snapshot(10, [(1, 1)], [(2, 1)]))
    if state is State.DOUBTED:
        pair.do("doubt")
    return pair


@pytest.mark.parametrize("state", State)
def test_a_book_follows_the_table_from_every_state(state):
    """Subscribe, condemn, doubt, disconnect and unsubscribe end where the table says."""
    ends = {
        "subscribe": State.BUFFERING if state is State.EMPTY else state,
        "unsubscribe": State.EMPTY,
        "doubt": State.DOUBTED if state in (State.LIVE, State.DOUBTED) else state,
        "disconnect": state if state is State.EMPTY else State.BUFFERING,
    }
    for name, after in ends.items():
        pair = book(state)
        assert pair.fast.state == state
        pair.do(name)
        assert pair.fast.state == after
    pair = book(state)
    pair.condemn()
    assert pair.fast.state == (State.EMPTY if state is State.EMPTY else State.BUFFERING)


@pytest.mark.parametrize("state", State)
def test_an_in_stream_snapshot_follows_the_table(state):
    """A snapshot between diffs makes every subscribed book live."""
    if state is State.DOUBTED:
        fits = TABLE[state, Cause.FITS]
        assert fits is State.LIVE
    pair = BookTwins(SequenceRule)
    if state is not State.EMPTY:
        pair.do("subscribe")
    if state in (State.LIVE, State.DOUBTED):
        pair.feed(snapshot(1, [(1, 1)], [(2, 1)]))
    if state is State.DOUBTED:
        pair.do("doubt")
    pair.feed(snapshot(2, [(3, 1)], [(4, 1)]))
    assert pair.fast.live is (state is not State.EMPTY)


def test_every_reason_has_a_label():
    """Labels are lower-case words, and no reason at all is `live`."""
    assert Reason.NONE.label == "live"
    assert Reason.SNAPSHOT_TOO_OLD.label == "snapshot too old"
    assert len({reason.label for reason in Reason}) == len(Reason)


def test_a_new_book_is_empty():
    """A book begins EMPTY, for the reason of the same name."""
    fresh = Book(3, SpotDepthRule())
    assert (fresh.state, fresh.reason, fresh.version) == (State.EMPTY, Reason.EMPTY, 0)
