"""Pitfalls that maintainers of other clients reported, by their numbers in the protocol notes.

Not here, because they concern sockets, REST clients or orders, which this layer has none of:
7 and 24 (blocked event loop, keepalive pings), 23 (receive queues), 26 (pacing of connects),
27 (request signing against a clock), 30 (listen keys), 32 (signed level2), 33 (rejected orders).
Pitfall 8's weight budget is the driver's; its single flight and backoff are here. Of 28 only
the ids are here: filling in trades by REST needs a transport. 18 and 29 need the full channel and
a matched trade feed: what is decoded of them is tested.
"""

import orjson
import pytest

from books.grade import Grade
from books.state import BookNotLiveError
from connectors.recovery import BACKOFF_FIRST_NS
from connectors.registry import venue
from market.effects import EffectKind
from market.frame import Kind
from market.grid import Grid
from node import NodeConfig
from tests.node_world import (
    DEPTH_URL,
    SECOND,
    World,
    advanced,
    book_ticker,
    depth_reply,
    diff,
    exchange_snapshot,
    exchange_ticker,
    exchange_update,
    l2,
    live_advanced,
    live_binance,
    live_exchange,
    trade,
)

BTC = "BTC-USDT.BINANCE"
PERP = "BTC-USDT-PERP.BINANCE-USDM"
USD = "BTC-USD.COINBASE"
XUSD = "BTC-USD.COINBASE-EXCHANGE"
URL = DEPTH_URL.format("BTCUSDT")
BIDS, ASKS = [("100.00", "1")], [("101.00", "1")]


def levels(world: World, name: str, *, ask: bool) -> list[tuple[str, str]]:
    """Return a side of a live book as decimal text."""
    book = world.book(name)
    one = world.node.instruments[book.slot]
    return [(one.price.format(t), one.size.format(n)) for t, n in book.levels(ask)]


@pytest.mark.parametrize(
    ("first", "last", "live"),
    [(95, 100, False), (95, 101, True), (101, 101, True), (101, 140, True), (102, 103, False)],
)
def test_01_the_first_diff_may_straddle_the_snapshot(first, last, live):
    """Accept U <= last + 1 <= u, and nothing else, for the first diff that is applied."""
    world = World()
    world.open("binance.ws.1")
    world.frame("binance.ws.1", diff("BTCUSDT", first, last, [("99.00", "3")]))
    world.reply("binance", URL, depth_reply(100, BIDS, ASKS))
    book = world.book(BTC)
    assert book.applied == (1 if live else 0)
    # A diff wholly inside the snapshot is dropped: the book waits at 100 without harm.
    assert book.live == (live or last <= 100)
    assert book.gaps == 0


def test_02_diffs_that_come_while_the_snapshot_is_fetched_are_kept():
    """Buffer from the first frame on: else every snapshot is too old for ever."""
    world = World()
    world.open("binance.ws.1")
    for number in range(101, 151):
        world.frame("binance.ws.1", diff("BTCUSDT", number, number, [("99.00", str(number))]))
    assert world.book(BTC).buffered == 50
    world.reply("binance", URL, depth_reply(120, BIDS, ASKS))
    book = world.book(BTC)
    assert (book.live, book.stale, book.applied, book.last_sequence) == (True, 20, 30, 150)
    assert ("99", "150") in levels(world, BTC, ask=False)


def test_03_a_snapshot_older_than_the_buffer_keeps_the_buffer_and_is_fetched_again():
    """A cached REST reply may be half a minute old: throwing the buffer away never syncs."""
    world = World()
    world.open("binance.ws.1")
    world.frame("binance.ws.1", diff("BTCUSDT", 101, 105))
    world.frame("binance.ws.1", diff("BTCUSDT", 106, 110))
    world.reply("binance", URL, depth_reply(90, BIDS, ASKS))
    book = world.book(BTC)
    assert (book.reason_label, book.buffered) == ("snapshot too old", 2)
    assert len(world.of(EffectKind.FETCH)) == 1
    world.tick(BACKOFF_FIRST_NS)
    assert len(world.of(EffectKind.FETCH)) == 2
    world.reply("binance", URL, depth_reply(103, BIDS, ASKS))
    assert (book.live, book.applied, book.last_sequence) == (True, 2, 110)


