"""Taking edges: sell at one venue what is bought at another, when it pays after all costs."""

from dataclasses import dataclass

from arb.hedging.config import HedgeConfig
from arb.hedging.hedger import Hedger, HedgeState
from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.desk import Ticket
from arb.risk.reason import RiskState
from arb.strategy.conversion import conversions
from arb.trader import Touch, Trader
from arb.walk import Costs, Levels, walk
from market.amount import AMOUNT_DECIMALS
from market.order import Side, Tif

_ONE = 10**AMOUNT_DECIMALS
WALK_LEVELS = 20


@dataclass(frozen=True, slots=True)
class ArbitrageConfig:
    """`hedge` names both legs (its maker is the first, its first venue the second) and the bound.

    `size` is the most base that one taking moves. `margin_ppb` of the bought value must remain
    after fees and conversion. `sequenced` sends the leg of the thinner book first and the other
    for what it filled; otherwise both go at once. `pause_ns` passes between two takings.
    """

    hedge: HedgeConfig
    size: int
    margin_ppb: int = 100_000
    sequenced: bool = False
    pause_ns: int = 100_000_000
    name: str = "arbitrage"


@dataclass(slots=True)
class _Leg:
    """What one leg shall trade: an IOC order at the worst price of the walk."""

    slot: int
    side: Side
    price: int
    lots: int


