"""Coinbase Advanced Trade, orders: the JSON of REST replies and of the `user` channel.

https://docs.cdp.coinbase.com/advanced-trade/reference
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from engine.code import Side, Tif, Type
from sim.exchange.order import Fill, Order, OrderStatus
from sim.market.listing import Listing

from .coinbase import product_of
from .coinbase_id import name_uuid, order_uuid
from .coinbase_units import plain
from .decimal import iso_time, trimmed

_NEVER = "0001-01-01T00:00:00Z"
_TIFS = {
    Tif.GTC: "GOOD_UNTIL_CANCELLED",
    Tif.DAY: "GOOD_UNTIL_DATE_TIME",
    Tif.GTD: "GOOD_UNTIL_DATE_TIME",
    Tif.IOC: "IMMEDIATE_OR_CANCEL",
    Tif.FOK: "FILL_OR_KILL",
}
_TYPES = {
    Type.LIMIT: "LIMIT",
    Type.MARKET: "MARKET",
    Type.STOP: "STOP",
    Type.STOP_LIMIT: "STOP_LIMIT",
}
_STATUSES = {
    OrderStatus.NEW: "OPEN",
    OrderStatus.PARTIALLY_FILLED: "OPEN",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELLED",
    OrderStatus.EXPIRED: "CANCELLED",
    OrderStatus.EXPIRED_IN_MATCH: "CANCELLED",
    OrderStatus.REJECTED: "FAILED",
}


@dataclass(slots=True)
class Note:
    """What the venue remembers with an order besides what the market does.

    `funds` is the money that a market order was to use, as the client spelled it.
    """

    funds: str = ""
    fills: int = 0


def note_of(order: Order) -> Note:
    """Return the note of an order, an empty one of an order that carries none."""
    return order.tag if isinstance(order.tag, Note) else Note()


def status_of(order: Order) -> str:
    """Return the venue's word for where an order stands."""
    if order.status is OrderStatus.EXPIRED and order.tif in (Tif.GTD, Tif.DAY):
        return "EXPIRED"
    return _STATUSES[order.status]


def side_of(side: Side) -> str:
    """Return the venue's word for a side."""
    return "BUY" if side is Side.BUY else "SELL"


