"""What the venue tells of the trading in one listing: statistics and candles."""

from dataclasses import dataclass


@dataclass(slots=True)
class Candle:
    """Prices in ticks and volume in lots of one period; `start` in seconds since the epoch."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int

    def add(self, price: int, lots: int) -> None:
        """Take in a trade."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += lots


@dataclass(slots=True)
class Stats:
    """Prices in ticks and volume in lots since the market opened."""

    last: int
    open: int
    low: int
    high: int
    volume: int = 0

    def add(self, price: int, lots: int) -> None:
        """Take in a trade."""
        self.last = price
        self.low = min(self.low, price)
        self.high = max(self.high, price)
        self.volume += lots