class Arbitrage:
    """Takes both directions of one pair; what one leg leaves open is the hedger's."""

    def __init__(self, config: ArbitrageConfig, trader: Trader) -> None:
        self.config = config
        self.name = config.name
        self.legs = (config.hedge.maker, config.hedge.venues[0])
        self._conversions = conversions(trader, config.hedge)
        self.slots = (*self.legs, *self._conversions)
        self.hedger = Hedger(config.hedge, trader, self.name)
        self.taken = 0
        self.refused = 0
        self._trader = trader
        self._flying: dict[int, OwnOrder] = {}
        self._second: _Leg | None = None
        self._next_ns = 0
        #: Prices at which neither direction paid: no need to look again while they stand.
        self._dull: tuple[int | Touch | None, ...] | None = None

    # --- what is told ----------------------------------------------------------------------------

    def on_quote(self, slot: int, now: int) -> None:
        """A leg or the conversion changed."""
        hedger = self.hedger
        hedger.on_quote(slot, now)
        if self._flying or self._second or hedger.open or now < self._next_ns:
            return
        trader = self._trader
        if hedger.state >= HedgeState.FLATTENING or trader.switch.state is not RiskState.ACTIVE:
            return
        first, second = trader.touch(self.legs[0]), trader.touch(self.legs[1])
        if first is None or second is None:
            return
        prices: tuple[int | Touch | None, ...] = (first[0], first[2], second[0], second[2])
        if self._conversions:
            prices += tuple(map(trader.touch, self._conversions))
        if prices == self._dull:
            return
        pays = [
            self._pays(self.legs[0], first[0], self.legs[1], second[2], now),
            self._pays(self.legs[1], second[0], self.legs[0], first[2], now),
        ]
        self._dull = None if any(pays) else prices
        for selling in (0, 1):
            if pays[selling] and self._take(selling, now):
                return

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:
        """Trades decide nothing here."""

    def on_fill(self, fill: Fill, now: int) -> None:
        """A leg or a hedge was filled; hedging waits until both legs are over."""
        self.hedger.on_fill(fill, now)

    def on_end(self, order: OwnOrder, now: int) -> None:
        """A leg or a hedge is over."""
        if self._flying.pop(order.id, None) is None:
            self.hedger.on_end(order, now)
            return
        second, self._second = self._second, None
        if second is not None and order.filled:
            self._follow(second, order)
        if not self._flying:
            self.hedger.held = False
            self.hedger.step(now)

    def on_timer(self, subject: int, now: int) -> None:  # noqa: ARG002
        """The hedger's timer."""
        self.hedger.on_timer(now)

    def on_state(self, state: RiskState, now: int) -> None:
        """The risk state changed."""
        self.hedger.on_state(state, now)

    def rescale(self, slot: int, price: int, size: int) -> None:
        """An instrument's grids became finer."""
        self.hedger.rescale(slot, price)
        self._dull = None
        if self._second is not None and self._second.slot == slot:
            self._second.price *= price
            self._second.lots *= size

    def violation(self) -> str:
        """Return how the bound on exposure is broken, '' while it holds."""
        return self.hedger.violation()

    # --- taking ----------------------------------------------------------------------------------

    def _take(self, selling: int, now: int) -> bool:
        """Send both legs, or the first of them, when selling leg `selling` pays; False if not."""
        sell, buy = self.legs[selling], self.legs[1 - selling]
        legs = self._sized(sell, buy, now)
        if legs is None:
            return False
        first, second = legs
        if self.config.sequenced and self._shown(second) < self._shown(first):
            first, second = second, first
        self._next_ns = now + self.config.pause_ns
        # Until both legs are over what they leave open is no exposure to be hedged yet.
        self.hedger.held = True
        sequenced = self.config.sequenced
        sent = self._trader.send_together(
            self._ticket(first), self._ticket(second), only_first=sequenced
        )
        self._flying.update({order.id: order for order in sent})
        if sent and sequenced:
            self._second = second
        if not sent:
            self.hedger.held = False
            self.refused += 1
        self.taken += bool(sent)
        return bool(sent)

    def _ticket(self, leg: _Leg) -> Ticket:
        return Ticket(leg.slot, leg.side, leg.price, leg.lots, Purpose.TAKE, self.name, tif=Tif.IOC)

    def _send(self, leg: _Leg) -> bool:
        order = self._trader.send(self._ticket(leg))
        if order is None:
            self.refused += 1
            return False
        self._flying[order.id] = order
        return True

    def _follow(self, leg: _Leg, first: OwnOrder) -> None:
        """The first leg is over: the second trades as much as it filled."""
        lines = self._trader.risk.lines
        base = first.filled * lines[first.slot].units.lot
        line = lines[leg.slot]
        lots = min(leg.lots, base // line.units.lot)
        leg.lots = lots - lots % line.lot
        if leg.lots:
            self._send(leg)

    def _pays(self, sell: int, bid: int, buy: int, ask: int, now: int) -> bool:
        """Whether selling at one touch and buying at the other leaves the margin."""
        lines = self._trader.risk.lines
        if sell not in lines or buy not in lines:
            return False
        target = lines[buy].instrument.quote
        selling = self._rate(sell, target, now, ask=False)
        buying = self._rate(buy, target, now, ask=True)
        if selling is None or buying is None:
            return False
        costs = self._costs(sell, buy)
        earned: int = bid * self._unit(sell) * selling // _ONE * costs.sell_factor
        spent: int = ask * self._unit(buy) * buying // _ONE * costs.buy_factor
        return earned > spent

    def _costs(self, sell: int, buy: int) -> Costs:
        lines = self._trader.risk.lines
        return Costs(lines[sell].taker_ppb, lines[buy].taker_ppb + self.config.margin_ppb)

    def _unit(self, slot: int) -> int:
        """Return one tick in quote amounts for each whole unit of base."""
        units = self._trader.risk.lines[slot].units
        unit: int = units.notional * _ONE // units.lot
        return unit

    def _rate(self, slot: int, target: str, now: int, *, ask: bool) -> int | None:
        quote = self._trader.risk.lines[slot].instrument.quote
        return self._trader.rates.convert(_ONE, quote, target, now, up=ask)

    def _sized(self, sell: int, buy: int, now: int) -> tuple[_Leg, _Leg] | None:
        """Return the legs of the most profitable size within bound and limits, or None."""
        config, lines = self.config, self._trader.risk.lines
        target = lines[buy].instrument.quote
        bids = self._levels(sell, target, now, ask=False)
        asks = self._levels(buy, target, now, ask=True)
        room = min(self.hedger.room(Side.BUY), self.hedger.room(Side.SELL), config.size)
        base = walk(bids, asks, self._costs(sell, buy), room).base
        step = max(lines[slot].units.lot * lines[slot].lot for slot in (sell, buy))
        base -= base % step
        if base == 0:
            return None
        return self._leg(sell, Side.SELL, base), self._leg(buy, Side.BUY, base)

    def _levels(self, slot: int, target: str, now: int, *, ask: bool) -> Levels:
        """Return (price, size) in amounts of the target currency and of base, best first."""
        levels = self._trader.depth(slot, WALK_LEVELS, ask=ask)
        rate = self._rate(slot, target, now, ask=ask)
        if rate is None:
            return []
        unit, lot = self._unit(slot), self._trader.risk.lines[slot].units.lot
        return [(ticks * unit * rate // _ONE, lots * lot) for ticks, lots in levels]

    def _leg(self, slot: int, side: Side, base: int) -> _Leg:
        """Return the order that reaches as deep as the walk did, and no deeper."""
        line = self._trader.risk.lines[slot]
        lots = base // line.units.lot
        price, left = 0, lots
        for ticks, size in self._trader.depth(slot, WALK_LEVELS, ask=side is Side.BUY):
            price = ticks
            left -= size
            if left <= 0:
                break
        return _Leg(slot, side, _on_tick(price, line.tick, side), lots)

    def _shown(self, leg: _Leg) -> int:
        """Return the base amount that a leg's book shows up to its price."""
        lot = self._trader.risk.lines[leg.slot].units.lot
        levels = self._trader.depth(leg.slot, WALK_LEVELS, ask=leg.side is Side.BUY)
        sign = leg.side.sign
        return sum(size for ticks, size in levels if sign * ticks <= sign * leg.price) * lot


def _on_tick(price: int, tick: int, side: Side) -> int:
    """Return a price that orders may name and that still reaches the level: books can be finer."""
    return price + -price % tick if side is Side.BUY else price - price % tick
