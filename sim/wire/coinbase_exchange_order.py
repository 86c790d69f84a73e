"""Coinbase Exchange, orders and money: the JSON of private REST replies."""

from decimal import Decimal
from typing import Any

from engine.code import Side, Stp, Tif, Type
from sim.exchange.order import Fill, Order, OrderStatus
from sim.market.listing import Listing

from .coinbase import product_of
from .coinbase_exchange import price_text, size_text, time_text
from .coinbase_full import profile_id, user_id
from .coinbase_id import name_uuid, order_uuid
from .coinbase_order import note_of
from .decimal import trimmed

STP_NAMES = {
    Stp.NONE: "dc",
    Stp.DECREMENT: "dc",
    Stp.CANCEL_MAKER: "co",
    Stp.CANCEL_TAKER: "cn",
    Stp.CANCEL_BOTH: "cb",
}
_TIFS = {Tif.GTC: "GTC", Tif.GTD: "GTT", Tif.DAY: "GTT", Tif.IOC: "IOC", Tif.FOK: "FOK"}


def status_of(order: Order) -> str:
    """Return the venue's word for where an order stands."""
    if order.open:
        return "active" if order.stop_price and not order.working else "open"
    return "rejected" if order.status is OrderStatus.REJECTED else "done"


def money(value: Decimal, decimals: int = 16) -> str:
    """Spell an amount with all its decimals."""
    return f"{value:.{decimals}f}"


def order_row(
    order: Order, listing: Listing, fees: Decimal, status: str | None = None
) -> dict[str, Any]:
    """Return an order; `status` stands instead of its own, as in the answer to a new one."""
    is_limit = order.type in (Type.LIMIT, Type.STOP_LIMIT)
    value = Decimal(order.notional).scaleb(-listing.price_decimals - listing.size_decimals)
    is_fresh = status is not None
    row: dict[str, Any] = {"id": order_uuid(order.id)}
    if is_limit:
        row["price"] = price_text(listing, order.price)
    row |= {
        "size": size_text(listing, order.qty),
        "product_id": product_of(listing),
        "profile_id": profile_id(order.account),
        "side": "buy" if order.side is Side.BUY else "sell",
        "type": "limit" if is_limit else "market",
        "time_in_force": _TIFS[order.tif],
        "post_only": order.post_only,
        "created_at": time_text(order.created_ns),
        "fill_fees": money(Decimal(0) if is_fresh else fees),
        "filled_size": size_text(listing, 0 if is_fresh else order.filled),
        "executed_value": money(Decimal(0) if is_fresh else value),
        "market_type": "spot",
        "status": status or status_of(order),
        "settled": not order.open and not is_fresh,
        "client_oid": order.client_id,
        "stp": STP_NAMES[order.stp],
    }
    return row | _more(order, listing, is_fresh)


def _more(order: Order, listing: Listing, is_fresh: bool) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if note_of(order).funds:
        row["specified_funds"] = row["funds"] = note_of(order).funds
    if order.display:
        row["max_floor"] = size_text(listing, order.display)
    if order.expire_at_ns:
        row["expire_time"] = time_text(order.expire_at_ns)
    if order.stop_price:
        row["stop"] = "entry" if order.side is Side.BUY else "loss"
        row["stop_price"] = price_text(listing, order.stop_price)
    if not order.open and not is_fresh:
        row["done_at"] = time_text(order.updated_ns)
        filled = order.status is OrderStatus.FILLED
        row["done_reason"] = "filled" if filled else "canceled"
    return row


def fill_row(fill: Fill, listing: Listing, fee: Decimal) -> dict[str, Any]:
    """Return one fill."""
    value = Decimal(fill.price * fill.lots).scaleb(-listing.price_decimals - listing.size_decimals)
    return {
        "created_at": time_text(fill.ts_ns),
        "trade_id": fill.trade_id,
        "product_id": product_of(listing),
        "order_id": order_uuid(fill.order_id),
        "user_id": user_id(fill.account),
        "profile_id": profile_id(fill.account),
        "liquidity": "M" if fill.maker else "T",
        "price": price_text(listing, fill.price),
        "size": size_text(listing, fill.lots),
        "fee": money(fee),
        "side": "buy" if fill.side is Side.BUY else "sell",
        "settled": True,
        "usd_volume": money(value),
        "market_type": "spot",
        "funding_currency": listing.quote,
    }


def wallet_id(account: int, asset: str) -> str:
    """Return the id of the account that holds one asset."""
    return name_uuid("wallet", account, asset)


def account_row(account: int, asset: str, free: Decimal, locked: Decimal) -> dict[str, Any]:
    """Return the balance of one asset."""
    return {
        "id": wallet_id(account, asset),
        "currency": asset,
        "balance": money(free + locked),
        "hold": money(locked),
        "available": money(free),
        "profile_id": profile_id(account),
        "trading_enabled": True,
        "pending_deposit": money(Decimal(0)),
        "display_name": asset,
    }


def profile_row(account: int) -> dict[str, Any]:
    """Return the only profile of an account."""
    return {
        "id": profile_id(account),
        "user_id": user_id(account),
        "name": "default",
        "active": True,
        "is_default": True,
        "has_margin": False,
        "created_at": "2023-01-01T00:00:00Z",
    }


def rate_text(rate: Decimal) -> str:
    """Spell a fee rate."""
    return trimmed(int(rate.scaleb(8)), 8)
