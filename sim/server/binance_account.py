"""Accounts at the simulated Binance: what their owners may ask, over REST and the WebSocket API."""

from collections.abc import Iterable

from sim.exchange.order import Fill, Order
from sim.market.listing import Listing
from sim.wire import binance_order as wire
from sim.wire.binance_symbol import symbol_of
from sim.wire.binance_ticker import DAY_NS

from .binance_call import Call, Endpoint, Security
from .binance_desk import Desk
from .binance_error import ApiError
from .binance_market import MarketData, period, within
from .binance_params import Params

_PAGE_MAX = 1000
_BASIS_POINT = 10_000  # in 1e-8 parts
NO_DISCOUNT = {
    "enabledForAccount": False,
    "enabledForSymbol": False,
    "discountAsset": "BNB",
    "discount": "0.00000000",
}


class Queries:
    """Answers what an account has and had."""

    def __init__(self, desk: Desk, market: MarketData) -> None:
        self._desk = desk
        self._market = market

    def endpoints(self) -> dict[str, Endpoint]:
        """Return every endpoint by its name at the WebSocket API."""
        signed = Security.SIGNED
        return {
            "openOrders.status": Endpoint(self._open_orders, _open_weight, signed),
            "allOrders": Endpoint(self._all_orders, 20, signed),
            "myTrades": Endpoint(self._my_trades, _trades_weight, signed),
            "account.status": Endpoint(self._account, 20, signed),
            "account.commission": Endpoint(self._commission, 20, signed),
            "account.rateLimits.orders": Endpoint(self._order_counts, 40, signed),
            "openOrderLists.status": Endpoint(self._no_lists, 6, signed),
            "allOrderLists": Endpoint(self._all_lists, 20, signed),
        }

    def _open_orders(self, call: Call) -> object:
        listing = self._market.listing(call.params) if "symbol" in call.params else None
        call.done()
        orders = self._desk.open_orders(call.account, listing)
        return [told(self._desk, order, call.unit) for order in orders]

    def _all_orders(self, call: Call) -> object:
        params = call.params
        listing, limit = self._market.listing(params), params.limit(500, _PAGE_MAX)
        first, (start, end) = params.integer("orderId"), _day(params)
        call.done()
        rows = [
            order
            for order in self._desk.history(call.account, listing)
            if self._desk.ticket(order).shown(order).id >= (first or 0)
            and within(self._desk.ticket(order).shown(order).created_ns, start, end)
        ]
        forwards = first is not None or start is not None
        rows = rows[:limit] if forwards else rows[-limit:]
        return [told(self._desk, order, call.unit) for order in rows]

    def _my_trades(self, call: Call) -> object:
        params = call.params
        listing, limit = self._market.listing(params), params.limit(500, _PAGE_MAX)
        of_order, first = params.integer("orderId"), params.integer("fromId")
        start, end = _day(params)
        call.done()
        rows: list[tuple[Fill, int]] = [
            (fill, order_id)
            for fill, order_id in self._desk.fills(call.account, listing)
            if of_order in {None, order_id}
            and fill.trade_id >= (first or 0)
            and within(fill.ts_ns, start, end)
        ]
        forwards = first is not None or start is not None
        rows = rows[:limit] if forwards else rows[-limit:]
        return [wire.my_trade(listing, fill, shown, call.unit) for fill, shown in rows]

    def _account(self, call: Call) -> object:
        without_zeros = call.params.flag("omitZeroBalances")
        call.done()
        exchange = self._desk.exchange
        maker, taker = exchange.fee_rates(exchange.listings[0].id)
        funds = {row[0]: row for row in self._desk.funds(call.account)}
        assets: Iterable[str] = funds if without_zeros else exchange.assets.names
        rows = [funds.get(asset, (asset, wire.ZERO, wire.ZERO)) for asset in assets]
        return {
            "makerCommission": maker // _BASIS_POINT,
            "takerCommission": taker // _BASIS_POINT,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": rates(self._desk, exchange.listings[0]),
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": self._desk.changed_ns(call.account) // call.unit,
            "accountType": "SPOT",
            "balances": wire.balances(rows),
            "permissions": ["SPOT"],
            "uid": call.account,
        }

    def _commission(self, call: Call) -> object:
        listing = self._market.listing(call.params)
        call.done()
        nothing = dict.fromkeys(("maker", "taker", "buyer", "seller"), wire.rate_text(0))
        return {
            "symbol": symbol_of(listing),
            "standardCommission": rates(self._desk, listing),
            "specialCommission": nothing,
            "taxCommission": nothing,
            "discount": NO_DISCOUNT,
        }

    def _order_counts(self, call: Call) -> object:
        call.done()
        return self._desk.order_limits(call.account)

    # Order lists, of which there are none.

    def _no_lists(self, call: Call) -> object:
        call.done()
        return []

    def _all_lists(self, call: Call) -> object:
        for name in ("fromId", "startTime", "endTime", "limit"):
            call.params.integer(name)
        return self._no_lists(call)


def told(desk: Desk, order: Order, unit: int) -> wire.Fields:
    """Return an order as queries tell it; `unit` is the ns of a time stamp's unit."""
    listing = desk.exchange.listing(order.listing)
    return wire.queried(listing, order, desk.ticket(order), unit)


def rates(desk: Desk, listing: Listing) -> dict[str, str]:
    """Return what trading a listing costs, as parts of one."""
    maker, taker = desk.exchange.fee_rates(listing.id)
    zero = wire.rate_text(0)
    return {
        "maker": wire.rate_text(maker),
        "taker": wire.rate_text(taker),
        "buyer": zero,
        "seller": zero,
    }


def _day(params: Params) -> tuple[int | None, int | None]:
    """Return a period in ns that may be no longer than a day."""
    start, end = period(params)
    if start is not None and end is not None and end - start > DAY_NS:
        raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
    return start, end


def _open_weight(params: Params) -> int:
    return 6 if "symbol" in params else 80


def _trades_weight(params: Params) -> int:
    return 5 if "orderId" in params else 20
