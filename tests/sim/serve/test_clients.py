"""Clients follow a served recording to the book that a replay of the same files ends with."""

import asyncio

import ccxt.pro
import pytest
from msgspec.structs import replace

from cli.settings.model import Settings, Urls
from node import Node, NodeConfig
from replay.source import Recorded, merged
from sim.recording import write_recording
from sim.serve.source import Source
from sim.server.venue import VenueServer
from tests.daemon.running import Running, until
from tests.recorded_payloads import FEEDS

from .playing import serving

FILES = {
    "binance": (
        "binance-spot-2021-08/BINANCE.ws.1.0.zst",
        "binance-spot-2021-08/BINANCE.http.0.0.zst",
    ),
    "binance-us": ("binance-us-2021-10/BINANCE_US.jsonl.zst",),
    "coinbase": ("coinbase-advanced-2026-08/COINBASE.seq0-599.jsonl.zst",),
    "coinbase-exchange": ("coinbase-exchange-2021-04/COINBASE.ws.28.0.five-products-a.zst",),
}


def paths_of(venue):
    paths = [FEEDS / name for name in FILES[venue]]
    if not all(path.exists() for path in paths):
        pytest.skip("needs the public recordings in ../shared/feeds beside the checkout")
    return paths


def replayed(sources):
    """Return every book at the end of a replay: [bids, asks] as text by instrument id."""
    node = Node(NodeConfig(discover=True))
    for item in merged([Recorded(one.venue, one.paths) for one in sources]):
        node.handle(*item)
    return books_of(node)


def books_of(node):
    return {
        instrument.id: [
            [(instrument.price.format(p), instrument.size.format(q)) for p, q in book.levels(ask)]
            for ask in (False, True)
        ]
        for instrument, book in zip(node.instruments, node.books, strict=True)
        if book.live
    }


def settings_for(folder, player, instruments):
    """Return settings of mode paper whose venues are those that are served, and no others."""
    given = Settings(version=1, mode="paper")
    venues = {}
    for name, venue in given.venues:
        server: VenueServer | None = player.servers.get(name)
        urls = Urls(ws=server.ws_url, rest=server.http_url) if server else venue.urls
        venues[name.replace("-", "_")] = replace(
            venue,
            enabled=server is not None,
            instruments=tuple(instruments.get(name, ())),
            urls=urls,
            silence_ms=600_000,
        )
    return replace(
        given,
        venues=replace(given.venues, **venues),
        recording=replace(given.recording, dir=str(folder / "recordings"), segment_mb=64),
        l2=replace(given.l2, path=str(folder / "table.l2")),
        control=replace(given.control, socket=str(folder / "door.sock")),
        audit=replace(given.audit, enabled=False),
        log=replace(given.log, file=""),
    )


def by_venue(sources, books):
    suffixes = {one.venue.upper(): one.venue for one in sources}
    found = {}
    for name in books:
        found.setdefault(suffixes[name.rpartition(".")[2]], []).append(name)
    return found


#: A daemon asks for 1000 levels a side: of a recording with more, it knows only the nearer ones.
DEPTHS = {"binance": 500}


def cut(books, depth):
    return {name: [side[:depth] for side in sides] for name, sides in books.items()}


async def follows(tmp_path, sources, depth=None):
    """Assert that our daemon ends with the very books that a replay ends with."""
    expected = cut(replayed(sources), depth)
    assert expected
    async with serving(sources) as (player, _):
        settings = settings_for(tmp_path, player, by_venue(sources, expected))
        async with Running(settings) as running:
            await until(lambda: player.done, "the end of the recording")
            await until(
                lambda: cut(books_of(running.daemon.node), depth) == expected, "the replayed books"
            )
            assert all(book.condemned == 0 for book in running.daemon.node.books)


@pytest.mark.parametrize("venue", FILES)
async def test_our_daemon_ends_with_the_books_of_a_replay_of_a_public_recording(tmp_path, venue):
    await follows(tmp_path, [Source(venue, paths_of(venue))], DEPTHS.get(venue))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the sources of a generated recording of two venues."""
    folder = tmp_path_factory.mktemp("recording")
    write_recording(folder, 3, 6)
    return [
        Source(venue, [folder / f"{venue.upper()}.jsonl.zst"]) for venue in ("binance", "coinbase")
    ]


async def test_our_daemon_ends_with_the_books_of_a_replay_of_a_generated_recording(tmp_path, made):
    await follows(tmp_path, made)


async def test_a_client_that_comes_late_gets_the_book_as_it_stands(tmp_path, made):
    expected = replayed(made)
    async with serving(made) as (player, _):
        for server in player.servers.values():
            server.subscribed = True
        await until(lambda: player.done, "the end of the recording")
        settings = settings_for(tmp_path, player, by_venue(made, expected))
        async with Running(settings) as running:
            coinbase = {name: book for name, book in expected.items() if "COINBASE" in name}
            await until(
                lambda: coinbase.items() <= books_of(running.daemon.node).items(),
                "the books of the venue whose snapshots come by the socket",
            )


async def test_ccxt_pro_ends_with_the_book_of_a_replay(made):
    expected = replayed(made)
    async with serving(made) as (player, _):
        server = player.servers["binance"]
        player.servers["coinbase"].subscribed = True
        exchange = ccxt.pro.binance(
            {
                "options": {
                    "defaultType": "spot",
                    "fetchMarkets": {"types": ["spot"]},
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                }
            }
        )
        for kind in ("public", "private"):
            exchange.urls["api"][kind] = f"{server.http_url}/api/v3"
        exchange.urls["api"]["ws"]["spot"] = f"{server.ws_url}/stream/ws"
        try:
            bids, asks = expected["BTC-USDT.BINANCE"]
            best = [[float(p), float(q)] for p, q in (bids[0], asks[0])]
            async with asyncio.timeout(30):
                book = None
                while book is None or [book["bids"][0][:2], book["asks"][0][:2]] != best:
                    book = await exchange.watch_order_book("BTC/USDT")
            assert [row[:2] for row in book["bids"][:50]] == [
                [float(p), float(q)] for p, q in bids[:50]
            ]
            assert [row[:2] for row in book["asks"][:50]] == [
                [float(p), float(q)] for p, q in asks[:50]
            ]
        finally:
            await exchange.close()
