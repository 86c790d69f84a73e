"""Pre-trade checks: each order passes here once, and each refusal has a number.

Amounts are exact Python integers here as everywhere; what is compiled is the way between them. What
an order is worth is worked out once, and what cannot matter is not looked at. The plain twin is
arb.risk.plain_desk, which says it in fewer words.
"""

from arb.risk.line cimport Line
from libc.stdint cimport int64_t

from collections import deque

from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import OrderStore
from arb.portfolio.portfolio import Portfolio
from arb.portfolio.units import NotTradableError
from arb.risk.limits import RiskLimits
from arb.risk.reason import RiskReason, RiskState
from arb.risk.switch import RiskSwitch
from arb.risk.ticket import Ticket
from market.fees import PPB, Fees
from market.instrument import Instrument
from market.amount import AMOUNT_DECIMALS
from market.order import Side

_PPB_ONE = PPB * 10**AMOUNT_DECIMALS
_SECOND_NS = 1_000_000_000
cdef object _PPB = PPB

#: Orders that may wait for approval; further ones are refused.
HELD_MAX = 32

# Members of enumerations, looked up once.
cdef object _NOT_TRADED = RiskReason.NOT_TRADED
cdef object _STATE_ACTIVE = RiskState.ACTIVE
cdef object _GRADE = RiskReason.GRADE
cdef object _FLATTEN = Purpose.FLATTEN
cdef object _OK = RiskReason.OK
cdef object _STATE_HALT = RiskState.HALT
cdef object _HALTED = RiskReason.HALTED
cdef object _HEDGE = Purpose.HEDGE
cdef object _REDUCE_ONLY = RiskReason.REDUCE_ONLY
cdef object _SELF_TRADE = RiskReason.SELF_TRADE
cdef object _CREDIT = RiskReason.CREDIT
cdef object _OFF_LOT = RiskReason.OFF_LOT
cdef object _OFF_TICK = RiskReason.OFF_TICK
cdef object _BELOW_MINIMUM = RiskReason.BELOW_MINIMUM
cdef object _ABOVE_MAXIMUM = RiskReason.ABOVE_MAXIMUM
cdef object _BUY = Side.BUY
cdef object _NO_PRICE = RiskReason.NO_PRICE
cdef object _PRICE_COLLAR = RiskReason.PRICE_COLLAR
cdef object _NO_CONVERSION = RiskReason.NO_CONVERSION
cdef object _OPEN_ORDERS = RiskReason.OPEN_ORDERS
cdef object _NOTIONAL_MAX = RiskReason.NOTIONAL_MAX
cdef object _AGGREGATE_MAX = RiskReason.AGGREGATE_MAX
cdef object _EXPOSURE_MAX = RiskReason.EXPOSURE_MAX
cdef object _SELL = Side.SELL
cdef object _POSITION_MAX = RiskReason.POSITION_MAX
cdef object _ORDER_RATE = RiskReason.ORDER_RATE
cdef object _QUOTE = Purpose.QUOTE
cdef object _MANUAL = Purpose.MANUAL
cdef object _HELD = RiskReason.HELD


