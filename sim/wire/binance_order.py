"""Binance spot: the JSON of orders and of the account's trades."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, Decimal

from engine.code import Reason, Side, Tif, Type
from sim.exchange.order import Fill, Order, OrderStatus
from sim.market.listing import Listing

from .binance_symbol import symbol_of
from .binance_ticket import Ticket
from .decimal import padded

NO_LIST = -1
Fields = dict[str, object]

ZERO = Decimal(0)
_E8 = Decimal("0.00000001")
_SIDES = {Side.BUY: "BUY", Side.SELL: "SELL"}


def price_text(listing: Listing, ticks: int) -> str:
    """Spell a price."""
    return padded(ticks, listing.price_decimals)


def qty_text(listing: Listing, lots: int) -> str:
    """Spell a quantity of the base asset."""
    return padded(lots, listing.size_decimals)


def quote_text(listing: Listing, amount: int) -> str:
    """Spell ticks times lots as an amount of the quote asset, cut to eight decimals."""
    return padded(amount * 10**8 // 10 ** (listing.price_decimals + listing.size_decimals), 8)


def fee_text(listing: Listing, fee: int) -> str:
    """Spell a fee in 1e-8 of a tick times a lot, cut towards zero; a rebate is negative."""
    cut = padded(abs(fee) // 10 ** (listing.price_decimals + listing.size_decimals), 8)
    return f"-{cut}" if fee < 0 else cut


def amount_text(amount: Decimal) -> str:
    """Spell a balance, cut to eight decimals."""
    return f"{amount.quantize(_E8, ROUND_DOWN):f}"


def rate_text(rate: int) -> str:
    """Spell a fee rate in 1e-8 parts; a rebate is negative."""
    return f"-{padded(-rate, 8)}" if rate < 0 else padded(rate, 8)


def side_name(side: Side) -> str:
    """Return BUY or SELL."""
    return _SIDES[side]


def status_name(order: Order) -> str:
    """Return an order's status; a stop that the market refused when it was reached has expired."""
    status = OrderStatus.EXPIRED if order.status is OrderStatus.REJECTED else order.status
    return status.value


def expiry_reason(order: Order) -> str | None:
    """Return why an order expired, None if it did not."""
    if order.status not in {OrderStatus.EXPIRED, OrderStatus.REJECTED}:
        return None
    if order.reason is Reason.INSUFFICIENT_BALANCE:
        return "INSUFFICIENT_BALANCES"
    if order.type in {Type.MARKET, Type.STOP}:
        return "INSUFFICIENT_LIQUIDITY"
    if order.tif is Tif.FOK:
        return "UNFILLED_FOK_ORDER_EXPIRED"
    return "UNFILLED_IOC_QUANTITY_EXPIRED"


def _head(listing: Listing, order: Order, ticket: Ticket) -> Fields:
    return {
        "symbol": symbol_of(listing),
        "orderId": ticket.shown(order).id,
        "orderListId": NO_LIST,
        "clientOrderId": ticket.client_id,
    }


def _amounts(listing: Listing, order: Order, ticket: Ticket) -> Fields:
    return {
        "price": price_text(listing, ticket.price(order)),
        "origQty": qty_text(listing, order.qty),
        "executedQty": qty_text(listing, order.filled),
    }


def _kinds(order: Order, ticket: Ticket) -> Fields:
    return {
        "status": status_name(order),
        "timeInForce": ticket.tif,
        "type": ticket.type,
        "side": side_name(order.side),
    }


def _working_stamp(order: Order, unit: int) -> int:
    return order.working_ns // unit if order.working_ns else -1


def _conditional(listing: Listing, order: Order, ticket: Ticket) -> Fields:
    """Return the fields that only some orders have."""
    fields: Fields = {}
    if ticket.stop_price:
        fields["stopPrice"] = price_text(listing, ticket.stop_price)
    if order.display:
        fields["icebergQty"] = qty_text(listing, order.display)
    return fields | _rare(listing, order, ticket)


def _rare(listing: Listing, order: Order, ticket: Ticket) -> Fields:
    fields: Fields = {}
    if ticket.prevented_id:
        fields["preventedMatchId"] = ticket.prevented_id
        fields["preventedQuantity"] = qty_text(listing, ticket.prevented)
    if ticket.strategy_id is not None:
        fields["strategyId"] = ticket.strategy_id
    if ticket.strategy_type is not None:
        fields["strategyType"] = ticket.strategy_type
    if reason := expiry_reason(order):
        fields["expiryReason"] = reason
    return fields


