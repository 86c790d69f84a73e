"""Snapshots are asked for one at a time, further apart while they do not help."""

import pytest

from connectors.recovery import (
    BACKOFF_FIRST_NS,
    BACKOFF_MAX_NS,
    REFRESH_PAUSE_NS,
    TIMEOUT_NS,
    Recovery,
)
from market.effects import EffectKind
from market.timers import NEVER
from node import NodeConfig
from tests.node_world import (
    DEPTH_URL,
    SECOND,
    World,
    advanced,
    depth_reply,
    diff,
    l2,
    live_advanced,
    live_binance,
    spot,
)

BTC = "BTC-USDT.BINANCE"
URL = DEPTH_URL.format("BTCUSDT")


def test_only_one_request_is_in_flight():
    recovery = Recovery()
    assert recovery.may_ask(0)
    assert recovery.asked(5, refresh=False) == 5 + TIMEOUT_NS
    assert not recovery.may_ask(10**18)
    assert recovery.answered(9, helped=True) == 9
    assert recovery.may_ask(9)
    assert recovery.deadline_ns == NEVER


def test_pauses_double_up_to_their_bound_and_start_over_once_a_reply_helped():
    recovery = Recovery()
    pauses = []
    now = 0
    for _ in range(30):
        recovery.asked(now, refresh=False)
        again = recovery.answered(now, helped=False)
        pauses.append(again - now)
        assert not recovery.may_ask(again - 1)
        assert recovery.may_ask(again)
        now = again
    expected = [min(BACKOFF_FIRST_NS << at, BACKOFF_MAX_NS) for at in range(30)]
    assert pauses == expected
    recovery.asked(now, refresh=False)
    recovery.answered(now, helped=True)
    recovery.asked(now, refresh=False)
    assert recovery.answered(now, helped=False) - now == BACKOFF_FIRST_NS


def test_a_refresh_that_failed_waits_a_minute():
    recovery = Recovery()
    recovery.asked(0, refresh=True)
    assert recovery.answered(0, helped=False) == REFRESH_PAUSE_NS


def waiting() -> World:
    world = World()
    world.open("binance.ws.1")
    world.frame("binance.ws.1", diff("BTCUSDT", 101, 102))
    return world


def fetches(world: World) -> int:
    return len(world.of(EffectKind.FETCH))


