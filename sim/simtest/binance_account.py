"""The account at the virtual Binance: the WebSocket API of the simulated one, on virtual lines."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import orjson
from yarl import URL

from sim.exchange.exchange import Exchange
from sim.feed.binance import MILLISECOND, BinanceFeed
from sim.market.event import Event
from sim.server.binance_account import Queries
from sim.server.binance_auth import Auth
from sim.server.binance_call import Dispatcher
from sim.server.binance_desk import Desk
from sim.server.binance_limits import Meter, WeightLimits
from sim.server.binance_market import MarketData
from sim.server.binance_streams import UserStreams
from sim.server.binance_trading import Trading
from sim.server.binance_ws_api import ApiSession, WsApi
from sim.server.client import Client
from sim.server.counts import Counts
from sim.server.keys import ApiKey, KeyRing

from .line import Line
from .parcel import Content
from .venue import Answer

#: What a client may be told that does as it should: funds and prices move, answers get lost.
EXPECTED = frozenset({-1021, -2010, -2011, -2013})


class BinanceAccount:
    """One account and its key; `changed` is called when the market may have something to tell.

    `refusals` counts what the client was refused by the venue's codes, other than EXPECTED ones.
    """

    def __init__(
        self,
        exchange: Exchange,
        feed: BinanceFeed,
        key: ApiKey,
        now_ns: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self.exchange = exchange
        self.number = exchange.open_account(key.account, key.balances)
        self.refusals: Counter[str] = Counter()
        self._now_ns = now_ns
        self._changed = changed
        streams, market = UserStreams(), MarketData(feed, dict)
        self._desk = Desk(exchange, feed, streams)
        self._desk.open(self.number)
        endpoints = Trading(self._desk, market).endpoints()
        endpoints |= Queries(self._desk, market).endpoints()
        dispatcher = Dispatcher(Auth(KeyRing([key])), lambda _: self.number, now_ns)
        self._api = WsApi(endpoints, dispatcher, self._desk, streams, Counts(), now_ns)
        self._meter = Meter(WeightLimits())
        self._sessions: dict[Line, ApiSession] = {}

    def opened(self, line: Line) -> None:
        """A new line has no subscription."""
        # Of a client, sessions want nothing but that it sends.
        wire = cast(Client, _Wire(line, self.refusals))
        session = ApiSession(wire, self._meter, MILLISECOND, limits_told=True, connected_ns=0)
        self._sessions[line] = session

    def closed(self, line: Line) -> None:
        """Its subscriptions end."""
        self._api.closed(self._sessions.pop(line))

    def handle(self, line: Line, data: bytes) -> None:
        """Answer a request."""
        self._api.received(self._sessions[line], data)
        self._changed()

    def ask(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Refuse: everything goes over the WebSocket API."""
        raise NotImplementedError(f"{method} {url} with {len(headers)} headers, {len(body)} bytes")

    def publish(self, events: Sequence[Event]) -> None:
        """Tell the balances that changed."""
        self._desk.on_events(events)


class _Wire:
    """What stands for a client: a line."""

    def __init__(self, line: Line, refusals: Counter[str]) -> None:
        self._line = line
        self._refusals = refusals

    def send(self, text: str) -> None:
        """Send a frame."""
        if '"error"' in text[:200]:
            code = orjson.loads(text)["error"]["code"]
            if code not in EXPECTED:
                self._refusals[f"binance {text[:300]}"] += 1
        self._line.push(Content.OTHER, "", 0, text.encode())
