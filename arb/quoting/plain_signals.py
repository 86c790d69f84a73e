"""The plain twin of arb.quoting.signals."""

import math
from dataclasses import dataclass, field

from arb.quoting.vpin import Vpin

_LN2 = math.log(2.0)
_NS = 1e9


@dataclass(slots=True)
class Decayed:
    """A sum whose terms lose half their weight every `half_life_s`."""

    half_life_s: float
    total: float = 0.0
    at_ns: int = 0

    def decay(self, now: int) -> None:
        """Let time pass."""
        if now > self.at_ns:
            self.total *= math.exp(-_LN2 * (now - self.at_ns) / (_NS * self.half_life_s))
            self.at_ns = now

    def add(self, value: float, now: int) -> None:
        """Add a term."""
        self.decay(now)
        self.total += value

    def rate(self, now: int) -> float:
        """Return the sum as a rate per second."""
        self.decay(now)
        return self.total * _LN2 / self.half_life_s


@dataclass(slots=True)
class PlainSignals:
    """Twin of `Signals`."""

    half_life_s: float = 30.0
    vpin_bucket: float = 0.0
    bid: int = 0
    bid_lots: int = 0
    ask: int = 0
    ask_lots: int = 0
    mid: float = 0.0
    first_ns: int = 0
    squares: Decayed = field(init=False)
    flow: Decayed = field(init=False)
    trades: Decayed = field(init=False)
    distances: Decayed = field(init=False)
    vpin: Vpin | None = None

    def __post_init__(self) -> None:
        """Give each estimate its memory."""
        life = self.half_life_s
        self.squares, self.flow = Decayed(life), Decayed(1.0)
        self.trades, self.distances = Decayed(life), Decayed(life)
        if self.vpin is None and self.vpin_bucket > 0.0:
            self.vpin = Vpin(self.vpin_bucket)

    def on_touch(self, touch: tuple[int, int, int, int], now: int) -> None:
        """The best bid or ask changed; both sides are there."""
        mid = (touch[0] + touch[2]) / 2.0
        if self.mid:
            self._flow(touch, now)
            if mid != self.mid:
                move = mid - self.mid
                self.squares.add(move * move, now)
        else:
            self.first_ns = now
            self.squares.at_ns = now
        self.bid, self.bid_lots, self.ask, self.ask_lots, self.mid = *touch, mid

    def on_trade(self, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """A public trade: how far from the mid price it reached says how far quotes are met."""
        if self.vpin is not None:
            self.vpin.add(float(lots), buyer=buyer)
        if self.mid:
            reach = (price - self.mid) if buyer else (self.mid - price)
            self.trades.add(1.0, now)
            self.distances.add(max(reach, 0.5), now)

    def _flow(self, touch: tuple[int, int, int, int], now: int) -> None:
        """Order-flow imbalance at the touch (Cont, Kukanov, Stoikov 2014), in lots."""
        bid, bid_lots, ask, ask_lots = touch
        change = 0.0
        change += bid_lots if bid >= self.bid else 0
        change -= self.bid_lots if bid <= self.bid else 0
        change -= ask_lots if ask <= self.ask else 0
        change += self.ask_lots if ask >= self.ask else 0
        if change:
            self.flow.add(change, now)

    @property
    def imbalance(self) -> float:
        """(bid lots - ask lots) / both: from -1 to 1."""
        both = self.bid_lots + self.ask_lots
        return (self.bid_lots - self.ask_lots) / both if both else 0.0

    @property
    def microprice(self) -> float:
        """The touch weighted by the opposite side's size, in ticks."""
        both = self.bid_lots + self.ask_lots
        if not both:
            return self.mid
        one, other = float(self.bid) * self.ask_lots, float(self.ask) * self.bid_lots
        return (one + other) / both

    def order_flow(self, now: int) -> float:
        """Order-flow imbalance of the last second or so, in lots."""
        self.flow.decay(now)
        return self.flow.total

    def volatility(self, now: int) -> float:
        """Standard deviation of the mid price in ticks for one second; 0 before it moved."""
        elapsed = (now - self.first_ns) / _NS
        if elapsed <= 0.0:
            return 0.0
        # The decayed time since the start: what the decayed sum of squares is spread over.
        life = self.half_life_s / _LN2
        weight = life * (1.0 - math.exp(-elapsed / life))
        self.squares.decay(now)
        return math.sqrt(self.squares.total / weight)

    def intensity(self, now: int) -> tuple[float, float] | None:
        """Return (A per second, k per tick) of arrivals A exp(-k d) at distance d, or None.

        Trades one side meets: half of them. k is the inverse of their mean reach (the maximum
        likelihood of an exponential). None until some trades were seen.
        """
        elapsed = (now - self.first_ns) / _NS
        self.trades.decay(now)
        self.distances.decay(now)
        if self.trades.total < 3.0 or elapsed <= 0.0:
            return None
        life = self.half_life_s / _LN2
        weight = life * (1.0 - math.exp(-elapsed / life))
        return self.trades.total / weight / 2.0, self.trades.total / self.distances.total

    def rescale(self, price: int, size: int) -> None:
        """Ticks and lots became finer by these factors."""
        self.bid, self.ask, self.mid = self.bid * price, self.ask * price, self.mid * price
        self.bid_lots, self.ask_lots = self.bid_lots * size, self.ask_lots * size
        self.squares.total *= price * price
        self.distances.total *= price
        self.flow.total *= size
        if self.vpin is not None:
            self.vpin.bucket *= size
            self.vpin.bought *= size
            self.vpin.sold *= size
