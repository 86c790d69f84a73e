"""Bad input is counted under a clear name, condemns only what it must and loses nothing else."""

import orjson
import pytest

from books.state import BookNotLiveError
from connectors.recovery import BACKOFF_FIRST_NS
from market.effects import EffectKind
from market.grid import Grid
from market.inputs import InputKind
from node import NodeConfig
from tests.node_world import (
    DEPTH_URL,
    World,
    advanced,
    book_ticker,
    depth_reply,
    diff,
    exchange_snapshot,
    exchange_update,
    l2,
    live_advanced,
    live_binance,
    live_exchange,
    spot,
    trade,
)

BTC, ETH = "BTC-USDT.BINANCE", "ETH-USDT.BINANCE"
ABSURD = [
    "-1",
    "1e5",
    "9" * 40,
    "0.-10000",
    "",
    " 1",
    "0x10",
    "NaN",
    "1.2.3",
    "99999999999999999999",
]


def logged(world: World, event: str) -> list:
    return [e for e in world.of(EffectKind.LOG) if e.subject == event]


def revive(world: World, symbol: str, last: int) -> None:
    """Send the diff after `last` and a snapshot that fits it."""
    world.frame("binance.ws.1", diff(symbol, last + 1, last + 2))
    body = depth_reply(last + 1, [("100.00", "1.000")], [("101.00", "1.000")])
    world.reply("binance", DEPTH_URL.format(symbol), body)


# --- Binance frames ------------------------------------------------------------------------------

BAD_DIFFS = {
    "truncated": diff("BTCUSDT", 102, 102, [("99.00", "1.000")])[:-30],
    "level is no list": diff("BTCUSDT", 102, 102).replace(b'"b":[]', b'"b":[1]'),
    "side is no list": diff("BTCUSDT", 102, 102).replace(b'"b":[]', b'"b":{}'),
    "number where text belongs": diff("BTCUSDT", 102, 102).replace(b'"b":[]', b'"b":[[1,2]]'),
    "ids as text": diff("BTCUSDT", 102, 102).replace(b'"U":102', b'"U":"102"'),
    "no ids": diff("BTCUSDT", 102, 102).replace(b'"U":102,"u":102,', b""),
    "last id before first": diff("BTCUSDT", 103, 102),
    **{f"price {text!r}": diff("BTCUSDT", 102, 102, [(text, "1.000")]) for text in ABSURD},
    **{f"size {text!r}": diff("BTCUSDT", 102, 102, [("99.00", text)]) for text in ABSURD},
}


@pytest.mark.parametrize("data", BAD_DIFFS.values(), ids=BAD_DIFFS.keys())
def test_a_bad_diff_condemns_its_book_alone_and_a_later_snapshot_revives_it(data):
    world = World()
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    effects = world.frame(source, data)
    (reason,) = world.errors(source)
    assert world.errors(source)[reason] == 1
    assert reason in {"bad_json", "bad_number", "bad_field", "off_grid", "over_limit"}
    (line,) = logged(world, "bad_frame")
    assert (line.target, line.fields[0]) == (source, reason)
    assert world.book(BTC).reason_label == "malformed"
    assert reason in world.book(BTC).detail
    with pytest.raises(BookNotLiveError):
        world.book(BTC).best(ask=False)
    assert world.book(ETH).live
    assert world.book(ETH).condemned == 0
    assert [e.fields[0] for e in effects if e.kind == EffectKind.FETCH] == [BTC]
    revive(world, "BTCUSDT", 102)
    assert world.book(BTC).live
    assert world.errors(source) == {reason: 1}


LOST = {
    "best quote": book_ticker("BTCUSDT", 102, ("1e5", "1"), ("101.00", "1")),
    "trade": trade("BTCUSDT", 1, "-5", "1"),
    "truncated trade": trade("BTCUSDT", 1, "5.00", "1.000")[:-9],
    "kline of an unknown channel": b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","k":}}',
}


@pytest.mark.parametrize("data", LOST.values(), ids=LOST.keys())
def test_a_bad_frame_of_another_channel_touches_no_book(data):
    world = World()
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    world.frame(source, data)
    assert sum(world.errors(source).values()) == 1
    assert world.book(BTC).live
    assert world.book(ETH).live
    assert world.book(BTC).condemned == world.book(ETH).condemned == 0


JUNK = [
    b"",
    b"\x00",
    b"null",
    b"[]",
    b"{",
    b'"text"',
    b"\xff\xfe",
    b"<html>busy</html>",
    b"1" * 5000,
]