def ack(listing: Listing, order: Order, ticket: Ticket, unit: int) -> Fields:
    """Return the shortest reply to a new order; `unit` is the ns of a time stamp's unit."""
    return _head(listing, order, ticket) | {"transactTime": order.updated_ns // unit}


def result(listing: Listing, order: Order, ticket: Ticket, unit: int) -> Fields:
    """Return the reply to a new order without its fills."""
    return {
        **ack(listing, order, ticket, unit),
        **_amounts(listing, order, ticket),
        "origQuoteOrderQty": padded(ticket.quote_qty, 8),
        "cummulativeQuoteQty": quote_text(listing, order.notional),
        **_kinds(order, ticket),
        **_conditional(listing, order, ticket),
        "workingTime": _working_stamp(order, unit),
        "selfTradePreventionMode": ticket.stp,
    }


def full(
    listing: Listing, order: Order, ticket: Ticket, unit: int, fills: Iterable[Fill]
) -> Fields:
    """Return the reply to a new order with its fills."""
    rows = [
        {
            "price": price_text(listing, fill.price),
            "qty": qty_text(listing, fill.lots),
            "commission": fee_text(listing, fill.fee),
            "commissionAsset": listing.quote,
            "tradeId": fill.trade_id,
        }
        for fill in fills
    ]
    return {**result(listing, order, ticket, unit), "fills": rows}


def queried(listing: Listing, order: Order, ticket: Ticket, unit: int) -> Fields:
    """Return an order as queries tell it."""
    return {
        **_head(listing, order, ticket),
        **_amounts(listing, order, ticket),
        "cummulativeQuoteQty": quote_text(listing, order.notional),
        **_kinds(order, ticket),
        "stopPrice": price_text(listing, ticket.stop_price),
        "icebergQty": qty_text(listing, order.display),
        "time": ticket.shown(order).created_ns // unit,
        "updateTime": order.updated_ns // unit,
        "isWorking": order.working,
        "workingTime": _working_stamp(order, unit),
        "origQuoteOrderQty": padded(ticket.quote_qty, 8),
        "selfTradePreventionMode": ticket.stp,
        **_rare(listing, order, ticket),
    }


def canceled(listing: Listing, order: Order, ticket: Ticket, unit: int) -> Fields:
    """Return the reply to a cancel, whose own client id stands where the order's did."""
    return {
        "symbol": symbol_of(listing),
        "origClientOrderId": ticket.client_id,
        "orderId": ticket.shown(order).id,
        "orderListId": NO_LIST,
        "clientOrderId": ticket.cancel_id,
        "transactTime": order.updated_ns // unit,
        **_amounts(listing, order, ticket),
        "origQuoteOrderQty": padded(ticket.quote_qty, 8),
        "cummulativeQuoteQty": quote_text(listing, order.notional),
        **_kinds(order, ticket),
        **_conditional(listing, order, ticket),
        "selfTradePreventionMode": ticket.stp,
    }


def amended(
    listing: Listing, order: Order, ticket: Ticket, unit: int, old_id: str, execution_id: int
) -> Fields:
    """Return the reply to an amendment."""
    amended_order = {
        "symbol": symbol_of(listing),
        "orderId": ticket.shown(order).id,
        "orderListId": NO_LIST,
        "origClientOrderId": old_id,
        "clientOrderId": ticket.client_id,
        "price": price_text(listing, ticket.price(order)),
        "qty": qty_text(listing, order.qty),
        "executedQty": qty_text(listing, order.filled),
        "preventedQty": qty_text(listing, ticket.prevented),
        "quoteOrderQty": padded(ticket.quote_qty, 8),
        "cumulativeQuoteQty": quote_text(listing, order.notional),
        **_kinds(order, ticket),
        "workingTime": _working_stamp(order, unit),
        "selfTradePreventionMode": ticket.stp,
    }
    stamp = order.updated_ns // unit
    return {"transactTime": stamp, "executionId": execution_id, "amendedOrder": amended_order}


def my_trade(listing: Listing, fill: Fill, order_id: int, unit: int) -> Fields:
    """Return one trade of the account."""
    return {
        "symbol": symbol_of(listing),
        "id": fill.trade_id,
        "orderId": order_id,
        "orderListId": NO_LIST,
        "price": price_text(listing, fill.price),
        "qty": qty_text(listing, fill.lots),
        "quoteQty": quote_text(listing, fill.price * fill.lots),
        "commission": fee_text(listing, fill.fee),
        "commissionAsset": listing.quote,
        "time": fill.ts_ns // unit,
        "isBuyer": fill.side is Side.BUY,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def balances(rows: Iterable[tuple[str, Decimal, Decimal]]) -> Sequence[Fields]:
    """Return (asset, free, locked) as the account tells them."""
    return [
        {"asset": asset, "free": amount_text(free), "locked": amount_text(locked)}
        for asset, free, locked in rows
    ]