def test_04_an_older_snapshot_never_takes_back_newer_diffs():
    """A reply that comes twice, the second time late, changes nothing on a live book."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff("BTCUSDT", 102, 102, [("100.50", "5")]))
    before = levels(world, BTC, ask=False)
    world.reply("binance", URL, depth_reply(50, [("42.00", "1")], ASKS))
    assert levels(world, BTC, ask=False) == before
    assert world.book(BTC).snapshots_ignored == 1
    assert world.book(BTC).last_sequence == 102


def test_05_a_full_buffer_is_counted_and_starts_over_cleanly():
    """Dropping its oldest diffs would leave a hole that nobody sees."""
    world = World()
    world.open("binance.ws.1")
    for number in range(1, 16_386):
        world.frame("binance.ws.1", diff("BTCUSDT", number, number))
    book = world.book(BTC)
    assert (book.overflows, book.reason_label, book.buffered) == (1, "overflow", 1)
    world.reply("binance", URL, depth_reply(16_300, BIDS, ASKS))
    assert not book.live
    world.reply("binance", URL, depth_reply(16_384, BIDS, ASKS))
    assert book.live
    assert book.last_sequence == 16_385


@pytest.mark.parametrize("ack_first", [True, False])
def test_06_a_diff_may_come_before_or_after_the_subscribe_ack(ack_first):
    """Events and acks interleave freely."""
    world = World()
    world.open("binance.ws.1")
    frames = [b'{"result":null,"id":1}', diff("BTCUSDT", 101, 102)]
    for data in frames if ack_first else frames[::-1]:
        world.frame("binance.ws.1", data)
    world.reply("binance", URL, depth_reply(101, BIDS, ASKS))
    assert world.book(BTC).live
    assert world.errors("binance.ws.1") == {}


def test_08_resyncs_are_single_flight_and_back_off():
    """A storm of gaps asks for one snapshot, not for one each."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    asked = len(world.of(EffectKind.FETCH))
    for number in range(1000, 1100, 2):
        world.frame(source, diff("BTCUSDT", number, number), wait=1_000_000)
    assert world.book(BTC).gaps == 50
    assert len(world.of(EffectKind.FETCH)) == asked + 1


def test_09_frames_of_an_old_socket_never_mix_into_the_book_of_the_new_one():
    """The connection that was opened last feeds the book; the older one is counted and ignored."""
    world = World()
    old, _ = live_advanced(world, "BTC-USD")
    new = "coinbase.ws.2"
    world.open(new)
    world.frame(
        new, advanced(0, "l2_data", l2("BTC-USD", "snapshot", [("200", "1")], [("201", "1")]))
    )
    world.frame(old, advanced(1, "l2_data", l2("BTC-USD", "update", [("150", "9")])))
    assert levels(world, USD, ask=False) == [("200", "1")]
    assert world.errors(old) == {"superseded": 1}
    assert list(world.node.links[new].slots) == [0]
    assert list(world.node.links[old].slots) == []
    world.close(old)
    assert world.book(USD).live
    world.close(new)
    assert not world.book(USD).live


def test_09_frames_that_come_after_the_close_are_ignored():
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.close(source)
    world.frame(source, diff("BTCUSDT", 102, 103))
    assert world.errors(source) == {"frame_after_close": 1}
    assert (world.book(BTC).buffered, world.book(BTC).reason_label) == (0, "disconnected")


def test_10_a_book_knows_how_far_its_snapshot_vouches_and_asks_again_before_the_edge():
    """Beyond the outermost snapshot level only what changed since is known."""
    world = World()
    world.open("binance.ws.1")
    world.frame("binance.ws.1", diff("BTCUSDT", 95, 101))
    bids = [(f"{1000 - at}", "1") for at in range(100)]
    asks = [(f"{1001 + at}", "1") for at in range(100)]
    world.reply("binance", URL, depth_reply(100, bids, asks))
    book, price = world.book(BTC), world.node.instruments[0].price
    assert [price.format(edge) for edge in book.horizon] == ["901", "1100"]
    asked = len(world.of(EffectKind.FETCH))
    world.frame("binance.ws.1", diff("BTCUSDT", 102, 102, [(p, "0") for p, _ in bids[:70]]))
    assert len(world.of(EffectKind.FETCH)) == asked
    world.frame("binance.ws.1", diff("BTCUSDT", 103, 103, [(p, "0") for p, _ in bids[70:80]]))
    assert book.grade & Grade.HORIZON
    assert book.live
    assert len(world.of(EffectKind.FETCH)) == asked + 1


