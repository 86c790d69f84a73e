"""A Binance with accounts for tests: a market core that stands still but for what a test does."""

import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from engine.code import Side, Tif, Type
from market.fees import Fees
from sim.exchange.exchange import Exchange
from sim.exchange.order import Request
from sim.feed.binance import BinanceFeed
from sim.market.listing import BINANCE, Listing
from sim.server.binance import BinanceServer
from sim.server.keys import ApiKey, KeyRing
from sim.server.pump import Pump, wall_start_ns

from .helpers import dial, within

BTC = Listing(BINANCE, "BTC", "USDT", price_decimals=2, size_decimals=5)
ETH = Listing(BINANCE, "ETH", "USDT", price_decimals=2, size_decimals=4)
FUNDS = {"BTC": "10", "ETH": "100", "USDT": "1000000"}
KEY, SECRET = "k" * 64, "s" * 64
OTHER_KEY, OTHER_SECRET = "o" * 64, "t" * 64
TICKS = 100  # a unit of price
LOTS = 100_000  # a unit of BTC
ETH_LOTS = 10_000


class StillMarket:
    """An exchange as a market: it moves only by what is placed."""

    def __init__(self, exchange):
        self._exchange = exchange
        self.now_ns = exchange.now_ns
        self.listings = exchange.listings
        self.book = exchange.book
        self.last_trade_id = exchange.last_trade_id

    def advance(self, to_ns):
        self._exchange.advance(to_ns)
        self.now_ns = to_ns
        return self._exchange.take_events()


class Binance:
    """The venue with a maker of unlimited credit, and a client of its REST."""

    def __init__(self, keys=(), rules=None, fees=None):
        start = wall_start_ns()
        fees = fees or Fees(1_000_000, 1_000_000)  # a tenth of a percent
        self.exchange = Exchange(BINANCE, [BTC, ETH], fees, start)
        self.maker = self.exchange.open_account("maker", None)
        self.market = StillMarket(self.exchange)
        self.feed = BinanceFeed(self.market)
        ring = KeyRing(
            [
                ApiKey(BINANCE, KEY, "alice", SECRET, balances=FUNDS),
                ApiKey(BINANCE, OTHER_KEY, "bob", OTHER_SECRET, balances=FUNDS),
                *keys,
            ]
        )
        self.pump = Pump(self.market, [])
        self.server = BinanceServer(
            self.feed, self.pump.now_ns, rules, exchange=self.exchange, keys=ring
        )
        self.pump.add(self.server.on_events)
        self.alice = self.exchange.account_of("alice")
        self.session = None

    def quote(self, side, price, size, listing=BTC, **fields):
        """Have the maker place a limit order."""
        lots = round(size * 10**listing.size_decimals)
        request = Request(listing.id, side, Type.LIMIT, lots, round(price * TICKS), **fields)
        return self.exchange.place(self.maker, request)

    def trade(self, price, size=0.001, listing=BTC):
        """Have the maker print a trade, which needs the price to lie within the spread."""
        self.quote(Side.SELL, price, size, listing)
        self.quote(Side.BUY, price, size, listing, tif=Tif.IOC)

    def fill_book(self):
        """Quote three levels a side around 50,000 and 3,000, after a trade in between."""
        for listing, fair, step in ((BTC, 50_000, 10), (ETH, 3_000, 1)):
            self.trade(fair, 0.01, listing)
            for level in (1, 2, 3):
                self.quote(Side.BUY, fair - level * step, level, listing)
                self.quote(Side.SELL, fair + level * step, level, listing)

    def step(self):
        """Publish what happened up to now."""
        self.pump.advance(max(self.market.now_ns, self.pump.now_ns()))

    def subscribed(self):
        """Tell whether anyone listens to the first account."""
        return self.server._api._streams.wanted(self.alice)

    async def request(self, method, path, query=None, headers=None, data=None):
        url = f"{self.server.http_url}/api/v3/{path}"
        if query:
            url = f"{url}?{query}"
        url = URL(url, encoded=True)
        async with within(), self.session.request(method, url, headers=headers, data=data) as reply:
            text = await reply.text()
            body = json.loads(text) if reply.content_type == "application/json" else text
            return reply.status, body, reply.headers

    async def signed(self, method, path, *, key=KEY, secret=SECRET, **params):
        """Send a request signed by HMAC; returns status, body and headers."""
        params.setdefault("timestamp", self.stamp())
        query = urlencode(params)
        query += f"&signature={sign(secret, query)}"
        return await self.request(method, path, query, {"X-MBX-APIKEY": key})

    async def ok(self, method, path, **params):
        """Send a signed request that must be answered well; returns the body."""
        status, body, _ = await self.signed(method, path, **params)
        assert status == 200, body
        return body

    async def order(self, **params):
        """Place an order that must be accepted; BTCUSDT unless named."""
        return await self.ok("POST", "order", **{"symbol": "BTCUSDT"} | params)

    async def refused(self, method, path, **params):
        """Send a signed request that must be refused; returns code and text."""
        status, body, _ = await self.signed(method, path, **params)
        assert status >= 400, body
        return body["code"], body["msg"]

    def stamp(self):
        return self.pump.now_ns() // 10**6

    def api(self, query=""):
        return dial(f"{self.server.ws_url}/ws-api/v3{query}")


def sign(secret, payload):
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


@asynccontextmanager
async def serving(**options):
    """Serve a Binance with a filled book."""
    venue = Binance(**options)
    venue.fill_book()
    venue.pump.start()
    await venue.server.start()
    venue.step()
    try:
        async with aiohttp.ClientSession() as venue.session:
            yield venue
    finally:
        venue.pump.stop()
        await venue.server.stop()
