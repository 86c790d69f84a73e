"""A mirrored book, rule by rule: what makes it live, what condemns it, what it then answers."""

import orjson
import pytest

from books.grade import UNUSABLE, Grade
from books.sequence import SequenceRule
from books.state import BookNotLiveError, Reason, State
from connectors.binance.sequence import FuturesDepthRule, SpotDepthRule
from tests.books.book_twins import BookTwins, diff, quote, snapshot

LIMIT = 10**18 - 1
BIDS, ASKS = [(99, 1), (98, 2)], [(101, 1), (102, 2)]


def live(rule=SpotDepthRule):
    """A live book whose last id is 10; its touch is 99 x 1 and 101 x 1."""
    pair = BookTwins(rule)
    pair.do("subscribe")
    if rule is SequenceRule:
        pair.feed(snapshot(10, BIDS, ASKS))
    else:
        pair.feed(diff(9, 10, prev=8))
        pair.feed(snapshot(10, BIDS, ASKS))
    assert pair.fast.live
    return pair


def test_a_book_that_nobody_subscribed_takes_nothing():
    """Before the subscription diffs are stale and snapshots are ignored."""
    pair = BookTwins(SpotDepthRule)
    pair.feed(diff(1, 2))
    pair.feed(snapshot(5, BIDS, ASKS))
    assert (pair.fast.stale, pair.fast.snapshots_ignored) == (1, 1)
    assert pair.fast.state == State.EMPTY
    assert pair.fast.condemn(Reason.AUDIT, "") == 0


def test_a_snapshot_that_straddles_a_diff_applies_the_whole_diff():
    """U <= lastUpdateId < u: the diff is applied, its sizes are absolute."""
    pair = BookTwins(SpotDepthRule)
    pair.do("subscribe")
    pair.feed(diff(8, 12, [(99, 7)]))
    pair.feed(snapshot(10, BIDS, ASKS))
    assert pair.fast.best(False) == (99, 7)
    assert (pair.fast.applied, pair.fast.last_sequence) == (1, 12)


def test_a_snapshot_older_than_the_buffer_is_refused_and_the_buffer_kept():
    """A snapshot that ends before the first buffered diff asks for another."""
    pair = BookTwins(SpotDepthRule)
    pair.do("subscribe")
    pair.feed(diff(20, 22))
    bits = pair.feed(snapshot(10, BIDS, ASKS))
    assert bits == 4
    assert pair.fast.reason == Reason.SNAPSHOT_TOO_OLD
    assert pair.fast.buffered == 1
    pair.feed(snapshot(19, BIDS, ASKS))
    assert pair.fast.live


def test_a_snapshot_without_a_diff_waits_for_one_unless_the_stream_was_acknowledged():
    """Only an acknowledged stream lets a snapshot alone make the book live."""
    for acknowledged in (False, True):
        pair = BookTwins(SpotDepthRule)
        pair.do("subscribe")
        if acknowledged:
            pair.do("acknowledge")
        pair.feed(snapshot(10, BIDS, ASKS))
        assert pair.fast.live is acknowledged
        assert acknowledged or pair.fast.reason == Reason.AWAITING_DIFF
        pair.feed(diff(11, 11))
        assert pair.fast.live


def test_a_diff_that_the_snapshot_overtook_tells_the_lag_of_the_stream_and_changes_no_level():
    """The book can get no newer than the stream; once a diff was applied, its own time counts."""
    pair = live()
    stamped = orjson.loads(diff(7, 8, [(99, 5)])) | {"e": "depthUpdate", "E": 1_700}
    assert pair.feed(orjson.dumps(stamped), ts=5_000_000_000) == 8
    assert (pair.fast.ts_event, pair.fast.ts_recv) == (1_700_000_000, 5_000_000_000)
    assert pair.fast.best(False) == (99, 1)
    pair.feed(diff(11, 12, [(99, 7)]), ts=6_000_000_000)
    assert pair.feed(orjson.dumps(stamped), ts=7_000_000_000) == 0
    assert pair.fast.ts_recv == 6_000_000_000