def test_11_a_periodic_refresh_is_built_aside_and_swapped():
    """The book stays readable all along, and a refresh that lags loses no diff."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    book = world.book(BTC)
    book.begin_refresh()
    for number in range(102, 110):
        world.frame(source, diff("BTCUSDT", number, number, [("99.00", str(number))]))
        assert book.live
    world.reply("binance", URL, depth_reply(104, [("100.00", "8"), ("99.00", "1")], ASKS))
    assert (book.live, book.snapshots, book.last_sequence) == (True, 2, 109)
    assert levels(world, BTC, ask=False) == [("100", "8"), ("99", "109")]


def test_12_continuity_between_snapshot_and_diffs_is_proved_by_ids():
    """A hole between the two is found although nothing crosses."""
    world = World()
    world.open("binance.ws.1")
    world.frame("binance.ws.1", b'{"result":null,"id":1}')
    world.frame("binance.ws.1", diff("BTCUSDT", 104, 105))
    world.reply("binance", URL, depth_reply(102, BIDS, ASKS))
    assert not world.book(BTC).live
    assert world.book(BTC).applied == 0


def test_12_a_crossed_book_is_condemned():
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff("BTCUSDT", 102, 102, [("102.00", "1")]))
    book = world.book(BTC)
    assert (book.crossed, book.reason_label, book.live) == (1, "crossed", False)
    with pytest.raises(BookNotLiveError):
        book.newest_touch()


@pytest.mark.parametrize("name", ["binance", "coinbase", "coinbase-exchange"])
def test_13_after_a_reconnect_the_new_snapshot_replaces_the_book(name):
    """Levels of the old epoch that the new one does not name are gone."""
    world = World()
    live = {"binance": live_binance, "coinbase": live_advanced, "coinbase-exchange": live_exchange}
    products = ("BTCUSDT",) if name == "binance" else ("BTC-USD",)
    live[name](world, *products)
    source = f"{name}.ws.1"
    world.close(source)
    (book,) = world.node.books
    assert book.reason_label == "disconnected"
    assert book.count(ask=False) == 0
    world.open(source)
    bids, asks = [("50.00", "1")], [("51.00", "1")]
    if name == "binance":
        world.frame(source, diff("BTCUSDT", 500, 502))
        world.reply("binance", URL, depth_reply(501, bids, asks))
    elif name == "coinbase":
        world.frame(source, advanced(0, "l2_data", l2("BTC-USD", "snapshot", bids, asks)))
    else:
        world.frame(source, exchange_snapshot("BTC-USD", bids, asks))
    one = world.node.instruments[0]
    assert book.live
    assert levels(world, one.id, ask=False) == [("50", "1")]
    assert levels(world, one.id, ask=True) == [("51", "1")]


def test_14_a_connection_that_is_open_but_silent_is_not_ready():
    """Readiness is a snapshot in this epoch; after a reconnect the node subscribes itself."""
    world = World(NodeConfig())
    world.node.watch(world.node.catalog.resolve("coinbase", "BTC-USD"), "coinbase.ws.1")
    for _ in range(2):
        effects = world.open("coinbase.ws.1")
        channels = [
            orjson.loads(e.subject)["channel"] for e in effects if e.kind == EffectKind.SEND
        ]
        assert "level2" in channels
        assert not world.book(USD).live
        world.frame("coinbase.ws.1", advanced(0, "l2_data", l2("BTC-USD", "snapshot", BIDS, ASKS)))
        assert world.book(USD).live
        world.close("coinbase.ws.1")
        assert not world.book(USD).live


def test_14_silence_lowers_the_grade_while_a_quiet_pair_is_not_stale():
    world = World()
    source = live_binance(world, "BTCUSDT", "ETHUSDT")
    for _ in range(20):
        world.frame(source, diff("ETHUSDT", 102, 102), wait=SECOND)
    assert world.node.l1.read(0, world.now).usable
    world.tick(6 * SECOND)
    assert world.node.l1.read(0, world.now).grade & Grade.SILENT


def test_15_each_bounce_of_the_feed_resets_the_book():
    world = World()
    for number in range(3):
        source = live_exchange(world, "BTC-USD")
        book = world.book(XUSD)
        assert book.live
        assert book.snapshots == number + 1
        world.close(source, "1001 going away")
        assert not book.live
        assert book.detail == "1001 going away"


def test_16_sequences_count_only_on_the_channels_that_carry_them():
    """A ticker numbered 4118596218 after an unnumbered level2 snapshot is no gap."""
    world = World()
    source = live_exchange(world, "BTC-USD")
    for number in (4_118_596_218, 4_118_596_999):
        world.frame(source, exchange_ticker("BTC-USD", number, "100.00", "101.00"))
        world.frame(source, exchange_update("BTC-USD", ("buy", "99.00", "3")))
    book = world.book(XUSD)
    assert (book.live, book.gaps, book.applied, world.errors(source)) == (True, 0, 2, {})


def test_17_both_old_and_missing_ids_are_noticed():
    """An older diff is dropped and counted; a newer one than the next is a gap."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    book = world.book(BTC)
    world.frame(source, diff("BTCUSDT", 99, 100, [("1.00", "1")]))
    assert (book.stale, book.live) == (1, True)
    assert ("1", "1") not in levels(world, BTC, ask=False)
    world.frame(source, diff("BTCUSDT", 103, 103))
    assert (book.gaps, book.live) == (1, False)


