"""The parts of a simulation test: virtual time, hashes, lines, faults."""

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from books.book import Book
from books.sequence import SequenceRule
from connectors.coinbase_exchange.decode import ExchangeDecoder
from market.effects import Effect, EffectKind
from market.frame import SymbolTable
from market.grid import Grid
from market.inputs import Input, InputKind
from sim.market.event import Side
from sim.market.world import World
from sim.simtest.course import VENUES
from sim.simtest.faults import FAULTS_MIN, Kind, plan
from sim.simtest.heard import Heard
from sim.simtest.loop import StuckError, VirtualLoop
from sim.simtest.mix import side_hash
from sim.simtest.parcel import Content, Parcel
from sim.simtest.request_checks import RequestChecker
from sim.simtest.spoil import malformed, truncated
from sim.simtest.truth import BookTruth, mixed
from sim.simtest.world import spec
from tests.node_world import exchange_snapshot

S = 1_000_000_000
FETCH = Effect(EffectKind.FETCH, "binance", "/depth", ("BTC-USDT.BINANCE", 1))
MASK = (1 << 64) - 1
LEVELS = st.dictionaries(st.integers(1, 200_000), st.integers(1, 10**12), min_size=1, max_size=60)


# --- virtual time --------------------------------------------------------------------------------


def test_a_day_passes_at_once_and_to_the_nanosecond():
    """Time moves to the next timer, and no further."""
    loop = VirtualLoop()
    loop.run_until_complete(asyncio.sleep(86_400))
    assert loop.now_ns == 86_400 * S
    loop.close()


def test_timers_fire_in_their_order():
    """Whatever the order of setting them."""
    loop = VirtualLoop()
    fired: list[tuple[int, int]] = []
    for at in (30, 10, 20):
        loop.call_at(at, lambda at=at: fired.append((at, loop.now_ns)))
    loop.run_until_complete(asyncio.sleep(60))
    assert fired == [(at, at * S) for at in (10, 20, 30)]
    loop.close()


@pytest.mark.parametrize("start", [0, 1_000_000_001, 250_000 * S + 7])
def test_a_wait_of_one_nanosecond_lets_it_pass(start):
    """Also days after the start, where floats are coarse."""
    loop = VirtualLoop()
    loop.now_ns = start
    for number in range(1, 20):
        loop.run_until_complete(asyncio.sleep(1e-9))
        assert start + number <= loop.now_ns <= start + 2 * number
    loop.close()


def test_a_wait_without_end_is_an_error():
    """Nothing could ever end it."""
    loop = VirtualLoop()
    with pytest.raises(StuckError):
        loop.run_until_complete(loop.create_future())
    loop.close()


# --- hashes --------------------------------------------------------------------------------------


@given(LEVELS, LEVELS)
def test_the_hash_of_a_mirrored_side_is_the_sum_over_its_levels(bids, asks):
    """Counted level by level in Python, read from the ladder's storage in C."""
    asks = {price + 300_000: lots for price, lots in asks.items()}
    symbols = SymbolTable()
    symbols.put(b"BTC-USD", 0, Grid(0), Grid(0))
    decoder = ExchangeDecoder(symbols)
    book = Book(0, SequenceRule())
    book.subscribe()
    rows = [[(str(p), str(q)) for p, q in side.items()] for side in (bids, asks)]
    decoder.decode(exchange_snapshot("BTC-USD", *rows))
    book.on(decoder.frame, 0, 1)
    for ask, side in ((False, bids), (True, asks)):
        assert side_hash(book, ask) == sum(mixed(p, q) for p, q in side.items()) & MASK