@pytest.mark.parametrize("data", JUNK, ids=lambda data: repr(data[:20]))
def test_a_frame_without_a_name_casts_doubt_until_the_next_diff_proves_the_book(data):
    world = World()
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    world.frame(source, data)
    assert sum(world.errors(source).values()) == 1
    assert world.book(BTC).reason_label == "unreadable frame"
    assert not world.book(ETH).live
    world.frame(source, diff("BTCUSDT", 102, 103))
    assert world.book(BTC).live
    assert not world.book(ETH).live
    world.frame(source, diff("ETHUSDT", 103, 104))
    assert world.book(ETH).gaps == 1
    assert not world.book(ETH).live


def test_an_oversized_frame_is_refused_by_name_and_condemns_its_book_alone():
    """More levels on a side than any venue sends."""
    world = World()
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    level = b'["99.00","1.000"],'
    bids = b'"b":[' + level * (1 << 20) + b'["98.00","1.000"]]'
    world.frame(source, diff("BTCUSDT", 102, 102).replace(b'"b":[]', bids))
    assert world.errors(source) == {"over_limit": 1}
    assert world.book(BTC).reason_label == "malformed"
    assert world.book(ETH).live


def test_an_unknown_symbol_is_counted_and_touches_nothing():
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.node.config = NodeConfig(discover=False)
    for _ in range(3):
        world.frame(source, diff("DOGEUSDT", 1, 2, [("0.1", "5")]))
    assert world.errors(source) == {"unknown_symbol": 3}
    assert [line.fields for line in logged(world, "unknown_symbol")] == [("DOGEUSDT",)] * 3
    assert [one.id for one in world.node.instruments] == [BTC]
    assert world.book(BTC).live


@pytest.mark.parametrize("name", ["??", "X", "é", "USDT", "A" * 60])
def test_a_symbol_that_means_nothing_is_refused_where_symbols_are_discovered(name):
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff(name, 1, 2))
    assert sum(world.errors(source).values()) == 1
    assert len(world.node.books) == 1
    assert world.book(BTC).live


def test_an_unknown_event_or_channel_is_ignored_and_counted():
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, b'{"stream":"btcusdt@new","data":{"e":"newThing","s":"BTCUSDT","x":[1]}}')
    assert world.node.links[source].ignored == 1
    assert world.errors(source) == {}
    assert world.book(BTC).live


def test_an_error_frame_of_the_venue_is_counted_and_logged():
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, b'{"error":{"code":2,"msg":"Invalid request"},"id":1}')
    world.frame(source, b'{"code":3,"msg":"Invalid JSON"}')
    assert world.errors(source) == {"venue_error": 2}
    assert "Invalid request" in logged(world, "venue_error")[0].fields[0]
    assert world.book(BTC).live


def test_names_of_errors_are_bounded():
    """Beyond the limit everything new is `other`."""
    world = World()
    for status in range(500, 600):
        world.reply("binance", DEPTH_URL.format("BTCUSDT"), b"", status)
    errors = world.errors("binance.rest")
    assert len(errors) == 65
    assert errors["other"] == 36
    assert sum(errors.values()) == 100


# --- REST ----------------------------------------------------------------------------------------


def waiting(symbol: str = "BTCUSDT") -> World:
    """Return a world in which one book waits for its snapshot and another lives."""
    world = World()
    source = live_binance(world, "ETHUSDT")
    world.frame(source, diff(symbol, 201, 205))
    return world


@pytest.mark.parametrize("status", [0, 400, 403, 418, 429, 500, 503])
def test_a_rest_error_is_counted_by_status_and_the_request_repeated_after_a_pause(status):
    world = waiting()
    asked = len(world.of(EffectKind.FETCH))
    world.reply("binance", DEPTH_URL.format("BTCUSDT"), b"<html>no</html>", status)
    assert world.errors("binance.rest") == {f"http_{status}": 1}
    assert len(world.of(EffectKind.FETCH)) == asked
    world.tick(BACKOFF_FIRST_NS)
    assert len(world.of(EffectKind.FETCH)) == asked + 1
    world.reply(
        "binance", DEPTH_URL.format("BTCUSDT"), depth_reply(202, [("1.00", "1")], [("2.00", "1")])
    )
    assert world.book(BTC).live
    assert world.book(ETH).live


