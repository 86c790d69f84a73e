"""REST of the simulated Coinbase Exchange: market data, orders, fills and balances."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

import orjson
from aiohttp import web

from engine.code import RATE_ONE, State
from sim.exchange.order import Order, Refused, Request
from sim.feed.coinbase_exchange import ExchangeFeed
from sim.feed.coinbase_product import Product
from sim.market.event import Side
from sim.wire import coinbase_exchange as wire
from sim.wire import coinbase_exchange_order as rows
from sim.wire.coinbase import product_of
from sim.wire.coinbase_id import name_uuid, order_uuid

from .coinbase_auth import Authenticator
from .coinbase_call import BadRequestError, Call, Gate, Manner, Reply
from .coinbase_desk import CoinbaseDesk
from .coinbase_exchange_entry import read_exchange_order
from .coinbase_rate import Buckets
from .coinbase_refusal import OrderRefusedError, Refusal
from .counts import Counts
from .keys import ApiKey

PAGE = 100
PAGE_MAX = 1000
CANDLES = 300
_PERIODS = (60, 300, 900, 3600, 21_600, 86_400)
_OPEN = ("open", "pending", "active")
_HISTORY = 10_000
_FILLS = 50_000
_Row = TypeVar("_Row")


class ExchangeRest:
    """Answers at the root of the server; `buckets` are public, private, and that of fills."""

    def __init__(
        self,
        desk: CoinbaseDesk,
        orders: ExchangeFeed,
        now_ns: Callable[[], int],
        counts: Counts,
        auth: Authenticator,
        buckets: Sequence[Buckets],
    ) -> None:
        self._desk = desk
        self._feed = orders
        self._now_ns = now_ns
        self._auth = auth
        self._gate = Gate(counts, _MANNER)
        self._public, self._private, self._fill_buckets = buckets
        self._rejected = 0

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add every route."""
        public: dict[str, Reply] = {
            "/products": self._products,
            "/products/{product}": lambda call: orjson.dumps(self._row(self._product(call))),
            "/products/{product}/book": self._book,
            "/products/{product}/trades": self._trades,
            "/products/{product}/ticker": self._ticker,
            "/products/{product}/stats": self._stats,
            "/products/{product}/candles": self._candles,
            "/currencies": lambda _: orjson.dumps(self._feed.currencies()),
            "/currencies/{currency}": self._currency,
            "/time": lambda _: wire.time_reply(self._now_ns()),
        }
        private: list[tuple[str, str, Reply]] = [
            ("POST", "/orders", self._place),
            ("GET", "/orders", self._orders),
            ("DELETE", "/orders", self._cancel_all),
            ("GET", "/orders/{order}", self._order),
            ("DELETE", "/orders/{order}", self._cancel),
            ("GET", "/accounts", self._accounts),
            ("GET", "/accounts/{wallet}", self._wallet),
            ("GET", "/fees", self._fees),
            ("GET", "/profiles", self._profiles),
        ]
        for path, reply in public.items():
            router.add_get(path, self._gate.handler(reply, self._public, None))
        for method, path, reply in private:
            handler = self._gate.handler(reply, self._private, self._signed)
            router.add_route(method, path, handler)
        fills = self._gate.handler(self._fills, self._fill_buckets, self._signed)
        router.add_get("/fills", fills)

    def _signed(self, request: web.Request, body: bytes) -> ApiKey:
        headers = request.headers
        return self._auth.exchange_request(request.method, request.raw_path, headers, body)

    # Market data.

    def _product(self, call: Call) -> Product:
        found = self._desk.products.by_id.get(call.part("product"))
        if found is None:
            raise BadRequestError(404, "", "NotFound")
        return found

    def _row(self, product: Product) -> dict[str, object]:
        return wire.product_row(product.listing, product.state)

    def _products(self, _: Call) -> bytes:
        return orjson.dumps([self._row(p) for p in self._desk.products.by_id.values()])

    def _book(self, call: Call) -> bytes:
        product = self._product(call)
        level = call.query.get("level", "1")
        if level not in ("1", "2", "3"):
            raise BadRequestError(400, "", "Invalid level")
        book, limit = self._desk.exchange.book(product.listing.id), 1 if level == "1" else None
        sides: dict[Side, Sequence[tuple[int, int, int | str]]] = {
            side: _level3(self._feed.orders(product.id, side))
            if level == "3"
            else book.side(side).counted(limit)
            for side in Side
        }
        sequence = self._feed.sequence(product.id)
        is_auction = product.state is State.AUCTION
        return wire.book_reply(product.listing, sequence, self._now_ns(), is_auction, sides)

    def _trades(self, call: Call) -> bytes:
        product = self._product(call)
        newest_first = list(reversed(product.recent))
        page = _page(newest_first, lambda printed: printed.trade_id, call)
        return orjson.dumps([wire.trade_row(product.listing, printed) for printed in page])

    def _ticker(self, call: Call) -> bytes:
        product = self._product(call)
        last = product.recent[-1] if product.recent else None
        now = self._now_ns()
        return wire.ticker_reply(product.listing, product.stats, product.touch, last, now)

    def _stats(self, call: Call) -> bytes:
        product = self._product(call)
        return wire.stats_reply(product.listing, product.stats)

    def _candles(self, call: Call) -> bytes:
        product = self._product(call)
        period = call.number("granularity", 60, 10**6)
        if period not in _PERIODS:
            raise BadRequestError(400, "", "Unsupported granularity")
        found = reversed(product.candles_of(period, CANDLES))
        return orjson.dumps(wire.candle_rows(product.listing, found))

    def _currency(self, call: Call) -> bytes:
        for row in self._feed.currencies():
            if row["id"] == call.part("currency"):
                return orjson.dumps(row)
        raise BadRequestError(404, "", "NotFound")

    # Orders.

    def _place(self, call: Call) -> bytes:
        account = self._desk.of(call.key)
        request = None
        try:
            request = read_exchange_order(self._desk, call.fields(), self._now_ns())
            order = self._desk.place(account, request)
        except OrderRefusedError as error:
            if error.refusal is Refusal.POST_ONLY and request is not None:
                return self._reject(account, request)
            status = 404 if error.refusal is Refusal.PRODUCT else 400
            raise BadRequestError(status, "", str(error)) from None
        return orjson.dumps(self._order_row(order, "pending"))

    def _reject(self, account: int, request: Request) -> bytes:
        """Answer a post-only order that would take: a normal reply about an order that is none."""
        self._rejected += 1
        listing = self._desk.exchange.listing(request.listing)
        order = Order(
            id=self._rejected,
            account=account,
            client_id=request.client_id,
            listing=request.listing,
            side=request.side,
            type=request.type,
            tif=request.tif,
            stp=request.stp,
            post_only=True,
            price=request.price,
            stop_price=0,
            qty=request.qty,
            display=request.display,
            expire_at_ns=request.expire_at_ns,
            created_ns=self._now_ns(),
            updated_ns=self._now_ns(),
        )
        row = rows.order_row(order, listing, Decimal(0), "rejected")
        own_id = {"id": name_uuid("rejected", account, self._rejected)}
        return orjson.dumps(row | own_id | {"reject_reason": "post only"})

    def _order_row(self, order: Order, status: str | None = None) -> dict[str, object]:
        return rows.order_row(order, self._desk.listing(order), self._desk.fees(order), status)

    def _find(self, call: Call, missing: str) -> Order:
        """Return the order that a path names by its id or by the client's."""
        account, text = self._desk.of(call.key), call.part("order")
        if text.startswith("client:"):
            found = self._desk.exchange.order_by_client_id(account, None, text[7:])
        else:
            found = self._desk.find(account, text)
        if found is None:
            raise BadRequestError(404, "", missing)
        return found

    def _order(self, call: Call) -> bytes:
        return orjson.dumps(self._order_row(self._find(call, "NotFound")))

    def _cancel(self, call: Call) -> bytes:
        order = self._find(call, "order not found")
        if not order.open:
            raise BadRequestError(400, "", "Order already done")
        try:
            self._desk.exchange.cancel(order.account, order.id)
        except Refused:
            raise BadRequestError(400, "", "Trading pair not available") from None
        return orjson.dumps(order_uuid(order.id))

    def _cancel_all(self, call: Call) -> bytes:
        account, name = self._desk.of(call.key), call.query.get("product_id")
        listing = None
        if name:
            product = self._desk.products.by_id.get(name)
            if product is None:
                raise BadRequestError(404, "", "Product not found")
            listing = product.listing.id
        try:
            canceled = self._desk.exchange.cancel_all(account, listing)
        except Refused:
            raise BadRequestError(400, "", "Trading pair not available") from None
        return orjson.dumps([order_uuid(order.id) for order in canceled])

    def _orders(self, call: Call) -> bytes:
        account, products = self._desk.of(call.key), call.listed("product_id")
        wanted = call.listed("status") or list(_OPEN)
        found = [
            order
            for order in reversed(self._desk.exchange.history(account, limit=_HISTORY))
            if ("all" in wanted or rows.status_of(order) in wanted)
            and (not products or product_of(self._desk.listing(order)) in products)
        ]
        page = _page(found, lambda order: order.id, call)
        return orjson.dumps([self._order_row(order) for order in page])

    def _fills(self, call: Call) -> bytes:
        account, exchange = self._desk.of(call.key), self._desk.exchange
        ids, products = call.listed("order_id"), call.listed("product_id")
        if not ids and not products:
            raise BadRequestError(400, "", "product_id or order_id is required")
        found = [
            fill
            for fill in reversed(exchange.fills(account, limit=_FILLS))
            if (not ids or order_uuid(fill.order_id) in ids)
            and (not products or product_of(exchange.listing(fill.listing)) in products)
        ]
        page = _page(found, lambda fill: fill.trade_id, call)
        return orjson.dumps(
            [
                rows.fill_row(
                    fill,
                    exchange.listing(fill.listing),
                    exchange.fee_amount(fill.listing, fill.fee),
                )
                for fill in page
            ]
        )

    # Money.

    def _balances(self, account: int) -> list[dict[str, object]]:
        held = self._desk.exchange.balances(account)
        nothing = Decimal(0)
        found = []
        for asset in sorted(self._desk.exchange.assets.names):
            balance = held.get(asset)
            free, locked = (balance.free, balance.locked) if balance else (nothing, nothing)
            found.append(rows.account_row(account, asset, free, locked))
        return found

    def _accounts(self, call: Call) -> bytes:
        return orjson.dumps(self._balances(self._desk.of(call.key)))

    def _wallet(self, call: Call) -> bytes:
        for row in self._balances(self._desk.of(call.key)):
            if row["id"] == call.part("wallet"):
                return orjson.dumps(row)
        raise BadRequestError(404, "", "NotFound")

    def _fees(self, call: Call) -> bytes:
        exchange = self._desk.exchange
        rates = [exchange.fee_rates(listing.id) for listing in exchange.listings]
        maker, taker = rates[0] if rates else (0, 0)
        volume = Decimal(0)
        for fill in exchange.fills(self._desk.of(call.key), limit=_FILLS):
            listing = exchange.listing(fill.listing)
            decimals = listing.price_decimals + listing.size_decimals
            volume += Decimal(fill.price * fill.lots).scaleb(-decimals)
        return orjson.dumps(
            {
                "taker_fee_rate": rows.rate_text(Decimal(taker) / RATE_ONE),
                "maker_fee_rate": rows.rate_text(Decimal(maker) / RATE_ONE),
                "usd_volume": rows.money(volume, 2),
            }
        )

    def _profiles(self, call: Call) -> bytes:
        return orjson.dumps([rows.profile_row(self._desk.of(call.key))])


def _level3(orders: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int | str]]:
    return [(price, lots, order_uuid(order)) for price, lots, order in orders]


def _page(found: Sequence[_Row], number: Callable[[_Row], int], call: Call) -> list[_Row]:
    """Return a page of rows that come newest first, and name its ends in the answer's headers."""
    limit = call.number("limit", PAGE, PAGE_MAX)
    after, before = call.number("after", 0, 10**18), call.number("before", 0, 10**18)
    page = [
        row
        for row in found
        if (not after or number(row) < after) and (not before or number(row) > before)
    ]
    page = page[-limit:] if before and not after else page[:limit]
    if page:
        call.headers["CB-BEFORE"] = str(number(page[0]))
        call.headers["CB-AFTER"] = str(number(page[-1]))
    return page


_MANNER = Manner(
    unsigned=lambda reason: web.Response(
        status=401, body=wire.message_reply(reason), content_type="application/json"
    ),
    too_many=wire.message_reply("Public rate limit exceeded"),
    refusal=lambda _, message: wire.message_reply(message),
)
