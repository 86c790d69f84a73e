"""Coinbase Advanced Trade: orders as paths and JSON bodies.

https://docs.cdp.coinbase.com/advanced-trade/reference
"""

from datetime import UTC, datetime

import orjson

from connectors.orders import Order, UnsupportedOrderError
from market.instrument import Instrument
from market.order import Side, Tif, Type

BROKERAGE = "/api/v3/brokerage"

#: Rows of one page of fills, of orders and of accounts.
FILLS_PAGE = 1_000
ORDERS_PAGE = 1_000
ACCOUNTS_PAGE = 250

#: By how much an order's time at the venue may be before its time here.
_CLOCK_SLACK_NS = 60 * 10**9

Params = tuple[tuple[str, str], ...]


def place(order: Order, instrument: Instrument, client_id: str) -> bytes:
    """Return the body of `POST /orders`; UnsupportedOrderError for what the venue has not."""
    return orjson.dumps(
        {
            "client_order_id": client_id,
            "product_id": instrument.native,
            "side": "BUY" if order.side is Side.BUY else "SELL",
            "order_configuration": _configuration(order, instrument),
        }
    )


def _configuration(order: Order, instrument: Instrument) -> dict[str, dict[str, str | bool]]:
    size = {"base_size": instrument.size.format(order.lots)}
    if order.type is Type.MARKET and not order.post_only:
        return {"market_market_ioc": {**size}}
    if order.type is not Type.LIMIT or (order.post_only and order.tif is not Tif.GTC):
        raise UnsupportedOrderError(f"{order.type.name} {order.tif.name}")
    limit = size | {"limit_price": instrument.price.format(order.price)}
    if order.tif is Tif.GTC:
        return {"limit_limit_gtc": {**limit, "post_only": order.post_only}}
    if order.tif is Tif.IOC:
        return {"sor_limit_ioc": {**limit}}
    if order.tif is Tif.FOK:
        return {"limit_limit_fok": {**limit}}
    raise UnsupportedOrderError(f"{order.type.name} {order.tif.name}")


def cancel(order: Order) -> bytes:
    """Return the body of `POST /orders/batch_cancel`."""
    return end(order.venue_id)


def end(venue_id: str) -> bytes:
    """Return the body of `POST /orders/batch_cancel` for an order by the venue's id alone."""
    return orjson.dumps({"order_ids": [venue_id]})


def open_orders(cursor: str) -> Params:
    """Return the query for the orders that are open."""
    more = (("cursor", cursor),) if cursor else ()
    return ("order_status", "OPEN"), ("limit", str(ORDERS_PAGE)), *more


def edit(order: Order, instrument: Instrument) -> bytes:
    """Return the body of `POST /orders/edit`: the new price and the new whole size."""
    return orjson.dumps(
        {
            "order_id": order.venue_id,
            "price": instrument.price.format(order.new_price),
            "size": instrument.size.format(order.new_lots),
        }
    )


def search(order: Order, instrument: Instrument, cursor: str) -> Params:
    """Return the query for the orders among which one must be whose venue id is not known."""
    start = datetime.fromtimestamp(max(order.created_ns - _CLOCK_SLACK_NS, 0) // 10**9, UTC)
    more = (("cursor", cursor),) if cursor else ()
    return (
        ("product_ids", instrument.native),
        ("start_date", start.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("limit", str(ORDERS_PAGE)),
        *more,
    )


def fills(venue_id: str, cursor: str) -> Params:
    """Return the query for the fills of one order."""
    more = (("cursor", cursor),) if cursor else ()
    return ("order_ids", venue_id), ("limit", str(FILLS_PAGE)), *more


def subscription(channel: str, products: list[str]) -> bytes:
    """Return an unsigned subscription of the user feed: one channel a message."""
    return orjson.dumps({"type": "subscribe", "channel": channel, "product_ids": products})