BODIES = {
    "HTML": b"<html><body>Busy</body></html>",
    "empty": b"",
    "another object": b"{}",
    "a list": b"[]",
    "an error body": b'{"code":-1003,"msg":"Too much request weight used"}',
    "cut off": depth_reply(202, [("1.00", "1")], [("2.00", "1")])[:-8],
    "id as text": depth_reply(202, [], []).replace(b"202", b'"202"'),
    "no bids": b'{"lastUpdateId":202,"asks":[]}',
    "absurd price": depth_reply(202, [("-1", "1")], []),
    "a diff": orjson.dumps({"e": "depthUpdate", "s": "BTCUSDT", "U": 1, "u": 2, "b": [], "a": []}),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_wrong_body_with_status_200_is_counted_and_asked_again(body):
    world = waiting()
    asked = len(world.of(EffectKind.FETCH))
    world.reply("binance", DEPTH_URL.format("BTCUSDT"), body)
    assert sum(world.errors("binance.rest").values()) == 1
    (line,) = logged(world, "bad_reply")
    assert line.target == "binance.rest"
    assert not world.book(BTC).live
    world.tick(BACKOFF_FIRST_NS)
    assert len(world.of(EffectKind.FETCH)) == asked + 1
    assert world.book(ETH).live


@pytest.mark.parametrize("url", ["", "https://[bad/depth?symbol=X", "/depth", "/depth?symbol=%00"])
def test_a_reply_to_an_address_that_means_nothing_harms_nobody(url):
    world = waiting()
    world.reply("binance", url, depth_reply(1, [], []))
    world.reply("coinbase", url, b"{}")
    world.reply("coinbase-exchange", url, b"{}")
    assert world.book(ETH).live
    assert len(world.node.books) == 2


@pytest.mark.parametrize("venue", ["binance", "binance-coinm", "coinbase", "coinbase-exchange"])
@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"symbols":[1]}', b'[{"id":5}]'])
def test_a_bad_rules_reply_is_counted_and_changes_no_instrument(venue, body):
    world = waiting()
    before = list(world.node.instruments)
    url = "/api/v3/exchangeInfo" if venue.startswith("binance") else "https://x/products"
    world.reply(venue, url, body)
    assert world.node.instruments == before
    assert set(world.errors(f"{venue}.rest")) <= {"bad_rules_row"}
    assert world.book(ETH).live


# --- Coinbase Advanced Trade ---------------------------------------------------------------------

USD, EUSD = "BTC-USD.COINBASE", "ETH-USD.COINBASE"


def test_a_readable_frame_with_a_bad_level_condemns_the_products_it_names():
    world = World()
    source, at = live_advanced(world, "BTC-USD", "ETH-USD")
    bad = l2("BTC-USD", "update", [("1e5", "1")])
    effects = world.frame(source, advanced(at, "l2_data", bad))
    assert world.errors(source) == {"bad_number": 1}
    assert world.book(USD).reason_label == "malformed"
    assert world.book(EUSD).live
    sent = [orjson.loads(e.subject) for e in effects if e.kind == EffectKind.SEND]
    assert [(one["type"], one["product_ids"], one["channel"]) for one in sent] == [
        ("unsubscribe", ["BTC-USD"], "level2"),
        ("subscribe", ["BTC-USD"], "level2"),
    ]
    assert world.of(EffectKind.RECONNECT) == []
    snapshot = l2("BTC-USD", "snapshot", [("100.00", "1")], [("101.00", "1")])
    world.frame(source, advanced(at + 1, "l2_data", snapshot))
    assert world.book(USD).live


def test_a_damaged_number_that_looks_old_leaves_no_book_readable():
    world = World(NodeConfig())
    for product in ("BTC-USD", "ETH-USD"):
        world.node.watch(spot("coinbase", product, product[:3], "USD"), "coinbase.ws.1")
    source, at = live_advanced(world, "BTC-USD", "ETH-USD")
    for number in range(at, 12):
        world.frame(source, advanced(number, "l2_data", l2("ETH-USD", "update")))
    good = advanced(12, "l2_data", l2("BTC-USD", "update", [("100.00", "7")]))
    number = b'"sequence_num":12'
    assert number in good
    world.frame(source, good.replace(number, b'"sequence_num":1\x002'))
    assert not world.book("BTC-USD.COINBASE").live
    assert not world.book("ETH-USD.COINBASE").live
    assert len(world.of(EffectKind.RECONNECT)) == 1


@pytest.mark.parametrize("data", [b"", b"junk", b"{}", b'{"channel":"l2_data"}', b"\xff" * 9])
def test_a_frame_without_its_number_condemns_the_connection_and_asks_for_a_new_one(data):
    world = World()
    source, _ = live_advanced(world, "BTC-USD", "ETH-USD")
    live_binance(world, "BTCUSDT")
    effects = world.frame(source, data)
    assert sum(world.errors(source).values()) == 1
    assert [e.target for e in effects if e.kind == EffectKind.RECONNECT] == [source]
    assert not world.book(USD).live
    assert not world.book(EUSD).live
    assert world.book(BTC).live
    assert world.frame(source, data) is not None
    assert len(world.of(EffectKind.RECONNECT)) == 1
    live_advanced(world, "BTC-USD", "ETH-USD")
    assert world.book(USD).live
    assert world.book(EUSD).live
    assert world.node.links[source].epoch == 2


