"""Public market data of the simulated Binance, as REST and the WebSocket API answer it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import orjson

from sim.feed.binance import BinanceFeed
from sim.feed.binance_bars import INTERVALS_NS, MINUTE_NS, grouped
from sim.market.event import Print
from sim.market.listing import Listing
from sim.wire import binance as wire
from sim.wire import binance_info, binance_ticker
from sim.wire.binance_order import price_text

from .binance_call import Call, Endpoint
from .binance_error import ApiError, missing, neither
from .binance_params import Params

DEPTH_LIMIT_MAX: Final = 5000
TRADES_LIMIT_MAX: Final = 1000
_HOUR_NS = 60 * MINUTE_NS
_DAY_NS = 24 * _HOUR_NS
WINDOWS_NS: Final = {
    **{f"{count}m": count * MINUTE_NS for count in range(1, 60)},
    **{f"{count}h": count * _HOUR_NS for count in range(1, 24)},
    "1d": _DAY_NS,
}
_STATUSES = ("TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY")
_MICROSECONDS_FROM = 10**15
_ALL_SYMBOLS = 1 << 30

Row = Callable[[str, Call], object]


class MarketData:
    """Answers what anyone may ask. Times of parameters may be in milliseconds or microseconds."""

    def __init__(self, feed: BinanceFeed, statuses: Callable[[], Mapping[str, str]]) -> None:
        self._feed = feed
        self._statuses = statuses

    def endpoints(self) -> dict[str, Endpoint]:
        """Return every endpoint by its name at the WebSocket API."""
        return {
            "ping": Endpoint(self._ping),
            "time": Endpoint(self._time),
            "exchangeInfo": Endpoint(self._exchange_info, 20),
            "depth": Endpoint(self._depth, _depth_weight),
            "trades.recent": Endpoint(self._trades, 25),
            "trades.historical": Endpoint(self._historical, 25),
            "trades.aggregate": Endpoint(self._aggregate, 4),
            "klines": Endpoint(self._klines, 2),
            "uiKlines": Endpoint(self._klines, 2),
            "avgPrice": Endpoint(self._average, 2),
            "ticker.book": Endpoint(self._book_tickers, _by_symbol(2, 4)),
            "ticker.price": Endpoint(self._prices, _by_symbol(2, 4)),
            "ticker.24hr": Endpoint(self._tickers, _tickers_weight),
            "ticker.tradingDay": Endpoint(self._trading_days, _windows_weight),
            "ticker": Endpoint(self._windows, _windows_weight),
        }

    def listing(self, params: Params) -> Listing:
        """Return the listing that a request must name."""
        symbol = params.symbol()
        if symbol is None:
            raise missing("symbol")
        return self.known(symbol)

    def known(self, symbol: str) -> Listing:
        """Return the listing of a symbol; ApiError if unknown."""
        try:
            return self._feed.listing(symbol)
        except KeyError as error:
            raise ApiError(-1121, "Invalid symbol.") from error

    def _ping(self, call: Call) -> bytes:
        call.done()
        return b"{}"

    def _time(self, call: Call) -> bytes:
        call.done()
        return wire.server_time(call.now_ns, call.unit)

    def _exchange_info(self, call: Call) -> bytes:
        params = call.params
        names = self._asked(params)
        params.text("permissions")
        params.flag("showPermissionSets")
        status = _status(params)
        call.done()
        listings = self._feed.listings if names is None else [self.known(name) for name in names]
        statuses = self._statuses()
        if status is not None:
            listings = [it for it in listings if statuses.get(it.id, "TRADING") == status]
        return binance_info.exchange_info(listings, call.now_ns, statuses, call.unit)

    def _depth(self, call: Call) -> bytes:
        limit = call.params.limit(100, DEPTH_LIMIT_MAX)
        _status(call.params)
        listing = self.listing(call.params)
        call.done()
        return self._feed.snapshot(wire.symbol_of(listing), limit)

    def _trades(self, call: Call) -> object:
        limit = call.params.limit(500, TRADES_LIMIT_MAX)
        listing = self.listing(call.params)
        call.done()
        rows = self._feed.trades(wire.symbol_of(listing))[-limit:]
        return [wire.rest_trade(listing, row, call.unit) for row in rows]

    def _historical(self, call: Call) -> object:
        limit, first = call.params.limit(500, TRADES_LIMIT_MAX), call.params.integer("fromId")
        listing = self.listing(call.params)
        call.done()
        rows = self._feed.trades(wire.symbol_of(listing))
        rows = _page(rows, limit, first is not None, lambda row: row.trade_id >= (first or 0))
        return [wire.rest_trade(listing, row, call.unit) for row in rows]

    def _aggregate(self, call: Call) -> object:
        params = call.params
        limit, first = params.limit(500, TRADES_LIMIT_MAX), params.integer("fromId")
        start, end = period(params)
        listing = self.listing(params)
        call.done()
        forwards = first is not None or start is not None
        rows = _page(
            self._feed.trades(wire.symbol_of(listing)),
            limit,
            forwards,
            lambda row: row.trade_id >= (first or 0) and within(row.ts_ns, start, end),
        )
        return [wire.rest_agg_trade(listing, row, call.unit) for row in rows]

    def _klines(self, call: Call) -> object:
        params = call.params
        limit = params.limit(500, TRADES_LIMIT_MAX)
        start, end = period(params)
        name = params.choice("interval", INTERVALS_NS, ApiError(-1120, "Invalid interval."))
        params.text("timeZone")
        listing = self.listing(params)
        call.done()
        if name is None:
            raise missing("interval")
        interval = INTERVALS_NS[name]
        bars = self._feed.bars(wire.symbol_of(listing), interval).whole(call.now_ns)
        found = [bar for bar in grouped(bars, interval) if within(bar.start_ns, start, end)]
        found = found[:limit] if start is not None else found[-limit:]
        return [binance_ticker.kline_row(listing, bar, interval, call.unit) for bar in found]

    def _average(self, call: Call) -> object:
        listing = self.listing(call.params)
        call.done()
        symbol = wire.symbol_of(listing)
        trades = self._feed.trades(symbol)
        return {
            "mins": binance_info.AVERAGE_MINUTES,
            "price": price_text(listing, self._feed.average(symbol)),
            "closeTime": (trades[-1].ts_ns if trades else call.now_ns) // call.unit,
        }

    def _book_tickers(self, call: Call) -> object:
        def row(symbol: str, _: Call) -> object:
            listing = self._feed.listing(symbol)
            return wire.rest_book_ticker(listing, self._feed.touch(symbol))

        return self._rows(call, row)

    def _prices(self, call: Call) -> object:
        def row(symbol: str, _: Call) -> object:
            listing = self._feed.listing(symbol)
            return {"symbol": symbol, "price": price_text(listing, self._feed.day(symbol).close)}

        return self._rows(call, row)

    def _tickers(self, call: Call) -> object:
        error = ApiError(-1139, "Invalid ticker type.")
        is_mini = call.params.choice("type", ("FULL", "MINI"), error) == "MINI"

        def row(symbol: str, call: Call) -> object:
            listing, day = self._feed.listing(symbol), self._feed.day(symbol)
            if is_mini:
                return binance_ticker.rest_mini_ticker(listing, day, call.now_ns, call.unit)
            trades = self._feed.trades(symbol)
            last, touch = trades[-1].lots if trades else 0, self._feed.touch(symbol)
            return binance_ticker.rest_ticker(listing, day, last, touch, call.now_ns, call.unit)

        return self._rows(call, row)

    def _trading_days(self, call: Call) -> object:
        call.params.text("timeZone")
        return self._spans(call, call.now_ns - call.now_ns % _DAY_NS)

    def _windows(self, call: Call) -> object:
        error = ApiError(-1100, "Illegal characters found in parameter 'windowSize'.")
        name = call.params.choice("windowSize", WINDOWS_NS, error) or "1d"
        start_ns = call.now_ns - WINDOWS_NS[name]
        return self._spans(call, start_ns - start_ns % MINUTE_NS)

    def _spans(self, call: Call, start_ns: int) -> object:
        """Answer with statistics from a time to now, for the symbols that must be named."""
        error = ApiError(-1139, "Invalid ticker type.")
        is_mini = call.params.choice("type", ("FULL", "MINI"), error) == "MINI"
        if "symbol" not in call.params and "symbols" not in call.params:
            raise neither("symbol", "symbols")

        def row(symbol: str, call: Call) -> object:
            listing, span = self._feed.listing(symbol), self._feed.since(symbol, start_ns)
            times = (start_ns, call.now_ns)
            return binance_ticker.rest_span(listing, span, times, call.unit, is_mini)

        return self._rows(call, row)

    def _rows(self, call: Call, row: Row) -> object:
        """Answer with one object for `symbol`, else with a list."""
        names, is_one = self._asked(call.params), "symbol" in call.params
        _status(call.params)
        call.done()
        symbols = self._feed.symbols if names is None else names
        rows = [row(wire.symbol_of(self.known(name)), call) for name in symbols]
        return rows[0] if is_one else rows

    def _asked(self, params: Params) -> list[str] | None:
        """Return the symbols that a request names, None for all."""
        symbol, symbols = params.symbol(), params.names("symbols")
        if symbol is not None and symbols is not None:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        return symbols if symbol is None else [symbol]


def period(params: Params) -> tuple[int | None, int | None]:
    """Return the parameters `startTime` and `endTime` in ns."""
    start, end = params.integer("startTime"), params.integer("endTime")
    return _ns(start), _ns(end)


def within(ts_ns: int, start: int | None, end: int | None) -> bool:
    """Tell whether a time lies in a period, its ends included."""
    return (start is None or ts_ns >= start) and (end is None or ts_ns <= end)


def _ns(stamp: int | None) -> int | None:
    if stamp is None:
        return None
    return stamp * (1000 if stamp >= _MICROSECONDS_FROM else 10**6)


def _page(
    rows: Iterable[Print], limit: int, forwards: bool, wanted: Callable[[Print], bool]
) -> list[Print]:
    found = [row for row in rows if wanted(row)]
    return found[:limit] if forwards else found[-limit:]


def _status(params: Params) -> str | None:
    return params.choice("symbolStatus", _STATUSES, ApiError(-1122, "Invalid symbolStatus."))


def _depth_weight(params: Params) -> int:
    limit = params.limit(100, DEPTH_LIMIT_MAX)
    return next(w for most, w in ((100, 5), (500, 25), (1000, 50), (5000, 250)) if limit <= most)


def _tickers_weight(params: Params) -> int:
    count = 1 if "symbol" in params else len(params.names("symbols") or ()) or _ALL_SYMBOLS
    return next(w for most, w in ((20, 2), (100, 40), (_ALL_SYMBOLS, 80)) if count <= most)


def _windows_weight(params: Params) -> int:
    return min(200, 4 * max(1, len(params.names("symbols") or ())))


def _by_symbol(one: int, several: int) -> Callable[[Params], int]:
    return lambda params: one if "symbol" in params else several


def as_json(answer: object) -> bytes:
    """Return an answer as JSON."""
    return answer if isinstance(answer, bytes) else orjson.dumps(answer)
