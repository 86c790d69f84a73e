"""Binance spot: orders as parameters of the WebSocket API and of REST, which spell them alike.

https://developers.binance.com/docs/binance-spot-api-docs/websocket-api
"""

from connectors.orders import Order, UnsupportedOrderError
from market.instrument import Instrument
from market.order import Side, Tif, Type

Params = tuple[tuple[str, str], ...]

#: Trades of one `myTrades` reply; a full one is continued.
TRADES_PAGE = 1_000

_TIFS = {Tif.GTC: "GTC", Tif.IOC: "IOC", Tif.FOK: "FOK"}


def place(order: Order, instrument: Instrument, client_id: str) -> Params:
    """Return the parameters of `order.place`; UnsupportedOrderError for what spot has not.

    The full answer is asked for: its trade ids tell the fills of a taker before, and besides, the
    user stream.
    """
    return (
        ("symbol", instrument.native),
        ("side", "BUY" if order.side is Side.BUY else "SELL"),
        *_kind(order, instrument),
        ("quantity", instrument.size.format(order.lots)),
        ("newClientOrderId", client_id),
        ("newOrderRespType", "FULL"),
    )


def _kind(order: Order, instrument: Instrument) -> Params:
    if order.type is Type.MARKET and not order.post_only:
        return (("type", "MARKET"),)
    if order.type is not Type.LIMIT or order.tif not in _TIFS:
        raise UnsupportedOrderError(f"{order.type.name} {order.tif.name}")
    price = ("price", instrument.price.format(order.price))
    if order.post_only:
        if order.tif is not Tif.GTC:
            raise UnsupportedOrderError(f"post-only {order.tif.name}")
        return ("type", "LIMIT_MAKER"), price
    return ("type", "LIMIT"), ("timeInForce", _TIFS[order.tif]), price


def cancel(instrument: Instrument, client_id: str) -> Params:
    """Return the parameters of `order.cancel`."""
    return ("symbol", instrument.native), ("origClientOrderId", client_id)


def amend(order: Order, instrument: Instrument, client_id: str) -> Params:
    """Return the parameters of `order.amend.keepPriority`: a smaller whole size, nothing else.

    UnsupportedOrderError for any other change. The order keeps its client id.
    """
    if order.new_price != order.price or not order.filled < order.new_lots < order.lots:
        raise UnsupportedOrderError("only a smaller size is possible in one step")
    return (
        ("symbol", instrument.native),
        ("origClientOrderId", client_id),
        ("newClientOrderId", client_id),
        ("newQty", instrument.size.format(order.new_lots)),
    )


def query(instrument: Instrument, client_id: str) -> Params:
    """Return the parameters of `order.status`, and of `GET /api/v3/order`."""
    return ("symbol", instrument.native), ("origClientOrderId", client_id)


def trades(instrument: Instrument, venue_id: int, after: int = 0) -> Params:
    """Return the parameters of `myTrades` of one order, from a trade id on."""
    more = (("fromId", str(after)),) if after else ()
    return (
        ("symbol", instrument.native),
        ("orderId", str(venue_id)),
        *more,
        ("limit", str(TRADES_PAGE)),
    )
