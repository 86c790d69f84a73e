"""Orders at the simulated Binance, as REST and the WebSocket API answer them."""

from collections.abc import Callable

from engine.code import Reason
from sim.exchange.order import Order, OrderStatus
from sim.wire import binance_order as wire

from .binance_account import NO_DISCOUNT, rates, told
from .binance_call import Answer, Call, Endpoint, Security
from .binance_desk import Desk
from .binance_entry import Draft, draft, read_order
from .binance_error import ApiError, missing, neither, refused
from .binance_filters import Filters
from .binance_market import MarketData
from .binance_params import Params

_RESTRICTIONS = {
    "ONLY_NEW": OrderStatus.NEW,
    "ONLY_PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
}
_MODES = ("STOP_ON_FAILURE", "ALLOW_FAILURE")
_RATE_MODES = ("DO_NOTHING", "CANCEL_ONLY")


class Trading:
    """Enters, changes and ends orders of whoever asks."""

    def __init__(self, desk: Desk, market: MarketData) -> None:
        self._desk = desk
        self._market = market

    def endpoints(self) -> dict[str, Endpoint]:
        """Return every endpoint by its name at the WebSocket API."""
        signed = Security.SIGNED
        return {
            "order.place": Endpoint(self._place, 1, signed, free=True, counts=True),
            "order.test": Endpoint(self._test, _test_weight, signed),
            "order.status": Endpoint(self._status, 4, signed),
            "order.cancel": Endpoint(self._cancel, 1, signed, free=True),
            "order.cancelReplace": Endpoint(
                self._cancel_replace, 1, signed, free=True, counts=True
            ),
            "order.amend.keepPriority": Endpoint(self._amend, 4, signed, free=True),
            "openOrders.cancelAll": Endpoint(self._cancel_all, 1, signed, free=True),
            "orderList.status": Endpoint(_refuse(-2018, "Order list does not exist."), 4, signed),
            "orderList.cancel": Endpoint(_refuse(-2011, "Unknown order sent."), 1, signed),
            **{
                f"orderList.place{kind}": Endpoint(_refuse(-2010, _NO_OCO), 1, signed)
                for kind in ("", ".oco", ".oto", ".otoco", ".opo", ".opoco")
            },
        }

    # Entering.

    def _draft(self, call: Call) -> Draft:
        """Read and check a new order, the last of what a request holds."""
        listing = self._market.listing(call.params)
        wish = read_order(call.params, self._desk.new_id)
        call.done()
        return draft(wish, listing, self._desk)

    def _place(self, call: Call) -> object:
        return self._enter(call, self._draft(call))

    def _enter(self, call: Call, new: Draft) -> wire.Fields:
        order, fills = self._desk.place(call.account, new)
        listing, ticket = new.listing, new.ticket
        match new.response:
            case "ACK":
                return wire.ack(listing, order, ticket, call.unit)
            case "RESULT":
                return wire.result(listing, order, ticket, call.unit)
            case _:
                return wire.full(listing, order, ticket, call.unit, fills)

    def _test(self, call: Call) -> object:
        with_rates = call.params.flag("computeCommissionRates")
        new = self._draft(call)
        self._desk.check_entry(call.account, new)
        if not with_rates:
            return {}
        found = rates(self._desk, new.listing)
        nothing = dict.fromkeys(("maker", "taker"), wire.rate_text(0))
        return {
            "standardCommissionForOrder": {name: found[name] for name in ("maker", "taker")},
            "specialCommissionForOrder": nothing,
            "taxCommissionForOrder": nothing,
            "discount": NO_DISCOUNT,
        }

    # Ending and changing.

    def _find(self, account: int, params: Params, names: tuple[str, str]) -> Order | None:
        """Return the order that a request names by one of two parameters, or by both."""
        listing = self._market.listing(params)
        order_id, client_id = params.integer(names[0]), params.client_id(names[1])
        if order_id is None and client_id is None:
            raise neither(names[1], names[0])
        order = self._desk.find(account, listing, order_id, client_id)
        if order and client_id not in {None, self._desk.ticket(order).client_id}:
            raise ApiError(-2039, "Client order ID is not correct for this order ID.")
        return order

    def _status(self, call: Call) -> object:
        order = self._find(call.account, call.params, ("orderId", "origClientOrderId"))
        call.done()
        if order is None:
            raise ApiError(-2013, "Order does not exist.")
        return told(self._desk, order, call.unit)

    def _cancel(self, call: Call) -> object:
        params = call.params
        order = self._find(call.account, params, ("orderId", "origClientOrderId"))
        cancel_id = params.client_id("newClientOrderId") or self._desk.new_id()
        only = _restriction(params)
        call.done()
        return self._end(order, cancel_id, only, call.unit)

    def _end(
        self, order: Order | None, cancel_id: str, only: OrderStatus | None, unit: int
    ) -> wire.Fields:
        if order is None or not order.open:
            raise refused(Reason.UNKNOWN_ORDER)
        if only is not None and order.status is not only:
            raise ApiError(-2011, "Order was not canceled due to cancel restrictions.")
        self._desk.cancel(order, cancel_id)
        listing = self._desk.exchange.listing(order.listing)
        return wire.canceled(listing, order, self._desk.ticket(order), unit)

    def _cancel_all(self, call: Call) -> object:
        listing = self._market.listing(call.params)
        call.done()
        orders = self._desk.open_orders(call.account, listing)
        if not orders:
            raise refused(Reason.UNKNOWN_ORDER)
        return [self._end(order, self._desk.new_id(), None, call.unit) for order in orders]

    def _cancel_replace(self, call: Call) -> object:
        params, account = call.params, call.account
        error = ApiError(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
        mode = params.choice("cancelReplaceMode", _MODES, error)
        if mode is None:
            raise missing("cancelReplaceMode")
        name = "orderRateLimitExceededMode"
        error = ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")
        rate_mode = params.choice(name, _RATE_MODES, error)
        order = self._find(account, params, ("cancelOrderId", "cancelOrigClientOrderId"))
        cancel_id = params.client_id("cancelNewClientOrderId") or self._desk.new_id()
        only = _restriction(params)
        new = self._draft(call)
        if rate_mode != "CANCEL_ONLY":
            self._desk.check_order_limits(account)
        canceled = _attempt(lambda: self._end(order, cancel_id, only, call.unit))
        entered: wire.Fields | ApiError | None = None
        if mode == "ALLOW_FAILURE" or not isinstance(canceled, ApiError):
            entered = _attempt(lambda: self._enter(call, new))
        return _both(canceled, entered)

    def _amend(self, call: Call) -> object:
        params = call.params
        order = self._find(call.account, params, ("orderId", "origClientOrderId"))
        client_id = params.client_id("newClientOrderId") or self._desk.new_id()
        qty = params.decimal("newQty")
        call.done()
        if qty is None:
            raise missing("newQty")
        if order is None or not order.open:
            raise ApiError(-2013, "Order does not exist.")
        listing = self._desk.exchange.listing(order.listing)
        lots = Filters(listing).lots(qty)
        if lots == order.qty:
            raise ApiError(-2038, "The requested action would change no state; rejecting.")
        ticket = self._desk.ticket(order)
        old_id = ticket.client_id
        execution = self._desk.amend(order, lots, client_id)
        return wire.amended(listing, order, ticket, call.unit, old_id, execution)


_NO_OCO = "OCO orders are not supported for this symbol."


def _refuse(code: int, message: str) -> Answer:
    def answer(_: Call) -> object:
        raise ApiError(code, message)

    return answer


def _restriction(params: Params) -> OrderStatus | None:
    text = "Invalid cancelRestrictions"
    word = params.choice("cancelRestrictions", _RESTRICTIONS, ApiError(-1145, text))
    return None if word is None else _RESTRICTIONS[word]


def _attempt(do: Callable[[], wire.Fields]) -> wire.Fields | ApiError:
    try:
        return do()
    except ApiError as error:
        return error


def _both(cancel: wire.Fields | ApiError, new: wire.Fields | ApiError | None) -> object:
    """Return the reply to a cancel and replace; ApiError unless both went well."""
    words = {
        "cancelResult": "FAILURE" if isinstance(cancel, ApiError) else "SUCCESS",
        "newOrderResult": "NOT_ATTEMPTED",
    }
    if new is not None:
        words["newOrderResult"] = "FAILURE" if isinstance(new, ApiError) else "SUCCESS"
    data: dict[str, object] = {
        **words,
        "cancelResponse": cancel.body() if isinstance(cancel, ApiError) else cancel,
        "newOrderResponse": new.body() if isinstance(new, ApiError) else new,
    }
    if "SUCCESS" not in words.values():
        raise ApiError(-2022, "Order cancel-replace failed.", 400, data)
    if set(words.values()) != {"SUCCESS"}:
        raise ApiError(-2021, "Order cancel-replace partially failed.", 409, data)
    return data


def _test_weight(params: Params) -> int:
    return 20 if "computeCommissionRates" in params else 1
