"""L1: quotes by slot with the grade at the moment of reading, and its limits."""

import pytest

from books.book import Book
from books.grade import UNUSABLE, Grade
from books.sequence import SequenceRule
from cache.l1 import L1
from tests.books.book_twins import decoder, diff, quote, snapshot

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


def live_book(slot=0, ts=T0, event_ms=0):
    """A live book of an unsequenced channel: 99 x 1 and 101 x 2."""
    source = decoder()
    book = Book(slot, SequenceRule())
    book.subscribe()
    data = snapshot(7, [(99, 1)], [(101, 2)])
    if event_ms:
        data = data[:-1] + b',"E":%d}' % event_ms
    source.decode_snapshot(data, b"X")
    book.on(source.frame, 0, ts)
    return book, source


def opened(slot=0, link=0, **bounds):
    l1 = L1(**bounds)
    l1.open_slot(slot, link)
    return l1


def numbers(found):
    return found.bid_price, found.bid_lots, found.ask_price, found.ask_lots


def test_a_quote_is_read_as_it_was_put():
    """Price, size, version and times of a live book come back with a good grade."""
    l1 = opened()
    book, _ = live_book()
    l1.hear(0, T0)
    assert l1.put(book) == Grade.GOOD
    found = l1.read(0, T0 + 5)
    assert numbers(found) == (99, 1, 101, 2)
    assert (found.slot, found.version, found.ts_recv) == (0, book.version, T0)
    assert (found.grade, found.usable, found.silence_ns) == (Grade.GOOD, True, 5)
    assert "bid=(99, 1)" in repr(found)


def test_a_put_overwrites_and_a_read_is_a_copy():
    """A quote that was read keeps its numbers when the slot moves on."""
    l1 = opened()
    book, source = live_book()
    l1.hear(0, T0)
    l1.put(book)
    before = l1.read(0, T0)
    source.decode(diff(8, 8, [(100, 4)]))
    book.on(source.frame, 0, T0 + 1)
    l1.put(book)
    assert numbers(before) == (99, 1, 101, 2)
    assert numbers(l1.read(0, T0 + 1)) == (100, 4, 101, 2)


def test_a_book_that_is_not_live_has_no_numbers():
    """After a condemnation the slot shows zeros and NOT_LIVE, whatever it held."""
    l1 = opened()
    book, _ = live_book()
    l1.hear(0, T0)
    l1.put(book)
    book.disconnect("gone")
    assert l1.put(book) == Grade.NOT_LIVE
    found = l1.read(0, T0)
    assert numbers(found) == (0, 0, 0, 0)
    assert found.grade & Grade.NOT_LIVE
    assert not found.usable


@pytest.mark.parametrize("slot", [-1, 1, 63, 64, 65_536, 2**31 - 1])
def test_a_slot_that_nobody_filled_is_not_live(slot):
    """Unknown slots, inside or outside the table, read as NOT_LIVE without numbers."""
    l1 = opened()
    found = l1.read(slot, T0)
    assert found.grade & Grade.NOT_LIVE
    assert numbers(found) == (0, 0, 0, 0)
    assert l1.grade(slot, T0) & Grade.NOT_LIVE
    assert l1.lag(slot) is None


def test_an_empty_table_answers_every_slot():
    """Before anything was opened a read is NOT_LIVE."""
    assert L1().read(0, T0).grade == Grade.NOT_LIVE
    assert L1().grade(0, T0) == Grade.NOT_LIVE


def test_silence_is_the_time_since_the_channel_gave_a_frame():
    """Over the bound the grade is SILENT; any frame of the connection ends it."""
    l1 = opened(silence_max_ns=5 * SECOND)
    book, _ = live_book()
    l1.put(book)
    assert l1.grade(0, T0) == Grade.SILENT, "the channel was never heard"
    assert l1.read(0, T0).silence_ns == -1
    l1.hear(0, T0)
    assert l1.grade(0, T0 + 5 * SECOND) == Grade.GOOD
    assert l1.grade(0, T0 + 5 * SECOND + 1) == Grade.SILENT
    assert not l1.read(0, T0 + 6 * SECOND).usable
    l1.hear(0, T0 + 7 * SECOND)
    assert l1.grade(0, T0 + 7 * SECOND) == Grade.GOOD


def test_silence_belongs_to_the_slots_own_connection():
    """A frame of another connection does not make a quote fresh."""
    l1 = opened(slot=0, link=1)
    l1.open_slot(1, 0)
    for slot in (0, 1):
        l1.put(live_book(slot)[0])
    l1.hear(0, T0)
    assert l1.grade(0, T0) == Grade.SILENT
    assert l1.grade(1, T0) == Grade.GOOD