def test_a_truncated_level_frame_condemns_all_books_of_its_connection():
    """What was cut off may have named any product."""
    world = World()
    source, at = live_advanced(world, "BTC-USD", "ETH-USD")
    world.frame(source, advanced(at, "l2_data", l2("BTC-USD", "update", [("9.00", "1")]))[:-20])
    assert world.book(USD).reason_label == "malformed"
    assert world.book(EUSD).reason_label == "malformed"


def test_a_bad_ticker_of_a_counted_connection_touches_no_book():
    world = World()
    source, at = live_advanced(world, "BTC-USD")
    row = {"type": "ticker", "product_id": "BTC-USD", "best_bid": "x", "best_ask": "1"}
    world.frame(source, advanced(at, "ticker", {"type": "update", "tickers": [row]}))
    assert world.errors(source) == {"bad_number": 1}
    assert world.book(USD).live
    world.frame(source, advanced(at + 1, "heartbeats", {"heartbeat_counter": 1}))
    assert world.node.links[source].gaps == 0


def test_an_unknown_product_on_a_counted_connection_asks_for_no_reconnect():
    world = World()
    source, at = live_advanced(world, "BTC-USD")
    world.node.config = NodeConfig(discover=False)
    world.frame(source, advanced(at, "l2_data", l2("XYZ-USD", "update", [("1", "1")])))
    assert world.errors(source) == {"unknown_symbol": 1}
    assert world.book(USD).live
    assert world.of(EffectKind.RECONNECT) == []


def test_an_error_frame_without_number_leaves_the_sequence_alone():
    world = World()
    source, at = live_advanced(world, "BTC-USD")
    world.frame(source, b'{"type":"error","message":"too many subscriptions"}')
    assert world.errors(source) == {"venue_error": 1}
    world.frame(source, advanced(at, "l2_data", l2("BTC-USD", "update", [("99.50", "1")])))
    assert world.book(USD).live
    assert world.node.links[source].gaps == 0


# --- Coinbase Exchange ---------------------------------------------------------------------------

XUSD, XETH = "BTC-USD.COINBASE-EXCHANGE", "ETH-USD.COINBASE-EXCHANGE"


@pytest.mark.parametrize("text", ABSURD)
def test_a_bad_update_of_the_exchange_feed_condemns_its_product_and_asks_for_a_snapshot(text):
    world = World()
    source = live_exchange(world, "BTC-USD", "ETH-USD")
    effects = world.frame(source, exchange_update("BTC-USD", ("buy", text, "1")))
    assert sum(world.errors(source).values()) == 1
    assert world.book(XUSD).reason_label == "malformed"
    assert world.book(XETH).live
    sent = [orjson.loads(e.subject)["type"] for e in effects if e.kind == EffectKind.SEND]
    assert sent == ["unsubscribe", "subscribe"]
    world.frame(source, exchange_snapshot("BTC-USD", [("1.00", "1")], [("2.00", "1")]))
    assert world.book(XUSD).live


def test_an_exchange_frame_without_a_product_condemns_the_connection():
    """No id would reveal what was lost."""
    world = World()
    source = live_exchange(world, "BTC-USD", "ETH-USD")
    live_binance(world, "BTCUSDT")
    world.frame(source, b"garbage")
    assert not world.book(XUSD).live
    assert not world.book(XETH).live
    assert [e.target for e in world.of(EffectKind.RECONNECT)] == [source]
    assert world.book(BTC).live


# --- grids ---------------------------------------------------------------------------------------