def test_17_futures_follow_the_previous_last_id_not_plus_one():
    """`pu` is the link: ids of futures jump between diffs."""
    world = World()
    source = "binance-usdm.ws.1"
    world.open(source)
    world.frame(source, diff("BTCUSDT", 90, 110, prev=85))
    world.reply("binance-usdm", DEPTH_URL.format("BTCUSDT"), depth_reply(100, BIDS, ASKS))
    world.frame(source, diff("BTCUSDT", 150, 160, prev=110))
    assert world.book(PERP).live
    world.frame(source, diff("BTCUSDT", 161, 170, prev=159))
    assert world.book(PERP).reason_label == "gap"


def test_18_a_match_is_a_trade_and_never_changes_an_aggregated_book():
    """Level2 sizes are absolute: subtracting a match would count it twice."""
    world = World()
    source = live_exchange(world, "BTC-USD")
    before = levels(world, XUSD, ask=False)
    match = {"type": "match", "trade_id": 1, "sequence": 5, "product_id": "BTC-USD"}
    match |= {"side": "buy", "price": "100.00", "size": "0.5", "time": "2023-11-14T22:13:20Z"}
    world.frame(source, orjson.dumps(match))
    assert levels(world, XUSD, ask=False) == before
    assert world.node.links[source].trades == 1


@pytest.mark.parametrize("zero", ["0", "0.0", "0.00000000", "00.000"])
def test_19_every_spelling_of_zero_removes_the_level(zero):
    """Compare as numbers, not as text."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff("BTCUSDT", 102, 102, [("99.00", zero)]))
    assert levels(world, BTC, ask=False) == [("100", "1")]


def test_20_a_zero_for_an_unknown_price_is_counted_and_harmless():
    """Binance names levels that its own snapshot never contained: 9 % of all changes."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff("BTCUSDT", 102, 102, [("42.00", "0")], [("4200.00", "0")]))
    book = world.book(BTC)
    assert (book.live, book.absent) == (True, 2)
    assert world.errors(source) == {}


def test_21_a_snapshot_may_hold_zero_sizes_which_are_no_levels():
    world = World()
    world.open("binance.ws.1")
    world.frame("binance.ws.1", diff("BTCUSDT", 101, 101))
    body = depth_reply(100, [("100.00", "1"), ("100.50", "0")], [("101.00", "0"), ("102.00", "1")])
    world.reply("binance", URL, body)
    assert levels(world, BTC, ask=False) == [("100", "1")]
    assert levels(world, BTC, ask=True) == [("102", "1")]


def test_22_a_snapshot_far_over_the_usual_frame_limits_is_read():
    """A frame of 64 MiB decodes; what limits frames is the transport's setting, not this."""
    world = World()
    source = "coinbase.ws.1"
    world.open(source)
    row = (
        b'{"side":"bid","event_time":"2023-11-14T22:13:20.1Z","price_level":"%d.25",'
        b'"new_quantity":"0.5"}'
    )
    count = (64 << 20) // (len(row) + 4)
    rows = b",".join(row % (1_000_000 + at) for at in range(count))
    data = (
        b'{"channel":"l2_data","timestamp":"2023-11-14T22:13:20Z","sequence_num":0,"events":'
        b'[{"type":"snapshot","product_id":"BTC-USD","updates":[' + rows + b"]}]}"
    )
    assert len(data) > 64 << 20
    world.node.catalog.resolve("coinbase", "BTC-USD")
    world.frame(source, data)
    assert world.errors(source) == {}
    assert world.book(USD).live
    assert world.book(USD).count(ask=False) == count


