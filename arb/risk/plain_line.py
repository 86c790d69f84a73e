"""The plain twin of arb.risk.line."""

from collections import deque
from dataclasses import dataclass, field

from arb.portfolio.units import Units
from market.amount import amount_of
from market.fees import Fees
from market.grid import BadNumberError, Grid, OffGridError
from market.instrument import Instrument, Kind

_MINUTE_NS = 60_000_000_000
_BINS = 12


@dataclass(slots=True)
class PlainLine:
    """Twin of `Line`."""

    instrument: Instrument
    name: str
    units: Units
    tick: int
    lot: int
    lots_min: int
    lots_max: int
    notional_min: int
    spot: bool
    maker_ppb: int
    taker_ppb: int
    #: Lots traded in the last minute, by bins of five seconds, for the fat-finger check.
    volume: deque[list[int]] = field(default_factory=deque)
    traded: int = 0

    @classmethod
    def of(cls, instrument: Instrument, fees: Fees) -> "PlainLine":
        """Return the rules of an instrument; NotTradableError."""
        return cls(
            instrument,
            instrument.id,
            Units.of(instrument),
            units_of(instrument.price, instrument.tick) or 1,
            units_of(instrument.size, instrument.lot) or 1,
            units_of(instrument.size, instrument.min_size),
            units_of(instrument.size, instrument.max_size),
            amount_of(instrument.min_notional) if instrument.min_notional else 0,
            instrument.kind is Kind.SPOT,
            fees.maker_ppb,
            fees.taker_ppb,
        )

    def adopt(self, old: "PlainLine") -> None:
        """Go on from the line of the same instrument on coarser grids."""
        factor = old.instrument.factors_to(self.instrument)[1]
        self.volume = old.volume
        for one in self.volume:
            one[1] *= factor
        self.traded = old.traded * factor

    def hear_trade(self, lots: int, now: int) -> None:
        """A public trade."""
        start = now - now % (_MINUTE_NS // _BINS)
        if self.volume and self.volume[-1][0] == start:
            self.volume[-1][1] += lots
        else:
            self.volume.append([start, lots])
        self.traded += lots
        self.forget(now)

    def forget(self, now: int) -> None:
        """Drop volume older than a minute."""
        while self.volume and self.volume[0][0] <= now - _MINUTE_NS:
            self.traded -= self.volume.popleft()[1]


def units_of(grid: Grid, text: str) -> int:
    """Return a rule in the grid's units, rounded up: 0 without one, 1 where it is finer."""
    if not text:
        return 0
    try:
        return grid.parse(text)
    except OffGridError:
        return int(amount_of(text) // amount_of(grid.increment)) + 1
    except BadNumberError:
        return 0
