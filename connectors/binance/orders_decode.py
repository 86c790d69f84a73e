"""Binance spot: rows of replies and user events as `OrderEvent`s.

https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream

```json
{"e":"executionReport","s":"BTCUSDT","c":"cq-7","C":"","x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE",
 "i":28,"l":"0.1","L":"50000.00","z":"0.1","n":"5.0","N":"USDT","T":1507725176595,"t":56,"m":true}
```
"""

from collections.abc import Iterator

from connectors.orders import REASON_MAX, Balance, amount, listed, number
from connectors.venue_orders import Refused, Row
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind
from market.rows import RowError, table, text

Kind = OrderEventKind

_UNKNOWN_ORDER = -2013
_MICROSECONDS_FROM = 10**15
_OPEN = ("NEW", "PARTIALLY_FILLED", "PENDING_NEW", "PENDING_CANCEL")
_ENDS = {
    "FILLED": Kind.FILLED,
    "CANCELED": Kind.CANCELED,
    "REJECTED": Kind.REJECTED,
    "EXPIRED": Kind.EXPIRED,
    "EXPIRED_IN_MATCH": Kind.EXPIRED,
}


def refused(value: object) -> Refused:
    """Return what the error of a reply says; raises RowError."""
    row = table(value, "error")
    code, message = whole(row, "code"), row.get("msg")
    words = message if isinstance(message, str) else ""
    # A duplicate is an order of that id which is there.
    is_there = code == -2010 and words.startswith("Duplicate order")
    is_undecided = is_there or code in (-1000, -1001, -1006, -1007)
    return Refused(lambda: f"{code} {words}", code == _UNKNOWN_ORDER, is_undecided)


def whole(row: Row, key: str) -> int:
    """Return a whole number of 64 bits; raises RowError."""
    value = row.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RowError(f"{key}: expected a whole number")
    return value


def time_ns(row: Row, *keys: str) -> int:
    """Return the first of some times, in ns; milliseconds and microseconds are told apart."""
    for key in keys:
        if row.get(key) is not None:
            value = whole(row, key)
            return value * (1_000 if value >= _MICROSECONDS_FROM else 1_000_000)
    raise RowError(f"{keys[0]}: expected a time")


def accepted(row: Row, order: int) -> OrderEvent:
    """Return the acceptance that any reply to a new order means."""
    stamp = time_ns(row, "transactTime")
    return OrderEvent(Kind.ACCEPTED, order, stamp, venue_id=str(whole(row, "orderId")))


def fills(row: Row, instrument: Instrument, order: int) -> Iterator[OrderEvent]:
    """Yield the fills of a full reply: all of them took."""
    stamp, venue_id = time_ns(row, "transactTime"), str(whole(row, "orderId"))
    for value in listed(row, "fills") if "fills" in row else ():
        one = table(value, "fill")
        yield _fill(one, instrument, order, "qty", "tradeId", stamp, venue_id)


def trade(row: Row, instrument: Instrument, order: int) -> OrderEvent:
    """Return the fill of a row of `myTrades`."""
    stamp, venue_id = time_ns(row, "time"), str(whole(row, "orderId"))
    event = _fill(row, instrument, order, "qty", "id", stamp, venue_id)
    return event._replace(maker=row.get("isMaker") is True)


def _fill(
    row: Row, instrument: Instrument, order: int, size: str, key: str, stamp: int, venue_id: str
) -> OrderEvent:
    return OrderEvent(
        Kind.FILL,
        order,
        stamp,
        instrument.price.parse(number(row.get("price"))),
        instrument.size.parse(number(row.get(size))),
        trade_id=str(whole(row, key)),
        fee=amount(row.get("commission")),
        fee_asset=text(row, "commissionAsset"),
        venue_id=venue_id,
    )


def standing(row: Row, instrument: Instrument, order: int, query: int = 0) -> OrderEvent:
    """Return where an order stands: STATUS while it is open, else its end; raises ValueError."""
    status = text(row, "status")
    event = OrderEvent(
        Kind.STATUS,
        order,
        time_ns(row, "updateTime", "transactTime"),
        cumulative=instrument.size.parse(number(row.get("executedQty"))),
        venue_id=str(whole(row, "orderId")),
        query=query,
    )
    if status in _OPEN:
        return event._replace(
            price=instrument.price.parse(number(row.get("price"))),
            lots=instrument.size.parse(number(row.get("origQty"))),
        )
    if status not in _ENDS:
        raise RowError(f"status: {status}")
    reason = row.get("expiryReason")
    return event._replace(
        kind=_ENDS[status], reason=reason[:REASON_MAX] if isinstance(reason, str) else ""
    )


def report_id(row: Row) -> object:
    """Return the client id of the order that an execution report is about.

    A cancel has a client id of its own, which stands in `c`; the order's is then in `C`.
    """
    old = row.get("C")
    return old if isinstance(old, str) and old else row.get("c")


def report(row: Row, instrument: Instrument, order: int) -> OrderEvent | None:
    """Return what an execution report tells; None for what changes nothing that is acted on.

    An amendment is told by the reply to the request: repeated here it could be taken for a later
    one. A prevented self-trade that leaves the order open shows in how the order ends.
    """
    what, status = text(row, "x"), text(row, "X")
    event = OrderEvent(
        Kind.ACCEPTED,
        order,
        time_ns(row, "T"),
        cumulative=instrument.size.parse(number(row.get("z"))),
        venue_id=str(whole(row, "i")),
    )
    if what == "TRADE":
        return event._replace(
            kind=Kind.FILL,
            price=instrument.price.parse(number(row.get("L"))),
            lots=instrument.size.parse(number(row.get("l"))),
            trade_id=str(whole(row, "t")),
            fee=amount(row.get("n")),
            fee_asset=row["N"] if isinstance(row.get("N"), str) else "",
            maker=row.get("m") is True,
        )
    if what == "NEW":
        return event
    if what in ("REPLACED", "TRADE_PREVENTION") and status in _OPEN:
        return None
    if what not in ("CANCELED", "EXPIRED", "REJECTED", "TRADE_PREVENTION") or status not in _ENDS:
        raise RowError(f"x: {what} {status}")
    reason = row.get("r") if what == "REJECTED" else row.get("eR")
    return event._replace(
        kind=_ENDS[status], reason=reason[:REASON_MAX] if isinstance(reason, str) else ""
    )


def balances(rows: list[object], asset: str, free: str, locked: str) -> Iterator[Balance]:
    """Yield the balances of rows with these field names; raises ValueError."""
    for value in rows:
        row = table(value, "balance")
        yield Balance(text(row, asset), amount(row.get(free)), amount(row.get(locked)))
