"""What risk knows about one instrument, as plain integers.

Every order is held against it, and every public trade is counted in it. The plain twin is
arb.risk.plain_line.
"""

from collections import deque

from libc.stdint cimport int64_t

from arb.portfolio.units import Units
from arb.risk.plain_line import units_of
from market.amount import amount_of
from market.instrument import Kind

cdef int64_t _MINUTE_NS = 60_000_000_000
cdef int64_t _BIN_NS = 5_000_000_000


cdef class Line:
    """An instrument's order rules in ticks, lots and amounts; 0 where there is no such rule."""

    #: What checkpoints hold.
    __slots__ = (
        "instrument", "name", "units", "tick", "lot", "lots_min", "lots_max", "notional_min",
        "spot", "maker_ppb", "taker_ppb", "volume", "traded",
    )

    @classmethod
    def of(cls, instrument not None, fees not None):
        """Return the rules of an instrument; NotTradableError."""
        cdef Line made = cls.__new__(cls)
        made.instrument = instrument
        made.name = instrument.id
        made.units = Units.of(instrument)
        made.tick = units_of(instrument.price, instrument.tick) or 1
        made.lot = units_of(instrument.size, instrument.lot) or 1
        made.lots_min = units_of(instrument.size, instrument.min_size)
        made.lots_max = units_of(instrument.size, instrument.max_size)
        made.notional_min = amount_of(instrument.min_notional) if instrument.min_notional else 0
        made.spot = instrument.kind is Kind.SPOT
        made.maker_ppb = fees.maker_ppb
        made.taker_ppb = fees.taker_ppb
        made.volume = deque()
        made.traded = 0
        return made

    def adopt(self, Line old not None):
        """Go on from the line of the same instrument on coarser grids."""
        factor = old.instrument.factors_to(self.instrument)[1]
        self.volume = old.volume
        for one in self.volume:
            one[1] *= factor
        self.traded = old.traded * factor

    def hear_trade(self, lots, int64_t now):
        """A public trade."""
        cdef int64_t start = now - now % _BIN_NS
        cdef list last
        volume = self.volume
        if volume:
            last = volume[len(volume) - 1]
            if <int64_t>last[0] == start:
                last[1] = last[1] + lots
            else:
                volume.append([start, lots])
        else:
            volume.append([start, lots])
        self.traded = self.traded + lots
        self.forget(now)

    cpdef forget(self, int64_t now):
        """Drop volume older than a minute."""
        cdef list first
        volume = self.volume
        while volume:
            first = volume[0]
            if <int64_t>first[0] > now - _MINUTE_NS:
                return
            volume.popleft()
            self.traded = self.traded - first[1]
