"""Reads what a client of Advanced Trade orders: the configurations of `POST /orders`."""

from collections.abc import Mapping
from decimal import Decimal

from engine.code import Side, Stp, Tif, Type
from sim.exchange.order import Request
from sim.feed.coinbase_product import Product
from sim.wire.coinbase_order import Note
from sim.wire.coinbase_units import UnitError, number, time_ns, units

from .coinbase_desk import CoinbaseDesk, market_request
from .coinbase_refusal import OrderRefusedError, Refusal

_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_CLIENT_ID_CHARS_MAX = 128
_KINDS = {
    "limit_limit_gtc": (Type.LIMIT, Tif.GTC),
    "limit_limit_gtd": (Type.LIMIT, Tif.GTD),
    "limit_limit_fok": (Type.LIMIT, Tif.FOK),
    "sor_limit_ioc": (Type.LIMIT, Tif.IOC),
    "stop_limit_stop_limit_gtc": (Type.STOP_LIMIT, Tif.GTC),
    "stop_limit_stop_limit_gtd": (Type.STOP_LIMIT, Tif.GTD),
}

Fields = Mapping[str, object]


def read_order(desk: CoinbaseDesk, body: Fields, now_ns: int) -> Request:
    """Return the order that a body asks for; OrderRefusedError where it makes none."""
    product = desk.product(body.get("product_id"))
    side = _SIDES.get(str(body.get("side")))
    if side is None:
        raise OrderRefusedError(Refusal.SIDE)
    client_id = body.get("client_order_id", "")
    if not isinstance(client_id, str) or len(client_id) > _CLIENT_ID_CHARS_MAX:
        raise OrderRefusedError(Refusal.BAD_REQUEST, "client_order_id is invalid")
    configuration = body.get("order_configuration")
    if not isinstance(configuration, dict) or len(configuration) != 1:
        raise OrderRefusedError(Refusal.CONFIGURATION, "one order_configuration is required")
    name, fields = next(iter(configuration.items()))
    if not isinstance(fields, dict):
        raise OrderRefusedError(Refusal.CONFIGURATION, f"{name} is no configuration")
    if name == "market_market_ioc":
        return _market(desk, product, side, fields, client_id)
    if name not in _KINDS:
        raise OrderRefusedError(Refusal.CONFIGURATION, f"{name} is not supported")
    return _limit(product, side, name, fields, client_id, now_ns)


def _market(
    desk: CoinbaseDesk, product: Product, side: Side, fields: Fields, client_id: str
) -> Request:
    base, quote = fields.get("base_size"), fields.get("quote_size")
    if (base in (None, "")) == (quote in (None, "")):
        raise OrderRefusedError(Refusal.BAD_REQUEST, "either base_size or quote_size is required")
    if quote in (None, ""):
        lots = _lots(product, base)
        return market_request(product, side, lots, client_id, "")
    try:
        units(quote, product.listing.price_decimals)
        funds: Decimal = number(quote)
    except UnitError as error:
        refusal = Refusal.PRICE_PRECISION if error.too_fine else Refusal.BAD_REQUEST
        raise OrderRefusedError(refusal, f"quote_size is {error}") from None
    lots = desk.lots_for(product, side, funds)
    if not lots:
        empty = not desk.walk(product, side).lots
        raise OrderRefusedError(Refusal.LIQUIDITY if empty else Refusal.FUNDS_SMALL)
    return market_request(product, side, lots, client_id, str(quote))


def _limit(
    product: Product, side: Side, name: str, fields: Fields, client_id: str, now_ns: int
) -> Request:
    kind, tif = _KINDS[name]
    post_only = fields.get("post_only", False)
    if not isinstance(post_only, bool):
        raise OrderRefusedError(Refusal.BAD_REQUEST, "post_only is no boolean")
    stop = 0
    if kind is Type.STOP_LIMIT:
        stop = price_ticks(product, fields.get("stop_price"), "stop_price")
        wanted = "STOP_DIRECTION_STOP_UP" if side is Side.BUY else "STOP_DIRECTION_STOP_DOWN"
        if fields.get("stop_direction", wanted) != wanted:
            raise OrderRefusedError(Refusal.STOP_DIRECTION, "only stops that follow the market")
    return Request(
        product.listing.id,
        side,
        kind,
        _lots(product, fields.get("base_size")),
        price=price_ticks(product, fields.get("limit_price"), "limit_price"),
        stop_price=stop,
        tif=tif,
        stp=Stp.CANCEL_MAKER,
        post_only=post_only and kind is Type.LIMIT and tif in (Tif.GTC, Tif.GTD),
        expire_at_ns=_end_ns(fields, now_ns) if tif is Tif.GTD else 0,
        client_id=client_id,
        tag=Note(),
    )


def _lots(product: Product, value: object) -> int:
    try:
        return units(value, product.listing.size_decimals)
    except UnitError as error:
        refusal = Refusal.SIZE_PRECISION if error.too_fine else Refusal.BAD_REQUEST
        raise OrderRefusedError(refusal, f"base_size is {error}") from None


def price_ticks(product: Product, value: object, name: str) -> int:
    """Return a price in ticks; OrderRefusedError where it is none."""
    try:
        return units(value, product.listing.price_decimals)
    except UnitError as error:
        refusal = Refusal.PRICE_PRECISION if error.too_fine else Refusal.BAD_REQUEST
        raise OrderRefusedError(refusal, f"{name} is {error}") from None


def _end_ns(fields: Fields, now_ns: int) -> int:
    try:
        end = time_ns(fields.get("end_time"))
    except (ValueError, OverflowError):
        raise OrderRefusedError(Refusal.END_TIME, "end_time is no time") from None
    if end <= now_ns:
        raise OrderRefusedError(Refusal.END_TIME, "end_time is over")
    return end
