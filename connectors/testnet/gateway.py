"""The order gateway of a test network, spoken to through ccxt; see `arb.orders.gateway.Gateway`.

Requests have no address and no path: the ccxt process (`connectors.testnet.child`) knows both. Its
answers are lines of JSON. The process looks at the open orders in intervals and whenever the user
stream stirs; what this gateway finds to be different from what it told, it asks about by order.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connectors.orders import (
    UNSENT,
    ClientIds,
    Counts,
    Listings,
    OpenOrder,
    Order,
    Outlet,
    Request,
    StrangerError,
    Tag,
    UnsupportedOrderError,
    is_outcome_unknown,
    keep,
    listed,
    number,
    parsed,
    refusal,
)
from connectors.testnet import decode, encode
from connectors.testnet.client_ids import UuidClientIds
from connectors.testnet.decode import Row
from market.inputs import NOT_SENT
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind, Tif
from market.rows import table, text

Kind = OrderEventKind

_OK = 200
_NOT_FOUND = 404
_PACES = {"binance": (50, 10 * 10**9), "coinbase-exchange": (15, 10**9)}
_UUIDS = ("coinbase-exchange",)
#: Orders that are thought to be open; beyond it the oldest are no longer looked for.
ALIVE_MAX = 2_000
#: So often a venue must not know an order that it took before the order counts as gone.
MISSES_MAX = 2


@dataclass(slots=True)
class _Known:
    """What is known of one order: the lots of its fills by trade id, and how it stands.

    `before` are lots that were known from elsewhere; `canceled` says that the venue took a cancel,
    `over` that an end was told, and `misses` how often the venue did not know the order.
    """

    slot: int
    filled: dict[str, int] = field(default_factory=dict)
    before: int = 0
    canceled: bool = False
    over: bool = False
    misses: int = 0

    @property
    def lots(self) -> int:
        """Lots that are known to be filled."""
        return max(self.before, sum(self.filled.values()))


class CcxtOrders:
    """Orders of one account at one venue. `counts` names what could not be read or used.

    No order can be changed in one step: ccxt has nothing for it at these venues that could not
    fill twice.
    """

    replaces = False
    through_stream = True

    def __init__(
        self, venue: str, prefix: str | ClientIds, listings: Listings, outlet: Outlet
    ) -> None:
        """Make client ids of `prefix`; raises ValueError for a bad one."""
        self.counts = Counts()
        #: New orders that the venue takes in so many ns.
        self.pace = _PACES[venue]
        ids = ClientIds(prefix) if isinstance(prefix, str) else prefix
        self._ids = UuidClientIds(ids) if venue in _UUIDS else ids
        self._listings = listings
        self._outlet = outlet
        self._known: dict[int, _Known] = {}
        self._by_venue_id: dict[str, int] = {}
        #: Orders that should be among the open ones, by our id.
        self._alive: dict[int, None] = {}
        #: The newest query of each order; 0 is a question of our own.
        self._queries: dict[int, int] = {}
        #: Orders that a question of our own is under way about.
        self._asking: dict[int, None] = {}
        #: Where orders stand whose fills are still asked for.
        self._waiting: dict[int, OrderEvent] = {}
        self._answers: dict[str, Callable[[Tag, int, object], None]] = {
            "place": self._placed,
            "cancel": self._canceled,
            "query": self._queried,
            "trades": self._traded,
            "balances": self._balances,
            "open": self._opened,
        }

    # --- what is asked of the venue --------------------------------------------------------------

    def place(self, order: Order) -> None:
        """Send a new order; one that the venue cannot take is rejected here."""
        self._note(order)
        try:
            client_id = self._ids.of(order.id)
            params = encode.place(order, self._listings.of_slot(order.slot), client_id)
        except UnsupportedOrderError as error:
            self._outlet.event(refusal(Kind.REJECTED, order.id, f"unsupported: {error}"))
            return
        # One that cannot rest is looked after at once: its end may not be in the answer.
        self._send(Tag("place", order.id, 0 if order.tif is Tif.GTC else 1), "place", params)

    def cancel(self, order: Order) -> None:
        """Ask for the end of an order."""
        self._note(order)
        instrument = self._listings.of_slot(order.slot)
        params = encode.named(instrument, self._ids.of(order.id))
        self._send(Tag("cancel", order.id), "cancel", params)

    def replace(self, order: Order) -> None:
        """Refuse: there is no change in one step."""
        self._outlet.event(refusal(Kind.REPLACE_REJECTED, order.id, "unsupported"))

    def query(self, order: Order) -> None:
        """Ask where an order stands."""
        self._note(order)
        keep(self._queries, order.id, order.queries)
        self._ask(order.id, order.queries)

    def subscribe(self) -> None:
        """Tell that the user stream is there: the ccxt process follows it by itself.

        What was asked of an older process is not answered any more.
        """
        self._asking.clear()
        self._waiting.clear()
        self._outlet.stream(True)

    def ask_balances(self, number: int = 0) -> None:
        """Ask for all balances that are not zero."""
        self._send(Tag("balances", number), "balances", ())

    def ask_open(self, number: int) -> None:
        """Ask for every open order of the account."""
        self._send(Tag("open", number), "open", ())

    def end(self, found: OpenOrder) -> None:
        """Ask for the end of an order at the venue that no order of ours stands for."""
        params = ("native", found.native), ("venue_id", found.venue_id)
        self._send(Tag("stray", found.order), "cancel", params)

    def _note(self, order: Order) -> None:
        known = self._known.get(order.id)
        if known is None:
            known = _Known(order.slot)
            keep(self._known, order.id, known)
        known.before = order.filled

    def _look(self, order: int) -> None:
        """Ask about an order of our own accord, unless that is under way."""
        if order not in self._asking and order not in self._waiting:
            keep(self._asking, order, None)
            self._ask(order)

    def _ask(self, order: int, query: int = 0) -> None:
        instrument, _ = self._of(order)
        self._waiting.pop(order, None)
        params = encode.named(instrument, self._ids.of(order))
        self._send(Tag("query", order, query), "query", params)

    def _send(self, tag: Tag, method: str, params: encode.Params) -> None:
        self._outlet.send(Request(tag.text, method, "", params))

    # --- what the venue says ---------------------------------------------------------------------

    def frame(self, data: bytes) -> None:
        """Take a line that answers nothing: trades of the user stream, or the open orders."""
        try:
            row = table(parsed(data), "line")
            event = row.get("event")
            if event == "trades":
                self._each_trade(listed(row, "data"))
            elif event == "open":
                self._compare(row)
            else:
                self.counts.add("other_event")
        except ValueError as unread:
            self.counts.error(unread)

    def reply(self, tag: str, status: int, data: bytes) -> None:
        """Take the answer to the request of that tag.

        `status` is 200, 404 for an order that the venue does not know, another 4xx for a refusal,
        0 where nobody knows what became of the request, NOT_SENT where it never left.
        """
        try:
            read = Tag.read(tag)
            if read.ask == "query" and not read.number:
                self._asking.pop(read.order, None)
            if status == NOT_SENT or is_outcome_unknown(status):
                self._unanswered(read, status, data.decode("utf-8", "replace"))
                return
            answer = self._answers.get(read.ask)
            if answer is not None:
                row = table(parsed(data), "line")
                answer(read, status, row.get("data" if status == _OK else "message"))
        except ValueError as unread:
            self.counts.error(unread)

    def _unanswered(self, tag: Tag, status: int, why: str) -> None:
        """Nobody knows what became of a request, or it never left and so did nothing.

        Questions are asked again, by who asked or at the next look.
        """
        if tag.ask == "trades":
            self._waiting.pop(tag.order, None)
        if status != NOT_SENT:
            self.counts.add("unknown_outcome")
            return
        self.counts.add("not_sent")
        kind = UNSENT.get(tag.ask)
        if kind is not None:
            self._refuse(kind, tag, f"not sent: {why}")

    def _of(self, order: int) -> tuple[Instrument, _Known]:
        """Return the instrument of an order that is known here; raises StrangerError."""
        known = self._known.get(order)
        if known is None:
            raise StrangerError("no order of ours")
        return self._listings.of_slot(known.slot), known

    def _refuse(self, kind: OrderEventKind, tag: Tag, message: object, query: int = 0) -> None:
        words = message if isinstance(message, str) else ""
        self._outlet.event(refusal(kind, tag.order, words, query))

    def _placed(self, tag: Tag, status: int, answer: object) -> None:
        if status != _OK:
            self._refuse(Kind.REJECTED, tag, answer)
            return
        row, (instrument, known) = table(answer, "order"), self._of(tag.order)
        event = decode.standing(row, instrument, tag.order)
        if event.kind is Kind.REJECTED:
            self._end(event)
            return
        self._live(event)
        self._outlet.event(
            OrderEvent(Kind.ACCEPTED, tag.order, event.ts_event, venue_id=event.venue_id)
        )
        fills = [
            decode.fill(table(value, "trade"), instrument, tag.order, event.ts_event)
            for value in listed(row, "trades")
        ]
        self._tell(known, fills)
        if event.kind is not Kind.STATUS and known.lots >= event.cumulative:
            self._end(event)
        elif event.kind is not Kind.STATUS or tag.number:
            self._look(tag.order)

    def _canceled(self, tag: Tag, status: int, answer: object) -> None:
        """Take the answer to a cancel; the rows of some venues say nothing of how it ended."""
        if status != _OK:
            self._refuse(Kind.CANCEL_REJECTED, tag, answer)
            return
        row, (instrument, known) = table(answer, "order"), self._of(tag.order)
        known.canceled = True
        if row.get("status") is not None:
            event = decode.standing(row, instrument, tag.order)
            if event.kind is not Kind.STATUS and known.lots >= event.cumulative:
                self._end(event)
                return
        self._look(tag.order)

    def _queried(self, tag: Tag, status: int, answer: object) -> None:
        """An order that is over is told after its fills, an open one before them."""
        if tag.number != self._queries.get(tag.order, 0) and tag.number:
            self.counts.add("late")
        elif status == _NOT_FOUND:
            self._unknown(tag, answer)
        elif status != _OK:
            self.counts.add("refused")
        else:
            instrument, known = self._of(tag.order)
            event = decode.standing(table(answer, "order"), instrument, tag.order, tag.number)
            if event.kind is Kind.STATUS:
                self._live(event)
            if event.cumulative <= known.lots:
                self._stands(event)
            else:
                keep(self._waiting, event.order, event)
                params = encode.trades(instrument, event.venue_id)
                self._send(Tag("trades", tag.order, tag.number), "trades", params)

    def _unknown(self, tag: Tag, answer: object) -> None:
        """Take that the venue knows no such order.

        Coinbase forgets an order that ended without a fill, and may be late to show a new one: one
        that it took is over when it took the cancel too, or when it is not found again and again.
        """
        if tag.number:
            self._alive.pop(tag.order, None)
            self._refuse(Kind.UNKNOWN, tag, answer, tag.number)
            return
        _, known = self._of(tag.order)
        known.misses += 1
        if tag.order in self._alive and (known.canceled or known.misses >= MISSES_MAX):
            self._end(OrderEvent(Kind.CANCELED, tag.order, cumulative=known.lots))

    def _traded(self, tag: Tag, status: int, answer: object) -> None:
        waiting = self._waiting.get(tag.order)
        if waiting is None or waiting.query != tag.number:
            self.counts.add("late")
            return
        del self._waiting[tag.order]
        if status != _OK:
            self.counts.add("refused")
            return
        instrument, known = self._of(tag.order)
        fills = [
            decode.fill(row, instrument, tag.order)
            for row in (table(value, "trade") for value in listed(answer))
            if row.get("order") == waiting.venue_id
        ]
        if sum(one.lots for one in fills) < waiting.cumulative:
            # The venue's list lags behind. Who asked asks again, and so does the next look.
            self.counts.add("short")
            return
        if waiting.kind is Kind.STATUS:
            self._stands(waiting)
        self._tell(known, fills)
        if waiting.kind is not Kind.STATUS:
            self._stands(waiting)

    def _stands(self, event: OrderEvent) -> None:
        """Tell where an order stands: that it is open only to who asked."""
        if event.kind is not Kind.STATUS:
            self._end(event)
        elif event.query:
            self._outlet.event(event)

    def _end(self, event: OrderEvent) -> None:
        _, known = self._of(event.order)
        known.over = True
        self._alive.pop(event.order, None)
        self._outlet.event(event)

    def _live(self, event: OrderEvent) -> None:
        """Remember an order that is there: it has to be among the open ones until it ends."""
        if len(self._by_venue_id) >= ALIVE_MAX:
            del self._by_venue_id[next(iter(self._by_venue_id))]
        self._by_venue_id[event.venue_id] = event.order
        self._alive.pop(event.order, None)
        if len(self._alive) >= ALIVE_MAX:
            del self._alive[next(iter(self._alive))]
            self.counts.add("forgotten")
        self._alive[event.order] = None

    def _tell(self, known: _Known, fills: Iterable[OrderEvent]) -> None:
        for one in fills:
            if one.trade_id in known.filled:
                self.counts.add("repeated")
                continue
            known.filled[one.trade_id] = one.lots
            self._outlet.event(one)

    def _balances(self, tag: Tag, status: int, answer: object) -> None:
        if status != _OK:
            self.counts.add("refused")
            return
        found = tuple(decode.balances(table(answer, "balances")))
        for balance in found:
            self._outlet.balance(balance)
        self._outlet.funds(tag.order, found)

    def _opened(self, tag: Tag, status: int, answer: object) -> None:
        if status != _OK:
            self.counts.add("refused")
            return
        rows = (table(value, "order") for value in listed(answer))
        self._outlet.listed(tag.order, tuple(map(self._open_order, rows)))

    def _open_order(self, row: Row) -> OpenOrder:
        """Return an open order; raises ValueError."""
        native, venue_id = text(row, "native"), text(row, "id")
        try:
            order = self._ids.read(row.get("clientOrderId"))
            size = self._listings.find(native).size
        except StrangerError:
            return OpenOrder(0, venue_id, native, 0)
        return OpenOrder(order, venue_id, native, size.parse(number(row.get("filled"))))

    # --- the user stream and the looks at open orders --------------------------------------------

    def _each_trade(self, rows: list[object]) -> None:
        """Take trades of the stream; one that cannot be read spoils no other."""
        for value in rows:
            try:
                row = table(value, "trade")
                order = self._by_venue_id.get(text(row, "order"))
                if order is None:
                    raise StrangerError("no order of ours")
                instrument, known = self._of(order)
                self._tell(known, [decode.fill(row, instrument, order)])
            except ValueError as unread:
                self.counts.error(unread)

    def _compare(self, row: Row) -> None:
        """Ask about each order that is gone, or that has fills which were not told."""
        native = text(row, "native")
        found: dict[int, None] = {}
        for value in listed(row, "data"):
            try:
                one = table(value, "order")
                order = self._ids.read(one.get("clientOrderId"))
                found[order] = None
                instrument, known = self._of(order)
                event = decode.standing(one, instrument, order)
                if known.over:
                    # An older look, or one that somebody has to look at if it stays.
                    self.counts.add("over")
                elif event.cumulative > known.lots:
                    self._look(order)
            except ValueError as unread:
                self.counts.error(unread)
        for order in list(self._alive):
            instrument, _ = self._of(order)
            if instrument.native == native and order not in found:
                self._look(order)