def test_a_gap_makes_the_book_unreadable_and_keeps_the_diff_that_showed_it():
    """A missing id condemns at the next diff; that diff waits for the snapshot."""
    pair = live()
    pair.feed(diff(12, 13))
    assert pair.fast.reason == Reason.GAP
    assert "held 10, next diff is 12 to 13" in pair.fast.detail
    assert pair.fast.buffered == 1
    with pytest.raises(BookNotLiveError, match="gap"):
        pair.fast.best(True)


def test_a_gap_inside_the_buffer_is_counted_and_starts_the_buffer_over():
    """A hole between buffered diffs leaves only what came after it."""
    pair = BookTwins(SpotDepthRule)
    pair.do("subscribe")
    for first, last in ((1, 2), (3, 4), (7, 8)):
        pair.feed(diff(first, last))
    assert (pair.fast.gaps, pair.fast.buffered) == (1, 1)


def test_a_crossed_book_is_condemned_and_a_locked_one_only_graded():
    """A bid over the ask condemns; a bid at the ask lowers the grade."""
    pair = live()
    pair.feed(diff(11, 11, [(101, 1)]))
    assert pair.fast.grade == Grade.LOCKED
    pair.feed(diff(12, 12, [(102, 1)]))
    assert (pair.fast.reason, pair.fast.crossed) == (Reason.CROSSED, 1)


def test_a_one_sided_book_is_live_and_graded():
    """An empty side is no error, but no quote to trade on."""
    pair = live()
    pair.feed(diff(11, 11, [(99, 0), (98, 0)]))
    assert pair.fast.grade == Grade.ONE_SIDED
    assert pair.fast.best(False) is None
    assert pair.fast.walk(False, 5) == []


def test_a_doubted_book_is_unreadable_until_the_next_diff_in_sequence():
    """A diff that follows proves that nothing was missed; a gap proves the contrary."""
    for follows in (True, False):
        pair = live()
        pair.do("doubt")
        assert pair.fast.state == State.DOUBTED
        pair.feed(diff(11 + (not follows), 12))
        assert pair.fast.live is follows


def test_a_refresh_is_built_aside_and_swapped_in():
    """A fresh snapshot replaces a live book without an unreadable moment."""
    pair = live()
    pair.do("begin_refresh")
    pair.feed(diff(11, 12, [(97, 5)]))
    pair.feed(snapshot(11, [(99, 3)], [(101, 4)]))
    assert pair.fast.live
    assert not pair.fast.refreshing
    assert pair.fast.levels(False) == [(99, 3), (97, 5)]


def test_a_refresh_older_than_the_book_is_ignored():
    """A snapshot that cannot be brought up to the book asks for another."""
    pair = live()
    pair.feed(diff(11, 12))
    pair.do("begin_refresh")
    assert pair.feed(snapshot(11, BIDS, ASKS)) == 4
    assert pair.fast.refreshing
    assert pair.fast.snapshots_ignored == 1


def test_a_quote_newer_than_the_book_is_the_touch_and_cuts_the_depth_back():
    """The best-quote channel leads a batched depth book by venue id."""
    pair = live()
    pair.feed(quote(12, (98, 9), (102, 1)))
    assert pair.fast.from_quote
    assert pair.fast.newest_touch() == (98, 9, 102, 1)
    assert pair.fast.walk(False, 5) == [(98, 9)]
    pair.feed(diff(11, 13, [(99, 0)]))
    assert not pair.fast.from_quote


def test_a_quote_that_was_overtaken_never_becomes_the_touch_again():
    """A repeated or late quote leaves the newer one standing."""
    pair = live()
    pair.feed(quote(15, (98, 9), (102, 1)))
    pair.feed(quote(14, (1, 1), (2, 2)))
    pair.feed(diff(11, 11, [(97, 1)]))
    assert pair.fast.newest_touch() == (98, 9, 102, 1)


