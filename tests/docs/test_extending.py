"""The worked example of a new venue, through a node: the steps of docs/extending.md."""

import orjson
import pytest

from books.sequence import ChainRule, Verdict
from connectors import registry
from examples.okx import install
from examples.okx.decode import OkxDecoder
from examples.okx.venue import OkxVenue
from market.catalog import Catalog
from market.effects import EffectKind
from market.fees import LOWEST_TIER, Fees
from market.frame import Kind, Refusal, SymbolTable
from market.grid import Grid
from market.instrument import VENUES
from node import NodeConfig
from tests.node_world import START, World

SOURCE = "okx.ws.1#1"
BOOK = "BTC-USDT.OKX"
MS = str(START // 1_000_000)
RULES = orjson.dumps(
    {
        "code": "0",
        "data": [
            {
                "instType": "SPOT",
                "instId": "BTC-USDT",
                "baseCcy": "BTC",
                "quoteCcy": "USDT",
                "tickSz": "0.1",
                "lotSz": "0.00000001",
                "minSz": "0.00001",
            },
            {"instType": "OPTION", "instId": "BTC-USD-241227-100000-C"},
        ],
    }
)


@pytest.fixture(autouse=True)
def _installed():
    """The venue is known in these tests only."""
    install()
    yield
    del registry._MAKERS["okx"], VENUES["okx"], LOWEST_TIER["okx"]


def message(channel, row, **more):
    arg = {"channel": channel, "instId": "BTC-USDT"}
    return orjson.dumps({"arg": arg, **more, "data": [{"ts": MS, **row}]})


def books(last, prev, bids=(), asks=(), action="update"):
    row = {"seqId": last, "prevSeqId": prev}
    row |= {"bids": [[*one, "0", "1"] for one in bids], "asks": [[*one, "0", "1"] for one in asks]}
    return message("books", row, action=action)


def best(last, bid, ask):
    return message(
        "bbo-tbt", {"seqId": last, "bids": [[*bid, "0", "1"]], "asks": [[*ask, "0", "1"]]}
    )


def snapshot(last=100):
    bids = [("61000.0", "1.5"), ("60999.9", "2")]
    return books(last, -1, bids, [("61000.1", "0.25"), ("61000.3", "1")], "snapshot")


@pytest.fixture
def world():
    """A node that watches one book there and has its rules."""
    catalog = Catalog()
    listed, problems = OkxVenue().instruments(RULES)
    assert len(listed) == 1
    assert "only 'SPOT'" in problems[0]
    catalog.adopt_all(listed)
    found = World(NodeConfig(), catalog)
    found.node.watch(catalog.find("BTC-USDT", "okx"), SOURCE)
    return found


def book(world):
    return world.node.books[world.node.slot_of(BOOK)]


@pytest.fixture
def live(world):
    world.open(SOURCE)
    world.frame(SOURCE, b'{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}')
    world.frame(SOURCE, snapshot())
    assert book(world).live
    return world


def sent(effects):
    return [orjson.loads(one.subject) for one in effects if one.kind is EffectKind.SEND]


def test_opening_a_connection_subscribes(world):
    (frame,) = sent(world.open(SOURCE))
    assert frame["op"] == "subscribe"
    assert [one["channel"] for one in frame["args"]] == ["books", "bbo-tbt", "trades"]


def test_a_snapshot_and_diffs_in_their_chain_make_a_book(live):
    # Ids jump: only the name of the one before counts.
    live.frame(SOURCE, books(107, 100, [("61000.0", "0")], [("61000.2", "3")]))
    live.frame(SOURCE, books(120, 107, [("60999.9", "2.5")]))
    assert book(live).levels(False)[:1] == [(609_999, 250_000_000)]
    assert book(live).levels(True)[:2] == [(610_001, 25_000_000), (610_002, 300_000_000)]
    assert book(live).gaps == 0


def test_a_hole_condemns_the_book_asks_for_a_snapshot_and_that_heals_it(live):
    live.frame(SOURCE, books(107, 100, [("61000.0", "1")]))
    effects = live.frame(SOURCE, books(130, 120, [("61000.0", "2")]))
    assert not book(live).live
    assert [frame["op"] for frame in sent(effects)] == ["unsubscribe", "subscribe"]
    live.frame(SOURCE, snapshot(140))
    assert book(live).live
    live.frame(SOURCE, books(141, 140, [("61000.0", "2")]))
    assert (book(live).live, book(live).gaps) == (True, 1)


def test_a_word_that_nothing_changed_is_no_hole(live):
    live.frame(SOURCE, books(100, 100))
    assert (book(live).live, book(live).stale) == (True, 1)


def test_a_sequence_that_begins_anew_is_not_trusted(live):
    live.frame(SOURCE, books(5, 100))
    assert not book(live).live


def test_a_finer_price_refines_the_grid(live):
    live.frame(SOURCE, books(101, 100, [("61000.05", "1")]))
    assert book(live).live
    assert book(live).levels(False)[0] == (6_100_005, 100_000_000)


def test_a_damaged_diff_condemns_the_book_that_it_names(live):
    live.frame(SOURCE, books(101, 100, [("61000.0", "1")]).replace(b"61000.0", b"61x00.0"))
    assert not book(live).live


def test_best_quotes_and_trades_are_read_and_the_quote_rules_the_touch(live):
    live.frame(SOURCE, best(101, ("61000.0", "1.5"), ("61000.1", "0.25")))
    row = {"tradeId": "77", "px": "61000.1", "sz": "0.1", "side": "sell"}
    live.frame(SOURCE, message("trades", row))
    link = live.node.links[SOURCE]
    assert (link.quotes, link.trades, link.errors) == (1, 1, {})


def test_an_error_of_the_venue_is_counted(live):
    live.frame(SOURCE, b'{"event":"error","code":"60012","msg":"Invalid request"}')
    assert live.node.links[SOURCE].errors == {"venue_error": 1}


def test_the_second_replay_of_the_same_inputs_comes_to_the_same_digest():
    digests = []
    for _ in range(2):
        catalog = Catalog()
        catalog.adopt_all(OkxVenue().instruments(RULES)[0])
        world = World(NodeConfig(), catalog)
        world.node.watch(catalog.find("BTC-USDT", "okx"), SOURCE)
        world.open(SOURCE)
        world.frame(SOURCE, snapshot())
        world.frame(SOURCE, books(101, 100, [("61000.05", "1")]))
        digests.append(world.node.digest.hex)
    assert digests[0] == digests[1]


@pytest.fixture
def decoder():
    symbols = SymbolTable()
    symbols.put(b"BTC-USDT", 3, Grid(1), Grid(8))
    return OkxDecoder(symbols)


def test_a_decoded_frame_says_what_stands_in_it(decoder):
    assert decoder.decode(snapshot(123)) == 1
    found = decoder.frame.event(0)
    assert found["kind"] is Kind.SNAPSHOT
    assert (found["slot"], found["last"], found["ts_event"]) == (3, 123, START)
    assert found["bids"] == [(610_000, 150_000_000), (609_999, 200_000_000)]
    assert decoder.frame.channel == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", Refusal.BAD_JSON),
        (b"[]", Refusal.BAD_JSON),
        (books(1, 0).replace(b"BTC-USDT", b"ETH-USDT"), Refusal.UNKNOWN_SYMBOL),
        (books(1, 0, [("1.23", "1")]), Refusal.OFF_GRID),
        (books(1, 0, [("1.2x", "1")]), Refusal.BAD_NUMBER),
        (books("1", 0), Refusal.BAD_FIELD),
        (books(10**18, 0), Refusal.BAD_FIELD),
        (books(1, 0).replace(MS.encode(), b"soon"), Refusal.BAD_FIELD),
        (b'{"arg":{"channel":"books","instId":"BTC-USDT"}}', Refusal.BAD_FIELD),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(decoder, data, why):
    assert decoder.decode(data) == why
    assert decoder.frame.count == 0
    assert decoder.frame.refusal == why


def test_a_frame_cut_anywhere_is_refused(decoder):
    whole = books(101, 100, [("61000.0", "1")], [("61000.1", "2")])
    assert all(decoder.decode(whole[:size]) < 0 for size in range(len(whole)))
    assert decoder.decode(whole) == 1


def test_an_audit_reply_is_a_book_and_anything_else_is_refused(world):
    venue = OkxVenue()
    rows = {"bids": [["61000.0", "1", "0", "1"]], "asks": [["61000.1", "2", "0", "1"]]}
    found = venue.rest_book(orjson.dumps({"data": [rows]}), "BTC-USDT", Grid(1), Grid(8))
    assert (found.bids, found.asks) == ([(610_000, 100_000_000)], [(610_001, 200_000_000)])
    assert found.bid_edge is None
    with pytest.raises(ValueError, match="not_a_book"):
        venue.rest_book(b'{"data":[]}', "BTC-USDT", Grid(1), Grid(8))
    assert venue.topic(f"https://x{venue.audit_path('BTC-USDT')}")[1] == "BTC-USDT"


def test_the_clock_of_the_venue_is_read():
    venue = OkxVenue()
    assert venue.server_time(b'{"data":[{"ts":"1597026383085"}]}') == 1_597_026_383_085_000_000
    assert venue.server_time(b'{"data":[]}') is None


@pytest.mark.parametrize(
    ("held", "last", "prev", "expected"),
    [
        (100, 107, 100, Verdict.APPLY),
        (100, 100, 100, Verdict.STALE),
        (100, 100, 90, Verdict.STALE),
        (100, 130, 120, Verdict.GAP),
        (100, 90, 80, Verdict.GAP),
        (100, 5, 100, Verdict.GAP),
    ],
)
def test_the_chain_names_the_one_before(held, last, prev, expected):
    assert ChainRule().judge(held, False, last, last, prev) is expected


def test_a_name_or_a_suffix_is_given_once():
    with pytest.raises(ValueError, match="already"):
        registry.register("okx", OkxVenue, "OKEX", Fees(0, 0))
    with pytest.raises(ValueError, match="already"):
        registry.register("okex", OkxVenue, "OKX", Fees(0, 0))