def test_25_no_more_level2_products_are_asked_for_than_a_connection_takes():
    """Advanced Trade refuses too many level2 streams in one session."""
    coinbase = venue("coinbase")
    names = [f"A{at}-USD" for at in range(17)]
    assert coinbase.subscribe(names[:16], request_id=0)
    with pytest.raises(ValueError, match="at most 16"):
        coinbase.subscribe(names, request_id=0)


def test_28_a_trade_carries_the_venues_id_so_that_repeats_can_be_told():
    """After a reconnect trades overlap: the id, not the time, says which are new."""
    binance = venue("binance")
    binance.symbols.put(b"BTCUSDT", 0, Grid(2), Grid(3))
    assert binance.decoder.decode(trade("BTCUSDT", 3_735_683_259, "100.00", "0.5")) == 1
    event = binance.decoder.frame.event(0)
    assert (event["kind"], event["last"]) == (Kind.TRADE, 3_735_683_259)


def test_29_a_heartbeat_shows_the_sequence_so_that_lost_matches_can_be_told():
    exchange = venue("coinbase-exchange")
    exchange.symbols.put(b"BTC-USD", 0, Grid(2), Grid(3))
    beat = {"type": "heartbeat", "sequence": 90, "last_trade_id": 20, "product_id": "BTC-USD"}
    assert exchange.decoder.decode(orjson.dumps(beat)) == 1
    event = exchange.decoder.frame.event(0)
    assert (event["kind"], event["slot"], event["last"]) == (Kind.HEARTBEAT, 0, 90)


def test_31_the_same_native_id_is_another_instrument_on_another_venue():
    """BTCUSDT is spot here and a perpetual there; so are ids of two exchanges alike."""
    world = World()
    live_binance(world, "BTCUSDT")
    source = live_binance(world, "BTCUSDT", venue="binance-us")
    world.open("binance-usdm.ws.1")
    world.frame("binance-usdm.ws.1", diff("BTCUSDT", 1, 2, prev=0))
    ids = [one.id for one in world.node.instruments]
    assert ids == [BTC, "BTC-USDT.BINANCE-US", PERP]
    world.frame(source, diff("BTCUSDT", 102, 102, [("100.00", "9")]))
    assert ("100", "1") in levels(world, BTC, ask=False)
    assert ("100", "9") in levels(world, "BTC-USDT.BINANCE-US", ask=False)


def test_33_an_error_inside_a_normal_frame_is_an_error():
    """The venue's refusal arrives like any other message: look at what it says."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, b'{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}')
    assert world.errors(source) == {"venue_error": 1}


@pytest.mark.parametrize("name", ["coinbase", "coinbase-exchange"])
def test_34_a_rest_book_without_a_place_in_the_stream_never_patches_a_book(name):
    """Whether both sides of such a reply belong together, nobody says."""
    world = World()
    live = live_advanced if name == "coinbase" else live_exchange
    live(world, "BTC-USD")
    (book,) = world.node.books
    version = book.version
    body = orjson.dumps({"sequence": 9, "bids": [["1", "1", 1]], "asks": [["2", "1", 1]]})
    world.reply(name, "https://api.exchange.coinbase.com/products/BTC-USD/book?level=2", body)
    assert (book.live, book.version) == (True, version)
    assert venue(name).snapshot_path("BTC-USD") == ""


def test_35_a_partial_depth_stream_is_no_diff_and_no_snapshot():
    """`@depth20` carries the top of the book without ids to follow: no book is built from it."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    top = {"lastUpdateId": 500, "bids": [["42.00", "1"]], "asks": [["43.00", "1"]]}
    frame = orjson.dumps({"stream": "btcusdt@depth20@100ms", "data": top})
    before = levels(world, BTC, ask=False)
    world.frame(source, frame)
    assert levels(world, BTC, ask=False) == before
    assert world.book(BTC).live
    assert world.node.links[source].ignored == 1
    fresh = World()
    fresh.open(source)
    fresh.frame(source, diff("BTCUSDT", 499, 501))
    fresh.frame(source, frame)
    assert not fresh.book(BTC).live


def test_the_independent_best_quote_of_the_same_id_condemns_a_wrong_book():
    """What a missed message without an id would look like, the other channel shows."""
    world = World()
    source = live_binance(world, "BTCUSDT")
    world.frame(source, diff("BTCUSDT", 102, 105))
    world.frame(source, book_ticker("BTCUSDT", 105, ("100.00", "2"), ("101.00", "1")))
    assert world.book(BTC).reason_label == "reference"
