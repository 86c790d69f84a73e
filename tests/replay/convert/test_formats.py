"""One recorded feed through all formats: the books at the end are those of the source."""

import pytest

from node import Node, NodeConfig
from replay.convert.book import book_hash
from replay.source import Recorded
from tests.node_world import feed, needs_feeds

from .rig import books_of, converted

pytestmark = needs_feeds

VENUE, NAME = "binance-usdm", "binance-usdm-2021-07"


def source() -> str:
    return f"{VENUE}={','.join(map(str, feed(NAME)))}"


@pytest.fixture(scope="module")
def expected() -> dict:
    """Return the hash of each book as the node has it at the end."""
    node = Node(NodeConfig(discover=True))
    for item in Recorded(VENUE, feed(NAME)).inputs():
        node.handle(*item)
    told = zip(node.instruments, books_of(node).values(), strict=True)
    return {
        f"{one.native}.BINANCE-USDM": book_hash(reason == "live", tuple(bids), tuple(asks))
        for one, (reason, bids, asks) in told
    }


def test_native_tardis_and_back_have_the_books_of_the_source(expected, tmp_path, capsys):
    converted(capsys, source(), "--to", "native", tmp_path / "native")
    made = converted(capsys, tmp_path / "native", "--to", "tardis", tmp_path / "csv", "--hash")
    assert made["books"] == expected
    back = converted(capsys, tmp_path / "csv", "--to", "tardis", tmp_path / "again", "--hash")
    assert back["books"] == expected
    assert back["rows"] == made["rows"]
    for path in (tmp_path / "csv").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("numbers", ["text", "ticks"])
def test_native_parquet_and_on_have_the_books_of_the_source(numbers, expected, tmp_path, capsys):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    words = ["--to", "parquet", "--numbers", numbers, "--hash"]
    made = converted(capsys, source(), *words, tmp_path / "tables")
    assert made["books"] == expected
    back = converted(capsys, tmp_path / "tables", *words, tmp_path / "again")
    assert back["books"] == expected
    assert back["rows"] == made["rows"]
    one = "SUSHI-USDT-PERP.BINANCE-USDM"
    words = ["--instrument", one, "--hash", "--to"]
    packed = converted(capsys, tmp_path / "tables", *words, "npz", tmp_path / "x.npz")
    last = converted(capsys, tmp_path / "x.npz", *words, "tardis", tmp_path / "csv")
    key = "SUSHIUSDT.BINANCE-USDM"
    assert packed["books"] == last["books"] == {key: expected[key]}


def test_the_events_of_a_recording_are_those_of_the_files_it_came_from(tmp_path, capsys):
    """Parquet made by way of a native recording is the same, byte for byte."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra `convert`)")
    converted(capsys, source(), "--to", "native", tmp_path / "native")
    converted(capsys, source(), "--to", "parquet", tmp_path / "a")
    converted(capsys, tmp_path / "native", "--to", "parquet", tmp_path / "b")
    for name in ("book.parquet", "trades.parquet", "quotes.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
