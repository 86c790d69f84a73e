from collections import deque

from arb.portfolio.units import Units
from market.fees import Fees
from market.instrument import Instrument

class Line:
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
    volume: deque[list[int]]
    traded: int
    @classmethod
    def of(cls, instrument: Instrument, fees: Fees) -> Line: ...
    def adopt(self, old: Line) -> None: ...
    def hear_trade(self, lots: int, now: int) -> None: ...
    def forget(self, now: int) -> None: ...
