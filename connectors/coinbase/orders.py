"""The order gateway of Coinbase Advanced Trade; see `arb.orders.gateway.Gateway`."""

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from connectors.coinbase import orders_decode as decode
from connectors.coinbase import orders_encode as encode
from connectors.coinbase.orders_decode import Fill, Progress, Row, Standing
from connectors.coinbase.orders_encode import BROKERAGE
from connectors.orders import (
    UNSENT,
    Balance,
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
    amount,
    is_outcome_unknown,
    iso_ns,
    keep,
    listed,
    parsed,
    refusal,
)
from market.inputs import NOT_SENT
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind
from market.rows import RowError, table, text

Kind = OrderEventKind

#: Pages of one search, of the fills of one order, or of the accounts.
PAGES_MAX = 20
#: Accounts and open orders that are read, over all pages.
WALLETS_MAX = 5_000
OPEN_MAX = 20_000

_OK = 200
_NOT_FOUND = 404


@dataclass(slots=True)
class _Query:
    """The newest question about an order. `standing` is its answer, which waits for the fills.

    Neither is told before both are whole: what is told in part is not asked about again.
    """

    number: int
    order: Order
    pages: int = 0
    standing: OrderEvent | None = None


@dataclass(slots=True)
class _Fills:
    """The fills of an order so far, newest first; `number` is that of the query, 0 for none."""

    number: int
    venue_id: str
    rows: list[Fill] = field(default_factory=list)
    pages: int = 0


