"""Market data become frames only of the venue whose books carry no numbers of their own."""

import pytest

import checkpoint
from books.grade import Grade
from market.inputs import InputKind
from node import Node, NodeConfig
from replay.convert.errors import DirectionError
from replay.convert.event import Event, EventKind
from replay.convert.exchange_frames import ExchangeFrames
from replay.native import Replay
from replay.native_reader import Recording
from tests.node_world import FEEDS, needs_feeds

from .events import START
from .rig import books_of, convert, converted

FEED = FEEDS / "coinbase-exchange-2021-04" / "COINBASE.ws.28.0.five-products-a.zst"
MARKET = ("coinbase-exchange", "BTC-USD")
SNAPSHOT = Event(
    EventKind.SNAPSHOT,
    *MARKET,
    START,
    START - 1000,
    (("100", "1"), ("99.5", "2")),
    (("101", "1"),),
)


def played(*events) -> tuple[Node, ExchangeFrames]:
    frames = ExchangeFrames()
    node = Node(NodeConfig(discover=True))
    for item in frames.inputs(events):
        node.handle(*item)
    return node, frames


def test_snapshots_updates_quotes_and_trades_reach_the_book_as_they_were():
    node, frames = played(
        SNAPSHOT,
        SNAPSHOT._replace(kind=EventKind.UPDATE, bids=(("100", "0"),), asks=(("100.25", "0.125"),)),
        SNAPSHOT._replace(kind=EventKind.QUOTE, bids=(("99.5", "2"),), asks=(("100.25", "0.125"),)),
        SNAPSHOT._replace(
            kind=EventKind.TRADE, bids=(("100.25", "1"),), asks=(), side="buy", text="7"
        ),
    )
    assert books_of(node) == {
        "BTC-USD.COINBASE-EXCHANGE": (
            "live",
            [("99.5", "2")],
            [("100.25", "0.125"), ("101", "1")],
        )
    }
    (link,) = (link for link in node.links.values() if link.frames)
    assert (link.errors, link.quotes, link.trades) == ({}, 1, 1)
    assert not frames.left_out


def test_a_loss_closes_the_connection_of_its_instrument_alone():
    other = SNAPSHOT._replace(symbol="ETH-USD")
    lost = SNAPSHOT._replace(kind=EventKind.LOST, bids=(), asks=(), text="gap")
    node, _ = played(SNAPSHOT, other, lost)
    assert [book.live for book in node.books] == [False, True]
    node, _ = played(SNAPSHOT, other, lost, SNAPSHOT)
    assert [book.live for book in node.books] == [True, True]


def test_without_numbers_a_lost_update_is_not_seen_but_a_crossed_book_is():
    """The grade says what nothing else can: the book crossed, so something was missed."""
    crossing = SNAPSHOT._replace(kind=EventKind.UPDATE, bids=(("103", "1"),), asks=())
    node, _ = played(SNAPSHOT, crossing)
    (book,) = node.books
    assert not book.live
    assert book.reason_label == "crossed"
    assert book.grade & Grade.NOT_LIVE


def test_what_no_frame_can_say_is_counted():
    one_sided = SNAPSHOT._replace(kind=EventKind.QUOTE, asks=())
    unknown = SNAPSHOT._replace(kind=EventKind.TRADE, asks=(), side="unknown")
    _, frames = played(SNAPSHOT, one_sided, unknown)
    assert frames.left_out == {"one-sided quote": 1, "trade without a side": 1}


def test_a_trades_id_that_is_no_number_is_dropped():
    trade = SNAPSHOT._replace(kind=EventKind.TRADE, asks=(), side="sell", text="a-b-c")
    items = list(ExchangeFrames().inputs([trade]))
    assert [item.kind for item in items] == [InputKind.OPEN, InputKind.FRAME]
    assert b"trade_id" not in items[1].data
    assert b'"side":"buy"' in items[1].data


@pytest.mark.parametrize("venue", ["binance", "binance-usdm", "coinbase", "deribit"])
def test_any_other_venue_is_refused_since_its_numbers_would_be_invented(venue):
    with pytest.raises(DirectionError, match="sequence numbers"):
        list(ExchangeFrames().inputs([SNAPSHOT._replace(venue=venue)]))


@needs_feeds
@pytest.mark.parametrize("by", ["tardis", "parquet"])
def test_a_recorded_feed_comes_back_from_market_data_with_the_same_books(by, tmp_path, capsys):
    if by == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    source = f"coinbase-exchange={FEED}"
    made = converted(capsys, source, "--to", by, tmp_path / "data", "--hash")
    converted(capsys, tmp_path / "data", "--to", "native", tmp_path / "native")
    done = Replay(Recording(tmp_path / "native"), checkpoint, verify=True).run()
    assert (done.problems, done.difference) == ([], None)
    books = books_of(done.node)
    assert [reason for reason, _, _ in books.values()] == ["live"] * 5
    node = Node(NodeConfig(discover=True))
    from replay.source import Recorded

    for item in Recorded("coinbase-exchange", [FEED]).inputs():
        node.handle(*item)
    assert books == books_of(node)
    again = converted(capsys, tmp_path / "native", "--to", by, tmp_path / "again", "--hash")
    assert again["books"] == made["books"]


@needs_feeds
def test_market_data_of_binance_cannot_become_a_recording(tmp_path, capsys):
    paths = sorted((FEEDS / "binance-us-2021-10").iterdir())
    converted(capsys, f"binance-us={paths[0]}", "--to", "tardis", tmp_path / "csv")
    code, _, err = convert(capsys, tmp_path / "csv", "--to", "native", tmp_path / "native")
    assert code == 2
    assert "sequence numbers" in err
    assert not (tmp_path / "native").exists()
