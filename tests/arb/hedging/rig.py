"""A maker with a hedger over three venues."""

from types import SimpleNamespace

from arb.hedging.config import HedgeConfig
from arb.hedging.hedger import Hedger, HedgeState
from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.desk import Ticket
from arb.risk.reason import RiskState
from arb.trader import Market, Trader
from cache.l1 import L1
from market.amount import amount_of
from market.fees import FeeSchedule
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side
from tests.arb.rig import SECOND, Rig

MAKER, FIRST, SECOND_VENUE = 0, 1, 2
LOT = amount_of("0.001")
BOUND = 100 * LOT


def instrument(venue: str) -> Instrument:
    return Instrument(
        venue, "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3), min_notional="300", lot="0.001"
    )


class Maker:
    """Quotes both sides as far as the hedger leaves room, and passes everything on to it."""

    name = "maker"
    slots = (MAKER, FIRST, SECOND_VENUE)

    def __init__(self, trader: Trader, config: HedgeConfig) -> None:
        self.trader = trader
        self.hedger = Hedger(config, trader, self.name)

    def quote(self, side: Side, lots: int) -> OwnOrder | None:
        if not self.hedger.calm or self.hedger.room(side) < lots * LOT:
            return None
        price = 599_000 if side is Side.BUY else 601_000
        return self.trader.send(
            Ticket(MAKER, side, price, lots, Purpose.QUOTE, self.name, post_only=True)
        )

    def on_quote(self, slot: int, now: int) -> None:
        self.hedger.on_quote(slot, now)

    def on_trade(self, slot, price, lots, now, *, buyer) -> None: ...

    def on_fill(self, fill: Fill, now: int) -> None:
        self.hedger.on_fill(fill, now)

    def on_end(self, order: OwnOrder, now: int) -> None:
        self.hedger.on_end(order, now)

    def on_timer(self, subject: int, now: int) -> None:
        self.hedger.on_timer(now)

    def on_state(self, state: RiskState, now: int) -> None:
        self.hedger.on_state(state, now)

    def violation(self) -> str:
        return self.hedger.violation()


class HedgeRig(Rig):
    """A maker quotes at one of three venues; quotes of all are in the hands of the test."""

    def __init__(self, **config: int) -> None:
        self.touches = dict.fromkeys(range(3), (599_990, 1000, 600_010, 1000))
        sight = SimpleNamespace(touch=lambda slot, _: self.touches[slot])
        instruments = [instrument(name) for name in ("binance", "binance-us", "coinbase")]
        super().__init__(Market([], instruments, L1(), FeeSchedule(), sight))
        config.setdefault("bound", BOUND)
        self.maker = Maker(self.trader, HedgeConfig(MAKER, (FIRST, SECOND_VENUE), **config))
        self.trader.add(self.maker)
        self.hedger = self.maker.hedger
        for slot in self.touches:
            self.trader.on_quote(slot, self.now)

    @property
    def true_open(self) -> int:
        """What all orders together bought less what they sold, in amounts."""
        return self.exchange.net(*self.touches) * LOT

    def filled_maker(self, side: Side, lots: int) -> None:
        """A maker of ours is placed and filled, and we hear of it."""
        order = self.maker.quote(side, max(lots, 6))
        assert order is not None
        self.exchange.arrive()
        self.exchange.fill(order.id, lots)
        self.hear()


__all__ = ["BOUND", "FIRST", "LOT", "MAKER", "SECOND", "SECOND_VENUE", "HedgeRig", "HedgeState"]
