"""A trader over venues whose messages can be lost, late, repeated or refused, in virtual time."""

from hypothesis import strategies as st

from arb.orders.order import OwnOrder
from arb.orders.store import Patience
from arb.risk.limits import RiskLimits
from arb.risk.reason import Cause
from arb.trader import Market, Trader
from market.amount import amount_of
from market.order import OrderEvent, OrderEventKind, Side, Tif
from tests.arb.orders.venue import Venue

SECOND = 1_000_000_000
WINDOW = 2 * SECOND
NO_LIMITS = {name: 0 for name in RiskLimits.__slots__ if name != "margin_permille"}


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

    def net(self, *slots: int) -> int:
        """Lots that all orders of some slots together bought less those that they sold."""
        return sum(
            self.sides[order][1].sign * held.filled
            for order, held in self.held.items()
            if self.sides[order][0] in slots
        )


class Rig:
    """One trader, its venues behind one wire, and time in the hands of the test."""

    def __init__(self, market: Market, **limits: int) -> None:
        """All accounts hold plenty; without `limits` the trader has none."""
        self.exchange = Exchange()
        self.timers: list[tuple[int, int, str, int]] = []
        self.now = SECOND
        self.trader = Trader(
            "test",
            market,
            RiskLimits(**{**NO_LIMITS, **limits}),
            market.instruments[0].quote,
            lambda _: self.exchange,
            self.set_timer,
            Patience(answer_ns=SECOND // 2, arrival_ns=WINDOW + 1),
        )
        self.trader.now = self.trader.store.now = self.now
        for slot, one in enumerate(market.instruments):
            self.trader.watch(slot)
            for asset in (one.base, one.quote):
                self.trader.portfolio.deposit(one.venue, asset, amount_of("1000000000"))

    def set_timer(self, deadline: int, name: str, subject: int) -> None:
        self.timers.append((deadline, len(self.timers), name, subject))

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

    def hear(self) -> None:
        """Everything that the venue said arrives."""
        while self.exchange.events:
            self.say(self.exchange.events.pop(0))
        self.trader.after(self.now)

    def deliver(self) -> None:
        """Everything that is under way arrives, in order, until nothing more is."""
        while self.exchange.requests or self.exchange.events:
            while self.exchange.requests:
                self.exchange.arrive()
            self.hear()


class Chaos:
    """Draws what happens on the wire, at the venue and to the trader of `rig`."""

    rig: Rig

    def __init__(self, data) -> None:
        self.data = data

    def draw(self, *choices):
        return self.data.draw(st.sampled_from(choices))

    def number(self, low: int, high: int) -> int:
        return self.data.draw(st.integers(low, high))

    def arrive(self) -> None:
        """A request arrives out of order, or is lost."""
        requests = self.rig.exchange.requests
        if not requests:
            return
        at = self.number(0, len(requests) - 1)
        if self.number(0, 5):
            self.rig.exchange.arrive(at)
        else:
            requests.pop(at)

    def hear(self, most: int = 0) -> None:
        """One of the first events is heard, perhaps never or twice."""
        if events := self.rig.exchange.events:
            event = events.pop(self.number(0, min(most, len(events) - 1)))
            for _ in range(self.draw(0, 1, 1, 1, 2)):
                self.rig.say(event)

    def liquidity(self) -> None:
        self.rig.exchange.liquidity = self.draw(0, 1, 7, 300, 10**9)

    def refuse(self) -> None:
        self.rig.exchange.refuses = not self.rig.exchange.refuses

    def disconnect(self) -> None:
        self.rig.exchange.requests.clear()
        self.rig.exchange.events.clear()

    def halt(self) -> None:
        self.rig.trader.halt(Cause.USER, "")

    def resume(self) -> None:
        self.rig.trader.switch.resume()
