"""A maker with a hedger over venues whose messages can be lost, late, repeated or refused."""

from types import SimpleNamespace

from arb.hedging.config import HedgeConfig
from arb.hedging.hedger import Hedger, HedgeState
from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill, Patience
from arb.risk.desk import Ticket
from arb.risk.limits import RiskLimits
from arb.risk.reason import RiskState
from arb.trader import Market, Trader
from cache.l1 import L1
from market.amount import amount_of
from market.fees import FeeSchedule
from market.grid import Grid
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind, Side, Tif
from tests.arb.orders.venue import Venue

SECOND = 1_000_000_000
MAKER, FIRST, SECOND_VENUE = 0, 1, 2
LOT = amount_of("0.001")
BOUND = 100 * LOT
WINDOW = 2 * SECOND


def instrument(venue: str) -> Instrument:
    return Instrument(
        venue, "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3), min_notional="300", lot="0.001"
    )


class Exchange(Venue):
    """A venue that fills an IOC order with what the test left there, and refuses when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.tifs: dict[int, Tif] = {}
        self.sides: dict[int, tuple[int, Side]] = {}
        self.sent: dict[int, int] = {}
        self.liquidity = 10**9
        self.refuses = False
        self.now = 0

    def place(self, order: OwnOrder) -> None:
        self.tifs[order.id] = order.tif
        self.sent[order.id] = order.created_ns
        self.sides[order.id] = (order.slot, order.side)
        super().place(order)

    def arrive(self, index: int = 0) -> None:
        what, order, _, lots = self.requests[index]
        late = what == "place" and self.now - self.sent[order] > WINDOW
        if late or (what == "place" and self.refuses):
            self.requests.pop(index)
            self.events.append(OrderEvent(OrderEventKind.REJECTED, order))
            return
        super().arrive(index)
        if what == "place" and self.tifs[order] is Tif.IOC:
            self.fill(order, min(lots, self.liquidity))
            held = self.held[order]
            if held.open:
                held.open = False
                self._say(OrderEventKind.EXPIRED, order, cumulative=held.filled)

    def true_open(self) -> int:
        """What all orders together bought less what they sold, in amounts."""
        return sum(
            self.sides[order][1].sign * held.filled * LOT for order, held in self.held.items()
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


class Rig:
    """One trader, three venues behind one wire, quotes and time in the hands of the test."""

    def __init__(self, **config: int) -> None:
        self.exchange = Exchange()
        self.timers: list[tuple[int, int, str, int]] = []
        self.now = SECOND
        instruments = [instrument(name) for name in ("binance", "binance-us", "coinbase")]
        self.touches = dict.fromkeys(range(3), (599_990, 1000, 600_010, 1000))
        sight = SimpleNamespace(touch=lambda slot, _: self.touches[slot])
        limits = RiskLimits(
            notional_max=0, exposure_max=0, position_max=0, aggregate_max=0, volume_permille=0,
            loss_max=0, drawdown_max=0, orders_per_second=0, doubt_ns=0, open_orders_max=0,
        )  # fmt: skip
        self.trader = Trader(
            "test",
            Market([], instruments, L1(), FeeSchedule(), sight),
            limits,
            "USDT",
            lambda _: self.exchange,
            self.set_timer,
            Patience(answer_ns=SECOND // 2, arrival_ns=WINDOW + 1),
        )
        for slot, one in enumerate(instruments):
            self.trader.watch(slot)
            for asset in ("BTC", "USDT"):
                self.trader.portfolio.deposit(one.venue, asset, amount_of("100000000"))
        config.setdefault("bound", BOUND)
        self.maker = Maker(self.trader, HedgeConfig(MAKER, (FIRST, SECOND_VENUE), **config))
        self.trader.add(self.maker)
        self.hedger = self.maker.hedger
        self.tell(self.now)

    def set_timer(self, deadline: int, name: str, subject: int) -> None:
        self.timers.append((deadline, len(self.timers), name, subject))

    def tell(self, now: int) -> None:
        """All quotes are told at a time."""
        for slot in range(3):
            self.trader.on_quote(slot, now)

    def wait(self, delay: int) -> None:
        """Time passes and timers fire at their deadlines."""
        until = self.now + delay
        while due := sorted(timer for timer in self.timers if timer[0] <= until):
            self.timers.remove(due[0])
            self.now = self.exchange.now = max(self.now, due[0][0])
            self.trader.on_timer(due[0][2], due[0][3], self.now)
        self.now = self.exchange.now = until
        self.trader.after(until)

    def say(self, event: OrderEvent) -> None:
        self.trader.on_report(event, self.now)

    def deliver(self) -> None:
        """Everything that is under way arrives, in order, until nothing more is."""
        while self.exchange.requests or self.exchange.events:
            while self.exchange.requests:
                self.exchange.arrive()
            while self.exchange.events:
                self.say(self.exchange.events.pop(0))

    def filled_maker(self, side: Side, lots: int) -> None:
        """A maker of ours is placed and filled, and we hear of it."""
        order = self.maker.quote(side, max(lots, 6))
        assert order is not None
        self.exchange.arrive()
        self.exchange.fill(order.id, lots)
        while self.exchange.events:
            self.say(self.exchange.events.pop(0))


__all__ = ["BOUND", "FIRST", "LOT", "MAKER", "SECOND", "SECOND_VENUE", "HedgeState", "Rig"]
