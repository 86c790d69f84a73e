"""Private REST of the simulated Advanced Trade: what was ordered and filled, and the money."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

import orjson

from engine.code import RATE_ONE
from sim.exchange.exchange import Balance
from sim.exchange.order import Fill, Order
from sim.wire import coinbase_order as wire
from sim.wire.coinbase import product_of
from sim.wire.coinbase_id import name_uuid, order_uuid
from sim.wire.coinbase_units import plain, time_ns

from .coinbase_call import BadRequestError, Call, Reply
from .coinbase_desk import CoinbaseDesk

ORDERS_MAX = 1000
FILLS_MAX = 1000
ACCOUNTS_MAX = 250
_HISTORY = 10_000
_FILLS = 50_000
_NOTHING = Balance(Decimal(0), Decimal(0))
_FIAT = ("USD", "EUR", "GBP")
_Row = TypeVar("_Row")


class AdvancedAccount:
    """Answers the requests of signed clients about their own orders and money."""

    def __init__(self, desk: CoinbaseDesk) -> None:
        self._desk = desk

    def routes(self) -> list[tuple[str, str, Reply]]:
        """Return (method, path below the brokerage, reply)."""
        return [
            ("GET", "/orders/historical/batch", self._orders),
            ("GET", "/orders/historical/fills", self._fills),
            ("GET", "/orders/historical/{order}", self._order),
            ("GET", "/accounts", self._accounts),
            ("GET", "/accounts/{uuid}", self._wallet),
            ("GET", "/transaction_summary", self._summary),
            ("GET", "/key_permissions", self._permissions),
            ("GET", "/portfolios", self._portfolios),
        ]

    # What was.

    def _orders(self, call: Call) -> bytes:
        account = self._desk.of(call.key)
        times = _times(call, "start_date", "end_date")
        rows = [
            order
            for order in self._history(account)
            if order.created_ns in times and self._wanted(call, order)
        ]
        limit = call.number("limit", ORDERS_MAX, ORDERS_MAX)
        page, cursor, more = _page(rows, lambda o: order_uuid(o.id), call, limit)
        found = [self._row(order) for order in page]
        tail = {"sequence": "0", "has_next": more, "cursor": cursor}
        return orjson.dumps({"orders": found} | tail)

    def _history(self, account: int) -> Iterable[Order]:
        return reversed(self._desk.exchange.history(account, limit=_HISTORY))

    def _wanted(self, call: Call, order: Order) -> bool:
        """Tell whether an order is among those that a query asks for."""
        asked = (
            (call.listed("order_ids"), order_uuid(order.id)),
            (call.listed("product_ids", "product_id"), product_of(self._desk.listing(order))),
            (call.listed("order_status"), wire.status_of(order)),
            (call.listed("order_side"), wire.side_of(order.side)),
            (call.listed("order_types", "order_type"), order.type.name),
        )
        return not any(texts and found not in texts for texts, found in asked)

    def _order(self, call: Call) -> bytes:
        order = self._desk.find(self._desk.of(call.key), call.part("order"))
        if order is None:
            raise BadRequestError(404, "NOT_FOUND", "order with this orderID was not found")
        return orjson.dumps({"order": self._row(order)})

    def _row(self, order: Order) -> dict[str, object]:
        return wire.order_row(order, self._desk.listing(order), self._desk.fees(order))

    def _fills(self, call: Call) -> bytes:
        account, exchange = self._desk.of(call.key), self._desk.exchange
        ids = call.listed("order_ids", "order_id")
        products = call.listed("product_ids", "product_id")
        times = _times(call, "start_sequence_timestamp", "end_sequence_timestamp")
        found = [
            fill
            for fill in reversed(exchange.fills(account, limit=_FILLS))
            if fill.ts_ns in times
            and (not products or product_of(exchange.listing(fill.listing)) in products)
            and (not ids or order_uuid(fill.order_id) in ids)
        ]
        limit = call.number("limit", 100, FILLS_MAX)
        page, cursor, _ = _page(found, _fill_cursor, call, limit)
        rows = [
            wire.fill_row(
                fill, exchange.listing(fill.listing), exchange.fee_amount(fill.listing, fill.fee)
            )
            for fill in page
        ]
        return orjson.dumps({"fills": rows, "cursor": cursor})

    # Money.

    def _accounts(self, call: Call) -> bytes:
        account = self._desk.of(call.key)
        rows = [_wallet(account, *item) for item in sorted(self._balances(account).items())]
        limit = call.number("limit", 49, ACCOUNTS_MAX)
        page, cursor, more = _page(rows, lambda row: str(row["uuid"]), call, limit)
        tail = {"has_next": more, "cursor": cursor, "size": len(page)}
        return orjson.dumps({"accounts": page} | tail)

    def old_accounts(self, call: Call) -> bytes:
        """Return the balances in the older form, which some clients still read: totals only."""
        account = self._desk.of(call.key)
        rows = [_old_wallet(account, *item) for item in sorted(self._balances(account).items())]
        page = {"ending_before": None, "starting_after": None, "next_starting_after": None}
        tail = {"limit": len(rows), "order": "desc", "previous_uri": None, "next_uri": None}
        return orjson.dumps({"pagination": page | tail, "data": rows})

    def _balances(self, account: int) -> dict[str, Balance]:
        """Return the balance of every asset of the venue, also of those that the account lacks."""
        held = self._desk.exchange.balances(account)
        return {asset: held.get(asset, _NOTHING) for asset in self._desk.exchange.assets.names}

    def _wallet(self, call: Call) -> bytes:
        account = self._desk.of(call.key)
        for item in self._balances(account).items():
            row = _wallet(account, *item)
            if row["uuid"] == call.part("uuid"):
                return orjson.dumps({"account": row})
        raise BadRequestError(404, "NOT_FOUND", "account not found")

    def _summary(self, call: Call) -> bytes:
        account, exchange = self._desk.of(call.key), self._desk.exchange
        volume = fees = Decimal(0)
        for fill in exchange.fills(account, limit=_FILLS):
            listing = exchange.listing(fill.listing)
            decimals = listing.price_decimals + listing.size_decimals
            volume += Decimal(fill.price * fill.lots).scaleb(-decimals)
            fees += exchange.fee_amount(fill.listing, fill.fee)
        rates = [exchange.fee_rates(listing.id) for listing in exchange.listings]
        maker, taker = rates[0] if rates else (0, 0)
        tier = {
            "pricing_tier": "Intro 1",
            "usd_from": "0",
            "usd_to": "1000",
            "taker_fee_rate": plain(Decimal(taker) / RATE_ONE),
            "maker_fee_rate": plain(Decimal(maker) / RATE_ONE),
            "aop_from": "",
            "aop_to": "",
        }
        return orjson.dumps(
            {
                "total_volume": float(volume),
                "total_fees": float(fees),
                "fee_tier": tier,
                "margin_rate": None,
                "goods_and_services_tax": None,
                "advanced_trade_only_volume": float(volume),
                "advanced_trade_only_fees": float(fees),
                "coinbase_pro_volume": 0,
                "coinbase_pro_fees": 0,
                "total_balance": "",
                "has_promo_fee": False,
            }
        )

    def _permissions(self, call: Call) -> bytes:
        return orjson.dumps(
            {
                "can_view": True,
                "can_trade": True,
                "can_transfer": False,
                "portfolio_uuid": name_uuid("portfolio", self._desk.of(call.key)),
                "portfolio_type": "DEFAULT",
            }
        )

    def _portfolios(self, call: Call) -> bytes:
        row = {
            "name": "Default",
            "uuid": name_uuid("portfolio", self._desk.of(call.key)),
            "type": "DEFAULT",
            "deleted": False,
        }
        return orjson.dumps({"portfolios": [row]})


def _page(
    rows: list[_Row], cursor_of: Callable[[_Row], str], call: Call, limit: int
) -> tuple[list[_Row], str, bool]:
    """Return the rows after the one that the cursor names, the next cursor, whether more follow."""
    cursor, start = call.query.get("cursor", ""), 0
    if cursor:
        places = [i for i, row in enumerate(rows) if cursor_of(row) == cursor]
        if not places:
            raise BadRequestError(400, "INVALID_ARGUMENT", "cursor is invalid")
        start = places[0] + 1
    page = rows[start : start + limit]
    more = start + limit < len(rows)
    return page, cursor_of(page[-1]) if more else "", more


def _fill_cursor(fill: Fill) -> str:
    return f"{fill.listing}.{fill.trade_id}.{fill.order_id}"


def _times(call: Call, start: str, end: str) -> range:
    """Return the times in ns that a query names."""
    try:
        low = time_ns(call.query[start]) if call.query.get(start) else 0
        high = time_ns(call.query[end]) if call.query.get(end) else 1 << 63
    except (ValueError, OverflowError):
        raise BadRequestError(400, "INVALID_ARGUMENT", f"{start} or {end} is no time") from None
    return range(low, high)


def _wallet(account: int, asset: str, balance: Balance) -> dict[str, object]:
    is_fiat = asset in _FIAT
    return {
        "uuid": name_uuid("wallet", account, asset),
        "name": f"{asset} Wallet",
        "currency": asset,
        "available_balance": {"value": plain(balance.free), "currency": asset},
        "default": asset == "USD",
        "active": True,
        "created_at": "2023-01-01T00:00:00Z",
        "updated_at": "2023-01-01T00:00:00Z",
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if is_fiat else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": {"value": plain(balance.locked), "currency": asset},
        "retail_portfolio_id": name_uuid("portfolio", account),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def _old_wallet(account: int, asset: str, balance: Balance) -> dict[str, object]:
    is_fiat = asset in _FIAT
    kind = "fiat" if is_fiat else "crypto"
    return {
        "id": name_uuid("wallet", account, asset),
        "name": f"{asset} Wallet",
        "primary": asset == "USD",
        "type": "fiat" if is_fiat else "wallet",
        "currency": {"code": asset, "name": asset, "exponent": 8, "type": kind},
        "balance": {"amount": plain(balance.free + balance.locked), "currency": asset},
        "created_at": None,
        "updated_at": None,
        "resource": "account",
        "resource_path": f"/v2/accounts/{asset}",
        "allow_deposits": False,
        "allow_withdrawals": False,
    }