def test_finer_values_refine_the_grid_in_mid_stream_and_the_book_stays_exact():
    """The same frames on grids fine enough from the start end in the same book."""
    frames = [
        diff("BTCUSDT", 102, 102, [("99.5", "0.5")]),
        diff("BTCUSDT", 103, 103, [("99.55", "0.25"), ("99.5", "0")]),
        book_ticker("BTCUSDT", 104, ("100.00", "1.0001"), ("101.00", "1.000")),
        diff("BTCUSDT", 104, 104, [("100.00", "1.0001")], [("101.123456", "2")]),
        diff("BTCUSDT", 105, 105, [("99.55", "0.125")], [("102", "0.00000001")]),
    ]
    coarse, fine = World(), World()
    fine.open("binance.ws.1")
    fine.node.catalog.adopt(spot("binance", "BTCUSDT", "BTC", "USDT", 6, 8))
    coarse.node.catalog.adopt(spot("binance", "BTCUSDT", "BTC", "USDT", 0, 0))
    texts = []
    for world in (coarse, fine):
        source = live_binance(world, "BTCUSDT")
        for data in frames:
            world.frame(source, data)
        book, instrument = world.book(BTC), world.node.instruments[0]
        assert world.errors(source) == {}
        assert book.live
        assert (book.reference_checks, book.reference_mismatches) == (2, 0)
        texts.append(
            [
                [
                    (instrument.price.format(ticks), instrument.size.format(lots))
                    for ticks, lots in book.levels(ask)
                ]
                for ask in (False, True)
            ]
        )
    assert texts[0] == texts[1]
    assert coarse.node.instruments[0].price == Grid(6)
    assert coarse.node.catalog.refinements("binance", "BTCUSDT") >= 3
    assert fine.node.catalog.refinements("binance", "BTCUSDT") == 0


def test_one_absurdly_fine_number_spoils_no_grid():
    """On a grid of 1e-18 no price of this book could be written any more."""
    world = World()
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    before = world.node.instruments[0]
    world.frame(source, diff("BTCUSDT", 102, 102, [("0.000000000000000001", "1")]))
    assert world.errors(source) == {"off_grid": 1}
    assert logged(world, "absurd_grid")[0].target == source
    assert world.node.instruments[0] == before
    revive(world, "BTCUSDT", 102)
    assert world.book(BTC).live


def test_a_frame_whose_numbers_fit_no_common_grid_is_refused():
    world = World()
    world.open("binance.ws.1")
    levels = [("60000.00", "1"), ("0.000000000000000001", "1")]
    world.frame("binance.ws.1", diff("BTCUSDT", 1, 2, levels))
    assert world.errors("binance.ws.1") == {"off_grid": 1}
    world.frame("binance.ws.1", diff("BTCUSDT", 3, 4, [("60000.01", "1")]))
    assert world.errors("binance.ws.1") == {"off_grid": 1}


def test_rules_that_arrive_late_bring_the_book_to_their_grids():
    world = World()
    live_binance(world, "BTCUSDT")
    row = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.00010000"},
            {"filterType": "LOT_SIZE", "stepSize": "0.00000100"},
        ],
    }
    world.reply("binance", "/api/v3/exchangeInfo", orjson.dumps({"symbols": [row]}))
    instrument, book = world.node.instruments[0], world.book(BTC)
    assert (instrument.price.decimals, instrument.size.decimals) == (4, 6)
    assert book.live
    assert instrument.price.format(book.best(ask=False)[0]) == "100"
    assert instrument.size.format(book.best(ask=False)[1]) == "1"


def test_absurd_sizes_on_both_sides_of_an_edge_overflow_nothing():
    """Twenty levels whose sum passes 64 bits: the walk is bounded, profits are exact text."""
    world = World()
    for venue, bid, ask in (("binance", 500, 600), ("binance-us", 100, 200)):
        source = f"{venue}.ws.1"
        world.open(source)
        world.frame(source, diff("XYZUSDT", 1, 2))
        size = "999999999999999999" if venue == "binance" else "9999999999.99999999"
        bids = [(str(bid + at), size) for at in range(20)]
        body = depth_reply(1, bids, [(str(ask + at), size) for at in range(20)])
        world.reply(venue, DEPTH_URL.format("XYZUSDT"), body)
    seen = world.of(EffectKind.OPPORTUNITY)
    assert max(effect.fields[1] for effect in seen) == 1 << 62
    assert max(float(effect.fields[2]) for effect in seen) > 1e12
    world.tick(2_000_000_000)
    assert world.of(EffectKind.OUTCOME)


def test_frames_of_a_closed_connection_are_counted_and_ignored():
    world = World()
    source, at = live_advanced(world, "BTC-USD")
    world.close(source)
    late = l2("BTC-USD", "snapshot", [("1.00", "1")], [("2.00", "1")])
    world.frame(source, advanced(at, "l2_data", late))
    assert world.errors(source) == {"frame_after_close": 1}
    assert world.book(USD).reason_label == "disconnected"


@pytest.mark.parametrize("source", ["kraken.ws.1", "", "binance", ".x"])
def test_an_input_of_an_unknown_venue_is_refused_loudly(source):
    """A driver that names no venue is a bug: nothing is guessed."""
    world = World()
    if source == "binance":
        world.put(InputKind.OPEN, source)
        assert world.node.links[source].venue.name == "binance"
        return
    with pytest.raises(ValueError, match="unknown venue"):
        world.put(InputKind.FRAME, source, b"{}")
