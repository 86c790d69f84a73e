"""A connection's state: epochs, the sequence and bounded error names."""

import orjson

from connectors.coinbase.sequence import Count
from connectors.link import ERRORS_MAX, Link
from connectors.registry import venue
from market.catalog import Catalog
from market.effects import EffectKind
from node import NodeConfig
from tests.node_world import World, live_advanced, live_binance, spot


def test_a_new_link_was_never_opened():
    link = Link("binance.ws.1", 0, venue("binance"))
    assert (link.connected, link.epoch, link.detail) == (False, 0, "never opened")
    assert link.sequence is None


def test_each_opening_is_an_epoch_of_its_own_with_a_new_count():
    link = Link("coinbase.ws.1", 0, venue("coinbase"))
    link.open("wss://a", 1)
    assert link.sequence.check(0) is Count.NEXT
    link.broken, link.reconnecting = "hole", True
    link.close("1006")
    assert (link.connected, link.detail) == (False, "1006")
    link.open("wss://b", 2)
    assert (link.epoch, link.opened, link.address) == (2, 2, "wss://b")
    assert (link.broken, link.reconnecting, link.sequence.last) == ("", False, -1)


def test_errors_are_counted_by_name_and_bounded():
    link = Link("binance.ws.1", 0, venue("binance"))
    assert link.error("bad_json") == 1
    assert link.error("bad_json") == 2
    for number in range(ERRORS_MAX + 10):
        link.error(f"http_{number}")
    assert len(link.errors) == ERRORS_MAX + 1
    assert link.errors["other"] == 11


def test_opening_subscribes_to_the_watched_instruments():
    world = World(NodeConfig(), Catalog([]))
    world.node.watch(spot("binance", "BTCUSDT", "BTC", "USDT"), "binance.ws.1")
    effects = world.open("binance.ws.1")
    (sent,) = [effect for effect in effects if effect.kind == EffectKind.SEND]
    assert sent.target == "binance.ws.1"
    assert orjson.loads(sent.subject)["params"] == [
        "btcusdt@depth@100ms",
        "btcusdt@bookTicker",
        "btcusdt@trade",
    ]


def test_opening_again_without_a_close_drops_the_books_first():
    world = World()
    source, _ = live_advanced(world, "BTC-USD")
    world.open(source)
    book = world.book("BTC-USD.COINBASE")
    assert book.reason_label == "disconnected"
    assert world.node.links[source].epoch == 2
    assert [effect for effect in world.effects if effect.kind == EffectKind.SEND] == []


def test_a_replaced_connection_asks_for_no_snapshot_before_its_first_diff():
    world = World()
    source = live_binance(world, "BTCUSDT")
    asked = len(world.of(EffectKind.FETCH))
    effects = world.open(source)
    assert [effect.kind for effect in effects if effect.kind != EffectKind.LOG] == []
    assert len(world.of(EffectKind.FETCH)) == asked
