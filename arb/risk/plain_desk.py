"""The plain twin of arb.risk.desk."""

from collections import deque
from collections.abc import Callable

from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import OrderStore
from arb.portfolio.portfolio import Portfolio
from arb.portfolio.units import NotTradableError
from arb.quoting.pace import Pace
from arb.risk.limits import RiskLimits
from arb.risk.plain_line import PlainLine
from arb.risk.reason import RiskReason, RiskState
from arb.risk.switch import RiskSwitch
from arb.risk.ticket import Ticket
from market.amount import AMOUNT_DECIMALS
from market.fees import PPB, Fees
from market.instrument import Instrument
from market.order import Side

_PPB_ONE = PPB * 10**AMOUNT_DECIMALS
_SECOND_NS = 1_000_000_000
_REDUCING = (Purpose.HEDGE, Purpose.FLATTEN)

#: Orders that may wait for approval; further ones are refused.
HELD_MAX = 32

#: (slot, now): bid, its lots, ask, its lots, or None when the quote may not be used.
TouchOf = Callable[[int, int], "tuple[int, int, int, int] | None"]
#: Value of one amount of an asset in the reporting currency, in parts per billion; 0 if unknown.
RateOf = Callable[[str], int]


class PlainRiskDesk:
    """Twin of `RiskDesk`."""

    def __init__(
        self,
        limits: RiskLimits,
        switch: RiskSwitch,
        store: OrderStore,
        portfolio: Portfolio,
        touch_of: TouchOf,
        rate_of: RateOf,
    ) -> None:
        self.limits = limits
        self.switch = switch
        self.lines: dict[int, PlainLine] = {}
        self.refusals: dict[RiskReason, int] = dict.fromkeys(RiskReason, 0)
        self.held: dict[int, Ticket] = {}
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
        self._sent: deque[int] = deque()
        self._venue_slots: dict[str, list[int]] = {}
        self.paces: dict[str, Pace] = {}

    def watch(self, slot: int, instrument: Instrument, fees: Fees) -> bool:
        """Take in an instrument or its finer grids; False when it cannot be traded."""
        try:
            line = PlainLine.of(instrument, fees)
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

    def check(self, ticket: Ticket, now: int, replacing: OwnOrder | None = None) -> RiskReason:
        """Return OK, or why the ticket may not be sent; `replacing` is the order it stands for."""
        reason = self._check(ticket, now, replacing)
        self.refusals[reason] += 1
        return reason

    def _check(self, ticket: Ticket, now: int, replacing: OwnOrder | None) -> RiskReason:
        line = self.lines.get(ticket.slot)
        if line is None:
            return RiskReason.NOT_TRADED
        if ticket.purpose in _REDUCING:
            return (
                self._admit(line, ticket)
                or self._rules(line, ticket)
                or self._price(ticket, self._touch_of(ticket.slot, now))
                or self._own(line, ticket, replacing)
            )
        touch = self._touch_of(ticket.slot, now)
        if self.switch.state is not RiskState.ACTIVE:
            reason = self._admit(line, ticket)
            if reason:
                return reason
        return (
            self._rules(line, ticket)
            or (RiskReason.GRADE if touch is None else self._price(ticket, touch))
            or self._bounds(line, ticket, now, replacing)
            or self._own(line, ticket, replacing)
            or self._fat_finger(line, ticket, now)
            or self._paced(now)
        )

    def _admit(self, line: PlainLine, ticket: Ticket) -> RiskReason:
        """What the risk state lets through."""
        state = self.switch.state
        if state is RiskState.ACTIVE or ticket.purpose is Purpose.FLATTEN:
            return RiskReason.OK
        if state is RiskState.HALT:
            return RiskReason.HALTED
        if ticket.purpose is Purpose.HEDGE or self._reduces(line, ticket):
            return RiskReason.OK
        return RiskReason.REDUCE_ONLY

    def _own(self, line: PlainLine, ticket: Ticket, replacing: OwnOrder | None) -> RiskReason:
        """What our own orders and balances say."""
        if self._crosses_own(ticket, replacing):
            return RiskReason.SELF_TRADE
        if not self._affordable(line, ticket, replacing):
            return RiskReason.CREDIT
        return RiskReason.OK

    @staticmethod
    def _rules(line: PlainLine, ticket: Ticket) -> RiskReason:
        """The venue's own rules, which it would answer with a reject."""
        price, lots = ticket.price, ticket.lots
        if lots <= 0 or lots % line.lot:
            return RiskReason.OFF_LOT
        if price <= 0 or price % line.tick:
            return RiskReason.OFF_TICK
        if lots < line.lots_min or price * lots * line.units.notional < line.notional_min:
            return RiskReason.BELOW_MINIMUM
        if line.lots_max and lots > line.lots_max:
            return RiskReason.ABOVE_MAXIMUM
        return RiskReason.OK

    def _price(self, ticket: Ticket, touch: tuple[int, int, int, int] | None) -> RiskReason:
        """A limit far through the market is a mistake, whoever made it."""
        if touch is None or not self.limits.collar_ppb:
            return RiskReason.OK
        bid = touch[0] if touch[1] else 0
        ask = touch[2] if touch[3] else 0
        if ticket.side is Side.BUY:
            reference = ask or bid
            beyond = ticket.price - reference
        else:
            reference = bid or ask
            beyond = reference - ticket.price
        if reference == 0:
            return RiskReason.NO_PRICE
        if beyond * PPB > reference * self.limits.collar_ppb:
            return RiskReason.PRICE_COLLAR
        return RiskReason.OK

    def _bounds(
        self, line: PlainLine, ticket: Ticket, now: int, replacing: OwnOrder | None
    ) -> RiskReason:
        """Size, position and exposure in the reporting currency, counting all that is open."""
        limits = self.limits
        rate = self._rate_of(line.instrument.quote)
        if rate == 0:
            return RiskReason.NO_CONVERSION
        full = len(self._store.open) >= limits.open_orders_max > 0
        if full and replacing is None:
            return RiskReason.OPEN_ORDERS
        unit = line.units.notional * ticket.price * rate
        value = ticket.lots * unit
        if value > self._notional_max > 0:
            return RiskReason.NOTIONAL_MAX
        if self._aggregate_max and self.aggregate(now) * PPB + value > self._aggregate_max:
            return RiskReason.AGGREGATE_MAX
        return self._positions(line, ticket, unit, replacing)

    def _positions(
        self, line: PlainLine, ticket: Ticket, unit: int, replacing: OwnOrder | None
    ) -> RiskReason:
        """What this side could become if all that is open on it were filled."""
        open_lots = self._store.exposed(ticket.slot)[ticket.side] + ticket.lots
        if replacing is not None:
            open_lots -= replacing.open_lots
        if open_lots * unit > self._exposure_max > 0:
            return RiskReason.EXPOSURE_MAX
        if not self._position_max:
            return RiskReason.OK
        held = self._portfolio.base_held(ticket.slot)
        if ticket.side is Side.SELL:
            held = -held
        worst = (held + open_lots * line.units.lot) * unit // line.units.lot
        if worst > self._position_max:
            return RiskReason.POSITION_MAX
        return RiskReason.OK

    def aggregate(self, now: int) -> int:
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
                total += self._mark(slot, base, now) * self._rate_of(line.instrument.quote) // PPB
        return total

    def _mark(self, slot: int, base: int, now: int) -> int:
        """Return the value of a base amount at the mid price, the last known where none is."""
        held = self._portfolio.holdings[slot]
        touch = self._touch_of(slot, now)
        if touch is not None and touch[1] and touch[3]:
            held.last_mid2 = touch[0] + touch[2]
        return base * held.last_mid2 * held.units.notional // (2 * held.units.lot)

    def _reduces(self, line: PlainLine, ticket: Ticket) -> bool:
        held = self._portfolio.base_held(ticket.slot)
        buys, sells = self._store.exposed(ticket.slot)
        if ticket.side is Side.BUY:
            return held + (buys + ticket.lots) * line.units.lot <= 0
        return held - (sells + ticket.lots) * line.units.lot >= 0

    def _crosses_own(self, ticket: Ticket, replacing: OwnOrder | None) -> bool:
        orders = self._store.by_slot.get(ticket.slot)
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
                if side is Side.BUY
                else (price <= old or price <= new)
            ):
                return True
        return False

    def _affordable(self, line: PlainLine, ticket: Ticket, replacing: OwnOrder | None) -> bool:
        """The balance covers what is open already and this ticket, with its fee."""
        instrument = line.instrument
        venue = instrument.venue
        if not line.spot:
            return self._margined(line, ticket)
        selling = ticket.side is Side.SELL
        asset = instrument.base if selling else instrument.quote
        need = self._cost(line, ticket.price, ticket.lots, selling=selling)
        by_slot, side = self._store.by_slot, ticket.side
        for slot in self._venue_slots[venue]:
            orders = by_slot.get(slot)
            other = self.lines.get(slot)
            if orders is None or other is None or not other.spot:
                continue
            if (other.instrument.base if selling else other.instrument.quote) != asset:
                continue
            for order in orders.values():
                if order.side is side and order is not replacing:
                    price = max(order.price, order.new_price)
                    need += self._cost(other, price, order.open_lots, selling=selling)
        return need <= self._portfolio.balance(venue, asset)

    @staticmethod
    def _cost(line: PlainLine, price: int, lots: int, *, selling: bool) -> int:
        if selling:
            return lots * line.units.lot
        value = price * lots * line.units.notional
        return value + value * line.taker_ppb // PPB

    def _margined(self, line: PlainLine, ticket: Ticket) -> bool:
        """The margin of the largest position that open orders could make is there."""
        buys, sells = self._store.exposed(ticket.slot)
        lots = (buys if ticket.side is Side.BUY else sells) + ticket.lots
        base = abs(self._portfolio.base_held(ticket.slot)) + lots * line.units.lot
        value = base * ticket.price * line.units.notional // line.units.lot
        balance = self._portfolio.balance(line.instrument.venue, line.instrument.quote)
        return value * self.limits.margin_permille <= balance * 1000

    def _paced(self, now: int) -> RiskReason:
        limit = self.limits.orders_per_second
        if not limit:
            return RiskReason.OK
        sent = self._sent
        while sent and sent[0] <= now - _SECOND_NS:
            sent.popleft()
        if len(sent) >= limit:
            return RiskReason.ORDER_RATE
        sent.append(now)
        return RiskReason.OK

    def _fat_finger(self, line: PlainLine, ticket: Ticket, now: int) -> RiskReason:
        """An order that is much of the recent volume waits for a person; quotes are many and small.

        Where nothing has traded only a person's own order waits: nobody can say what is much.
        """
        if not self.limits.volume_permille or ticket.purpose is Purpose.QUOTE:
            return RiskReason.OK
        line.forget(now)
        if line.traded == 0 and ticket.purpose is not Purpose.MANUAL:
            return RiskReason.OK
        if ticket.lots * 1000 > line.traded * self.limits.volume_permille:
            return RiskReason.HELD
        return RiskReason.OK

    # --- approval --------------------------------------------------------------------------------

    def hold(self, ticket: Ticket) -> int | None:
        """Keep a ticket for approval; returns its number, None when too many wait."""
        if len(self.held) >= HELD_MAX:
            return None
        number = self._next_held
        self._next_held += 1
        self.held[number] = ticket
        return number
