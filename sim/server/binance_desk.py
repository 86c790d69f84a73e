"""The order desk of the simulated Binance: clients' orders on the market core, and their news."""

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from engine.code import State
from sim.exchange.exchange import Exchange
from sim.exchange.order import Execution, Fill, Order, OrderStatus, Refused, Report
from sim.feed.binance import BinanceFeed
from sim.market.event import Event, Print
from sim.market.event import Side as BookSide
from sim.market.listing import Listing
from sim.market.seeded import seeded
from sim.wire import binance_user as wire
from sim.wire.binance_info import AMENDS_MAX
from sim.wire.binance_symbol import symbol_of
from sim.wire.binance_ticket import Ticket

from .binance_entry import ALGO, Draft, parked
from .binance_error import ApiError, filter_failure, refused
from .binance_filters import check_open, reached
from .binance_limits import OrderCounts, OrderLimits
from .binance_streams import Funds, UserStreams

_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ID_LENGTH = 22
RENAMED_MAX = 10_000  # amended orders that are known by their new ids; the oldest go first
_ALL = 1 << 62
_STPS = {0: "NONE", 1: "EXPIRE_TAKER", 2: "EXPIRE_MAKER", 3: "EXPIRE_BOTH", 4: "DECREMENT"}
_TYPES = ("LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT")  # by the core's number


