"""Reads what a client of the Exchange orders: the body of `POST /orders`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from engine.code import Side, Stp, Tif, Type
from sim.exchange.order import Request
from sim.feed.coinbase_product import Product
from sim.wire.coinbase_order import Note
from sim.wire.coinbase_units import UnitError, number, units

from .coinbase_desk import CoinbaseDesk, market_request
from .coinbase_refusal import OrderRefusedError, Refusal

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_TIFS = {"GTC": Tif.GTC, "GTT": Tif.GTD, "IOC": Tif.IOC, "FOK": Tif.FOK}
_STPS = {
    "dc": Stp.DECREMENT,
    "co": Stp.CANCEL_MAKER,
    "cn": Stp.CANCEL_TAKER,
    "cb": Stp.CANCEL_BOTH,
}
_AFTER_NS = {"min": 60 * 10**9, "hour": 3600 * 10**9, "day": 86_400 * 10**9}
_STOPS = {"loss": Side.SELL, "entry": Side.BUY}
_CLIENT_ID_CHARS_MAX = 128

Fields = Mapping[str, object]
_Word = TypeVar("_Word")


def read_exchange_order(desk: CoinbaseDesk, body: Fields, now_ns: int) -> Request:
    """Return the order that a body asks for; OrderRefusedError where it makes none."""
    product = desk.product(body.get("product_id"))
    side = _word(body, "side", _SIDES, None, Refusal.SIDE)
    stp = _word(body, "stp", _STPS, Stp.DECREMENT, Refusal.BAD_REQUEST)
    client_id = body.get("client_oid") or ""
    if not isinstance(client_id, str) or len(client_id) > _CLIENT_ID_CHARS_MAX:
        raise OrderRefusedError(Refusal.BAD_REQUEST, "Invalid client_oid")
    kind = body.get("type") or "limit"
    if kind == "market":
        request = _market(desk, product, side, body, client_id)
    elif kind in ("limit", "stop"):
        request = _limit(product, side, body, client_id, now_ns)
    else:
        raise OrderRefusedError(Refusal.CONFIGURATION, f"Invalid order type: {kind}")
    return replace(request, stp=stp)


def _word(
    body: Fields, name: str, words: Mapping[str, _Word], default: _Word | None, refusal: Refusal
) -> _Word:
    """Return what a word of a body stands for; a word that is missing stands for the default."""
    text = body.get(name)
    found = words.get(text) if isinstance(text, str) else default if text is None else None
    if found is None:
        raise OrderRefusedError(refusal, f"Invalid {name}")
    return found


def _market(
    desk: CoinbaseDesk, product: Product, side: Side, body: Fields, client_id: str
) -> Request:
    size, funds = body.get("size"), body.get("funds")
    if size not in (None, ""):
        return market_request(product, side, _lots(product, size, "size"), client_id, "")
    try:
        units(funds, product.listing.price_decimals)
        lots = desk.lots_for(product, side, number(funds))
    except UnitError as error:
        refusal = Refusal.PRICE_PRECISION if error.too_fine else Refusal.BAD_REQUEST
        text = f"funds is too accurate: {funds}" if error.too_fine else "size or funds is required"
        raise OrderRefusedError(refusal, text) from None
    if not lots:
        empty = not desk.walk(product, side).lots
        raise OrderRefusedError(Refusal.LIQUIDITY if empty else Refusal.FUNDS_SMALL)
    return market_request(product, side, lots, client_id, str(funds))


def _limit(product: Product, side: Side, body: Fields, client_id: str, now_ns: int) -> Request:
    tif = _word(body, "time_in_force", _TIFS, Tif.GTC, Refusal.BAD_REQUEST)
    post_only = body.get("post_only") or False
    if not isinstance(post_only, bool) or (post_only and tif in (Tif.IOC, Tif.FOK)):
        raise OrderRefusedError(Refusal.BAD_REQUEST, "Invalid post_only")
    stop = body.get("stop") or None
    if (
        stop is not None
        and _word({"stop": stop}, "stop", _STOPS, None, Refusal.BAD_REQUEST) != side
    ):
        raise OrderRefusedError(Refusal.STOP_DIRECTION)
    expire = 0
    if tif is Tif.GTD:
        after = _word(body, "cancel_after", _AFTER_NS, None, Refusal.END_TIME)
        expire = now_ns + after
    floor = body.get("max_floor")
    return Request(
        product.listing.id,
        side,
        Type.STOP_LIMIT if stop else Type.LIMIT,
        _lots(product, body.get("size"), "size"),
        price=_ticks(product, body.get("price"), "price"),
        stop_price=_ticks(product, body.get("stop_price"), "stop_price") if stop else 0,
        tif=tif,
        post_only=post_only and not stop,
        display=_lots(product, floor, "max_floor") if floor not in (None, "") else 0,
        expire_at_ns=expire,
        client_id=client_id,
        tag=Note(),
    )


def _lots(product: Product, value: object, name: str) -> int:
    try:
        return units(value, product.listing.size_decimals)
    except UnitError as error:
        if not error.too_fine:
            raise OrderRefusedError(Refusal.BAD_REQUEST, f"Invalid {name}") from None
        raise OrderRefusedError(Refusal.SIZE_PRECISION, f"{name} is too accurate") from None


def _ticks(product: Product, value: object, name: str) -> int:
    try:
        return units(value, product.listing.price_decimals)
    except UnitError as error:
        if not error.too_fine:
            raise OrderRefusedError(Refusal.BAD_REQUEST, f"Invalid {name}") from None
        raise OrderRefusedError(Refusal.PRICE_PRECISION, f"{name} too precise: {value}") from None
