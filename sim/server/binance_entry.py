"""Reads a new order of the simulated Binance: what was sent, by the rules of its type."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from engine.code import Side, State, Stp, Tif, Type
from sim.exchange.order import Request
from sim.market.event import Side as BookSide
from sim.market.listing import Listing
from sim.wire import binance_info as info
from sim.wire.binance_ticket import Ticket

from .binance_error import ApiError, filter_failure, missing, neither, not_required
from .binance_filters import Filters, reached
from .binance_params import E8, Params

# What each type needs: a limit price, a time in force, a stop price.
_NEEDS = {
    "LIMIT": (True, True, False),
    "LIMIT_MAKER": (True, False, False),
    "MARKET": (False, False, False),
    "STOP_LOSS": (False, False, True),
    "STOP_LOSS_LIMIT": (True, True, True),
    "TAKE_PROFIT": (False, False, True),
    "TAKE_PROFIT_LIMIT": (True, True, True),
}
_TYPES = {
    "LIMIT": Type.LIMIT,
    "LIMIT_MAKER": Type.LIMIT,
    "MARKET": Type.MARKET,
    "STOP_LOSS": Type.STOP,
    "STOP_LOSS_LIMIT": Type.STOP_LIMIT,
    "TAKE_PROFIT": Type.MARKET,
    "TAKE_PROFIT_LIMIT": Type.LIMIT,
}
_TIFS = {"GTC": Tif.GTC, "IOC": Tif.IOC, "FOK": Tif.FOK}
_STPS = {
    "NONE": Stp.NONE,
    "EXPIRE_TAKER": Stp.CANCEL_TAKER,
    "EXPIRE_MAKER": Stp.CANCEL_MAKER,
    "EXPIRE_BOTH": Stp.CANCEL_BOTH,
    "DECREMENT": Stp.DECREMENT,
}
_RESPONSES = ("ACK", "RESULT", "FULL")
STRATEGY_TYPE_MIN = 1_000_000
ALGO = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})


class Prices(Protocol):
    """What an order is checked against; prices in ticks, 0 where nothing traded."""

    def last(self, listing: Listing) -> int:
        """Return the price of the last trade."""

    def average(self, listing: Listing) -> int:
        """Return the average price of the last minutes."""

    def state(self, listing: Listing) -> State:
        """Return the trading state."""

    def levels(self, listing: Listing, side: BookSide) -> list[tuple[int, int]]:
        """Return (price, lots) of one side of the book, best first."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that may be entered: what goes to the market, and how it was spelled."""

    listing: Listing
    request: Request
    ticket: Ticket
    response: str

    @property
    def waits_for_profit(self) -> bool:
        """Whether the order waits for a price that the market core cannot wait for."""
        return self.ticket.type.startswith("TAKE_PROFIT")


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Numbers of an order in 1e-8, 0 where not given."""

    qty: int
    price: int
    stop: int
    display: int


@dataclass(frozen=True, slots=True)
class Wish:
    """A new order as it was sent, by the rules of its type, not yet held against a listing."""

    ticket: Ticket
    side: Side
    numbers: _Numbers
    response: str


def read_order(params: Params, new_id: Callable[[], str]) -> Wish:
    """Read every parameter of a new order but its symbol; ApiError."""
    side = params.choice("side", ("BUY", "SELL"), ApiError(-1117, "Invalid side."))
    kind = params.choice("type", _NEEDS, ApiError(-1116, "Invalid orderType."))
    if side is None or kind is None:
        raise missing("side" if side is None else "type")
    needs_price, needs_tif, needs_stop = _NEEDS[kind]
    tif = params.choice("timeInForce", _TIFS, ApiError(-1115, "Invalid timeInForce."))
    price, stop = params.decimal("price"), _stop(params)
    for name, value, needed in (("timeInForce", tif, needs_tif), ("price", price, needs_price)):
        if needed and value is None:
            raise missing(name)
        if value is not None and not needed:
            raise not_required(name)
    if needs_stop and stop is None:
        raise neither("stopPrice", "trailingDelta")
    if stop is not None and not needs_stop:
        raise not_required("stopPrice")
    qty, quote_qty = _quantities(params, kind)
    display = params.decimal("icebergQty") or 0
    if display and not needs_price:
        raise not_required("icebergQty")
    if display and tif not in {None, "GTC"}:
        raise ApiError(-1014, "Unsupported order combination.")
    for name, value in (("quantity", qty), ("price", price), ("stopPrice", stop)):
        if value == 0:
            raise ApiError(-1013, f"Invalid {name}.")
    ticket = Ticket(
        client_id=params.client_id("newClientOrderId") or new_id(),
        type=kind,
        tif=tif or "GTC",
        stp=_stp(params),
        quote_qty=quote_qty or 0,
        strategy_id=params.integer("strategyId"),
        strategy_type=_strategy_type(params),
    )
    numbers = _Numbers(qty or 0, price or 0, stop or 0, display)
    return Wish(ticket, Side.BUY if side == "BUY" else Side.SELL, numbers, _response(params, kind))


def draft(wish: Wish, listing: Listing, prices: Prices) -> Draft:
    """Hold an order against the filters and the prices of its listing; ApiError."""
    ticket, side, numbers = wish.ticket, wish.side, wish.numbers
    filters = Filters(listing)
    price = filters.ticks(numbers.price) if numbers.price else 0
    ticket.stop_price = filters.ticks(numbers.stop) if numbers.stop else 0
    display = filters.lots(numbers.display) if numbers.display else 0
    if prices.state(listing) in {State.HALTED, State.CANCEL_ONLY}:
        raise ApiError(-2010, "Market is closed.")
    if ticket.quote_qty:
        lots = _lots_for_quote(listing, side, ticket.quote_qty, prices)
    else:
        lots = filters.lots(numbers.qty)
    ticket.lots = lots
    request = Request(
        listing=listing.id,
        side=side,
        type=_TYPES[ticket.type],
        qty=lots,
        price=price,
        stop_price=0 if ticket.type.startswith("TAKE") else ticket.stop_price,
        tif=Tif.IOC if ticket.type == "MARKET" else _TIFS[ticket.tif],
        stp=_STPS[ticket.stp],
        post_only=ticket.type == "LIMIT_MAKER",
        display=display,
        client_id=ticket.client_id,
        tag=ticket,
    )
    _check(filters, request, ticket, prices)
    return Draft(listing, request, ticket, wish.response)


def _stop(params: Params) -> int | None:
    if params.integer("trailingDelta") is not None:
        raise ApiError(-2010, "Trailing stop orders are not supported for this symbol.")
    return params.decimal("stopPrice")


def _quantities(params: Params, kind: str) -> tuple[int | None, int | None]:
    """Return (quantity, quoteOrderQty), of which exactly one is there."""
    qty, quote_qty = params.decimal("quantity"), params.decimal("quoteOrderQty")
    if kind != "MARKET":
        if quote_qty is not None:
            raise not_required("quoteOrderQty")
        if qty is None:
            raise missing("quantity")
    elif qty is None and quote_qty is None:
        raise neither("quantity", "quoteOrderQty")
    elif qty is not None and quote_qty is not None:
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    elif quote_qty == 0:
        raise ApiError(-1013, "Invalid quote order qty.")
    return qty, quote_qty


def _stp(params: Params) -> str:
    message = "This symbol does not allow the specified self-trade prevention mode."
    error = ApiError(-1013, message)
    mode = params.choice("selfTradePreventionMode", info.STP_MODES, error)
    return mode or info.DEFAULT_STP


def _strategy_type(params: Params) -> int | None:
    value = params.integer("strategyType")
    if value is not None and value < STRATEGY_TYPE_MIN:
        raise ApiError(-1134, "strategyType was less than 1000000.")
    return value


def _response(params: Params, kind: str) -> str:
    error = ApiError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    default = "FULL" if kind in {"MARKET", "LIMIT"} else "ACK"
    return params.choice("newOrderRespType", _RESPONSES, error) or default


def _lots_for_quote(listing: Listing, side: Side, quote_qty: int, prices: Prices) -> int:
    """Return the lots that an amount of the quote asset (in 1e-8) buys or is paid for now."""
    opposite = BookSide.ASK if side is Side.BUY else BookSide.BID
    scale: int = 10 ** (listing.price_decimals + listing.size_decimals)
    left, lots = quote_qty * scale // E8, 0
    for price, shown in prices.levels(listing, opposite):
        taken = min(shown, left // price)
        lots += taken
        left -= taken * price
        if taken < shown:
            break
    if not lots:
        message = "Order book liquidity is less than LOT_SIZE filter minimum quantity."
        raise ApiError(-2010, message)
    if not listing.qty_min <= lots <= listing.qty_max:
        raise filter_failure("LOT_SIZE")
    return lots


def _check(filters: Filters, request: Request, ticket: Ticket, prices: Prices) -> None:
    listing = filters.listing
    if request.display:
        filters.check_iceberg(request.qty, request.display)
    average = prices.average(listing)
    if request.price:
        filters.check_band(request.price, average)
    is_market = request.type is Type.MARKET
    notional = request.qty * (request.price or ticket.stop_price or average)
    if ticket.quote_qty:
        scale: int = 10 ** (listing.price_decimals + listing.size_decimals)
        notional = ticket.quote_qty * scale // E8
    if notional or not is_market:  # where nothing traded yet, a market order has no notional
        filters.check_notional(notional, is_market)
    takes_profit = ticket.type.startswith("TAKE_PROFIT")
    last = prices.last(listing)
    if ticket.stop_price and reached(last, ticket.stop_price, request.side, takes_profit):
        raise ApiError(-2010, "Order would trigger immediately.")


def parked(order: Draft, last: int) -> Request:
    """Return an order that holds a take-profit order's place and funds, and is never reached."""
    request = order.request
    beyond = min(order.listing.price_max, 100 * max(last, order.ticket.stop_price))
    return replace(
        request,
        type=Type.STOP_LIMIT,
        price=request.price or order.ticket.stop_price,
        stop_price=beyond if request.side is Side.BUY else order.listing.price_min,
        tif=Tif.GTC,
    )
