"""Orders as the parameters that the ccxt process takes: plain texts, no number of another kind."""

from connectors.orders import Order, UnsupportedOrderError
from market.instrument import Instrument
from market.order import Side, Tif, Type

Params = tuple[tuple[str, str], ...]

_TIFS = {Tif.GTC: "GTC", Tif.IOC: "IOC", Tif.FOK: "FOK"}


def place(order: Order, instrument: Instrument, client_id: str) -> Params:
    """Return the parameters of a new order; UnsupportedOrderError for what cannot be said."""
    return (
        ("native", instrument.native),
        ("client_id", client_id),
        ("side", "buy" if order.side is Side.BUY else "sell"),
        ("amount", instrument.size.format(order.lots)),
        *_kind(order, instrument),
    )


def _kind(order: Order, instrument: Instrument) -> Params:
    if order.type is Type.MARKET and not order.post_only:
        return (("type", "market"),)
    if order.type is not Type.LIMIT or order.tif not in _TIFS:
        raise UnsupportedOrderError(f"{order.type.name} {order.tif.name}")
    limit = ("type", "limit"), ("price", instrument.price.format(order.price))
    if not order.post_only:
        return (*limit, ("tif", _TIFS[order.tif]))
    if order.tif is not Tif.GTC:
        raise UnsupportedOrderError(f"post-only {order.tif.name}")
    return (*limit, ("post_only", "true"))


def named(instrument: Instrument, client_id: str) -> Params:
    """Return the parameters that name an order by its client id."""
    return ("native", instrument.native), ("client_id", client_id)


def trades(instrument: Instrument, venue_id: str) -> Params:
    """Return the parameters of the question for all fills of one order."""
    return ("native", instrument.native), ("venue_id", venue_id)