def test_more_diffs_while_a_reply_is_awaited_ask_for_nothing_more():
    world = waiting()
    for number in range(103, 150):
        world.frame("binance.ws.1", diff("BTCUSDT", number, number), wait=SECOND // 10)
    assert fetches(world) == 1


def test_a_lost_reply_is_given_up_after_the_timeout_and_asked_again_after_the_pause():
    world = waiting()
    world.tick(TIMEOUT_NS - 1)
    assert fetches(world) == 1
    world.tick(1)
    assert fetches(world) == 1
    world.tick(BACKOFF_FIRST_NS - 1)
    assert fetches(world) == 1
    world.tick(1)
    assert fetches(world) == 2


def test_one_long_silence_fires_every_overdue_timer_at_its_own_time():
    world = waiting()
    world.tick(TIMEOUT_NS + BACKOFF_FIRST_NS + TIMEOUT_NS + 2 * BACKOFF_FIRST_NS)
    assert fetches(world) == 3


def test_a_late_reply_after_its_timeout_still_serves():
    world = waiting()
    world.tick(TIMEOUT_NS + 1)
    world.reply("binance", URL, depth_reply(101, [("1.00", "1")], [("2.00", "1")]))
    assert world.book(BTC).live
    world.tick(100 * SECOND)
    assert fetches(world) == 1


def test_the_lost_timer_of_an_answered_request_does_not_count_against_the_next():
    world = waiting()
    world.reply("binance", URL, depth_reply(50, [], []), wait=SECOND)
    world.tick(BACKOFF_FIRST_NS)
    assert fetches(world) == 2
    world.tick(TIMEOUT_NS - SECOND - BACKOFF_FIRST_NS)
    assert fetches(world) == 2
    world.tick(SECOND + 2 * BACKOFF_FIRST_NS)
    assert fetches(world) == 2
    world.tick(BACKOFF_FIRST_NS)
    assert fetches(world) == 3


@pytest.mark.parametrize("crossings", [4])
def test_a_snapshot_that_breaks_the_book_at_once_is_not_asked_again_without_a_pause(crossings):
    world = waiting()
    for tried in range(1, crossings + 1):
        assert fetches(world) == tried
        world.frame("binance.ws.1", diff("BTCUSDT", 102 + tried, 102 + tried))
        crossed = depth_reply(101 + tried, [("3.00", "1")], [("2.00", "1")])
        world.reply("binance", URL, crossed)
        assert fetches(world) == tried
        assert world.book(BTC).reason_label == "crossed"
        world.frame("binance.ws.1", diff("BTCUSDT", 103 + tried, 103 + tried))
        world.tick((BACKOFF_FIRST_NS << (tried - 1)) - 1)
        assert fetches(world) == tried
        world.tick(1)


# --- refresh near the horizon ------------------------------------------------------------------


def near_horizon() -> World:
    """Return a world whose cut snapshot of a hundred levels has almost been walked through."""
    world = World()
    source = "binance.ws.1"
    world.open(source)
    world.frame(source, diff("BTCUSDT", 95, 101))
    bids = [(f"{1000 - at}.00", "1") for at in range(100)]
    asks = [(f"{1001 + at}.00", "1") for at in range(100)]
    world.reply("binance", URL, depth_reply(100, bids, asks))
    assert world.book(BTC).live
    assert world.book(BTC).horizon != (None, None)
    gone = [(price, "0") for price, _ in bids[:80]]
    world.frame(source, diff("BTCUSDT", 102, 102, gone))
    return world


def test_a_touch_near_the_edge_of_the_snapshot_asks_for_a_fresh_one_while_the_book_lives():
    world = near_horizon()
    assert fetches(world) == 2
    assert world.book(BTC).live
    assert world.book(BTC).refreshing


def test_a_refresh_is_built_aside_from_later_diffs_and_swapped_in():
    world = near_horizon()
    book = world.book(BTC)
    world.frame("binance.ws.1", diff("BTCUSDT", 103, 104, [("920.00", "7")]))
    assert book.live
    bids = [(f"{920 - at}.00", "1") for at in range(100)]
    asks = [(f"{1001 + at}.00", "1") for at in range(100)]
    world.reply("binance", URL, depth_reply(103, bids, asks))
    world.frame("binance.ws.1", diff("BTCUSDT", 105, 105))
    price = world.node.instruments[0].price
    assert book.live
    assert not book.refreshing
    assert price.format(book.best(ask=False)[0]) == "920"
    assert world.node.instruments[0].size.format(book.best(ask=False)[1]) == "7"
    assert (book.snapshots, book.condemned, book.gaps) == (2, 0, 0)
    assert book.count(ask=False) == 100


def test_a_refresh_that_fails_leaves_the_live_book_alone_and_waits():
    world = near_horizon()
    book = world.book(BTC)
    world.reply("binance", URL, b"", 503)
    assert book.live
    assert not book.refreshing
    world.frame("binance.ws.1", diff("BTCUSDT", 103, 103, [("921.00", "1")]))
    assert fetches(world) == 2
    world.frame("binance.ws.1", diff("BTCUSDT", 104, 104, [("921.00", "0")]), wait=REFRESH_PAUSE_NS)
    assert fetches(world) == 3


def test_a_refresh_that_was_lost_leaves_the_live_book_alone():
    world = near_horizon()
    world.tick(TIMEOUT_NS)
    assert world.book(BTC).live
    assert not world.book(BTC).refreshing
    assert fetches(world) == 2


def test_a_book_that_breaks_during_its_refresh_does_not_wait_a_minute():
    world = near_horizon()
    world.frame("binance.ws.1", diff("BTCUSDT", 200, 201))
    assert world.book(BTC).reason_label == "gap"
    world.reply("binance", URL, b"", 500)
    world.tick(BACKOFF_FIRST_NS << 1)
    assert fetches(world) == 3


def test_recovering_one_book_disturbs_no_other():
    world = World()
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    version = world.book("ETH-USDT.BINANCE").version
    world.frame(source, diff("BTCUSDT", 150, 151))
    assert not world.book(BTC).live
    world.reply("binance", URL, depth_reply(150, [("1.00", "1")], [("2.00", "1")]))
    assert world.book(BTC).live
    assert world.book("ETH-USDT.BINANCE").version == version
    assert world.book("ETH-USDT.BINANCE").live


def resubscribed(world: World) -> int:
    return len([one for one in world.of(EffectKind.SEND) if "unsubscribe" in one.subject])


@pytest.mark.parametrize(
    ("venue", "source"),
    [("coinbase", "coinbase.ws.1"), ("coinbase-exchange", "coinbase-exchange.ws.1")],
)
def test_a_snapshot_that_a_new_connection_never_brought_is_asked_for(venue, source):
    world = World(NodeConfig())
    world.node.watch(spot(venue, "BTC-USD", "BTC", "USD"), source)
    world.open(source)
    world.tick(TIMEOUT_NS - 1)
    assert resubscribed(world) == 0
    world.tick(1)
    assert resubscribed(world) == 1
    world.tick(TIMEOUT_NS + BACKOFF_FIRST_NS)
    assert resubscribed(world) == 2


def test_a_snapshot_that_came_is_not_asked_for_again():
    world = World(NodeConfig())
    world.node.watch(spot("coinbase", "BTC-USD", "BTC", "USD"), "coinbase.ws.1")
    live_advanced(world, "BTC-USD")
    world.tick(2 * TIMEOUT_NS)
    assert resubscribed(world) == 0


def test_an_older_connection_s_deadline_asks_for_nothing():
    world = World(NodeConfig())
    world.node.watch(spot("coinbase", "BTC-USD", "BTC", "USD"), "coinbase.ws.1")
    world.open("coinbase.ws.1")
    world.tick(TIMEOUT_NS // 2)
    world.close("coinbase.ws.1")
    world.open("coinbase.ws.1")
    world.tick(TIMEOUT_NS - 1)
    assert resubscribed(world) == 0
    world.tick(1)
    assert resubscribed(world) == 1


def test_books_left_to_a_connection_without_their_snapshot_ask_for_it_at_once():
    world = World(NodeConfig())
    world.node.watch(spot("coinbase", "BTC-USD", "BTC", "USD"), "coinbase.ws.1#1")
    world.open("coinbase.ws.1#1")
    event = l2("BTC-USD", "snapshot", [("100.00", "1")], [("101.00", "1")])
    world.frame("coinbase.ws.1#1", advanced(0, "l2_data", event))
    world.open("coinbase.ws.1#2")
    world.close("coinbase.ws.1#1")
    assert [one.target for one in world.of(EffectKind.SEND) if "unsubscribe" in one.subject] == [
        "coinbase.ws.1#2"
    ]
