"""The order gateway of Binance spot over its WebSocket API; see `arb.orders.gateway.Gateway`."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.binance import orders_decode as decode
from connectors.binance import orders_encode as encode
from connectors.orders import (
    Listings,
    OpenOrder,
    Order,
    OrderIds,
    Outlet,
    Request,
    Tag,
    is_outcome_unknown,
    keep,
    listed,
    number,
    parsed,
)
from connectors.venue_orders import OK, Refused, Row, VenueOrders
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


class BinanceOrders(VenueOrders):
    """Orders of one account.

    A price or a larger size cannot be changed in one step: `order.cancelReplace` is two, and what
    was filled in between would be bought twice. Only `replace` to a smaller size is possible.
    """

    #: The venue counts new orders of the account in ten seconds.
    pace = (50, 10 * 10**9)

    def __init__(self, prefix: str | OrderIds, listings: Listings, outlet: Outlet) -> None:
        """Make client ids of `prefix`; raises ValueError for a bad one."""
        super().__init__(prefix, listings, outlet)
        self._slots: dict[int, int] = {}
        self._queries: dict[int, _Query] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._answers = {
            "place": self._placed,
            "cancel": self._canceled,
            "replace": self._replaced,
            "query": self._queried,
            "trades": self._traded,
            "balances": self._balances,
            "open": self._opened,
            "user": lambda _tag, _result: self._outlet.stream(True),
            "stray": lambda _tag, _result: None,
        }

    # --- what is asked of the venue --------------------------------------------------------------

    def place(self, order: Order) -> None:
        """Send a new order; one that the venue cannot take is rejected here."""
        keep(self._slots, order.id, order.slot)
        params = self._spelled(order, Kind.REJECTED, encode.place)
        if params is not None:
            self._send(Tag("place", order.id), "order.place", params)

    def cancel(self, order: Order) -> None:
        """Ask for the end of an order."""
        params = encode.cancel(self._note(order), self._ids.of(order.id))
        self._send(Tag("cancel", order.id), "order.cancel", params)

    def replace(self, order: Order) -> None:
        """Ask for a smaller whole size at the same price; any other change is refused here."""
        keep(self._slots, order.id, order.slot)
        params = self._spelled(order, Kind.REPLACE_REJECTED, encode.amend)
        if params is not None:
            self._send(self._change(order.id), "order.amend.keepPriority", params)

    def query(self, order: Order, *, rest: bool = False) -> None:
        """Ask where an order stands, over the WebSocket API or by its REST twin."""
        keep(self._queries, order.id, _Query(order.queries, order.filled, rest))
        self._waiting.pop(order.id, None)
        params = encode.query(self._note(order), self._ids.of(order.id))
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

    def _frame(self, frame: Row) -> None:
        """Take a frame of the WebSocket API: a reply or an event of the user stream."""
        if "event" in frame:
            self._user(table(frame["event"], "event"))
            return
        tag, status = Tag.read(frame.get("id")), decode.whole(frame, "status")
        refused = decode.refused(frame["error"]) if "error" in frame else None
        if is_outcome_unknown(status):
            self.counts.add("unknown_outcome")
        elif refused is None and status != OK:
            raise RowError(f"status: {status} without an error")
        else:
            self._answer(tag, frame.get("result"), refused)

    def _read(self, status: int, data: bytes) -> tuple[Any, Refused | None]:
        value = parsed(data)
        return value, decode.refused(value) if status != OK else None

    def _awaited(self, tag: Tag) -> int | None:
        if tag.ask == "query":
            query = self._queries.get(tag.order)
            return query.number if query else None
        if tag.ask == "trades":
            waiting = self._waiting.get(tag.order)
            return waiting.standing.query if waiting else None
        return super()._awaited(tag)

    def _refused(self, tag: Tag, why: Refused) -> None:
        super()._refused(tag, why)
        if tag.ask == "user":
            self._outlet.stream(False)

    def _note(self, order: Order) -> Instrument:
        """Remember the instrument of an order, and return it."""
        keep(self._slots, order.id, order.slot)
        return self._listings.of_slot(order.slot)

    def _instrument(self, tag: Tag) -> Instrument:
        """Return the instrument of an order that was asked about; raises StrangerError."""
        return self._listings.known(self._slots.get(tag.order))

    def _placed(self, tag: Tag, result: object) -> None:
        row, instrument = table(result, "result"), self._instrument(tag)
        self._outlet.event(decode.accepted(row, tag.order))
        for fill in decode.fills(row, instrument, tag.order):
            self._outlet.event(fill)
        if "status" in row:
            self._end(decode.standing(row, instrument, tag.order))

    def _end(self, event: OrderEvent) -> None:
        if event.kind is not Kind.STATUS:
            self._outlet.event(event)

    def _canceled(self, tag: Tag, result: object) -> None:
        row = table(result, "result")
        self._end(decode.standing(row, self._instrument(tag), tag.order))

    def _replaced(self, tag: Tag, result: object) -> None:
        stamp = decode.time_ns(table(result, "result"), "transactTime")
        self._outlet.event(OrderEvent(Kind.REPLACED, tag.order, stamp))

    def _queried(self, tag: Tag, result: object) -> None:
        row, instrument = table(result, "result"), self._instrument(tag)
        event = decode.standing(row, instrument, tag.order, tag.number)
        if event.cumulative <= self._queries[tag.order].filled:
            self._outlet.event(event)
        else:
            keep(self._waiting, tag.order, _Waiting(event))
            self._ask_trades(tag, 0)

    def _ask_trades(self, tag: Tag, after: int) -> None:
        venue_id = int(self._waiting[tag.order].standing.venue_id)
        params = encode.trades(self._instrument(tag), venue_id, after)
        rest = self._queries[tag.order].rest
        self._send(Tag("trades", tag.order, tag.number), "myTrades", params, rest=rest)

    def _traded(self, tag: Tag, result: object) -> None:
        waiting, instrument = self._waiting[tag.order], self._instrument(tag)
        rows = listed(result)
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
        if not self._is_short(sum(one.lots for one in waiting.fills), waiting.standing):
            self._tell(waiting.standing, waiting.fills)

    def _balances(self, tag: Tag, result: object) -> None:
        rows = listed(result, "balances")
        self._tell_balances(tag, tuple(decode.balances(rows, "asset", "free", "locked")))

    def _open_order(self, row: Row) -> OpenOrder:
        return self._found(
            text(row, "symbol"),
            str(decode.whole(row, "orderId")),
            row.get("clientOrderId"),
            lambda size: size.parse(number(row.get("executedQty"))),
        )

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
