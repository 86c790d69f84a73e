"""Pre-trade checks: each order passes here once, and each refusal has a number.

Amounts are exact Python integers here as everywhere; what is compiled is the way between them. The
plain twin is arb.risk.plain_desk.
"""

from collections import deque

from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import OrderStore
from arb.portfolio.portfolio import Portfolio
from arb.portfolio.units import NotTradableError
from arb.risk.limits import RiskLimits
from arb.risk.line import Line
from arb.risk.reason import RiskReason, RiskState
from arb.risk.switch import RiskSwitch
from arb.risk.ticket import Ticket
from market.fees import PPB, Fees
from market.instrument import Instrument
from market.amount import AMOUNT_DECIMALS
from market.order import Side

_PPB_ONE = PPB * 10**AMOUNT_DECIMALS
_SECOND_NS = 1_000_000_000
_REDUCING = (Purpose.HEDGE, Purpose.FLATTEN)

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


class RiskDesk:
    """Checks tickets against limits, positions and what is open already.

    `reducing` purposes (hedges, flattening) pass the checks that would keep a position on: bounds
    on exposure, position and rate. They still keep the venue's rules, the collar and the credit.
    """

    def __init__(
        self,
        limits,
        switch,
        store,
        portfolio,
        touch_of,
        rate_of,
    ):
        self.limits = limits
        self.switch = switch
        self.lines = {}
        self.refusals = dict.fromkeys(RiskReason, 0)
        self.held = {}
        self._next_held = 1
        self._store = store
        self._portfolio = portfolio
        self._touch_of = touch_of
        self._rate_of = rate_of
        # Limits on values as they are compared: amounts times a rate in parts per billion.
        self._notional_max = limits.notional_max * _PPB_ONE
        self._aggregate_max = limits.aggregate_max * _PPB_ONE
        self._exposure_max = limits.exposure_max * _PPB_ONE
        self._position_max = limits.position_max * _PPB_ONE
        self._sent = deque()
        self._venue_slots = {}

    def watch(self, slot, instrument, fees):
        """Take in an instrument or its finer grids; False when it cannot be traded."""
        try:
            line = Line.of(instrument, fees)
        except NotTradableError:
            self.lines.pop(slot, None)
            return False
        old = self.lines.get(slot)
        if old is not None:
            factor = old.instrument.factors_to(instrument)[1]
            line.volume = old.volume
            for one in line.volume:
                one[1] *= factor
            line.traded = old.traded * factor
        self.lines[slot] = line
        slots = self._venue_slots.setdefault(instrument.venue, [])
        if slot not in slots:
            slots.append(slot)
        return True

    # --- the checks ------------------------------------------------------------------------------

    def check(self, ticket, now, replacing=None):
        """Return OK, or why the ticket may not be sent; `replacing` is the order it stands for."""
        reason = _check(self, ticket, now, replacing)
        self.refusals[reason] += 1
        return reason

    def aggregate(self):
        """Return the value of all perpetual positions and open orders, in reporting amounts.

        Spot holdings are what the account owns, not what it risked: they are bounded per
        instrument and by the breakers.
        """
        total = 0
        portfolio, exposed = self._portfolio, self._store.exposed
        for slot, line in self.lines.items():
            buys, sells = exposed(slot)
            base = (buys + sells) * line.units.lot
            if not line.spot and portfolio.positions:
                base += abs(portfolio.base_held(slot))
            if base:
                held = portfolio.mark(slot, base)
                total += held * self._rate_of(line.instrument.quote) // PPB
        return total

    # --- approval --------------------------------------------------------------------------------

    def hold(self, ticket):
        """Keep a ticket for approval; returns its number, None when too many wait."""
        if len(self.held) >= HELD_MAX:
            return None
        number = self._next_held
        self._next_held += 1
        self.held[number] = ticket
        return number


cdef object _check(desk, ticket, now, replacing):
    line = desk.lines.get(ticket.slot)
    if line is None:
        return _NOT_TRADED
    if ticket.purpose in _REDUCING:
        return (
            _admit(desk, line, ticket)
            or _rules(desk, line, ticket)
            or _price(desk, ticket, desk._touch_of(ticket.slot))
            or _own(desk, line, ticket, replacing)
        )
    touch = desk._touch_of(ticket.slot)
    if desk.switch.state is not _STATE_ACTIVE:
        reason = _admit(desk, line, ticket)
        if reason:
            return reason
    return (
        _rules(desk, line, ticket)
        or (_GRADE if touch is None else _price(desk, ticket, touch))
        or _bounds(desk, line, ticket, replacing)
        or _own(desk, line, ticket, replacing)
        or _fat_finger(desk, line, ticket, now)
        or _paced(desk, now)
    )


cdef object _admit(desk, line, ticket):
    """What the risk state lets through."""
    state = desk.switch.state
    if state is _STATE_ACTIVE or ticket.purpose is _FLATTEN:
        return _OK
    if state is _STATE_HALT:
        return _HALTED
    if ticket.purpose is _HEDGE or _reduces(desk, line, ticket):
        return _OK
    return _REDUCE_ONLY


cdef object _own(desk, line, ticket, replacing):
    """What our own orders and balances say."""
    if _crosses_own(desk, ticket, replacing):
        return _SELF_TRADE
    if not _affordable(desk, line, ticket, replacing):
        return _CREDIT
    return _OK


