"""The order gateway of a test network, spoken to through ccxt; see `arb.orders.gateway.Gateway`.

Requests have no address and no path: the ccxt process (`connectors.testnet.child`) knows both. Its
answers are lines of JSON. The process looks at the open orders in intervals and whenever the user
stream stirs; what this gateway finds to be different from what it told, it asks about by order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.orders import (
    ClientIds,
    Listings,
    OpenOrder,
    Order,
    Outlet,
    Request,
    StrangerError,
    Tag,
    keep,
    listed,
    number,
    parsed,
    refusal,
)
from connectors.testnet import decode, encode
from connectors.testnet.client_ids import UuidClientIds
from connectors.venue_orders import NOT_FOUND, OK, Refused, Row, VenueOrders
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind, Tif
from market.rows import table, text

Kind = OrderEventKind

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


class CcxtOrders(VenueOrders):
    """Orders of one account at one venue.

    No order can be changed in one step: ccxt has nothing for it at these venues that could not
    fill twice.
    """

    def __init__(
        self, venue: str, prefix: str | ClientIds, listings: Listings, outlet: Outlet
    ) -> None:
        """Make client ids of `prefix`; raises ValueError for a bad one."""
        ids = ClientIds(prefix) if isinstance(prefix, str) else prefix
        super().__init__(UuidClientIds(ids) if venue in _UUIDS else ids, listings, outlet)
        self.pace = _PACES[venue]
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
        self._answers = {
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
        params = self._spelled(order, Kind.REJECTED, encode.place)
        if params is not None:
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

    def _frame(self, frame: Row) -> None:
        """Take a line that answers nothing: trades of the user stream, or the open orders."""
        event = frame.get("event")
        if event == "trades":
            self._each(listed(frame, "data"), self._trade)
        elif event == "open":
            self._compare(frame)
        else:
            self.counts.add("other_event")

    def _read(self, status: int, data: bytes) -> tuple[Any, Refused | None]:
        """Read an answer: status 404 is for an order that the venue does not know."""
        row = table(parsed(data), "line")
        message = row.get("message")
        words = message if isinstance(message, str) else ""
        return row.get("data"), Refused(
            lambda: words, status == NOT_FOUND
        ) if status != OK else None

    def _returned(self, tag: Tag, *, answered: bool) -> None:
        if tag.ask == "query" and not tag.number:
            self._asking.pop(tag.order, None)
        elif tag.ask == "trades" and not answered:
            self._waiting.pop(tag.order, None)

    def _awaited(self, tag: Tag) -> int | None:
        if tag.ask == "query" and tag.number:
            return self._queries.get(tag.order, 0)
        if tag.ask == "trades":
            waiting = self._waiting.get(tag.order)
            return waiting.query if waiting else None
        return super()._awaited(tag)

    def _refused(self, tag: Tag, why: Refused) -> None:
        if tag.ask == "trades":
            del self._waiting[tag.order]
        elif tag.ask == "query" and why.is_unknown:
            if not tag.number:
                self._missed(tag.order)
                return
            self._alive.pop(tag.order, None)
        super()._refused(tag, why)

    def _of(self, order: int) -> tuple[Instrument, _Known]:
        """Return the instrument of an order that is known here; raises StrangerError."""
        known = self._known.get(order)
        if known is None:
            raise StrangerError("no order of ours")
        return self._listings.of_slot(known.slot), known

    def _placed(self, tag: Tag, answer: object) -> None:
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
        self._news(known, fills)
        if event.kind is not Kind.STATUS and known.lots >= event.cumulative:
            self._end(event)
        elif event.kind is not Kind.STATUS or tag.number:
            self._look(tag.order)

    def _canceled(self, tag: Tag, answer: object) -> None:
        """Take the answer to a cancel; the rows of some venues say nothing of how it ended."""
        row, (instrument, known) = table(answer, "order"), self._of(tag.order)
        known.canceled = True
        if row.get("status") is not None:
            event = decode.standing(row, instrument, tag.order)
            if event.kind is not Kind.STATUS and known.lots >= event.cumulative:
                self._end(event)
                return
        self._look(tag.order)

    def _queried(self, tag: Tag, answer: object) -> None:
        """An order that is over is told after its fills, an open one before them."""
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

    def _missed(self, order: int) -> None:
        """Take that the venue knows no order that we asked about of our own accord.

        Coinbase forgets an order that ended without a fill, and may be late to show a new one: one
        that it took is over when it took the cancel too, or when it is not found again and again.
        """
        _, known = self._of(order)
        known.misses += 1
        if order in self._alive and (known.canceled or known.misses >= MISSES_MAX):
            self._end(OrderEvent(Kind.CANCELED, order, cumulative=known.lots))

    def _traded(self, tag: Tag, answer: object) -> None:
        waiting = self._waiting.pop(tag.order)
        instrument, known = self._of(tag.order)
        fills = [
            decode.fill(row, instrument, tag.order)
            for row in (table(value, "trade") for value in listed(answer))
            if row.get("order") == waiting.venue_id
        ]
        if self._is_short(sum(one.lots for one in fills), waiting):
            return
        if waiting.kind is Kind.STATUS:
            self._stands(waiting)
        self._news(known, fills)
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

    def _news(self, known: _Known, fills: Iterable[OrderEvent]) -> None:
        for one in fills:
            if one.trade_id in known.filled:
                self.counts.add("repeated")
                continue
            known.filled[one.trade_id] = one.lots
            self._outlet.event(one)

    def _balances(self, tag: Tag, answer: object) -> None:
        self._tell_balances(tag, tuple(decode.balances(table(answer, "balances"))))

    def _open_order(self, row: Row) -> OpenOrder:
        return self._found(
            text(row, "native"),
            text(row, "id"),
            row.get("clientOrderId"),
            lambda size: size.parse(number(row.get("filled"))),
        )

    # --- the user stream and the looks at open orders --------------------------------------------

    def _trade(self, row: Row) -> None:
        order = self._by_venue_id.get(text(row, "order"))
        if order is None:
            raise StrangerError("no order of ours")
        instrument, known = self._of(order)
        self._news(known, [decode.fill(row, instrument, order)])

    def _compare(self, frame: Row) -> None:
        """Ask about each order that is gone, or that has fills which were not told."""
        native = text(frame, "native")
        found: dict[int, None] = {}
        self._each(listed(frame, "data"), lambda row: self._compare_one(row, found))
        for order in list(self._alive):
            instrument, _ = self._of(order)
            if instrument.native == native and order not in found:
                self._look(order)

    def _compare_one(self, row: Row, found: dict[int, None]) -> None:
        order = self._ids.read(row.get("clientOrderId"))
        found[order] = None
        instrument, known = self._of(order)
        event = decode.standing(row, instrument, order)
        if known.over:
            # An older look, or one that somebody has to look at if it stays.
            self.counts.add("over")
        elif event.cumulative > known.lots:
            self._look(order)