class CoinbaseOrders:
    """Orders of one portfolio. Requests go out unsigned; user frames and REST replies come in.

    The venue tells of an order how much of it is filled, and gives a stream's fills no ids: all
    fills are told by their running sum. Where one row stands for several fills, these are asked
    for. `counts` names what could not be read or used.
    """

    replaces = True
    through_stream = False
    #: The venue counts requests in a second; orders leave room for cancels and questions.
    pace = (15, 10**9)

    def __init__(self, prefix: str | ClientIds, listings: Listings, outlet: Outlet) -> None:
        """Make client ids of `prefix`; raises ValueError for a bad one."""
        self.counts = Counts()
        self._ids = ClientIds(prefix) if isinstance(prefix, str) else prefix
        self._listings = listings
        self._outlet = outlet
        self._slots: dict[int, int] = {}
        #: What was told of each order's fills.
        self._told: dict[int, Progress] = {}
        self._queries: dict[int, _Query] = {}
        self._fills: dict[int, _Fills] = {}
        #: The newest change: an answer to an older one must not be taken for its answer.
        self._changes: dict[int, int] = {}
        self._sequence = -1
        self._subscribed = False
        #: Pages so far of the open orders, and of the balances.
        self._listing: list[OpenOrder] = []
        self._wallets: list[Balance] = []
        self._answers: dict[str, Callable[[Tag, int, Row], None]] = {
            "place": self._placed,
            "cancel": self._canceled,
            "replace": self._replaced,
            "query": self._queried,
            "find": self._searched,
            "fills": self._collected,
            "balances": self._balances,
            "open": self._opened,
        }

    # --- what is asked of the venue --------------------------------------------------------------

    def place(self, order: Order) -> None:
        """Send a new order; one that the venue cannot take is rejected here."""
        keep(self._slots, order.id, order.slot)
        keep(self._told, order.id, Progress())
        instrument = self._listings.of_slot(order.slot)
        try:
            body = encode.place(order, instrument, self._ids.of(order.id))
        except UnsupportedOrderError as error:
            self._outlet.event(refusal(Kind.REJECTED, order.id, f"unsupported: {error}"))
            return
        self._post(Tag("place", order.id), "/orders", body)

    def cancel(self, order: Order) -> None:
        """Ask for the end of an order; the venue wants its own id of it."""
        if not order.venue_id:
            reason = "the venue's id is not known"
            self._outlet.event(refusal(Kind.CANCEL_REJECTED, order.id, reason))
            return
        self._post(Tag("cancel", order.id), "/orders/batch_cancel", encode.cancel(order))

    def replace(self, order: Order) -> None:
        """Ask for `new_price` and `new_lots`."""
        if not order.venue_id:
            reason = "the venue's id is not known"
            self._outlet.event(refusal(Kind.REPLACE_REJECTED, order.id, reason))
            return
        change = self._changes.get(order.id, 0) + 1
        keep(self._changes, order.id, change)
        body = encode.edit(order, self._listings.of_slot(order.slot))
        self._post(Tag("replace", order.id, change), "/orders/edit", body)

    def query(self, order: Order) -> None:
        """Ask where an order stands: by the venue's id, or by looking through what was placed."""
        keep(self._slots, order.id, order.slot)
        instrument = self._listings.of_slot(order.slot)
        if order.id not in self._told:
            # Of what is known from before a restart, neither value nor fees are known here.
            size = amount(instrument.size.format(order.filled))
            keep(self._told, order.id, Progress(size, None, None, None) if size else Progress())
        keep(self._queries, order.id, _Query(order.queries, order))
        if order.venue_id:
            path = f"/orders/historical/{order.venue_id}"
            self._get(Tag("query", order.id, order.queries), path)
        else:
            self._search(order, "")

    def ask_balances(self, number: int = 0) -> None:
        """Ask for all balances."""
        self._wallets.clear()
        self._ask_balances(number, "")

    def _ask_balances(self, number: int, cursor: str) -> None:
        more = (("cursor", cursor),) if cursor else ()
        params = (("limit", str(encode.ACCOUNTS_PAGE)), *more)
        self._get(Tag("balances", number), "/accounts", params)

    def ask_open(self, number: int) -> None:
        """Ask for every open order of the portfolio."""
        self._listing.clear()
        self._ask_open(number, "")

    def _ask_open(self, number: int, cursor: str) -> None:
        self._get(Tag("open", number), "/orders/historical/batch", encode.open_orders(cursor))

    def end(self, found: OpenOrder) -> None:
        """Ask for the end of an order at the venue that no order of ours stands for."""
        self._post(Tag("stray"), "/orders/batch_cancel", encode.end(found.venue_id))

    def subscribe(self, products: tuple[str, ...] = ()) -> None:
        """Ask for the user channel on this connection; needed again on each new one."""
        self._sequence = -1
        self._subscribed = False
        for channel, names in (("heartbeats", ()), ("user", products)):
            body = encode.subscription(channel, list(names))
            self._outlet.send(Request(Tag("user").text, "subscribe", body=body))

    def _get(self, tag: Tag, path: str, params: encode.Params = ()) -> None:
        self._outlet.send(Request(tag.text, "GET", BROKERAGE + path, params))

    def _post(self, tag: Tag, path: str, body: bytes) -> None:
        self._outlet.send(Request(tag.text, "POST", BROKERAGE + path, body=body))

    def _search(self, order: Order, cursor: str) -> None:
        params = encode.search(order, self._listings.of_slot(order.slot), cursor)
        self._get(Tag("find", order.id, order.queries), "/orders/historical/batch", params)

    # --- the user channel ------------------------------------------------------------------------

    def frame(self, data: bytes) -> None:
        """Take a frame of the user feed. A gap in its numbers is counted: orders may have moved."""
        try:
            frame = table(parsed(data), "frame")
            if frame.get("type") == "error":
                self.counts.add("refused")
                self._outlet.stream(False)
                return
            self._follow(frame)
            if frame.get("channel") != "user":
                return
            if not self._subscribed:
                self._subscribed = True
                self._outlet.stream(True)
            stamp = iso_ns(frame.get("timestamp"))
            events = listed(frame, "events")
        except ValueError as unread:
            self.counts.error(unread)
            return
        for event in events:
            self._each_order(event, stamp)

    def _follow(self, frame: Row) -> None:
        number = frame.get("sequence_num")
        if not isinstance(number, int):
            raise RowError("sequence_num: expected a whole number")
        if self._sequence >= 0 and number > self._sequence + 1:
            self.counts.add("gap")
            self._outlet.stream(True)
        self._sequence = max(self._sequence, number)

    def _each_order(self, event: object, stamp: int) -> None:
        """Take the orders of one event; one that cannot be read spoils no other."""
        try:
            rows = listed(event, "orders")
        except ValueError as unread:
            self.counts.error(unread)
            return
        for value in rows:
            try:
                row = table(value, "order")
                order = self._ids.read(row.get("client_order_id"))
                instrument = self._listings.find(row.get("product_id"))
                self._user_row(decode.user_row(row, stamp), order, instrument)
            except ValueError as unread:
                self.counts.error(unread)

    def _user_row(self, standing: Standing, order: int, instrument: Instrument) -> None:
        event = decode.told(standing, instrument, order)
        fills = self._news(standing, order, instrument)
        for fill in fills or ():
            self._outlet.event(fill)
        if event.kind is not Kind.STATUS:
            # One that counts more fills than were told makes the store ask.
            self._outlet.event(event)
        elif event.cumulative == 0:
            self._outlet.event(event._replace(kind=Kind.ACCEPTED))
        elif fills is None and order not in self._slots:
            # From before a restart and not asked about yet: the answer will tell its fills.
            self.counts.add("untold")
        elif fills is None and order not in self._fills:
            self._ask_fills(order, _Fills(0, standing.venue_id), "")

    def _news(
        self, standing: Standing, order: int, instrument: Instrument
    ) -> list[OrderEvent] | None:
        """Return the fill that a row has over what was told; None where they must be asked for."""
        before = self._told.get(order)
        if before is None and standing.progress.size:
            return None
        if before is None:
            keep(self._told, order, Progress())
            return []
        if standing.progress.size < before.size:
            self.counts.add("stale")
        if standing.progress.size <= before.size:
            return []
        event = decode.step(before, standing, instrument, order)
        if event is None:
            return None
        self._told[order] = standing.progress
        return [event]

    # --- replies ---------------------------------------------------------------------------------

    def reply(self, tag: str, status: int, data: bytes) -> None:
        """Take a REST reply to the request of that tag; a status of 0 says that none came."""
        try:
            read = Tag.read(tag)
            if status == NOT_SENT:
                self._unsent(read, data.decode("utf-8", "replace"))
                return
            if is_outcome_unknown(status):
                self.counts.add("unknown_outcome")
                self._retry(read)
                return
            answer = self._answers.get(read.ask)
            if answer is not None:
                answer(read, status, _object(data, status))
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
        else:
            self._retry(tag)

    def _instrument(self, order: int) -> Instrument:
        """Return the instrument of an order that was asked about; raises StrangerError."""
        slot = self._slots.get(order)
        if slot is None:
            raise StrangerError("no order of ours")
        return self._listings.of_slot(slot)

    def _refuse(self, kind: OrderEventKind, order: int, row: Row) -> None:
        self._outlet.event(refusal(kind, order, decode.refusal_words(row)))

    def _placed(self, tag: Tag, status: int, row: Row) -> None:
        if status != _OK or row.get("success") is False:
            self._refuse(Kind.REJECTED, tag.order, row)
            return
        done = table(row.get("success_response"), "success_response")
        venue_id = text(done, "order_id")
        self._outlet.event(OrderEvent(Kind.ACCEPTED, tag.order, venue_id=venue_id))

    def _canceled(self, tag: Tag, status: int, row: Row) -> None:
        """A row that succeeded says that the cancel is on its way; its end is told later."""
        if status != _OK:
            self._refuse(Kind.CANCEL_REJECTED, tag.order, row)
            return
        for value in listed(row, "results"):
            one = table(value, "result")
            if one.get("success") is not True:
                self._refuse(Kind.CANCEL_REJECTED, tag.order, one)

    def _replaced(self, tag: Tag, status: int, row: Row) -> None:
        if tag.number != self._changes.get(tag.order):
            self.counts.add("late")
        elif status != _OK or row.get("success") is not True:
            self._refuse(Kind.REPLACE_REJECTED, tag.order, row)
        else:
            self._outlet.event(OrderEvent(Kind.REPLACED, tag.order))

    def _query(self, tag: Tag) -> _Query | None:
        """Return the question that is answered, None where a newer one was asked meanwhile."""
        query = self._queries.get(tag.order)
        if query is None or query.number != tag.number:
            self.counts.add("late")
            return None
        return query

    def _queried(self, tag: Tag, status: int, row: Row) -> None:
        query = self._query(tag)
        if query is None:
            return
        if status == _NOT_FOUND:
            self._unknown(tag, decode.refusal_words(row))
        elif status != _OK:
            self.counts.add("refused")
        else:
            self._stands(tag, query, table(row.get("order"), "order"))

    def _unknown(self, tag: Tag, reason: str) -> None:
        self._outlet.event(refusal(Kind.UNKNOWN, tag.order, reason, tag.number))

    def _searched(self, tag: Tag, status: int, row: Row) -> None:
        query = self._query(tag)
        if query is None:
            return
        if status != _OK:
            self.counts.add("refused")
            return
        wanted = self._ids.of(tag.order)
        for value in listed(row, "orders"):
            one = table(value, "order")
            if one.get("client_order_id") == wanted:
                self._stands(tag, query, one)
                return
        cursor = row.get("cursor") if row.get("has_next") is True else ""
        query.pages += 1
        if not isinstance(cursor, str) or query.pages >= PAGES_MAX:
            self.counts.add("pages")
        elif cursor:
            self._search(query.order, cursor)
        else:
            self._unknown(tag, "not among the orders")

    def _stands(self, tag: Tag, query: _Query, row: Row) -> None:
        instrument = self._instrument(tag.order)
        standing = decode.order_row(row)
        if standing.kind is Kind.STATUS:
            event = decode.status(row, standing, instrument, tag.order)
        else:
            event = decode.told(standing, instrument, tag.order)
        event = event._replace(query=tag.number)
        fills = self._news(standing, tag.order, instrument)
        if fills is not None:
            self._tell(event, fills)
        else:
            query.standing = event
            self._ask_fills(tag.order, _Fills(tag.number, standing.venue_id), "")

    def _tell(self, standing: OrderEvent, fills: list[OrderEvent]) -> None:
        """An order that is over is told after its fills, an open one before them.

        A fill would settle an order that was lost: what was to be changed is settled before.
        """
        is_open = standing.kind is Kind.STATUS
        for event in [standing, *fills] if is_open else [*fills, standing]:
            self._outlet.event(event)

    def _ask_fills(self, order: int, fills: _Fills, cursor: str) -> None:
        keep(self._fills, order, fills)
        params = encode.fills(fills.venue_id, cursor)
        self._get(Tag("fills", order, fills.number), "/orders/historical/fills", params)

    def _retry(self, tag: Tag) -> None:
        """Ask again for fills that no query of the store would come back to."""
        fills = self._fills.get(tag.order) if tag.ask == "fills" else None
        if fills is None or fills.number != tag.number:
            return
        if fills.number:
            del self._fills[tag.order]
            return
        fills.rows.clear()
        fills.pages += 1
        if fills.pages < PAGES_MAX:
            self._ask_fills(tag.order, fills, "")
        else:
            del self._fills[tag.order]
            self.counts.add("pages")

    def _collected(self, tag: Tag, status: int, row: Row) -> None:
        """Take a page of fills; with the last one what they say is told."""
        fills = self._fills.get(tag.order)
        if fills is None or fills.number != tag.number:
            self.counts.add("late")
            return
        del self._fills[tag.order]
        if status != _OK:
            self.counts.add("refused")
            return
        instrument = self._instrument(tag.order)
        for value in listed(row, "fills"):
            found = decode.fill_row(table(value, "fill"), instrument, fills.venue_id)
            if found is not None:
                fills.rows.append(found)
        cursor = row.get("cursor")
        fills.pages += 1
        if isinstance(cursor, str) and cursor:
            if fills.pages < PAGES_MAX:
                self._ask_fills(tag.order, fills, cursor)
            else:
                self.counts.add("pages")
            return
        self._whole(tag, fills, instrument)

    def _whole(self, tag: Tag, fills: _Fills, instrument: Instrument) -> None:
        before = self._told.get(tag.order, Progress())
        events, after = decode.steps(before, fills.rows, instrument, tag.order, fills.venue_id)
        query = self._queries.get(tag.order)
        if query is None or query.number != tag.number:
            standing = None
        else:
            standing, query.standing = query.standing, None
        if standing and decode.units(instrument.size, after.size) < standing.cumulative:
            # The venue's list lags behind: the store asks again, ever more seldom.
            self.counts.add("short")
            return
        keep(self._told, tag.order, after)
        if standing is not None:
            self._tell(standing, events)
            return
        for event in events:
            self._outlet.event(event)

    # --- the account -----------------------------------------------------------------------------

    def _balances(self, tag: Tag, status: int, row: Row) -> None:
        if status != _OK:
            self.counts.add("refused")
            return
        for balance in decode.balances(listed(row, "accounts")):
            self._wallets.append(balance)
            self._outlet.balance(balance)
        cursor = _further(row)
        if not cursor:
            self._outlet.funds(tag.order, tuple(self._wallets))
        elif len(self._wallets) < WALLETS_MAX:
            self._ask_balances(tag.order, cursor)
        else:
            self.counts.add("pages")

    def _opened(self, tag: Tag, status: int, row: Row) -> None:
        if status != _OK:
            self.counts.add("refused")
            return
        for value in listed(row, "orders"):
            self._listing.append(self._open_order(table(value, "order")))
        cursor = _further(row)
        if not cursor:
            self._outlet.listed(tag.order, tuple(self._listing))
        elif len(self._listing) < OPEN_MAX:
            self._ask_open(tag.order, cursor)
        else:
            self.counts.add("pages")

    def _open_order(self, row: Row) -> OpenOrder:
        """Return an open order; raises ValueError."""
        native, venue_id = text(row, "product_id"), text(row, "order_id")
        try:
            order = self._ids.read(row.get("client_order_id"))
            size = self._listings.find(native).size
        except StrangerError:
            return OpenOrder(0, venue_id, native, 0)
        return OpenOrder(
            order, venue_id, native, decode.units(size, amount(row.get("filled_size")))
        )


def _further(row: Row) -> str:
    """Return the cursor of the next page, '' after the last one."""
    cursor = row.get("cursor")
    return cursor if row.get("has_next") is True and isinstance(cursor, str) else ""


def _object(data: bytes, status: int) -> Row:
    """Return the object of a reply; a refusal may be plain text. Raises RowError."""
    if status == _OK:
        return table(parsed(data), "reply")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if isinstance(value, dict):
        return value
    return {"error": f"HTTP {status}"}
