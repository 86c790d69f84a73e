"""Who feeds which book while connections open, end and replace each other."""

import pytest

from books.book import Book
from books.state import Reason
from connectors.links import Links
from connectors.recovery import Recoveries
from connectors.venue import VenueConfig
from market.catalog import Catalog
from market.effects import EffectKind
from market.timers import Timers
from tests.node_world import diff

CONFIG = {"binance": VenueConfig(7, 8), "coinbase": VenueConfig(9, 10)}


class Clocks:
    """Keeps what it is told."""

    def __init__(self):
        self.slots, self.bounds, self.offsets = {}, {}, {}

    def open_slot(self, slot, link):
        self.slots[slot] = link

    def hear(self, link, now):
        assert now == 0

    def set_offset(self, link, offset_ns):
        self.offsets[link] = offset_ns

    def set_bounds(self, link, silence_max_ns, lag_max_ns):
        self.bounds[link] = (silence_max_ns, lag_max_ns)


class Rig:
    """Connections with their books, and everything that they asked for."""

    def __init__(self):
        self.books, self.instruments, self.effects, self.changes = [], [], [], []
        self.wanted = []
        self.clocks, catalog = Clocks(), Catalog()
        self.links = Links(
            CONFIG.__getitem__,
            self.books,
            self.instruments,
            self.clocks,
            Recoveries(Timers(), self.emit),
            self.emit,
            lambda slot, _: self.changes.append(slot),
            self.wanted.append,
        )
        self.find = catalog.find

    def emit(self, kind, target, subject, fields=()):
        self.effects.append((kind, target, subject))

    def watch(self, venue, *names):
        """Have `venue.ws.1` feed books of these instruments."""
        link = self.links.get(f"{venue}.ws.1")
        for name in names:
            book = Book(len(self.books), link.venue.rule())
            book.subscribe()
            self.books.append(book)
            instrument = self.find(name, venue)
            self.instruments.append(instrument)
            self.links._recovery.reset(book.slot)
            self.links.feeds(link, book.slot)
            link.venue.symbols.put(
                instrument.native.encode(), book.slot, instrument.price, instrument.size
            )

    def of(self, kind):
        return [(target, subject) for one, target, subject in self.effects if one == kind]

    @property
    def owners(self):
        return [link.name for link in self.links.owners]


@pytest.fixture
def rig():
    made = Rig()
    made.watch("binance", "BTC-USDT", "ETH-USDT")
    made.links.open("binance.ws.1", "ws://x", 0, subscribe=True)
    return made


def test_a_connection_that_opens_asks_for_its_books(rig):
    frames = [subject for _, subject in rig.of(EffectKind.SEND)]
    assert any("btcusdt@depth" in frame and "ethusdt@depth" in frame for frame in frames)
    rig.effects.clear()
    rig.links.open("binance.ws.1", "ws://x", 0, subscribe=False)
    assert rig.effects == []


def test_a_new_connection_is_judged_by_its_venues_bounds_and_offset(rig):
    rig.links.set_offset(rig.links.venue("binance"), 55)
    coinbase = rig.links.get("coinbase.ws.1")
    later = rig.links.get("binance.ws.2")
    assert rig.clocks.bounds == {0: (7, 8), coinbase.index: (9, 10), later.index: (7, 8)}
    assert rig.clocks.offsets == {0: 55, coinbase.index: None, later.index: 55}


def test_during_a_rollover_books_stay_with_the_old_connection_until_the_new_one_carries_on(rig):
    new = "binance.ws.1#2"
    rig.links.open(new, "ws://x", 0, subscribe=True)
    assert rig.owners == ["binance.ws.1"] * 2
    link = rig.links.get(new)
    for slot, symbol in enumerate(("BTCUSDT", "ETHUSDT")):
        assert link.decode(diff(symbol, 1, 2)) == 1
        assert rig.links.take_over(link, slot, 0, link.frame.kind(0))
        assert rig.of(EffectKind.READY) == [(new, "carries on")] * slot
    assert rig.owners == [new] * 2
    assert rig.clocks.slots == {0: link.index, 1: link.index}
    rig.links.close("binance.ws.1", "gone")
    assert list(rig.links.by_name) == [new]
    assert rig.changes == []


def test_a_connection_that_is_gone_loses_its_books_and_its_place_is_used_again(rig):
    rig.links.close("binance.ws.1", "gone")
    assert rig.changes == [0, 1]
    assert rig.owners == ["binance.ws.1"] * 2
    rig.links.open("binance.ws.1#2", "ws://x", 0, subscribe=True)
    assert rig.owners == ["binance.ws.1#2"] * 2
    assert list(rig.links.by_name) == ["binance.ws.1#2"]
    assert rig.links.get("binance.ws.2").index == 0


def test_the_connection_that_opened_last_feeds_a_book_and_older_ones_do_not(rig):
    old = rig.links.get("binance.ws.1")
    rig.links.open("binance.ws.2", "ws://x", 0, subscribe=True)
    new = rig.links.get("binance.ws.2")
    for link, last in ((old, 2), (new, 3)):
        assert link.decode(diff("BTCUSDT", last, last)) == 1
        rig.books[0].on(link.frame, 0, 1)
    assert rig.links.take_over(new, 0, 0, new.frame.kind(0))
    assert rig.owners == ["binance.ws.2", "binance.ws.1"]
    assert not rig.links.take_over(old, 0, 0, old.frame.kind(0))
    assert old.errors == {"superseded": 1}
    assert list(old.slots) == [1]


def test_a_gap_condemns_every_book_of_the_connection_and_asks_for_a_new_one_once():
    rig = Rig()
    rig.watch("coinbase", "BTC-USD", "ETH-USD")
    rig.links.open("coinbase.ws.1", "ws://x", 0, subscribe=True)
    link = rig.links.get("coinbase.ws.1")
    link.sequence.last = 4
    for number in (6, 9):
        assert rig.links.counted(link, number, 1)
        link.sequence.last = number
    assert not rig.links.counted(link, 3, 1)
    assert (link.gaps, link.stale) == (2, 1)
    assert rig.of(EffectKind.RECONNECT) == [("coinbase.ws.1", "sequence gap")]
    assert {book.reason for book in rig.books} == {Reason.GAP}


def test_an_unknown_venue_is_named():
    with pytest.raises((KeyError, ValueError), match="mtgox"):
        Rig().links.get("mtgox.ws.1")
