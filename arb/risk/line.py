"""What risk knows about one instrument, as plain integers."""

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
class Line:
    """An instrument's order rules in ticks, lots and amounts; 0 where there is no such rule."""

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
    def of(cls, instrument: Instrument, fees: Fees) -> "Line":
        """Return the rules of an instrument; NotTradableError."""
        return cls(
            instrument,
            instrument.id,
            Units.of(instrument),
            _units(instrument.price, instrument.tick) or 1,
            _units(instrument.size, instrument.lot) or 1,
            _units(instrument.size, instrument.min_size),
            _units(instrument.size, instrument.max_size),
            amount_of(instrument.min_notional) if instrument.min_notional else 0,
            instrument.kind is Kind.SPOT,
            fees.maker_ppb,
            fees.taker_ppb,
        )

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


def _units(grid: Grid, text: str) -> int:
    """Return a rule in the grid's units, rounded up: 0 without one, 1 where it is finer."""
    if not text:
        return 0
    try:
        return grid.parse(text)
    except OffGridError:
        return int(amount_of(text) // amount_of(grid.increment)) + 1
    except BadNumberError:
        return 0