def test_the_truth_of_a_book_is_that_of_the_market_at_every_id():
    """Kept from the events alone; what was is still known later."""
    world = World(spec(), 3, 0)
    truth = BookTruth(world, "BTC-USDT.BINANCE")
    first = truth.last_id
    was = truth.at(first)
    for event in world.advance(20 * S):
        if event.listing == "BTC-USDT.BINANCE" and hasattr(event, "update_id"):
            truth.take(event)
    book = world.book("BTC-USDT.BINANCE")
    sides = [dict(book.side(side).levels()) for side in Side]
    assert list(truth.levels) == sides
    hashes = [sum(mixed(p, q) for p, q in side.items()) & MASK for side in sides]
    assert truth.at(book.update_id) == (*hashes, book.touch)
    assert truth.at(first) == was
    assert truth.at(first - 1) is None


# --- faults --------------------------------------------------------------------------------------


def test_every_kind_of_fault_is_drawn_and_every_run_has_enough():
    """Over a hundred seeds."""
    plans = [plan(Random(seed), VENUES, 3 * S, 25 * S) for seed in range(100)]
    assert {fault.kind for one in plans for fault in one} == set(Kind)
    assert min(map(len, plans)) >= FAULTS_MIN > 5
    assert plans[7] == plan(Random(7), VENUES, 3 * S, 25 * S)
    assert all(one == sorted(one, key=lambda fault: fault.at_ns) for one in plans)


@given(st.integers(0, 10**6))
def test_a_spoilt_frame_is_never_the_frame(seed):
    """And a cut one is a beginning of it."""
    frame = b'{"type":"l2update","changes":[["buy","100.00","1"]],"time":"2023-11-14T22:13:20Z"}'
    cut = truncated(Random(seed), frame)
    assert frame.startswith(cut)
    assert cut != frame
    assert malformed(Random(seed), frame) != frame


# --- what the checker knows ----------------------------------------------------------------------


def parcel(ordinal: int, content: Content, listing: str = "A", *, intact: bool = True) -> Parcel:
    data = b"x"
    return Parcel(ordinal, content, listing, 100 + ordinal, 0, data, data if intact else b"?")


def test_a_jump_makes_every_book_suspect_until_a_later_frame_agrees():
    """Agreement with an earlier frame proves nothing."""
    heard = Heard(("A", "B"), numbered=False)
    heard.take(parcel(0, Content.SNAPSHOT), 1)
    heard.take(parcel(2, Content.OTHER), 2)
    assert heard.jumped
    assert set(heard.suspect) == {"A", "B"}
    heard.right("A")
    assert "A" in heard.suspect
    heard.take(parcel(3, Content.DEPTH), 3)
    heard.right("A")
    assert set(heard.suspect) == {"B"}


def test_a_whole_snapshot_clears_suspicion_and_a_broken_one_does_not():
    """It must be in its place, too."""
    heard = Heard(("A",), numbered=False)
    heard.take(parcel(1, Content.SNAPSHOT, intact=False), 1)
    assert heard.suspect
    heard.take(parcel(2, Content.SNAPSHOT), 2)
    assert not heard.suspect


def test_an_overtaken_frame_counts_only_where_frames_are_not_numbered():
    """A numbered one is known to be old by its number."""
    for numbered in (False, True):
        heard = Heard(("A",), numbered=numbered)
        heard.take(parcel(0, Content.DEPTH), 1)
        heard.take(parcel(2, Content.OTHER), 2)
        heard.take(parcel(1, Content.DEPTH), 3)
        assert heard.depth["A"][0] == (0 if numbered else 1)


@pytest.mark.parametrize(("again_s", "is_early"), [(9, True), (10, False)])
def test_a_request_of_a_timer_before_a_clock_step_counts_from_before_the_step(again_s, is_early):
    """The timer asked at its own deadline, not at the time that the input brought."""
    found = []
    checker = RequestChecker([], lambda rule, _: found.append(rule))
    timer = Input(0, InputKind.TIMER, "timer")
    checker.after(timer, [], 20 * S)
    checker.after(Input(0, InputKind.CLOCK, "clock"), [FETCH], 24 * S)
    checker.after(timer, [], (20 + again_s - 1) * S)
    checker.after(timer, [FETCH], (20 + again_s) * S)
    assert found == ["single flight"] * is_early
