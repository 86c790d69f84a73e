"""The order gateway of Binance spot over its WebSocket API; see `arb.orders.gateway.Gateway`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.binance import orders_decode as decode
from connectors.binance import orders_encode as encode
from connectors.binance.orders_decode import Error, Row
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
from market.inputs import NOT_SENT
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind
from market.rows import RowError, table, text

Kind = OrderEventKind

#: Events of the account and its stream that change no order; each is counted by its name.
_OTHER_EVENTS = (
    "balanceUpdate",
    "listStatus",
    "externalLockUpdate",
    "eventStreamTerminated",
    "serverShutdown",
)
_STREAM_OVER = "eventStreamTerminated"
#: Fills of one order that are read.
FILLS_MAX = 20_000

_UNKNOWN_ORDER = -2013
_OK = 200
#: Paths of the REST twins of what is asked.
_PATHS = {
    "order.status": "/api/v3/order",
    "myTrades": "/api/v3/myTrades",
    "account.status": "/api/v3/account",
}


class _Query(NamedTuple):
    """The newest query of an order, the lots that were known then, and which way it went."""

    number: int
    filled: int
    rest: bool


@dataclass(slots=True)
class _Waiting:
    """Where an order stands by its newest query, and its fills so far.

    Neither is told before both are whole: what is told in part is not asked about again.
    """

    standing: OrderEvent
    fills: list[OrderEvent] = field(default_factory=list)


class BinanceOrders:
    """Orders of one account. Requests go out unsigned; frames and REST replies come in.

    A price or a larger size cannot be changed in one step: `order.cancelReplace` is two, and what
    was filled in between would be bought twice. Only `replace` to a smaller size is possible.
    `counts` names what could not be read or used.
    """

    replaces = False
    through_stream = True
    #: The venue counts new orders of the account in ten seconds.
    pace = (50, 10 * 10**9)

    def __init__(self, prefix: str | ClientIds, listings: Listings, outlet: Outlet) -> None:
        """Make client ids of `prefix`; raises ValueError for a bad one."""
        self.counts = Counts()
        self._ids = ClientIds(prefix) if isinstance(prefix, str) else prefix
        self._listings = listings
        self._outlet = outlet
        self._slots: dict[int, int] = {}
        self._queries: dict[int, _Query] = {}
        #: The newest change: an answer to an older one must not be taken for its answer.
        self._changes: dict[int, int] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._answers: dict[str, Callable[[Tag, object, Error | None], None]] = {
            "place": self._placed,
            "cancel": self._canceled,
            "replace": self._replaced,
            "query": self._queried,
            "trades": self._traded,
            "balances": self._balances,
            "open": self._opened,
            "user": self._subscribed,
        }

    # --- what is asked of the venue --------------------------------------------------------------

    def place(self, order: Order) -> None:
        """Send a new order; one that the venue cannot take is rejected here."""
        keep(self._slots, order.id, order.slot)
        instrument = self._listings.of_slot(order.slot)
        try:
            params = encode.place(order, instrument, self._ids.of(order.id))
        except UnsupportedOrderError as error:
            self._outlet.event(refusal(Kind.REJECTED, order.id, f"unsupported: {error}"))
            return
        self._send(Tag("place", order.id), "order.place", params)

    def cancel(self, order: Order) -> None:
        """Ask for the end of an order."""
        keep(self._slots, order.id, order.slot)
        instrument = self._listings.of_slot(order.slot)
        params = encode.cancel(instrument, self._ids.of(order.id))
        self._send(Tag("cancel", order.id), "order.cancel", params)

    def replace(self, order: Order) -> None:
        """Ask for a smaller whole size at the same price; any other change is refused here."""
        keep(self._slots, order.id, order.slot)
        instrument = self._listings.of_slot(order.slot)
        try:
            params = encode.amend(order, instrument, self._ids.of(order.id))
        except UnsupportedOrderError as error:
            self._outlet.event(refusal(Kind.REPLACE_REJECTED, order.id, f"unsupported: {error}"))
            return
        number = self._changes.get(order.id, 0) + 1
        keep(self._changes, order.id, number)
        self._send(Tag("replace", order.id, number), "order.amend.keepPriority", params)

    def query(self, order: Order, *, rest: bool = False) -> None:
        """Ask where an order stands, over the WebSocket API or by its REST twin."""
        keep(self._slots, order.id, order.slot)
        keep(self._queries, order.id, _Query(order.queries, order.filled, rest))
        self._waiting.pop(order.id, None)
        instrument = self._listings.of_slot(order.slot)
        params = encode.query(instrument, self._ids.of(order.id))
        self._send(Tag("query", order.id, order.queries), "order.status", params, rest=rest)

    def ask_balances(self, number: int = 0, *, rest: bool = False) -> None:
        """Ask for all balances that are not zero."""
        params = (("omitZeroBalances", "true"),)
        self._send(Tag("balances", number), "account.status", params, rest=rest)

    def ask_open(self, number: int) -> None:
        """Ask for every open order of the account."""
        self._send(Tag("open", number), "openOrders.status", ())

    def end(self, found: OpenOrder) -> None:
        """Ask for the end of an order at the venue that no order of ours stands for."""
        params = (("symbol", found.native), ("orderId", found.venue_id))
        self._send(Tag("stray"), "order.cancel", params)

    def subscribe(self) -> None:
        """Ask for the user stream on this connection; needed again on each new one."""
        self._send(Tag("user"), "userDataStream.subscribe.signature", ())

    def _send(self, tag: Tag, method: str, params: encode.Params, *, rest: bool = False) -> None:
        if rest:
            self._outlet.send(Request(tag.text, "GET", _PATHS[method], params))
        else:
            self._outlet.send(Request(tag.text, method, "", params))

    # --- what the venue says ---------------------------------------------------------------------

    def frame(self, data: bytes) -> None:
        """Take a frame of the WebSocket API: a reply or an event of the user stream."""
        try:
            frame = table(parsed(data), "frame")
            if "event" in frame:
                self._user(table(frame["event"], "event"))
                return
            tag, status = Tag.read(frame.get("id")), decode.whole(frame, "status")
            error = Error.read(frame.get("error")) if "error" in frame else None
            self._answer(tag, status, frame.get("result"), error)
        except ValueError as unread:
            self.counts.error(unread)

    def reply(self, tag: str, status: int, data: bytes) -> None:
        """Take a REST reply to the request of that tag; a status of 0 says that none came."""
        try:
            read = Tag.read(tag)
            if status == NOT_SENT:
                self._unsent(read, data.decode("utf-8", "replace"))
                return
            if is_outcome_unknown(status):
                self.counts.add("unknown_outcome")
                return
            value = parsed(data)
            error = Error.read(value) if status != _OK else None
            self._answer(read, status, value, error)
        except ValueError as unread:
            self.counts.error(unread)

    def _unsent(self, tag: Tag, why: str) -> None:
        """A request never left: what it asked for did not happen. Questions are asked again."""
        self.counts.add("not_sent")
        kind = UNSENT.get(tag.ask)
        if kind is not None:
            self._outlet.event(refusal(kind, tag.order, f"not sent: {why}"))
        elif tag.ask == "user":
            self._outlet.stream(False)

    def _answer(self, tag: Tag, status: int, result: object, error: Error | None) -> None:
        if is_outcome_unknown(status) or (error and error.is_outcome_unknown):
            self.counts.add("unknown_outcome")
            return
        if error is None and status != _OK:
            raise RowError(f"status: {status} without an error")
        answer = self._answers.get(tag.ask)
        if answer is not None:
            answer(tag, result, error)
        elif error is not None:
            self.counts.add("refused")

    def _instrument(self, order: int) -> Instrument:
        """Return the instrument of an order that was asked about; raises StrangerError."""
        slot = self._slots.get(order)
        if slot is None:
            raise StrangerError("no order of ours")
        return self._listings.of_slot(slot)

    def _placed(self, tag: Tag, result: object, error: Error | None) -> None:
        if error is not None:
            self._outlet.event(refusal(Kind.REJECTED, tag.order, error.reason))
            return
        row, instrument = table(result, "result"), self._instrument(tag.order)
        self._outlet.event(decode.accepted(row, tag.order))
        self._each(decode.fills(row, instrument, tag.order))
        if "status" in row:
            self._end(decode.standing(row, instrument, tag.order))

    def _end(self, event: OrderEvent) -> None:
        if event.kind is not Kind.STATUS:
            self._outlet.event(event)

    def _canceled(self, tag: Tag, result: object, error: Error | None) -> None:
        if error is not None:
            self._outlet.event(refusal(Kind.CANCEL_REJECTED, tag.order, error.reason))
            return
        row = table(result, "result")
        self._end(decode.standing(row, self._instrument(tag.order), tag.order))

    def _replaced(self, tag: Tag, result: object, error: Error | None) -> None:
        if tag.number != self._changes.get(tag.order):
            self.counts.add("late")
            return
        if error is not None:
            self._outlet.event(refusal(Kind.REPLACE_REJECTED, tag.order, error.reason))
            return
        stamp = decode.time_ns(table(result, "result"), "transactTime")
        self._outlet.event(OrderEvent(Kind.REPLACED, tag.order, stamp))

    def _queried(self, tag: Tag, result: object, error: Error | None) -> None:
        """An order that is over is told after its fills, an open one before them."""
        query = self._queries.get(tag.order)
        if query is None or query.number != tag.number:
            self.counts.add("late")
        elif error is not None and error.code == _UNKNOWN_ORDER:
            self._outlet.event(refusal(Kind.UNKNOWN, tag.order, error.reason, tag.number))
        elif error is not None:
            self.counts.add("refused")
        else:
            row, instrument = table(result, "result"), self._instrument(tag.order)
            event = decode.standing(row, instrument, tag.order, tag.number)
            missing = event.cumulative > query.filled
            if not missing:
                self._outlet.event(event)
            else:
                keep(self._waiting, tag.order, _Waiting(event))
                self._ask_trades(tag, 0)

    def _ask_trades(self, tag: Tag, after: int) -> None:
        venue_id = int(self._waiting[tag.order].standing.venue_id)
        params = encode.trades(self._instrument(tag.order), venue_id, after)
        rest = self._queries[tag.order].rest
        self._send(Tag("trades", tag.order, tag.number), "myTrades", params, rest=rest)

    def _traded(self, tag: Tag, result: object, error: Error | None) -> None:
        waiting = self._waiting.get(tag.order)
        if waiting is None or waiting.standing.query != tag.number:
            self.counts.add("late")
            return
        if error is not None:
            self.counts.add("refused")
            return
        instrument, rows = self._instrument(tag.order), listed(result)
        last = 0
        for value in rows:
            row = table(value, "trade")
            last = max(last, decode.whole(row, "id"))
            if str(row.get("orderId")) == waiting.standing.venue_id:
                waiting.fills.append(decode.trade(row, instrument, tag.order))
        if len(rows) >= encode.TRADES_PAGE and len(waiting.fills) < FILLS_MAX:
            self._ask_trades(tag, last + 1)
            return
        del self._waiting[tag.order]
        if sum(one.lots for one in waiting.fills) < waiting.standing.cumulative:
            # The venue's list lags behind: the store asks again, ever more seldom.
            self.counts.add("short")
            return
        is_open = waiting.standing.kind is Kind.STATUS
        # A fill would settle an order that was lost: what was to be changed is settled before.
        first, last_ = ([waiting.standing], []) if is_open else ([], [waiting.standing])
        self._each([*first, *waiting.fills, *last_])

    def _balances(self, tag: Tag, result: object, error: Error | None) -> None:
        if error is not None:
            self.counts.add("refused")
            return
        rows = listed(result, "balances")
        found = tuple(decode.balances(rows, "asset", "free", "locked"))
        for balance in found:
            self._outlet.balance(balance)
        self._outlet.funds(tag.order, found)

    def _opened(self, tag: Tag, result: object, error: Error | None) -> None:
        if error is not None:
            self.counts.add("refused")
            return
        rows = (table(value, "order") for value in listed(result))
        self._outlet.listed(tag.order, tuple(map(self._open_order, rows)))

    def _open_order(self, row: Row) -> OpenOrder:
        """Return an open order; raises ValueError."""
        native, venue_id = text(row, "symbol"), str(decode.whole(row, "orderId"))
        try:
            order = self._ids.read(row.get("clientOrderId"))
            size = self._listings.find(native).size
        except StrangerError:
            return OpenOrder(0, venue_id, native, 0)
        return OpenOrder(order, venue_id, native, size.parse(number(row.get("executedQty"))))

    def _subscribed(self, _tag: Tag, _result: object, error: Error | None) -> None:
        if error is not None:
            self.counts.add("refused")
        self._outlet.stream(error is None)

    def _each(self, events: Iterable[OrderEvent]) -> None:
        for event in events:
            self._outlet.event(event)

    def _user(self, row: Row) -> None:
        """Take an event of the user stream."""
        kind = row.get("e")
        if kind == "outboundAccountPosition":
            for balance in decode.balances(listed(row, "B"), "a", "f", "l"):
                self._outlet.balance(balance)
        elif kind == "executionReport":
            order = self._ids.read(decode.report_id(row))
            event = decode.report(row, self._listings.find(row.get("s")), order)
            if event is not None:
                self._outlet.event(event)
        else:
            self.counts.add(kind if kind in _OTHER_EVENTS else "other_event")
            if kind == _STREAM_OVER:
                self._outlet.stream(False)
