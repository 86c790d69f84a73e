"""Balances, positions and profit and loss of one trading world."""

from collections.abc import Callable
from dataclasses import dataclass, field

from arb.orders.store import Fill
from arb.portfolio.markout import Markouts
from arb.portfolio.position import Position
from arb.portfolio.units import Units
from market.instrument import Instrument, Kind

#: Twice the mid price in ticks, or 0 where there is none that may be used.
MidOf = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Gain:
    """Profit and loss of something in one currency, in amounts."""

    currency: str
    realised: int
    unrealised: int
    fees: int
    spread: int
    slippage: int
    inventory: int
    turnover: int
    fills: int

    @property
    def total(self) -> int:
        """After fees."""
        return self.realised + self.unrealised - self.fees


@dataclass(slots=True)
class Holding:
    """One instrument with its units; both change together when its grids are refined."""

    instrument: Instrument
    units: Units
    last_mid2: int = 0


@dataclass(slots=True)
class Portfolio:
    """Balances by (venue, asset), positions by (slot, strategy). All amounts.

    A perpetual moves no balance when it is bought: its gains are settled in the quote currency
    when they are realised, and `margin_permille` of its value must be there.
    """

    mid_of: MidOf
    balances: dict[tuple[str, str], int] = field(default_factory=dict)
    positions: dict[tuple[int, str], Position] = field(default_factory=dict)
    holdings: dict[int, Holding] = field(default_factory=dict)
    markouts: Markouts = field(default_factory=Markouts)
    #: Last known value of currencies in the reporting currency, in parts per billion.
    rates: dict[str, int] = field(default_factory=dict)
    #: Fees that were paid in neither currency of their instrument, by (venue, asset).
    other_fees: dict[tuple[str, str], int] = field(default_factory=dict)

    def watch(self, slot: int, instrument: Instrument) -> None:
        """Take in an instrument, or its finer grids; NotTradableError."""
        units = Units.of(instrument)
        held = self.holdings.get(slot)
        if held is None:
            self.holdings[slot] = Holding(instrument, units)
            return
        factor = held.instrument.factors_to(instrument)[0]
        held.instrument, held.units = instrument, units
        held.last_mid2 *= factor

    def deposit(self, venue: str, asset: str, amount: int) -> None:
        """Add to a balance; negative takes away."""
        self.balances[venue, asset] = self.balances.get((venue, asset), 0) + amount

    def balance(self, venue: str, asset: str) -> int:
        """Return what is held of an asset at a venue."""
        return self.balances.get((venue, asset), 0)

    def base_held(self, slot: int) -> int:
        """Return the base amount of all strategies' positions in an instrument."""
        total = 0
        for (held, _), one in self.positions.items():
            if held == slot:
                total += one.base
        return total

    def book(self, fill: Fill, now: int) -> None:
        """Take in a fill."""
        order = fill.order
        held = self.holdings[order.slot]
        instrument, units = held.instrument, held.units
        base, value = fill.lots * units.lot, fill.price * fill.lots * units.notional
        mid2 = self.mid_of(order.slot) or held.last_mid2 or 2 * fill.price
        held.last_mid2 = mid2
        mid_value = mid2 * fill.lots * units.notional // 2
        position = self.positions.setdefault((order.slot, order.strategy), Position())
        realised = position.realised
        position.trade(order.side, base, value, mid_value, maker=fill.maker)
        sign = order.side.sign
        if instrument.kind is Kind.SPOT:
            self.deposit(instrument.venue, instrument.base, sign * base)
            self.deposit(instrument.venue, instrument.quote, -sign * value)
        else:
            self.deposit(instrument.venue, instrument.quote, position.realised - realised)
        self._pay(held, position, fill)
        self.markouts.add(now, order.slot, sign, base, value, maker=fill.maker)

    def _pay(self, held: Holding, position: Position, fill: Fill) -> None:
        if not fill.fee:
            return
        instrument = held.instrument
        asset = fill.fee_asset or instrument.quote
        self.deposit(instrument.venue, asset, -fill.fee)
        if asset == instrument.quote:
            position.pay(fill.fee)
        elif asset == instrument.base:
            # What was taken from the base received is worth the fill's own price.
            worth = fill.fee * fill.price * held.units.notional // held.units.lot
            position.pay_base(fill.fee, worth)
        else:
            key = (instrument.venue, asset)
            self.other_fees[key] = self.other_fees.get(key, 0) + fill.fee

    def settle_markouts(self, now: int) -> int | None:
        """Book the markouts that are due; returns when the next one is."""
        for horizon, one in self.markouts.due(now):
            mid2 = self.mid_of(one.slot)
            units = self.holdings[one.slot].units
            value = mid2 * one.base * units.notional // (2 * units.lot) if mid2 else None
            self.markouts.book(horizon, one, value)
        return self.markouts.next_ns

    def mark(self, slot: int, base: int) -> int:
        """Return the value of a base amount at the mid price, the last known where none is."""
        held = self.holdings[slot]
        mid2 = self.mid_of(slot)
        if mid2:
            held.last_mid2 = mid2
        return base * held.last_mid2 * held.units.notional // (2 * held.units.lot)

    def rate(self, rate_of: Callable[[str], int], asset: str) -> int:
        """Return a currency's rate, the last known one where there is none now; 0 before any."""
        rate = rate_of(asset)
        if rate:
            self.rates[asset] = rate
        return rate or self.rates.get(asset, 0)

    def gain(self, slot: int, strategy: str | None = None) -> Gain:
        """Return profit and loss in an instrument's quote currency, of one strategy or of all."""
        total = Position()
        for (held, name), position in self.positions.items():
            if held == slot and strategy in (None, name):
                total.add(position)
        mark = self.mark(slot, total.base)
        return Gain(
            self.holdings[slot].instrument.quote,
            total.realised,
            total.unrealised(mark),
            total.fees,
            total.spread,
            total.slippage,
            total.inventory(mark),
            total.turnover,
            total.fills,
        )
