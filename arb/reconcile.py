"""What a venue says that we have and have open there, against what we hold.

A check asks for the open orders and for the balances. Orders are compared when they are told:

- one of ours that we think open and the venue does not list is asked about; its answer decides;
- one that the venue lists as filled further than we know is asked about too;
- one of our prefix that we do not know as open is cancelled;
- others are counted and left.

A balance is explained when it is what we held at any moment from the question until SETTLE_NS
after the answer: fills travel another way and may come sooner or later. One that is not is told; at
the second check in a row everything halts (cause RECONCILIATION). Nothing is adjusted by itself:
resuming that cause is a person's word that the venue is right, and books the difference.
"""

from collections.abc import Callable

from arb.orders.order import OrderState, OwnOrder
from arb.risk.reason import Cause
from arb.trader import Trader
from connectors.orders import Balance, OpenOrder
from connectors.venue_orders import VenueOrders
from market.amount import text_of

#: Fills that were told by another way come within this of a balance.
SETTLE_NS = 1_000_000_000
#: A check that is not answered by then is begun anew.
ROUND_NS = 10_000_000_000
#: The pause after a check that found something, or could not decide.
SOON_NS = 2_000_000_000
#: Balances of one asset that are remembered during a check; more, and it decides nothing.
HISTORY_MAX = 2_000


