"""The order gateway of Coinbase Advanced Trade; see `arb.orders.gateway.Gateway`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from connectors.coinbase import orders_decode as decode
from connectors.coinbase import orders_encode as encode
from connectors.coinbase.orders_decode import Fill, Progress, Standing
from connectors.coinbase.orders_encode import BROKERAGE
from connectors.orders import (
    Balance,
    Listings,
    OpenOrder,
    Order,
    OrderIds,
    Outlet,
    Request,
    Tag,
    amount,
    iso_ns,
    keep,
    listed,
    parsed,
    refusal,
)
from connectors.venue_orders import NOT_FOUND, OK, Refused, Row, VenueOrders
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind
from market.rows import RowError, table, text

Kind = OrderEventKind

#: Pages of one search, of the fills of one order, or of the accounts.
PAGES_MAX = 20
#: Accounts and open orders that are read, over all pages.
WALLETS_MAX = 5_000
OPEN_MAX = 20_000

_Found = TypeVar("_Found")


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


class CoinbaseOrders(VenueOrders):
    """Orders of one portfolio.

    The venue tells of an order how much of it is filled, and gives a stream's fills no ids: all
    fills are told by their running sum. Where one row stands for several fills, these are asked
    for.
    """

    replaces = True
    through_stream = False
    #: The venue counts requests in a second; orders leave room for cancels and questions.
    pace = (15, 10**9)

    def __init__(self, prefix: str | OrderIds, listings: Listings, outlet: Outlet) -> None:
        """Make client ids of `prefix`; raises ValueError for a bad one."""
        super().__init__(prefix, listings, outlet)
        self._slots: dict[int, int] = {}
        #: What was told of each order's fills.
        self._told: dict[int, Progress] = {}
        self._queries: dict[int, _Query] = {}
        self._fills: dict[int, _Fills] = {}
        self._sequence = -1
        self._subscribed = False
        #: Pages so far of the open orders, and of the balances.
        self._listing: list[OpenOrder] = []
        self._wallets: list[Balance] = []
        self._answers = {
            "place": self._placed,
            "cancel": self._canceled,
            "replace": self._replaced,
            "query": lambda tag, row: self._stands(tag, table(row.get("order"), "order")),
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
        body = self._spelled(order, Kind.REJECTED, encode.place)
        if body is not None:
            self._post(Tag("place", order.id), "/orders", body)

    def cancel(self, order: Order) -> None:
        """Ask for the end of an order; the venue wants its own id of it."""
        if self._is_named(order, Kind.CANCEL_REJECTED):
            self._post(Tag("cancel", order.id), "/orders/batch_cancel", encode.cancel(order))

    def replace(self, order: Order) -> None:
        """Ask for `new_price` and `new_lots`."""
        if self._is_named(order, Kind.REPLACE_REJECTED):
            body = encode.edit(order, self._listings.of_slot(order.slot))
            self._post(self._change(order.id), "/orders/edit", body)

    def _is_named(self, order: Order, no: OrderEventKind) -> bool:
        """Tell whether the venue's id is known; without it a request is refused here."""
        if not order.venue_id:
            self._outlet.event(refusal(no, order.id, "the venue's id is not known"))
        return bool(order.venue_id)

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

    def _frame(self, frame: Row) -> None:
        """Take a frame of the user feed. A gap in its numbers is counted: orders may have moved."""
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
        self._each(
            listed(frame, "events"),
            lambda event: self._each(
                listed(event, "orders"), lambda row: self._user_row(row, stamp)
            ),
        )

    def _follow(self, frame: Row) -> None:
        number = frame.get("sequence_num")
        if not isinstance(number, int):
            raise RowError("sequence_num: expected a whole number")
        if self._sequence >= 0 and number > self._sequence + 1:
            self.counts.add("gap")
            self._outlet.stream(True)
        self._sequence = max(self._sequence, number)

    def _user_row(self, row: Row, stamp: int) -> None:
        order = self._ids.read(row.get("client_order_id"))
        instrument = self._listings.find(row.get("product_id"))
        standing = decode.user_row(row, stamp)
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

    def _read(self, status: int, data: bytes) -> tuple[Any, Refused | None]:
        if status == OK:
            return table(parsed(data), "reply"), None
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            value = None
        # A refusal may be plain text.
        row = value if isinstance(value, dict) else {"error": f"HTTP {status}"}
        return row, Refused(lambda: decode.refusal_words(row), status == NOT_FOUND)

    def _returned(self, tag: Tag, *, answered: bool) -> None:
        if tag.ask == "fills" and not answered:
            self._retry(tag)

    def _awaited(self, tag: Tag) -> int | None:
        if tag.ask in ("query", "find"):
            query = self._queries.get(tag.order)
            return query.number if query else None
        if tag.ask == "fills":
            fills = self._fills.get(tag.order)
            return fills.number if fills else None
        return super()._awaited(tag)

    def _refused(self, tag: Tag, why: Refused) -> None:
        if tag.ask == "fills":
            del self._fills[tag.order]
        super()._refused(tag, why)

    def _instrument(self, tag: Tag) -> Instrument:
        """Return the instrument of an order that was asked about; raises StrangerError."""
        return self._listings.known(self._slots.get(tag.order))

    def _refuse(self, kind: OrderEventKind, order: int, row: Row) -> None:
        self._outlet.event(refusal(kind, order, decode.refusal_words(row)))

    def _placed(self, tag: Tag, row: Row) -> None:
        if row.get("success") is False:
            self._refuse(Kind.REJECTED, tag.order, row)
            return
        done = table(row.get("success_response"), "success_response")
        venue_id = text(done, "order_id")
        self._outlet.event(OrderEvent(Kind.ACCEPTED, tag.order, venue_id=venue_id))

    def _canceled(self, tag: Tag, row: Row) -> None:
        """A row that succeeded says that the cancel is on its way; its end is told later."""
        for value in listed(row, "results"):
            one = table(value, "result")
            if one.get("success") is not True:
                self._refuse(Kind.CANCEL_REJECTED, tag.order, one)

    def _replaced(self, tag: Tag, row: Row) -> None:
        if row.get("success") is not True:
            self._refuse(Kind.REPLACE_REJECTED, tag.order, row)
        else:
            self._outlet.event(OrderEvent(Kind.REPLACED, tag.order))

    def _searched(self, tag: Tag, row: Row) -> None:
        wanted = self._ids.of(tag.order)
        for value in listed(row, "orders"):
            one = table(value, "order")
            if one.get("client_order_id") == wanted:
                self._stands(tag, one)
                return
        cursor = row.get("cursor") if row.get("has_next") is True else ""
        query = self._queries[tag.order]
        query.pages += 1
        if not isinstance(cursor, str) or query.pages >= PAGES_MAX:
            self.counts.add("pages")
        elif cursor:
            self._search(query.order, cursor)
        else:
            reason = "not among the orders"
            self._outlet.event(refusal(Kind.UNKNOWN, tag.order, reason, tag.number))

    def _stands(self, tag: Tag, row: Row) -> None:
        instrument = self._instrument(tag)
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
            self._queries[tag.order].standing = event
            self._ask_fills(tag.order, _Fills(tag.number, standing.venue_id), "")

    def _ask_fills(self, order: int, fills: _Fills, cursor: str) -> None:
        keep(self._fills, order, fills)
        params = encode.fills(fills.venue_id, cursor)
        self._get(Tag("fills", order, fills.number), "/orders/historical/fills", params)

    def _retry(self, tag: Tag) -> None:
        """Ask again for fills that no query of the store would come back to."""
        fills = self._fills.get(tag.order)
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

    def _collected(self, tag: Tag, row: Row) -> None:
        """Take a page of fills; with the last one what they say is told."""
        fills = self._fills.pop(tag.order)
        instrument = self._instrument(tag)
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
        if standing and self._is_short(decode.units(instrument.size, after.size), standing):
            return
        keep(self._told, tag.order, after)
        if standing is not None:
            self._tell(standing, events)
            return
        for event in events:
            self._outlet.event(event)

    # --- the account -----------------------------------------------------------------------------

    def _balances(self, tag: Tag, row: Row) -> None:
        for balance in decode.balances(listed(row, "accounts")):
            self._wallets.append(balance)
            self._outlet.balance(balance)
        self._turn(tag, row, self._wallets, WALLETS_MAX, self._ask_balances, self._outlet.funds)

    def _opened(self, tag: Tag, row: Row) -> None:
        for value in listed(row, "orders"):
            self._listing.append(self._open_order(table(value, "order")))
        self._turn(tag, row, self._listing, OPEN_MAX, self._ask_open, self._outlet.listed)

    def _turn(
        self,
        tag: Tag,
        row: Row,
        found: list[_Found],
        most: int,
        ask: Callable[[int, str], None],
        tell: Callable[[int, tuple[_Found, ...]], None],
    ) -> None:
        """Ask for the next page of a list, or tell the list with the last one."""
        cursor = row.get("cursor") if row.get("has_next") is True else ""
        if not isinstance(cursor, str) or not cursor:
            tell(tag.order, tuple(found))
        elif len(found) < most:
            ask(tag.order, cursor)
        else:
            self.counts.add("pages")

    def _open_order(self, row: Row) -> OpenOrder:
        return self._found(
            text(row, "product_id"),
            text(row, "order_id"),
            row.get("client_order_id"),
            lambda size: decode.units(size, amount(row.get("filled_size"))),
        )