class Desk:
    """Enters, cancels and amends orders of accounts, and tells their subscribers what happened.

    Take-profit orders wait here for their price, each behind an order in the core that is never
    reached and reserves the funds. They enter when a trade reached the price, after all that
    happened in the same step of the market.
    """

    def __init__(
        self,
        exchange: Exchange,
        feed: BinanceFeed,
        streams: UserStreams,
        limits: OrderLimits | None = None,
    ) -> None:
        self.exchange = exchange
        self._feed = feed
        self._streams = streams
        self._limits = limits or OrderLimits()
        self._random = seeded(0, "binance/client-ids")
        self._counts: dict[int, OrderCounts] = {}
        self._renamed: dict[tuple[int, str], Order] = {}  # orders under an amended id
        self._amends: dict[Order, int] = {}  # of open orders
        self._waiting: dict[str, dict[Order, None]] = {}  # parked take-profit orders by listing
        self._entering: Ticket | None = None
        self._entered: list[Fill] = []
        self._swapping: Ticket | None = None
        self._old_id = ""  # the client id that an amendment replaces
        self._prevented_id = 0
        self._report_id = 0
        self._changed: dict[int, int] = {}  # when an account last did
        self._touched: dict[int, dict[str, None]] = {}  # assets whose change is not yet told

    # What orders are checked against.

    def last(self, listing: Listing) -> int:
        """Return the price of the last trade in ticks, 0 before the first."""
        return self.exchange.last_price(listing.id)

    def average(self, listing: Listing) -> int:
        """Return the average price of the last minutes in ticks."""
        return self._feed.average(symbol_of(listing)) or self.last(listing)

    def state(self, listing: Listing) -> State:
        """Return the trading state."""
        return self.exchange.state(listing.id)

    def levels(self, listing: Listing, side: BookSide) -> list[tuple[int, int]]:
        """Return (price, lots) of one side of the book, best first."""
        return self.exchange.book(listing.id).side(side).levels()

    # Accounts.

    def open(self, account: int) -> None:
        """Follow an account."""
        if account not in self._counts:
            self._counts[account] = OrderCounts(self._limits)
            self.exchange.watch(account, self._on_report)

    def order_counts(self, account: int) -> tuple[int, int]:
        """Return how many orders an account entered of late, in ten seconds and in a day."""
        return self._counts[account].counts(self.exchange.now_ns)

    def order_limits(self, account: int) -> list[dict[str, object]]:
        """Return the same beside the limits, as the venue tells it."""
        return self._counts[account].rate_limits(self.exchange.now_ns)

    def check_order_limits(self, account: int) -> None:
        """Refuse an order beyond the limits."""
        self._counts[account].check(self.exchange.now_ns)

    def funds(self, account: int) -> list[Funds]:
        """Return (asset, free, locked) of an account."""
        found = self.exchange.balances(account).items()
        return [(asset, balance.free, balance.locked) for asset, balance in found]

    def changed_ns(self, account: int) -> int:
        """Return when the account last changed, 0 before anything did."""
        return self._changed.get(account, 0)

    def deposit(self, account: int, asset: str, amount: Decimal) -> None:
        """Credit an account and tell it."""
        self.exchange.deposit(account, asset, amount)
        now_ns = self.exchange.now_ns
        self._streams.tell(account, lambda unit: wire.balance_update(now_ns, asset, amount, unit))
        self._touched.setdefault(account, {})[asset] = None
        self.flush()

    def new_id(self) -> str:
        """Return a client id for an order or cancel that came without one."""
        return "".join(self._random.choices(_ID_LETTERS, k=_ID_LENGTH))

    # Orders.

    def ticket(self, order: Order) -> Ticket:
        """Return how an order was spelled, guessed for one that entered without the venue."""
        tag = order.tag
        if not isinstance(tag, Ticket):
            kind = "LIMIT_MAKER" if order.post_only else _TYPES[order.type]
            tif = order.tif.name if order.tif.name in {"IOC", "FOK"} else "GTC"
            client_id = order.client_id or self.new_id()
            tag = Ticket(client_id, kind, tif, _STPS[order.stp], order.qty, order.stop_price)
            order.tag = tag
        return tag

    def find(
        self, account: int, listing: Listing, order_id: int | None, client_id: str | None
    ) -> Order | None:
        """Return the order that a client means; its order id rules where both are given."""
        found: Order | None = None
        if order_id is not None:
            found = self._by_id(account, order_id)
        elif client_id is not None:
            found = self._by_client_id(account, listing, client_id)
        return found if found and found.listing == listing.id else None

    def _by_id(self, account: int, order_id: int) -> Order | None:
        order = self.exchange.order(account, order_id)
        if order is None:
            return None
        ticket = self.ticket(order)
        if ticket.shown(order).id != order_id:
            return None  # it stands for another, by whose id alone it is known
        return ticket.live or order

    def _by_client_id(self, account: int, listing: Listing, client_id: str) -> Order | None:
        order = self._renamed.get((account, client_id))
        if order is None:
            order = self.exchange.order_by_client_id(account, listing.id, client_id)
        if order is None or self.ticket(order).client_id != client_id:
            return None
        return self.ticket(order).live or order

    def open_orders(self, account: int, listing: Listing | None) -> list[Order]:
        """Return the open orders of an account, oldest first."""
        return self.exchange.open_orders(account, listing.id if listing else None)

    def history(self, account: int, listing: Listing) -> list[Order]:
        """Return every order that is remembered, by id; those that stand for another once."""
        orders = self.exchange.history(account, listing.id, _ALL)
        shown = [o for o in orders if (self.ticket(o).live or o) is o]
        return sorted(shown, key=lambda order: self.ticket(order).shown(order).id)

    def fills(self, account: int, listing: Listing) -> list[tuple[Fill, int]]:
        """Return every fill that is remembered, oldest first, with the order id to be shown."""
        found = []
        for fill in self.exchange.fills(account, listing.id, _ALL):
            order = self.exchange.order(account, fill.order_id)
            shown = self.ticket(order).shown(order).id if order else fill.order_id
            found.append((fill, shown))
        return found

    def check_entry(self, account: int, draft: Draft) -> None:
        """Refuse an order that may not be entered for what is open already."""
        orders = self.open_orders(account, draft.listing)
        algo = sum(self.ticket(order).type in ALGO for order in orders)
        check_open(len(orders), algo, draft.ticket.type in ALGO)
        self._check_client_id(account, draft.ticket.client_id)

    def _check_client_id(self, account: int, client_id: str) -> None:
        found = self._renamed.get((account, client_id))
        found = found or self.exchange.order_by_client_id(account, None, client_id)
        if found and found.open and self.ticket(found).client_id == client_id:
            raise ApiError(-2010, "Duplicate order sent.")

    def place(self, account: int, draft: Draft) -> tuple[Order, list[Fill]]:
        """Enter an order, and return it with what it traded at once; ApiError if refused."""
        self.check_entry(account, draft)
        counts = self._counts[account]
        self.check_order_limits(account)
        request = draft.request
        if draft.waits_for_profit:
            draft.ticket.parked, draft.ticket.request = True, request
            request = parked(draft, self.last(draft.listing))
        self._entering, self._entered = draft.ticket, []
        counts.entered(self.exchange.now_ns)
        try:
            order = self.exchange.place(account, request)
        except Refused as error:
            counts.filled(self.exchange.now_ns)  # it did not become an order
            raise refused(error.reason) from error
        finally:
            self._entering = None
        draft.ticket.live = order
        self._renamed.pop((account, order.client_id), None)  # the newest is known by the id
        if draft.ticket.parked:
            self._waiting.setdefault(order.listing, {})[order] = None
        return order, self._entered

    def cancel(self, order: Order, cancel_id: str) -> None:
        """Cancel an open order; ApiError if it is not or may not be."""
        ticket = self.ticket(order)
        before, ticket.cancel_id = ticket.cancel_id, cancel_id
        try:
            self.exchange.cancel(order.account, order.id)
        except Refused as error:
            ticket.cancel_id = before
            raise refused(error.reason) from error

    def amend(self, order: Order, lots: int, client_id: str) -> int:
        """Reduce an open order to a quantity, under a new client id; returns the execution's id.

        Its place in the queue is kept. ApiError if that is not possible.
        """
        ticket = self.ticket(order)
        if self._amends.get(order, 0) >= AMENDS_MAX:
            raise filter_failure("MAX_NUM_ORDER_AMENDS")
        if not order.filled < lots < order.qty or ticket.parked:
            raise ApiError(-2038, "Order amend (quantity increase) is not supported.")
        if client_id != ticket.client_id:
            self._check_client_id(order.account, client_id)
        self._old_id, ticket.client_id = ticket.client_id, client_id
        try:
            self.exchange.replace(order.account, order.id, None, lots - order.filled)
        except Refused as error:
            ticket.client_id = self._old_id
            raise refused(error.reason) from error
        self._amends[order] = self._amends.get(order, 0) + 1
        ticket.lots = lots
        self._renamed.pop((order.account, self._old_id), None)
        if order.client_id != client_id:
            self._renamed[order.account, client_id] = order
            if len(self._renamed) > RENAMED_MAX:
                del self._renamed[next(iter(self._renamed))]
        return self._report_id

    # What happens.

    def on_events(self, events: Iterable[Event]) -> None:
        """Take in what happened in the market: enter the orders whose price was reached."""
        if self._waiting:
            for event in events:
                if isinstance(event, Print) and event.listing in self._waiting:
                    self._reach(event.listing, event.price)
        self.flush()

    def _reach(self, listing: str, price: int) -> None:
        for order in list(self._waiting[listing]):
            if reached(price, self.ticket(order).stop_price, order.side, takes_profit=True):
                self._trigger(order)

    def _trigger(self, order: Order) -> None:
        """Let a take-profit order enter in place of the one that stood for it."""
        ticket = self.ticket(order)
        self._swapping = ticket
        try:
            self.exchange.cancel(order.account, order.id)
        except Refused:
            return  # halted: it waits on
        finally:
            self._swapping = None
        ticket.parked, ticket.first = False, order
        self._forget(order)
        request = ticket.request
        assert request is not None
        try:
            ticket.live = self.exchange.place(order.account, request)
        except Refused as error:
            ticket.live = order
            order.status, order.reason = OrderStatus.EXPIRED, error.reason
            self._report_id += 1
            now_ns = self.exchange.now_ns
            self._on_report(Report(self._report_id, now_ns, Execution.EXPIRED, order))

    def _forget(self, order: Order) -> None:
        """Keep nothing more of an order that has ended."""
        self._amends.pop(order, None)
        waiting = self._waiting.get(order.listing, {})
        waiting.pop(order, None)
        if not waiting:
            self._waiting.pop(order.listing, None)

    def _on_report(self, report: Report) -> None:
        order, fill = report.order, report.fill
        ticket = self.ticket(order)
        self._report_id = report.id
        self._changed[order.account] = report.ts_ns
        if ticket is self._swapping:
            return
        if fill:
            ticket.fills += 1
            if ticket.fills == 1:
                self._counts[order.account].filled(report.ts_ns)
            if ticket is self._entering:
                self._entered.append(fill)
        if report.execution is Execution.TRADE_PREVENTION:
            self._prevented_id += 1
            kept = 0 if order.open else order.remaining
            ticket.prevented_id, ticket.prevented = (
                self._prevented_id,
                ticket.lots - order.qty + kept,
            )
        if not order.open:
            self._forget(order)
        self._tell(report, ticket)

    def _tell(self, report: Report, ticket: Ticket) -> None:
        order = report.order
        if not self._streams.wanted(order.account):
            return
        listing = self.exchange.listing(order.listing)
        ids = (ticket.client_id, "")
        if report.execution is Execution.CANCELED:
            ids = (ticket.cancel_id or self.new_id(), ticket.client_id)
        elif report.execution is Execution.REPLACED:
            ids = (ticket.client_id, self._old_id)
        self._streams.tell(
            order.account,
            lambda unit: wire.execution_report(listing, report, ticket, ids, unit),
        )
        touched = self._touched.setdefault(order.account, {})
        touched[listing.base] = touched[listing.quote] = None

    def flush(self) -> None:
        """Tell the balances that may have changed since the last call."""
        touched, self._touched = self._touched, {}
        now_ns = self.exchange.now_ns
        for account, assets in touched.items():
            funds = {row[0]: row for row in self.funds(account)}
            zero = Decimal(0)
            rows = [funds.get(asset, (asset, zero, zero)) for asset in assets]
            self._streams.tell(account, partial(wire.account_position, now_ns, rows))
