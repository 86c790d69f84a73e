"""A small market on the exchange core, and a server of both Coinbase products over it."""

from random import Random

from engine.code import Side, Tif, Type
from market.fees import Fees
from sim.exchange.exchange import Exchange
from sim.exchange.order import Refused, Request
from sim.feed.coinbase import CoinbaseFeed
from sim.market.listing import COINBASE, Listing
from sim.server.coinbase import CoinbaseRules, CoinbaseServer
from sim.server.coinbase_rate import Rate
from sim.server.coinbase_rest import RestRates
from sim.server.pump import Pump, wall_start_ns

from . import helpers
from .coinbase_keys import COINBASE_KEYS

LISTINGS = [
    Listing(COINBASE, "BTC", "USD", price_decimals=2, size_decimals=8),
    Listing(COINBASE, "ETH", "USD", price_decimals=2, size_decimals=8),
]
PRICES = {"BTC-USD.COINBASE": 6_000_000, "ETH-USD.COINBASE": 250_000}
FEES = Fees(4_000_000, 6_000_000)
LEVELS = 60
FAST = Rate(10_000, 10_000)
NO_RATES = RestRates(FAST, FAST, FAST, FAST, FAST)


def dial(url):
    """Connect with room for all that is sent: a full queue would hold up the closing handshake."""
    return helpers.dial(url, max_queue=None)


class Market:
    """Agents with unlimited credit place and cancel around fixed prices; quiet until `busy`."""

    def __init__(self, seed=1, start_ns=None, listings=LISTINGS, orders_per_s=300):
        start = wall_start_ns() if start_ns is None else start_ns
        self.exchange = Exchange(COINBASE, listings, FEES, start)
        self.listings = list(self.exchange.listings)
        self.busy = True
        self._random = Random(seed)
        self._gap_ns = 10**9 // orders_per_s
        self._due_ns = start
        self._agents = [self.exchange.open_account(f"agent {i}", None) for i in range(2)]
        for listing in self.listings:
            for away in range(1, LEVELS + 1):
                for side in Side:
                    self._place(listing.id, side, self._price(listing.id, side, away))
        self.exchange.take_events()

    @property
    def now_ns(self):
        return self.exchange.now_ns

    def book(self, listing):
        return self.exchange.book(listing)

    def last_trade_id(self, listing):
        return self.exchange.last_trade_id(listing)

    def advance(self, to_ns):
        while self.busy and self._due_ns <= to_ns:
            self.exchange.advance(self._due_ns)
            self._due_ns += self._gap_ns
            self._act()
        self._due_ns = max(self._due_ns, to_ns)
        self.exchange.advance(to_ns)
        return self.exchange.take_events()

    def _price(self, listing, side, away):
        middle = PRICES.get(listing, 10_000)
        return middle + (away if side is Side.SELL else -away) * 10

    def _place(self, listing, side, price, **more):
        qty = self._random.randrange(1, 10) * 1_000_000
        agent = self._agents[side]
        try:
            request = Request(listing, side, Type.LIMIT, qty, price=price, **more)
            return self.exchange.place(agent, request)
        except Refused:
            return None

    def _act(self):
        draw = self._random
        listing = draw.choice(self.listings).id
        side = draw.choice(list(Side))
        what = draw.random()
        away = draw.randrange(1, LEVELS)
        if what < 0.45:
            self._place(listing, side, self._price(listing, side, away))
        elif what < 0.55:
            self._place(listing, side, self._price(listing, side, -1), tif=Tif.IOC)
        elif what < 0.6:
            self._place(listing, side, self._price(listing, side, away), display=1_000_000)
        else:
            orders = self.exchange.open_orders(self._agents[side], listing)
            if len(orders) > LEVELS:
                order = draw.choice(orders)
                if what < 0.7:
                    self.exchange.replace(order.account, order.id, None, order.remaining // 2)
                else:
                    self.exchange.cancel(order.account, order.id)


class Venue:
    """The market and its server, driven by the clock of the loop; use with `async with`."""

    def __init__(self, market=None, keys=COINBASE_KEYS, rates=NO_RATES, **rules):
        self.market = market or Market()
        self.exchange = self.market.exchange
        self._pump = Pump(self.market, [])
        feed = CoinbaseFeed(self.market, self.exchange)
        rules = {"connections_per_s": 100, "messages_per_s": 100, "rates": rates, **rules}
        now_ns = self._pump.now_ns
        made = CoinbaseRules(**rules)
        self.server = CoinbaseServer(feed, now_ns, made, self.exchange, keys)
        self._pump.add(self.server.on_events)
        self.account = self.exchange.account_of("demo")

    @property
    def http(self):
        return self.server.http_url

    @property
    def ws(self):
        return self.server.ws_url

    @property
    def now_s(self):
        return self._pump.now_ns() // 10**9

    def tells(self, product):
        """Tell whether somebody reads the orders of a product one by one by now."""
        return self.server.exchange.feed.tells(product)

    def listen(self, listener):
        self._pump.add(listener)

    def truth(self, product, side):
        """Return {price: size} of one side as texts with all decimals."""
        book = self.exchange.book(f"{product}.COINBASE")
        return {
            f"{price / 100:.2f}": f"{lots / 1e8:.8f}" for price, lots in book.side(side).levels()
        }

    async def __aenter__(self):
        self._pump.start()
        await self.server.start()
        return self

    async def __aexit__(self, *exc):
        self._pump.stop()
        await self.server.stop()