cdef object _rules(desk, line, ticket):
    """The venue's own rules, which it would answer with a reject."""
    price, lots = ticket.price, ticket.lots
    if lots <= 0 or lots % line.lot:
        return _OFF_LOT
    if price <= 0 or price % line.tick:
        return _OFF_TICK
    if lots < line.lots_min or price * lots * line.units.notional < line.notional_min:
        return _BELOW_MINIMUM
    if line.lots_max and lots > line.lots_max:
        return _ABOVE_MAXIMUM
    return _OK


cdef object _price(desk, ticket, touch):
    """A limit far through the market is a mistake, whoever made it."""
    if touch is None or not desk.limits.collar_ppb:
        return _OK
    bid, ask = touch
    if ticket.side is _BUY:
        reference = ask or bid
        beyond = ticket.price - reference
    else:
        reference = bid or ask
        beyond = reference - ticket.price
    if reference == 0:
        return _NO_PRICE
    if beyond * PPB > reference * desk.limits.collar_ppb:
        return _PRICE_COLLAR
    return _OK


cdef object _bounds(desk, line, ticket, replacing):
    """Size, position and exposure in the reporting currency, counting all that is open."""
    limits = desk.limits
    rate = desk._rate_of(line.instrument.quote)
    if rate == 0:
        return _NO_CONVERSION
    full = len(desk._store.open) >= limits.open_orders_max > 0
    if full and replacing is None:
        return _OPEN_ORDERS
    unit = line.units.notional * ticket.price * rate
    value = ticket.lots * unit
    if value > desk._notional_max > 0:
        return _NOTIONAL_MAX
    if desk._aggregate_max and desk.aggregate() * PPB + value > desk._aggregate_max:
        return _AGGREGATE_MAX
    return _positions(desk, line, ticket, unit, replacing)


cdef object _positions(desk, line, ticket, unit, replacing
):
    """What this side could become if all that is open on it were filled."""
    open_lots = desk._store.exposed(ticket.slot)[ticket.side] + ticket.lots
    if replacing is not None:
        open_lots -= replacing.open_lots
    if open_lots * unit > desk._exposure_max > 0:
        return _EXPOSURE_MAX
    if not desk._position_max:
        return _OK
    held = desk._portfolio.base_held(ticket.slot)
    if ticket.side is _SELL:
        held = -held
    worst = (held + open_lots * line.units.lot) * unit // line.units.lot
    if worst > desk._position_max:
        return _POSITION_MAX
    return _OK


cdef object _reduces(desk, line, ticket):
    held = desk._portfolio.base_held(ticket.slot)
    buys, sells = desk._store.exposed(ticket.slot)
    if ticket.side is _BUY:
        return held + (buys + ticket.lots) * line.units.lot <= 0
    return held - (sells + ticket.lots) * line.units.lot >= 0


cdef object _crosses_own(desk, ticket, replacing):
    orders = desk._store.by_slot.get(ticket.slot)
    if orders is None:
        return False
    side, price = ticket.side, ticket.price
    for order in orders.values():
        if order.side is side or order is replacing:
            continue
        # Until a replace is answered the order may stand at either price.
        old, new = order.price, order.new_price or order.price
        if (
            (price >= old or price >= new)
            if side is _BUY
            else (price <= old or price <= new)
        ):
            return True
    return False


cdef object _affordable(desk, line, ticket, replacing):
    """The balance covers what is open already and this ticket, with its fee."""
    instrument = line.instrument
    venue = instrument.venue
    if not line.spot:
        return _margined(desk, line, ticket)
    selling = ticket.side is _SELL
    asset = instrument.base if selling else instrument.quote
    need = _cost(desk, line, ticket.price, ticket.lots, selling)
    by_slot, side = desk._store.by_slot, ticket.side
    for slot in desk._venue_slots[venue]:
        orders = by_slot.get(slot)
        other = desk.lines.get(slot)
        if orders is None or other is None or not other.spot:
            continue
        if (other.instrument.base if selling else other.instrument.quote) != asset:
            continue
        for order in orders.values():
            if order.side is side and order is not replacing:
                price = max(order.price, order.new_price)
                need += _cost(desk, other, price, order.open_lots, selling)
    return need <= desk._portfolio.balance(venue, asset)


cdef object _cost(desk, line, price, lots, bint selling):
    if selling:
        return lots * line.units.lot
    value = price * lots * line.units.notional
    return value + value * line.taker_ppb // PPB


cdef object _margined(desk, line, ticket):
    """The margin of the largest position that open orders could make is there."""
    buys, sells = desk._store.exposed(ticket.slot)
    lots = (buys if ticket.side is _BUY else sells) + ticket.lots
    base = abs(desk._portfolio.base_held(ticket.slot)) + lots * line.units.lot
    value = base * ticket.price * line.units.notional // line.units.lot
    balance = desk._portfolio.balance(line.instrument.venue, line.instrument.quote)
    return value * desk.limits.margin_permille <= balance * 1000


cdef object _paced(desk, now):
    limit = desk.limits.orders_per_second
    if not limit:
        return _OK
    sent = desk._sent
    while sent and sent[0] <= now - _SECOND_NS:
        sent.popleft()
    if len(sent) >= limit:
        return _ORDER_RATE
    sent.append(now)
    return _OK


cdef object _fat_finger(desk, line, ticket, now):
    """An order that is much of the recent volume waits for a person; quotes are many and small.

    Where nothing has traded only a person's own order waits: nobody can say what is much.
    """
    if not desk.limits.volume_permille or ticket.purpose is _QUOTE:
        return _OK
    line.forget(now)
    if line.traded == 0 and ticket.purpose is not _MANUAL:
        return _OK
    if ticket.lots * 1000 > line.traded * desk.limits.volume_permille:
        return _HELD
    return _OK
