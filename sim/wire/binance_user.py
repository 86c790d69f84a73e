"""Binance spot: the events of the user data stream."""

from collections.abc import Iterable
from decimal import Decimal

import orjson

from sim.exchange.order import Execution, Fill, Order, Report
from sim.market.listing import Listing

from .binance_order import (
    NO_LIST,
    Fields,
    amount_text,
    expiry_reason,
    fee_text,
    price_text,
    qty_text,
    quote_text,
    side_name,
    status_name,
)
from .binance_symbol import symbol_of
from .binance_ticket import Ticket
from .decimal import padded

# What the venue tells by another name: a stop that was reached is new once more, now on the book,
# and one that was refused then has expired.
_TOLD = {Execution.TRIGGERED: Execution.NEW, Execution.REJECTED: Execution.EXPIRED}


def execution_report(
    listing: Listing, report: Report, ticket: Ticket, ids: tuple[str, str], unit: int
) -> Fields:
    """Return an order's event; `ids` are the client id it tells and the one it replaces."""
    order, fill = report.order, report.fill
    execution = _TOLD.get(report.execution, report.execution)
    stamp = report.ts_ns // unit
    return {
        "e": "executionReport",
        "E": stamp,
        "s": symbol_of(listing),
        "c": ids[0],
        "S": side_name(order.side),
        "o": ticket.type,
        "f": ticket.tif,
        "q": qty_text(listing, order.qty),
        "p": price_text(listing, ticket.price(order)),
        "P": price_text(listing, ticket.stop_price),
        "F": qty_text(listing, order.display),
        "g": NO_LIST,
        "C": ids[1],
        "x": execution.value,
        "X": status_name(order),
        "r": "NONE",
        "i": ticket.shown(order).id,
        **_last_fill(listing, order, fill),
        "T": stamp,
        "t": fill.trade_id if fill else -1,
        "I": report.id,
        "w": order.open and order.working,
        "m": fill.maker if fill else False,
        "M": False,
        "O": ticket.shown(order).created_ns // unit,
        "Z": quote_text(listing, order.notional),
        "Y": quote_text(listing, fill.price * fill.lots if fill else 0),
        "Q": padded(ticket.quote_qty, 8),
        **_conditional(listing, report, ticket, unit),
    }


def _last_fill(listing: Listing, order: Order, fill: Fill | None) -> Fields:
    return {
        "l": qty_text(listing, fill.lots if fill else 0),
        "z": qty_text(listing, order.filled),
        "L": price_text(listing, fill.price if fill else 0),
        "n": fee_text(listing, fill.fee) if fill else "0",
        "N": listing.quote if fill else None,
    }


def _conditional(listing: Listing, report: Report, ticket: Ticket, unit: int) -> Fields:
    order = report.order
    fields: Fields = {}
    if order.working_ns:
        fields["W"] = order.working_ns // unit
    fields["V"] = ticket.stp
    if ticket.strategy_id is not None:
        fields["j"] = ticket.strategy_id
    if ticket.strategy_type is not None:
        fields["J"] = ticket.strategy_type
    if report.execution is Execution.TRADE_PREVENTION:
        fields["v"] = ticket.prevented_id
        fields["A"] = fields["B"] = qty_text(listing, ticket.prevented)
    if reason := expiry_reason(order):
        fields["eR"] = reason
    return fields


def account_position(
    event_ns: int, rows: Iterable[tuple[str, Decimal, Decimal]], unit: int
) -> Fields:
    """Return the event of (asset, free, locked) that may have changed."""
    balances = [{"a": a, "f": amount_text(f), "l": amount_text(k)} for a, f, k in rows]
    stamp = event_ns // unit
    return {"e": "outboundAccountPosition", "E": stamp, "u": stamp, "B": balances}


def balance_update(event_ns: int, asset: str, delta: Decimal, unit: int) -> Fields:
    """Return the event of a deposit or withdrawal."""
    stamp = event_ns // unit
    return {"e": "balanceUpdate", "E": stamp, "a": asset, "d": amount_text(delta), "T": stamp}


def stream_terminated(event_ns: int, unit: int) -> Fields:
    """Return the event that ends a subscription."""
    return {"e": "eventStreamTerminated", "E": event_ns // unit}


def server_shutdown(event_ns: int, unit: int) -> Fields:
    """Return the event that announces the end of the connection."""
    return {"e": "serverShutdown", "E": event_ns // unit}


def wrapped(subscription: int, event: bytes) -> bytes:
    """Return an event as one subscription gets it."""
    return b'{"subscriptionId":%d,"event":%b}' % (subscription, event)


def response(
    request_id: object, status: int, name: str, content: object, limits: object | None
) -> bytes:
    """Return a reply of the WebSocket API; `name` is `result` or `error`."""
    reply = {"id": request_id, "status": status, name: content}
    if limits is not None:
        reply["rateLimits"] = limits
    return orjson.dumps(reply)
