"""Our own connectors read both simulated Coinbase products, and mirror the market exactly."""

import aiohttp
import pytest

from connectors.coinbase.venue import CoinbaseVenue
from connectors.coinbase_exchange.venue import ExchangeVenue
from market.inputs import InputKind
from tests.node_world import World

from .coinbase_market import Venue, dial
from .helpers import until, within

MIRRORS = [(CoinbaseVenue, "COINBASE"), (ExchangeVenue, "COINBASE-EXCHANGE")]
NATIVES = ["BTC-USD", "ETH-USD"]


async def fetched(venue, path):
    async with aiohttp.ClientSession() as session, session.get(venue.http + path) as reply:
        assert reply.status == 200
        return await reply.read()


def levels(book):
    return [book.levels(ask, 1 << 20) for ask in (False, True)]


def truth(venue, native):
    book = venue.exchange.book(f"{native}.COINBASE")
    return [book.side(side).levels() for side in (0, 1)]


@pytest.mark.parametrize(("connector", "suffix"), MIRRORS)
async def test_a_node_mirrors_the_market_level_by_level(connector, suffix):
    protocol, world = connector(), World()
    source = f"{protocol.name}.ws.1"
    async with Venue() as venue, dial(venue.ws) as socket, within():
        url = protocol.rules_path
        world.reply(protocol.name, f"https://venue{url}", await fetched(venue, url))
        world.open(source)
        for frame in protocol.subscribe(NATIVES, 1):
            await socket.send(frame.decode())

        async def step():
            data = await socket.recv()
            world.put(InputKind.FRAME, source, data.encode(), wait=1_000_000)

        for _ in range(60):
            await step()
        venue.market.busy = False
        books = {native: world.book(f"{native}.{suffix}") for native in NATIVES}
        while any(levels(book) != truth(venue, native) for native, book in books.items()):
            await step()
        assert all(book.live for book in books.values())
        assert not any(world.errors(source).values())
        assert any(book.reference_checks for book in books.values())
        await until(lambda: venue.server.counts.frames)
    assert not venue.server.counts.violations
    assert not venue.server.counts.refused


@pytest.mark.parametrize(("connector", "suffix"), MIRRORS)
async def test_an_audit_reads_the_rest_book_and_the_clock(connector, suffix):
    protocol = connector()
    made = Venue()
    made.market.busy = False
    async with made as venue:
        found, problems = protocol.instruments(await fetched(venue, protocol.rules_path))
        assert not problems
        assert [item.native for item in found] == NATIVES
        item = found[0]
        data = await fetched(venue, protocol.audit_path("BTC-USD"))
        book = protocol.rest_book(data, "BTC-USD", item.price, item.size)
        sides = truth(venue, "BTC-USD")
        assert [dict(side) for side in (book.bids, book.asks)] == [dict(side) for side in sides]
        now = protocol.server_time(await fetched(venue, protocol.time_path))
        assert abs(now - venue.market.now_ns) < 5 * 10**9