def test_lag_counts_only_with_a_known_clock():
    """Receive time minus event time minus the offset; unknown until the offset was measured."""
    l1 = opened(lag_max_ns=2 * SECOND)
    book, _ = live_book(event_ms=(T0 - 3 * SECOND) // 1_000_000)
    l1.hear(0, T0)
    l1.put(book)
    assert l1.lag(0) is None
    assert l1.grade(0, T0) == Grade.GOOD
    l1.set_offset(0, 0)
    assert l1.lag(0) == 3 * SECOND
    assert l1.grade(0, T0) == Grade.LAGGING
    # The venue's clock is 1 s behind ours: its stamps are that much too old.
    l1.set_offset(0, -SECOND)
    assert l1.lag(0) == 2 * SECOND
    assert l1.grade(0, T0) == Grade.GOOD


def test_a_venue_without_event_times_has_no_lag():
    """No event time, no lag: the grade does not guess."""
    l1 = opened()
    l1.hear(0, T0)
    l1.put(live_book()[0])
    l1.set_offset(0, 10 * SECOND)
    assert l1.lag(0) is None
    assert l1.grade(0, T0) == Grade.GOOD


def test_an_unchanged_quote_is_not_stale():
    """A quiet pair stays good as long as its channel speaks."""
    l1 = opened()
    l1.put(live_book()[0])
    l1.hear(0, T0 + 3600 * SECOND)
    assert l1.grade(0, T0 + 3600 * SECOND) == Grade.GOOD


def test_the_touch_of_the_quote_channel_brings_its_own_times():
    """A touch from the best-quote channel is marked and carries that channel's receive time."""
    from connectors.binance.sequence import SpotDepthRule

    l1 = opened()
    source = decoder()
    book = Book(0, SpotDepthRule())
    book.subscribe()
    book.acknowledged = True
    source.decode_snapshot(snapshot(7, [(99, 1)], [(101, 2)]), b"X")
    book.on(source.frame, 0, T0)
    source.decode(quote(9, (98, 5), (102, 6)))
    book.on(source.frame, 0, T0 + 4)
    l1.put(book)
    found = l1.read(0, T0 + 4)
    assert (numbers(found), found.from_quote, found.ts_recv) == ((98, 5, 102, 6), True, T0 + 4)


@pytest.mark.parametrize("slot", [-1, 65_536])
def test_slots_have_a_limit(slot):
    """Slots are 0 to 65,535."""
    with pytest.raises(ValueError, match="slots are 0 to 65535"):
        L1().open_slot(slot, 0)


@pytest.mark.parametrize("link", [-1, 4096])
def test_links_have_a_limit(link):
    """Links are 0 to 4,095."""
    with pytest.raises(ValueError, match="links are 0 to 4095"):
        L1().open_link(link)


def test_the_last_slot_and_link_can_be_used():
    """The table grows to its limits in one step."""
    l1 = opened(slot=65_535, link=4095)
    book, _ = live_book(65_535)
    l1.hear(4095, T0)
    l1.put(book)
    assert numbers(l1.read(65_535, T0)) == (99, 1, 101, 2)
    l1.hear(4096, T0)
    l1.hear(-1, T0)


@pytest.mark.parametrize("slot", [-1, -65_536, 64])
def test_a_book_of_a_slot_that_was_not_opened_is_refused(slot):
    """A put outside the table raises IndexError and writes nothing."""
    l1 = opened()
    with pytest.raises(IndexError):
        l1.put(live_book(slot)[0])


def test_growing_keeps_what_is_there():
    """Opening further slots leaves earlier quotes in place."""
    l1 = opened()
    l1.hear(0, T0)
    l1.put(live_book()[0])
    for slot in (63, 64, 1000):
        l1.open_slot(slot, slot % 7)
    assert numbers(l1.read(0, T0)) == (99, 1, 101, 2)


def test_unusable_is_what_may_not_be_priced_against():
    """Locked, reference and horizon leave a quote usable; the other reasons do not."""
    usable = {flag for flag in Grade if flag and not flag & UNUSABLE}
    assert usable == {Grade.LOCKED, Grade.REFERENCE, Grade.HORIZON}


def test_each_connection_has_bounds_of_its_own():
    """A bound that was set for one link judges the quotes of that link and of no other."""
    l1 = opened(slot=0, link=0, silence_max_ns=5 * SECOND, lag_max_ns=2 * SECOND)
    l1.open_slot(1, 1)
    l1.set_bounds(1, SECOND, 9 * SECOND)
    for slot in (0, 1):
        l1.put(live_book(slot, event_ms=(T0 - 3 * SECOND) // 1_000_000)[0])
        l1.hear(slot, T0)
        l1.set_offset(slot, 0)
    assert l1.grade(0, T0 + 2 * SECOND) == Grade.LAGGING
    assert l1.grade(1, T0 + 2 * SECOND) == Grade.SILENT


def test_the_bounds_of_a_connection_are_part_of_its_state():
    l1 = opened()
    l1.set_bounds(0, 7, 8)
    l1.hear(0, T0)
    again = L1()
    again.load(l1.dump())
    assert again.dump() == l1.dump()
    again.put(live_book()[0])
    assert again.grade(0, T0 + 7) == Grade.GOOD
    assert again.grade(0, T0 + 8) == Grade.SILENT
