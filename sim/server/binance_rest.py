"""REST of the simulated Binance: public market data, charged by weight."""

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from aiohttp import web

from sim.feed.binance import BinanceFeed
from sim.wire import binance as wire

from .counts import Counts, Rule

MINUTE_NS = 60 * 10**9
DEPTH_LIMIT_MAX = 5000
TRADES_LIMIT_MAX = 1000
WEIGHT_HEADERS = ("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M")


@dataclass(frozen=True, slots=True)
class WeightLimits:
    """What an address may ask for."""

    per_minute: int = 6000
    refusals_to_ban: int = 20  # in one minute
    ban_s: int = 120


class RestError(Exception):
    """A request that is answered with an error: status, the venue's code, and its message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = wire.rest_error(code, message)


class _Meter:
    """The weight that one address has used in the current minute, and whether it is banned."""

    def __init__(self, limits: WeightLimits) -> None:
        self._limits = limits
        self._minute = -1
        self._refusals = 0
        self._banned_until_ns = 0
        self.used = 0

    def charge(self, weight: int, now_ns: int) -> tuple[int, int]:
        """Take in a request; returns (status, seconds to wait), where 200 means go on."""
        minute = now_ns // MINUTE_NS
        if minute != self._minute:
            self._minute, self.used, self._refusals = minute, 0, 0
        if now_ns < self._banned_until_ns:
            return 418, _seconds_up(self._banned_until_ns - now_ns)
        self.used += weight
        if self.used <= self._limits.per_minute:
            return 200, 0
        self._refusals += 1
        if self._refusals > self._limits.refusals_to_ban:
            self._banned_until_ns = now_ns + self._limits.ban_s * 10**9
            return 418, self._limits.ban_s
        return 429, _seconds_up(MINUTE_NS - now_ns % MINUTE_NS)


def _seconds_up(ns: int) -> int:
    return -(-ns // 10**9)


class BinanceRest:
    """Answers `/api/v3`; every reply tells the weight used."""

    def __init__(
        self, feed: BinanceFeed, now_ns: Callable[[], int], counts: Counts, limits: WeightLimits
    ) -> None:
        self._feed = feed
        self._now_ns = now_ns
        self._counts = counts
        self._limits = limits
        self._meters: dict[str, _Meter] = {}
        self._replies: dict[str, tuple[Callable[[web.Request], int], _Reply]] = {
            "ping": (lambda _: 1, lambda _: b"{}"),
            "time": (lambda _: 1, lambda _: wire.server_time(self._now_ns())),
            "exchangeInfo": (lambda _: 20, self._exchange_info),
            "depth": (_depth_weight, self._depth),
            "trades": (lambda _: 25, self._trades),
            "ticker/bookTicker": (lambda r: 2 if "symbol" in r.query else 4, self._book_ticker),
        }

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request of any path below `/api/v3/`."""
        self._counts.requests += 1
        found = self._replies.get(request.match_info["path"])
        if found is None:
            self._counts.refused += 1
            return web.Response(status=404)
        weigh, reply = found
        meter = self._meters.setdefault(request.remote or "", _Meter(self._limits))
        try:
            status, wait_s = meter.charge(weigh(request), self._now_ns())
            if status != 200:
                return self._refuse(status, wait_s, meter)
            body = reply(request)
        except RestError as error:
            self._counts.refused += 1
            status, body = error.status, error.body
        return _respond(status, body, meter)

    def _refuse(self, status: int, wait_s: int, meter: _Meter) -> web.Response:
        self._counts.violations[Rule.BANNED if status == 418 else Rule.WEIGHT] += 1
        until_ms = self._now_ns() // 10**6 + wait_s * 1000
        text = f"Way too much request weight used; IP banned until {until_ms}."
        if status == 429:
            limit = self._limits.per_minute
            text = f"Too much request weight used; current limit is {limit} per 1 MINUTE."
        response = _respond(status, wire.rest_error(-1003, text), meter)
        response.headers["Retry-After"] = str(wait_s)
        return response

    def _symbol(self, request: web.Request) -> str:
        symbol = request.query.get("symbol", "")
        if not symbol:
            message = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            raise RestError(400, -1102, message)
        self._known(symbol)
        return symbol

    def _known(self, symbol: str) -> None:
        if symbol not in self._feed.symbols:
            raise RestError(400, -1121, "Invalid symbol.")

    def _exchange_info(self, request: web.Request) -> bytes:
        names = list(self._feed.symbols)
        if "symbol" in request.query:
            names = [self._symbol(request)]
        elif "symbols" in request.query:
            names = _name_list(request.query["symbols"])
            for name in names:
                self._known(name)
        listings = [self._feed.book(name)[0] for name in names]
        return wire.exchange_info(listings, self._now_ns())

    def _depth(self, request: web.Request) -> bytes:
        limit = _limit(request, 100, DEPTH_LIMIT_MAX)
        return self._feed.snapshot(self._symbol(request), limit)

    def _trades(self, request: web.Request) -> bytes:
        limit = _limit(request, 500, TRADES_LIMIT_MAX)
        symbol = self._symbol(request)
        listing = self._feed.book(symbol)[0]
        rows = self._feed.trades(symbol)[-limit:]
        return orjson.dumps([wire.rest_trade(listing, row) for row in rows])

    def _book_ticker(self, request: web.Request) -> bytes:
        names = [self._symbol(request)] if "symbol" in request.query else list(self._feed.symbols)
        found = (self._feed.book(name) for name in names)
        touches = [(listing, book.touch) for listing, book in found]
        rows = [wire.rest_book_ticker(listing, touch) for listing, touch in touches if touch]
        if "symbol" in request.query:
            return orjson.dumps(rows[0] if rows else {})
        return orjson.dumps(rows)


_Reply = Callable[[web.Request], bytes]


def _respond(status: int, body: bytes, meter: _Meter) -> web.Response:
    headers = dict.fromkeys(WEIGHT_HEADERS, str(meter.used))
    return web.Response(
        status=status, body=body, content_type="application/json", charset="utf-8", headers=headers
    )


def _limit(request: web.Request, default: int, limit_max: int) -> int:
    """Return the parameter `limit`, clamped from above."""
    text = request.query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 20) or int(text) == 0:
        message = "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."
        raise RestError(400, -1100, message)
    return min(int(text), limit_max)


def _depth_weight(request: web.Request) -> int:
    limit = _limit(request, 100, DEPTH_LIMIT_MAX)
    return next(w for most, w in ((100, 5), (500, 25), (1000, 50), (5000, 250)) if limit <= most)


def _name_list(text: str) -> list[str]:
    try:
        names = orjson.loads(text)
    except orjson.JSONDecodeError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RestError(400, -1100, "Illegal characters found in parameter 'symbols'.")
    return names