@dataclass(frozen=True, slots=True)
class Amounts:
    """Money and progress of an order, exact."""

    size: str
    filled: str
    left: str
    average: str
    value: Decimal
    fees: Decimal
    total: Decimal
    percent: str

    @classmethod
    def of(cls, order: Order, listing: Listing, fees: Decimal) -> "Amounts":
        """Work out the amounts of an order that has paid so much in fees."""
        decimals = listing.size_decimals
        value = Decimal(order.notional).scaleb(-listing.price_decimals - decimals)
        average = Decimal(0)
        if order.filled:
            ticks = Decimal(order.notional) / order.filled
            average = ticks.scaleb(-listing.price_decimals).quantize(
                Decimal("1e-16"), rounding=ROUND_DOWN
            )
        left = order.remaining if order.open else 0
        return cls(
            size=trimmed(order.qty, decimals),
            filled=trimmed(order.filled, decimals),
            left=trimmed(left, decimals),
            average=plain(average),
            value=value,
            fees=fees,
            total=value + fees if order.side is Side.BUY else value - fees,
            percent=trimmed(order.filled * 10_000 // order.qty if order.qty else 0, 2),
        )


def configuration(order: Order, listing: Listing) -> dict[str, dict[str, Any]]:
    """Return the order as a configuration, the way the venue shows any order."""
    size = {"base_size": trimmed(order.qty, listing.size_decimals)}
    if order.type is Type.MARKET:
        funds = note_of(order).funds
        return {"market_market_ioc": {"quote_size": funds} if funds else size}
    fields: dict[str, Any] = size | {"limit_price": trimmed(order.price, listing.price_decimals)}
    end = {"end_time": iso_time(order.expire_at_ns)} if order.tif is Tif.GTD else {}
    if order.type is Type.STOP_LIMIT:
        up = order.side is Side.BUY
        fields |= {
            "stop_price": trimmed(order.stop_price, listing.price_decimals),
            "stop_direction": f"STOP_DIRECTION_STOP_{'UP' if up else 'DOWN'}",
        }
        name = "stop_limit_stop_limit_gtd" if end else "stop_limit_stop_limit_gtc"
        return {name: fields | end}
    if order.tif is Tif.IOC:
        return {"sor_limit_ioc": fields}
    if order.tif is Tif.FOK:
        return {"limit_limit_fok": fields}
    name = "limit_limit_gtd" if end else "limit_limit_gtc"
    return {name: fields | end | {"post_only": order.post_only}}


def order_row(order: Order, listing: Listing, fees: Decimal) -> dict[str, Any]:
    """Return one order of REST replies."""
    amounts, note = Amounts.of(order, listing, fees), note_of(order)
    is_canceled = status_of(order) == "CANCELLED"
    return {
        "order_id": order_uuid(order.id),
        "product_id": product_of(listing),
        "user_id": name_uuid("user", order.account),
        "order_configuration": configuration(order, listing),
        "side": side_of(order.side),
        "client_order_id": order.client_id,
        "status": status_of(order),
        "time_in_force": _TIFS[Tif.IOC if order.type is Type.MARKET else order.tif],
        "created_time": iso_time(order.created_ns, 6),
        "completion_percentage": amounts.percent,
        "filled_size": amounts.filled,
        "average_filled_price": amounts.average,
        "fee": "",
        "number_of_fills": str(note.fills),
        "filled_value": plain(amounts.value),
        "pending_cancel": False,
        "size_in_quote": bool(note.funds),
        "total_fees": plain(amounts.fees),
        "size_inclusive_of_fees": bool(note.funds),
        "total_value_after_fees": plain(amounts.total),
        "trigger_status": trigger_status(order),
        "order_type": _TYPES[order.type],
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": not order.open,
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": "User requested cancel" if is_canceled else "",
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": plain(_held(order, listing)),
        "is_liquidation": False,
        "last_fill_time": iso_time(order.updated_ns, 6) if order.filled else None,
        "edit_history": [],
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": name_uuid("portfolio", order.account),
        "originating_order_id": "",
        "attached_order_id": "",
    }


def trigger_status(order: Order) -> str:
    """Return whether a stop waits or was triggered."""
    if order.type not in (Type.STOP, Type.STOP_LIMIT):
        return "INVALID_ORDER_TYPE"
    return "STOP_TRIGGERED" if order.working_ns else "STOP_PENDING"


def _held(order: Order, listing: Listing) -> Decimal:
    """Return about what an open order holds back, without its fees, in the asset that it pays."""
    if not order.open:
        return Decimal(0)
    if order.side is Side.SELL:
        return Decimal(order.remaining).scaleb(-listing.size_decimals)
    amount = Decimal(order.remaining * order.price)
    return amount.scaleb(-listing.price_decimals - listing.size_decimals)


def user_row(order: Order, listing: Listing, fees: Decimal) -> dict[str, Any]:
    """Return one order of the `user` channel: cumulative, every field a text."""
    amounts = Amounts.of(order, listing, fees)
    price = listing.price_decimals
    return {
        "avg_price": amounts.average,
        "cancel_reason": "User requested cancel" if status_of(order) == "CANCELLED" else "",
        "client_order_id": order.client_id,
        "completion_percentage": amounts.percent,
        "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE",
        "cumulative_quantity": amounts.filled,
        "filled_value": plain(amounts.value),
        "leaves_quantity": amounts.left,
        "limit_price": trimmed(order.price, price) if order.price else "",
        "number_of_fills": str(note_of(order).fills),
        "order_id": order_uuid(order.id),
        "order_side": side_of(order.side),
        "order_type": _TYPES[order.type].replace("_", " ").title(),
        "outstanding_hold_amount": plain(_held(order, listing)),
        "post_only": "true" if order.post_only else "false",
        "product_id": product_of(listing),
        "product_type": "SPOT",
        "reject_reason": "",
        "retail_portfolio_id": name_uuid("portfolio", order.account),
        "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
        "status": status_of(order),
        "stop_price": trimmed(order.stop_price, price) if order.stop_price else "",
        "time_in_force": _TIFS[Tif.IOC if order.type is Type.MARKET else order.tif],
        "total_fees": plain(amounts.fees),
        "total_value_after_fees": plain(amounts.total),
        "trigger_status": trigger_status(order),
        "creation_time": iso_time(order.created_ns, 6),
        "end_time": iso_time(order.expire_at_ns) if order.expire_at_ns else _NEVER,
        "start_time": _NEVER,
    }


def fill_row(fill: Fill, listing: Listing, fee: Decimal) -> dict[str, Any]:
    """Return one fill of REST replies."""
    return {
        "entry_id": name_uuid("entry", listing.id, fill.trade_id, fill.order_id),
        "trade_id": name_uuid("trade", listing.id, fill.trade_id),
        "order_id": order_uuid(fill.order_id),
        "trade_time": iso_time(fill.ts_ns),
        "trade_type": "FILL",
        "price": trimmed(fill.price, listing.price_decimals),
        "size": trimmed(fill.lots, listing.size_decimals),
        "commission": plain(fee),
        "product_id": product_of(listing),
        "sequence_timestamp": iso_time(fill.ts_ns, 6),
        "liquidity_indicator": "MAKER" if fill.maker else "TAKER",
        "size_in_quote": False,
        "user_id": name_uuid("user", fill.account),
        "side": side_of(fill.side),
        "retail_portfolio_id": name_uuid("portfolio", fill.account),
        "fillSource": "FILL_SOURCE_CLOB",
    }