cdef class RiskDesk:
    """Checks tickets against limits, positions and what is open already.

    `reducing` purposes (hedges, flattening) pass the checks that would keep a position on: bounds
    on exposure, position and rate. They still keep the venue's rules, the collar and the credit.
    """

    #: What checkpoints hold; the rest is made by construction.
    __slots__ = ("switch", "lines", "refusals", "held", "_next_held", "_sent", "_venue_slots", "paces")

    def __init__(self, limits, switch, store, portfolio, touch_of, rate_of):
        self.limits = limits
        self.switch = switch
        self.lines = {}
        self.refusals = dict.fromkeys(RiskReason, 0)
        self.held = {}
        self._next_held = 1
        self._portfolio = portfolio
        # The very dictionaries, which are filled where they stand.
        self._open, self._by_slot, self._exposed = store.open, store.by_slot, store._exposed
        self._balances, self._positions_held = portfolio.balances, portfolio.positions
        self._holdings = portfolio.holdings
        self._touch_of = touch_of
        self._rate_of = rate_of
        # Limits on values as they are compared: amounts times a rate in parts per billion.
        self._notional_max = limits.notional_max * _PPB_ONE
        self._aggregate_max = limits.aggregate_max * _PPB_ONE
        self._exposure_max = limits.exposure_max * _PPB_ONE
        self._position_max = limits.position_max * _PPB_ONE
        self._collar_ppb = limits.collar_ppb
        self._margin_permille = limits.margin_permille
        self._volume_permille = limits.volume_permille
        self._open_orders_max = limits.open_orders_max
        self._orders_per_second = limits.orders_per_second
        self._sent = deque()
        self._venue_slots = {}
        self.paces = {}

    def watch(self, slot, instrument, fees):
        """Take in an instrument or its finer grids; False when it cannot be traded."""
        try:
            line = Line.of(instrument, fees)
        except NotTradableError:
            self.lines.pop(slot, None)
            return False
        old = self.lines.get(slot)
        if old is not None:
            line.adopt(old)
        self.lines[slot] = line
        slots = self._venue_slots.setdefault(instrument.venue, [])
        if slot not in slots:
            slots.append(slot)
        return True

    # --- the checks ------------------------------------------------------------------------------

    def check(self, ticket, int64_t now, replacing=None):
        """Return OK, or why the ticket may not be sent; `replacing` is the order it stands for."""
        cdef object reason = self.judge(ticket, now, replacing)
        self.refusals[reason] = self.refusals[reason] + 1
        return reason

    cdef object judge(self, ticket, int64_t now, replacing):
        """`check` without counting."""
        cdef Line line
        cdef object reason, touch, purpose
        cdef bint reducing
        slot = ticket.slot
        line = self.lines.get(slot)
        if line is None:
            return _NOT_TRADED
        touch = self._touch_of(slot, now)
        purpose = ticket.purpose
        reducing = purpose is _HEDGE or purpose is _FLATTEN
        if self.switch.state is not _STATE_ACTIVE:
            reason = self._admit(line, ticket)
            if reason is not _OK:
                return reason
        price, lots, side = ticket.price, ticket.lots, ticket.side
        reason = _rules(line, price, lots)
        if reason is not _OK:
            return reason
        if touch is None:
            if not reducing:
                return _GRADE
        elif self._collar_ppb:
            reason = self._price(<tuple?>touch, side, price)
            if reason is not _OK:
                return reason
        if not reducing:
            reason = self._bounds(line, slot, side, price, lots, now, replacing)
            if reason is not _OK:
                return reason
        if self._crosses_own(slot, side, price, replacing):
            return _SELF_TRADE
        if not self._affordable(line, slot, side, price, lots, replacing):
            return _CREDIT
        if reducing:
            return _OK
        if self._volume_permille and purpose is not _QUOTE:
            reason = self._fat_finger(line, purpose, lots, now)
            if reason is not _OK:
                return reason
        return self._paced(now) if self._orders_per_second else _OK

    cdef object _admit(self, Line line, ticket):
        """What the risk state lets through."""
        cdef object state = self.switch.state
        if state is _STATE_ACTIVE or ticket.purpose is _FLATTEN:
            return _OK
        if state is _STATE_HALT:
            return _HALTED
        if ticket.purpose is _HEDGE or self._reduces(line, ticket):
            return _OK
        return _REDUCE_ONLY

    cdef object _price(self, tuple touch, side, price):
        """A limit far through the market is a mistake, whoever made it."""
        cdef object bid, ask, reference, beyond
        bid = touch[0] if touch[1] else 0
        ask = touch[2] if touch[3] else 0
        if side is _BUY:
            reference = ask or bid
            beyond = price - reference
        else:
            reference = bid or ask
            beyond = reference - price
        if not reference:
            return _NO_PRICE
        if beyond > 0 and beyond * _PPB > reference * self._collar_ppb:
            return _PRICE_COLLAR
        return _OK

    cdef object _bounds(self, Line line, slot, side, price, lots, int64_t now, replacing):
        """Size, position and exposure in the reporting currency, counting all that is open."""
        cdef object asset = line.instrument.quote
        cdef object rate = self._rate_of(asset)
        cdef object unit, value
        if not rate:
            return _NO_CONVERSION
        if replacing is None and 0 < self._open_orders_max <= len(self._open):
            return _OPEN_ORDERS
        unit = line.units.notional * price * rate
        value = lots * unit
        if self._notional_max and value > self._notional_max:
            return _NOTIONAL_MAX
        if self._aggregate_max:
            if self._aggregate(now, asset, rate) * _PPB + value > self._aggregate_max:
                return _AGGREGATE_MAX
        if self._exposure_max or self._position_max:
            return self._positions(line, slot, side, lots, unit, replacing)
        return _OK

    cdef object _positions(self, Line line, slot, side, lots, unit, replacing):
        """What this side could become if all that is open on it were filled."""
        cdef object held, worst, lot
        cdef object open_lots = self._exposure(slot, side is _SELL) + lots
        if replacing is not None:
            open_lots -= replacing.open_lots
        if self._exposure_max and open_lots * unit > self._exposure_max:
            return _EXPOSURE_MAX
        if not self._position_max:
            return _OK
        held = self._base_held(slot)
        if side is _SELL:
            held = -held
        lot = line.units.lot
        worst = (held + open_lots * lot) * unit // lot if held else open_lots * unit
        return _POSITION_MAX if worst > self._position_max else _OK

    cdef object _base_held(self, slot):
        """The base amount of all strategies' positions in an instrument."""
        return self._portfolio.base_held(slot) if self._positions_held else 0

    cdef object _exposure(self, slot, bint selling):
        """The lots that open orders of an instrument may still buy, or sell."""
        cdef list held = self._exposed.get(slot)
        return 0 if held is None else held[selling]

    def aggregate(self, int64_t now):
        """Return the value of all perpetual positions and open orders, in reporting amounts.

        Spot holdings are what the account owns, not what it risked: they are bounded per
        instrument and by the breakers.
        """
        return self._aggregate(now, None, None)

    cdef object _aggregate(self, int64_t now, asset, rate):
        """`aggregate`, where one asset's rate is known already."""
        cdef dict by_slot = self._by_slot, positions = self._positions_held
        cdef object total = 0, value, quote
        cdef Line line
        for slot, one in self.lines.items():
            line = one
            if slot not in by_slot and (line.spot or not positions):
                continue
            value = self._at_stake(slot, line, now)
            if value:
                quote = line.instrument.quote
                total += value * (rate if quote is asset else self._rate_of(quote)) // _PPB
        return total

    cdef object _at_stake(self, slot, Line line, int64_t now):
        """The value of an instrument's open orders and of a perpetual's position, at mid price."""
        cdef object held, units, touch, mid2, base
        cdef object lots = self._exposure(slot, False) + self._exposure(slot, True)
        base = 0 if line.spot else abs(self._base_held(slot))
        if not lots and not base:
            return 0
        held = self._holdings[slot]
        touch = self._touch_of(slot, now)
        if touch is not None and (<tuple?>touch)[1] and (<tuple>touch)[3]:
            held.last_mid2 = (<tuple>touch)[0] + (<tuple>touch)[2]
        mid2, units = held.last_mid2, held.units
        if base:
            return (base + lots * units.lot) * mid2 * units.notional // (2 * units.lot)
        return lots * mid2 * units.notional // 2

    cdef bint _reduces(self, Line line, ticket) except -1:
        cdef object held = self._base_held(ticket.slot)
        cdef bint selling = ticket.side is _SELL
        cdef object lots = (self._exposure(ticket.slot, selling) + ticket.lots) * line.units.lot
        return held - lots >= 0 if selling else held + lots <= 0

    cdef bint _crosses_own(self, slot, side, price, replacing) except -1:
        cdef dict orders = self._by_slot.get(slot)
        cdef object old, new
        if orders is None:
            return False
        for order in orders.values():
            if order.side is side or order is replacing:
                continue
            # Until a replace is answered the order may stand at either price.
            old = order.price
            new = order.new_price or old
            if (
                (price >= old or price >= new)
                if side is _BUY
                else (price <= old or price <= new)
            ):
                return True
        return False

    cdef bint _affordable(self, Line line, slot, side, price, lots, replacing) except -1:
        """The balance covers what is open already and this ticket, with its fee."""
        cdef object instrument = line.instrument, need, asset
        cdef Line other
        cdef dict by_slot, orders
        cdef bint selling = side is _SELL
        if not line.spot:
            return self._margined(line, slot, side, price, lots)
        asset = instrument.base if selling else instrument.quote
        need = _cost(line, price, lots, selling)
        by_slot = self._by_slot
        for at in <list>self._venue_slots[instrument.venue]:
            orders = by_slot.get(at)
            if orders is None:
                continue
            other = self.lines.get(at)
            if other is None or not other.spot:
                continue
            if (other.instrument.base if selling else other.instrument.quote) != asset:
                continue
            for order in orders.values():
                if order.side is side and order is not replacing:
                    at_most = max(order.price, order.new_price)
                    need += _cost(other, at_most, _open_lots(order), selling)
        return need <= self._balances.get((instrument.venue, asset), 0)

    cdef bint _margined(self, Line line, slot, side, price, lots) except -1:
        """The margin of the largest position that open orders could make is there."""
        cdef object open_lots, base, value, balance
        open_lots = self._exposure(slot, side is _SELL) + lots
        base = abs(self._base_held(slot)) + open_lots * line.units.lot
        value = base * price * line.units.notional // line.units.lot
        balance = self._portfolio.balance(line.instrument.venue, line.instrument.quote)
        return value * self._margin_permille <= balance * 1000

    cdef object _fat_finger(self, Line line, purpose, lots, int64_t now):
        """An order that is much of the recent volume waits for a person; quotes are many and small.

        Where nothing has traded only a person's own order waits: nobody can say what is much.
        """
        line.forget(now)
        if line.traded == 0 and purpose is not _MANUAL:
            return _OK
        return _HELD if lots * 1000 > line.traded * self._volume_permille else _OK

    cdef object _paced(self, now):
        cdef object sent = self._sent
        while sent and sent[0] <= now - _SECOND_NS:
            sent.popleft()
        if len(sent) >= self._orders_per_second:
            return _ORDER_RATE
        sent.append(now)
        return _OK

    # --- approval --------------------------------------------------------------------------------

    def hold(self, ticket):
        """Keep a ticket for approval; returns its number, None when too many wait."""
        if len(self.held) >= HELD_MAX:
            return None
        number = self._next_held
        self._next_held += 1
        self.held[number] = ticket
        return number


cdef object _rules(Line line, price, lots):
    """The venue's own rules, which it would answer with a reject."""
    cdef object most
    if lots <= 0 or lots % line.lot:
        return _OFF_LOT
    if price <= 0 or price % line.tick:
        return _OFF_TICK
    if lots < line.lots_min or price * lots * line.units.notional < line.notional_min:
        return _BELOW_MINIMUM
    most = line.lots_max
    return _ABOVE_MAXIMUM if most and lots > most else _OK


cdef object _open_lots(order):
    """The lots that an order which is not over may still be filled with."""
    cdef object filled = order.filled
    return max(order.lots, order.new_lots, filled) - filled


cdef object _cost(Line line, price, lots, bint selling):
    if selling:
        return lots * line.units.lot
    value = price * lots * line.units.notional
    return value + value * line.taker_ppb // _PPB
