"""The seeded market: same seed, same events; books stay sound; edges come and go."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.code import Side as EngineSide
from engine.code import Type
from sim.exchange.order import Request
from sim.market.event import LevelChange, Print, Side
from sim.market.scenario import CALM
from sim.market.world import World
from tests.effort import examples

START = 1_700_000_000 * 10**9
SECOND = 10**9


def make_world(seed=3):
    return World(CALM, seed, START)


@settings(max_examples=examples(0.3))
@given(
    seed=st.integers(0, 1000),
    cuts=st.lists(st.integers(0, SECOND), max_size=8),
)
def test_what_happens_does_not_depend_on_the_steps_in_which_it_is_reached(seed, cuts):
    whole = make_world(seed).advance(START + SECOND)
    stepped_world = make_world(seed)
    stepped = []
    for cut in [*sorted(cuts), SECOND]:
        stepped += stepped_world.advance(START + cut)
    assert stepped == whole


def test_another_seed_gives_another_market():
    assert make_world(1).advance(START + SECOND) != make_world(2).advance(START + SECOND)


def test_time_that_would_run_backwards_is_refused():
    world = make_world()
    world.advance(START + 5)
    with pytest.raises(ValueError, match="backwards"):
        world.advance(START + 4)


def test_each_change_takes_the_next_update_id_and_events_come_in_order_of_time():
    world = make_world()
    last = {listing.id: world.book(listing.id).update_id for listing in world.listings}
    events = world.advance(START + 5 * SECOND)
    assert all(a.ts_ns <= b.ts_ns for a, b in pairwise(events))
    changes = [event for event in events if isinstance(event, LevelChange)]
    for change in changes:
        assert change.update_id == last[change.listing] + 1
        last[change.listing] = change.update_id
    assert last == {listing.id: world.book(listing.id).update_id for listing in world.listings}
    assert {change.listing for change in changes} == set(last)


def test_changes_rebuild_the_book_and_its_touch():
    """A touch that is named holds at its id; one that is not still holds when its time ends."""
    world = make_world()
    books = {
        listing.id: [dict(world.book(listing.id).side(side).levels()) for side in Side]
        for listing in world.listings
    }
    named, reached = {}, {}
    checked = 0

    def touch_of(listing):
        bids, asks = books[listing]
        bid, ask = max(bids), min(asks)
        assert bid < ask
        return bid, bids[bid], ask, asks[ask]

    for event in world.advance(START + 5 * SECOND):
        if isinstance(event, Print):
            continue
        name = event.listing
        if name in named and event.ts_ns > reached[name]:
            assert named[name] == touch_of(name)
            checked += 1
        side = books[name][event.side]
        side[event.price] = event.lots
        if not event.lots:
            del side[event.price]
        if event.touch is not None:
            assert event.touch == touch_of(name) != named.get(name)
            named[name] = event.touch
        reached[name] = event.ts_ns
    assert checked > 500
    for listing, (bids, asks) in books.items():
        book = world.book(listing)
        assert dict(book.side(Side.BID).levels()) == bids
        assert dict(book.side(Side.ASK).levels()) == asks
        assert book.touch == named[listing]


def test_a_print_is_followed_by_the_change_that_it_makes():
    events = make_world().advance(START + 5 * SECOND)
    prints = [(e, events[i + 1]) for i, e in enumerate(events) if isinstance(e, Print)]
    assert len(prints) > 50
    for printed, change in prints:
        assert printed.lots > 0
        assert (change.listing, change.price) == (printed.listing, printed.price)
        assert change.side is (Side.ASK if printed.taker_buys else Side.BID)
        assert 0 < printed.maker_order_id != printed.taker_order_id > 0


def test_agents_and_clients_trade_on_one_exchange_and_both_are_public():
    world = make_world()
    world.advance(START + SECOND)
    exchange = world.exchange("BINANCE")
    client = exchange.open_account("client", {"USDT": "1000000"})
    touch = world.book("BTC-USDT.BINANCE").touch
    rests = exchange.place(
        client, Request("BTC-USDT.BINANCE", EngineSide.BUY, Type.LIMIT, 50, touch.bid)
    )
    takes = exchange.place(
        client, Request("BTC-USDT.BINANCE", EngineSide.BUY, Type.LIMIT, 50, touch.ask)
    )
    assert takes.status == "FILLED"
    events = world.advance(START + 2 * SECOND)
    prints = [event for event in events if isinstance(event, Print)]
    assert prints[0].taker_order_id == takes.id
    assert events[0].ts_ns == START + SECOND
    world.advance(START + 30 * SECOND)
    assert rests.status == "FILLED"
    spent = exchange.balances(client)["USDT"].free + exchange.balances(client)["USDT"].locked
    assert spent < 1_000_000
    assert world.take_events() == []


def test_books_stay_several_hundred_levels_deep():
    world = make_world()
    world.advance(START + 60 * SECOND)
    for listing in world.listings:
        for side in Side:
            assert 200 <= len(world.book(listing.id).side(side)) <= 700


def test_edges_after_taker_fees_come_and_go():
    """Sold at one venue and bought at the other, most looks lose 18 bp of fees and some win."""
    world = make_world(7)
    net = []
    for step in range(600):
        world.advance(START + step * SECOND // 10)
        usdt = world.book("USDT-USD.COINBASE").touch
        for asset in ("BTC", "ETH"):
            far = world.book(f"{asset}-USDT.BINANCE").touch
            near = world.book(f"{asset}-USD.COINBASE").touch
            buy_far = near.bid / (far.ask * usdt.ask / 1e5) - 1
            sell_far = far.bid * usdt.bid / 1e5 / near.ask - 1
            net.append(max(buy_far, sell_far) - 0.0018)
    wins = [edge > 0 for edge in net]
    assert 0.02 < sum(wins) / len(wins) < 0.5
    assert sum(a != b for a, b in pairwise(wins)) > 10


def test_the_stable_pair_stays_near_one_and_moves():
    world = make_world()
    seen = set()
    for step in range(1, 121):
        world.advance(START + step * SECOND)
        seen.add(world.book("USDT-USD.COINBASE").touch.bid)
    assert len(seen) > 3
    assert all(99_500 < bid < 100_500 for bid in seen)