class Reconciler:
    """The checks of one venue for one trader.

    `set_timer(deadline)` asks for a call of `on_timer`, `tell` takes what was found, and `on_round`
    is called when both answers of a check are in. Amounts are those of the portfolio.
    """

    def __init__(
        self,
        venue: str,
        trader: Trader,
        gateway: VenueOrders,
        every_ns: int,
        set_timer: Callable[[int], None],
        tell: Callable[[str, tuple[str | int, ...]], None],
        on_round: Callable[[], None],
    ) -> None:
        self.venue = venue
        self.checks = self.undecided = self.unanswered = 0
        self.strays = self.asked = 0
        #: Orders at the venue that are none of ours, at the last check.
        self.foreign = 0
        #: What the venue has more than we by asset, where nothing explains it.
        self.differences: dict[str, int] = {}
        self._trader = trader
        self._gateway = gateway
        self._every_ns = every_ns
        self._set_timer = set_timer
        self._tell = tell
        self._on_round = on_round
        self._number = 0
        self._asked_ns = self._told_ns = self._due_ns = 0
        self._opened = False
        self._listed = self._judging = self._doubtful = False
        self._told: dict[str, int] | None = None
        self._history: dict[str, list[int]] = {}

    @property
    def opened(self) -> bool:
        """Whether the opening balances are known."""
        return self._opened

    # --- a check ---------------------------------------------------------------------------------

    def begin(self, now: int) -> None:
        """Ask for orders and balances; what an older check still waits for counts no more."""
        self._number += 1
        self._asked_ns = now
        self._listed = self._judging = False
        self._told = None
        self._history = {}
        self._doubtful = any(
            order.state is OrderState.LOST and self._here(order)
            for order in self._trader.store.open.values()
        )
        self.note()
        self._wait(now + ROUND_NS)
        self._gateway.ask_open(self._number)
        self._gateway.ask_balances(self._number)

    def hasten(self, now: int) -> None:
        """Something was missed: ask as soon as may be, whatever is under way."""
        self._judging = False
        self._wait(max(now, self._asked_ns + SOON_NS))

    def stop(self) -> None:
        """The channel is closed: nothing that is under way will be answered."""
        self._number += 1
        self._due_ns = 0

    def note(self) -> None:
        """Remember what we hold now, as a fill may have changed it."""
        for (venue, asset), amount in self._trader.portfolio.balances.items():
            if venue == self.venue:
                seen = self._history.setdefault(asset, [])
                if not seen or seen[-1] != amount:
                    seen.append(amount)

    def doubt(self) -> None:
        """An order is asked about: its fills may be booked later than the venue's later ones."""
        self._doubtful = True

    def on_orders(self, number: int, orders: tuple[OpenOrder, ...], now: int) -> None:
        """The venue's open orders."""
        if number != self._number or self._listed:
            return
        self._listed = True
        theirs = {one.order: one for one in orders if one.order}
        self.foreign = len(orders) - len(theirs)
        store = self._trader.store
        for found in theirs.values():
            if found.order not in store.open:
                self._stray(found)
        for order in list(store.open.values()):
            if self._here(order):
                self._compare(order, theirs.get(order.id))
        self._answered(now)

    def on_balances(self, number: int, balances: tuple[Balance, ...], now: int) -> None:
        """The venue's balances, those that are not told being zero."""
        if number != self._number or self._told is not None:
            return
        self._told = {one.asset: one.free + one.locked for one in balances}
        self._told_ns = now
        if not self._opened:
            self._opened = True
            for asset, amount in self._told.items():
                self._trader.portfolio.deposit(self.venue, asset, amount)
                self._tell("opening", (self.venue, asset, text_of(amount)))
            self.note()
        self._answered(now)

    def on_timer(self, now: int) -> None:
        """A check is due, overdue or can be judged."""
        if not self._due_ns or now < self._due_ns:
            return
        if self._judging:
            self._judge(now)
            return
        if self._told is None or not self._listed:
            self.unanswered += 1
        self.begin(now)

    def accept(self) -> None:
        """Take the venue's word for what nothing explains: a person's act."""
        for asset, amount in self.differences.items():
            self._trader.portfolio.deposit(self.venue, asset, amount)
            self._tell("adjusted", (self.venue, asset, text_of(amount)))
        self.differences.clear()
        self.note()

    # --- inside ----------------------------------------------------------------------------------

    def _wait(self, deadline_ns: int) -> None:
        self._due_ns = deadline_ns
        self._set_timer(deadline_ns)

    def _here(self, order: OwnOrder) -> bool:
        return self._trader.market.instruments[order.slot].venue == self.venue

    def _stray(self, found: OpenOrder) -> None:
        """An order of our prefix is open there and not here, unless it ended while we asked."""
        known = self._trader.store.ended(found.order)
        if known is None or known.updated_ns < self._asked_ns:
            self.strays += 1
            self._tell("stray", (self.venue, found.order, found.venue_id))
            self._gateway.end(found)

    def _compare(self, order: OwnOrder, found: OpenOrder | None) -> None:
        """Ask about an order that the venue does not list, or lists as filled further."""
        store = self._trader.store
        quiet = order.state is not OrderState.SENT and order.updated_ns < self._asked_ns
        if order.state is OrderState.LOST:
            store.ask_again(order)
        elif quiet and (found is None or found.filled > order.filled):
            self.asked += 1
            store.ask(order)

    def _answered(self, now: int) -> None:
        if self._listed and self._told is not None:
            self._judging = True
            self._wait(max(now, self._told_ns + SETTLE_NS))
            self._on_round()

    def _judge(self, now: int) -> None:
        self._judging = False
        if self._unsettled():
            self.undecided += 1
            self._wait(now + min(SOON_NS, self._every_ns))
            return
        self.checks += 1
        found = self._unexplained()
        again = [asset for asset in found if asset in self.differences]
        for asset, amount in found.items():
            if self.differences.get(asset) != amount:
                self._tell("difference", (self.venue, asset, text_of(amount)))
        for asset in self.differences:
            if asset not in found:
                self._tell("agrees", (self.venue, asset))
        self.differences = found
        if again:
            words = ", ".join(f"{text_of(found[asset])} {asset}" for asset in again)
            self._trader.halt(Cause.RECONCILIATION, f"{self.venue} has {words} more than we")
        self._wait(now + (min(SOON_NS, self._every_ns) if found else self._every_ns))

    def _unsettled(self) -> bool:
        """Whether fills may be missing that the balances had, or were booked in another order."""
        if self._doubtful or any(len(seen) > HISTORY_MAX for seen in self._history.values()):
            return True
        return any(
            order.state is OrderState.SENT
            and order.created_ns <= self._told_ns
            and self._here(order)
            for order in self._trader.store.open.values()
        )

    def _unexplained(self) -> dict[str, int]:
        told = self._told or {}
        found = {}
        for asset in dict.fromkeys((*self._history, *told)):
            seen = self._history.get(asset, [0])
            if told.get(asset, 0) not in seen:
                found[asset] = told.get(asset, 0) - seen[-1]
        return found
