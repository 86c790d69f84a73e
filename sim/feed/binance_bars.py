"""Trades summed by interval: what klines, tickers and average prices are made of."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sim.market.event import Print

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
_HOUR_NS = 60 * MINUTE_NS
_DAY_NS = 24 * _HOUR_NS
INTERVALS_NS = {
    "1s": SECOND_NS,
    "1m": MINUTE_NS,
    "3m": 3 * MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": _HOUR_NS,
    "2h": 2 * _HOUR_NS,
    "4h": 4 * _HOUR_NS,
    "6h": 6 * _HOUR_NS,
    "8h": 8 * _HOUR_NS,
    "12h": 12 * _HOUR_NS,
    "1d": _DAY_NS,
}
MINUTES_KEPT = 1440
SECONDS_KEPT = 1000


@dataclass(slots=True)
class Bar:
    """The trades of one interval: prices in ticks, volumes in lots, quote in both.

    One without trades has a count of zero, and all its prices are the close before it.
    """

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    first_id: int = -1
    last_id: int = -1
    count: int = 0
    volume: int = 0
    quote: int = 0
    taker_volume: int = 0  # that takers bought
    taker_quote: int = 0

    def add(self, trade: Print) -> None:
        """Take in one trade."""
        price, lots = trade.price, trade.lots
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.close, self.last_id = price, trade.trade_id
        if not self.count:
            self.first_id = trade.trade_id
        self.count += 1
        self.volume += lots
        self.quote += price * lots
        if trade.taker_buys:
            self.taker_volume += lots
            self.taker_quote += price * lots

    def merge(self, later: "Bar") -> None:
        """Take in the interval after this one."""
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        if later.count:
            self.first_id = self.first_id if self.count else later.first_id
            self.last_id = later.last_id
        self.count += later.count
        self.volume += later.volume
        self.quote += later.quote
        self.taker_volume += later.taker_volume
        self.taker_quote += later.taker_quote


def copied(bar: Bar) -> Bar:
    """Return a bar of its own with the same trades."""
    whole = flat(bar.start_ns, bar.open)
    whole.merge(bar)
    return whole


def flat(start_ns: int, price: int) -> Bar:
    """Return a bar without trades."""
    return Bar(start_ns, price, price, price, price)


class Bars:
    """The recent bars of one listing at one interval; those without trades are not kept."""

    def __init__(self, interval_ns: int, kept: int) -> None:
        self.interval_ns = interval_ns
        self._bars: deque[Bar] = deque(maxlen=kept)

    @property
    def last(self) -> Bar | None:
        """The newest bar with trades."""
        return self._bars[-1] if self._bars else None

    def add(self, trade: Print) -> None:
        """Take in one trade."""
        start = trade.ts_ns - trade.ts_ns % self.interval_ns
        if not self._bars or self._bars[-1].start_ns < start:
            self._bars.append(flat(start, trade.price))
        self._bars[-1].add(trade)

    def since(self, start_ns: int) -> list[Bar]:
        """Return the bars with trades that begin at a time or later."""
        found = []
        for bar in reversed(self._bars):
            if bar.start_ns < start_ns:
                break
            found.append(bar)
        return found[::-1]

    def whole(self, now_ns: int) -> Iterator[Bar]:
        """Yield every bar from the first kept one to now, those without trades too."""
        before: Bar | None = None
        for bar in self._bars:
            if before:
                yield from self._gap(before, bar.start_ns)
            yield bar
            before = bar
        if before:
            yield from self._gap(before, now_ns + 1)

    def _gap(self, before: Bar, until_ns: int) -> Iterator[Bar]:
        for start in range(before.start_ns + self.interval_ns, until_ns, self.interval_ns):
            yield flat(start, before.close)


def grouped(bars: Iterable[Bar], interval_ns: int) -> list[Bar]:
    """Return bars of a longer interval, made of shorter ones in order."""
    groups: list[Bar] = []
    for bar in bars:
        start = bar.start_ns - bar.start_ns % interval_ns
        if not groups or groups[-1].start_ns != start:
            first = copied(bar)
            first.start_ns = start
            groups.append(first)
        else:
            groups[-1].merge(bar)
    return groups


def summed(bars: Iterable[Bar]) -> Bar | None:
    """Return one bar over all, None for none."""
    whole: Bar | None = None
    for bar in bars:
        if whole is None:
            whole = copied(bar)
        else:
            whole.merge(bar)
    return whole