def test_a_quote_of_the_same_id_that_differs_condemns_whichever_comes_first():
    """Equal ids and unequal touches mean that the mirror is wrong."""
    for quote_first in (True, False):
        pair = live()
        frames = [diff(11, 12, [(99, 5)]), quote(12, (99, 4), (101, 1))]
        for data in reversed(frames) if quote_first else frames:
            pair.feed(data)
        assert pair.fast.reason == Reason.REFERENCE
        assert pair.fast.reference_mismatches == 1


def test_an_older_quote_that_differs_is_counted_only():
    """The last change may have come without a quote: it is counted, the book lives."""
    pair = live()
    pair.feed(quote(11, (99, 4), (101, 1)))
    pair.feed(diff(11, 12, [(99, 5)]))
    pair.feed(quote(13, (99, 5), (101, 1)))
    assert pair.fast.live
    assert (pair.fast.reference_checks, pair.fast.reference_mismatches) == (1, 1)


def test_a_ticker_without_ids_lowers_the_grade_and_condemns_when_it_lasts():
    """A mismatch is a grade; over 2 s of it while the book moves condemns."""
    pair = live(SequenceRule)
    second = 1_000_000_000
    assert pair.feed(quote(0, (90, 1), (101, 1)), 10 * second) == 1
    assert pair.fast.grade == Grade.REFERENCE
    assert pair.l1.read(0, pair.ts).grade & Grade.REFERENCE
    assert pair.feed(quote(0, (99, 1), (101, 1)), 11 * second) == 1
    assert pair.fast.grade == Grade.GOOD
    pair.feed(quote(0, (90, 1), (101, 1)), 12 * second)
    pair.feed(quote(0, (90, 1), (101, 1)), 15 * second)
    assert pair.fast.live, "the book has not moved since"
    pair.feed(diff(1, 1, [(97, 1)]), 15 * second)
    pair.feed(quote(0, (90, 1), (101, 1)), 16 * second)
    assert pair.fast.reason == Reason.REFERENCE


def test_a_disconnect_forgets_quotes_and_levels():
    """Nothing of the old connection is served on the new one."""
    pair = live()
    pair.feed(quote(900, (98, 9), (102, 1)))
    pair.do("disconnect")
    assert pair.fast.reason == Reason.DISCONNECTED
    pair.feed(diff(20, 21))
    pair.feed(snapshot(21, BIDS, ASKS))
    assert pair.fast.newest_touch() == (99, 1, 101, 1)


def test_a_full_buffer_starts_over_and_is_counted():
    """At 16,384 diffs the buffer is given up; the newest diff begins the next one."""
    pair = BookTwins(SpotDepthRule)
    pair.do("subscribe")
    for at in range(16_384):
        assert pair.decoder.decode(diff(at, at)) == 1
        pair.fast.on(pair.decoder.frame, 0, 1)
    assert (pair.fast.buffered, pair.fast.overflows) == (16_384, 0)
    pair.decoder.decode(diff(16_384, 16_384))
    pair.fast.on(pair.decoder.frame, 0, 1)
    assert (pair.fast.buffered, pair.fast.overflows) == (1, 1)
    assert pair.fast.reason == Reason.OVERFLOW


def test_a_refresh_whose_buffer_is_full_is_given_up_and_the_book_lives():
    """A refresh that takes too long costs nothing but itself."""
    pair = live()
    pair.do("begin_refresh")
    for at in range(11, 11 + 16_385):
        pair.decoder.decode(diff(at, at))
        pair.fast.on(pair.decoder.frame, 0, 1)
    assert pair.fast.live
    assert (pair.fast.refreshing, pair.fast.buffered, pair.fast.overflows) == (False, 0, 1)


@pytest.mark.parametrize("count", [99, 100, 500, 1000, 1001])
def test_only_a_cut_snapshot_has_a_horizon(count):
    """A snapshot of exactly as many levels as were asked for vouches only down to its edge."""
    pair = BookTwins(SpotDepthRule)
    pair.do("subscribe")
    pair.do("acknowledge")
    bids = [(5000 - n, 1) for n in range(count)]
    asks = [(5001 + n, 1) for n in range(count)]
    pair.feed(snapshot(10, bids, asks))
    cut = count in (100, 500, 1000)
    assert pair.fast.horizon == ((bids[-1][0], asks[-1][0]) if cut else (None, None))


def test_a_touch_near_the_edge_of_a_cut_snapshot_is_graded():
    """Once three quarters of the vouched room are used up the horizon is a reason."""
    pair = BookTwins(SpotDepthRule)
    pair.do("subscribe")
    pair.do("acknowledge")
    pair.feed(snapshot(10, [(5000 - n, 1) for n in range(100)], [(5001, 1)]))
    pair.feed(diff(11, 11, [(5000 - n, 0) for n in range(74)]))
    assert pair.fast.grade == Grade.GOOD
    pair.feed(diff(12, 12, [(5000 - n, 0) for n in range(76)]))
    assert pair.fast.grade == Grade.HORIZON
    pair.feed(diff(13, 13, [(5000 - n, 0) for n in range(99)]))
    assert pair.fast.grade == Grade.HORIZON


@pytest.mark.parametrize("ask", [False, True])
def test_a_touch_beyond_the_edge_of_a_cut_snapshot_is_not_to_be_used(ask):
    """What lies between the edge and that touch was never told."""
    sign = 1 if ask else -1
    side = [(5000 + sign * n, 1) for n in range(100)]
    pair = BookTwins(SpotDepthRule)
    pair.do("subscribe")
    pair.do("acknowledge")
    other = [(5000 - sign, 1)]
    pair.feed(snapshot(10, *((other, side) if ask else (side, other))))
    gone = [(price, 0) for price, _ in side] + [(5000 + sign * 120, 1)]
    pair.feed(diff(11, 11, *(((), gone) if ask else (gone, ()))))
    assert pair.fast.grade == Grade.HORIZON | Grade.BEYOND_HORIZON
    assert pair.fast.grade & UNUSABLE


def test_a_finer_grid_multiplies_everything_that_is_held():
    """Ladder, touch, quote, buffer and horizon move to the finer grid together."""
    book = live().fast
    book.rescale(10, 100)
    assert book.depth_touch() == (990, 100, 1010, 100)
    assert book.newest_touch() == book.depth_touch()
    assert book.levels(False) == [(990, 100), (980, 200)]
    assert book.refinements == 1


def test_a_grid_too_fine_for_what_is_held_raises_and_leaves_no_quote_behind():
    """OverflowError, and no number of the old grid can become a touch afterwards."""
    pair = live()
    pair.feed(quote(10**17, (98, 9), (102, 1)))
    with pytest.raises(OverflowError):
        pair.fast.rescale(LIMIT // 50, 1)
    assert pair.fast.quote_touch() == (0, 0, 0, 0)
    pair.fast.condemn(Reason.OVERFLOW, "grid")
    assert pair.fast.count(False) == 0


def test_an_event_beyond_the_frame_is_an_index_error():
    """Only events that the frame holds can be taken."""
    pair = live()
    for i in (-1, 1):
        with pytest.raises(IndexError):
            pair.fast.on(pair.decoder.frame, i, 1)


def test_numbers_at_the_limit_are_kept_exactly():
    """Prices and sizes up to 10**18 - 1 stay inside int64 everywhere."""
    pair = BookTwins(FuturesDepthRule)
    pair.do("subscribe")
    pair.feed(diff(9, 10, prev=8))
    pair.feed(snapshot(10, [(0, LIMIT), (LIMIT - 1, LIMIT)], [(LIMIT, LIMIT)]))
    assert pair.fast.depth_touch() == (LIMIT - 1, LIMIT, LIMIT, LIMIT)
    with pytest.raises(OverflowError):
        pair.fast.rescale(10, 1)
