"""REST of the simulated Coinbase: public Advanced Trade data, and what clients ask for at start."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import orjson
from aiohttp import web

from sim.feed.coinbase import CoinbaseFeed
from sim.feed.coinbase_exchange import ExchangeFeed
from sim.feed.coinbase_product import Product
from sim.market.event import Side
from sim.wire import coinbase as wire
from sim.wire.decimal import iso_time, trimmed

from .coinbase_account import AdvancedAccount
from .coinbase_auth import Authenticator
from .coinbase_call import BadRequestError, Call, Gate, Manner, Reply
from .coinbase_desk import CoinbaseDesk
from .coinbase_exchange_rest import ExchangeRest
from .coinbase_orders import AdvancedOrders
from .coinbase_rate import Buckets, Rate
from .counts import Counts
from .keys import ApiKey

BROKERAGE = "/api/v3/brokerage"
CANDLES_MAX = 350
TRADES_MAX = 1000
_GRANULARITIES = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1800,
    "ONE_HOUR": 3600,
    "TWO_HOUR": 7200,
    "FOUR_HOUR": 14_400,
    "SIX_HOUR": 21_600,
    "ONE_DAY": 86_400,
}


_PUBLIC = Rate(10, 10)
_PRIVATE = Rate(30, 30)
_EXCHANGE_PUBLIC = Rate(10, 15)
_EXCHANGE_PRIVATE = Rate(15, 30)
_EXCHANGE_FILLS = Rate(10, 20)


@dataclass(frozen=True, slots=True)
class RestRates:
    """How often clients may ask: a public caller is an address, a private one an account."""

    public: Rate = _PUBLIC
    private: Rate = _PRIVATE
    exchange_public: Rate = _EXCHANGE_PUBLIC
    exchange_private: Rate = _EXCHANGE_PRIVATE
    exchange_fills: Rate = _EXCHANGE_FILLS


class CoinbaseRest:
    """Answers below `/api/v3/brokerage` and `/v2`, and for the Exchange at the root."""

    def __init__(
        self,
        feed: CoinbaseFeed,
        now_ns: Callable[[], int],
        counts: Counts,
        rates: RestRates,
        desk: CoinbaseDesk | None,
        auth: Authenticator,
        orders: ExchangeFeed | None,
    ) -> None:
        self._feed = feed
        self._now_ns = now_ns
        self._desk = desk
        self._auth = auth
        self._gate = Gate(counts, _MANNER)
        self._public = Buckets(rates.public)
        self._private = Buckets(rates.private)
        self._exchange: ExchangeRest | None = None
        if desk is not None and orders is not None:
            buckets = [
                Buckets(rate)
                for rate in (rates.exchange_public, rates.exchange_private, rates.exchange_fills)
            ]
            self._exchange = ExchangeRest(desk, orders, now_ns, counts, auth, buckets)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add every route."""
        for path, reply in self._public_replies().items():
            router.add_get(path, self._gate.handler(reply, self._public, None))
        for path, reply in self._twin_replies().items():
            public = self._gate.handler(reply, self._public, None)
            router.add_get(f"{BROKERAGE}/market{path}", public)
            # Without a signature the twin of a public path answers as that path does.
            router.add_get(BROKERAGE + path, self._gate.handler(reply, self._public, self._maybe))
        if self._desk is not None:
            orders = AdvancedOrders(self._desk, self._now_ns)
            for method, path, reply in (*orders.routes(), *AdvancedAccount(self._desk).routes()):
                handler = self._gate.handler(reply, self._private, self._signed)
                router.add_route(method, BROKERAGE + path, handler)
            old = self._gate.handler(
                AdvancedAccount(self._desk).old_accounts, self._private, self._signed_old
            )
            router.add_get("/v2/accounts", old)
        if self._exchange is not None:
            self._exchange.add_routes(router)

    def _public_replies(self) -> dict[str, Reply]:
        return {
            f"{BROKERAGE}/time": lambda _: wire.server_time(self._now_ns()),
            "/v2/time": self._old_time,
            "/v2/currencies": self._currencies,
            "/v2/currencies/crypto": self._crypto,
            "/v2/exchange-rates": self._rates,
        }

    def _twin_replies(self) -> dict[str, Reply]:
        return {
            "/products": self._products,
            "/products/{product}": self._product,
            "/products/{product}/ticker": self._ticker,
            "/products/{product}/candles": self._candles,
            "/product_book": self._product_book,
            "/best_bid_ask": self._best_bid_ask,
        }

    def _signed(self, request: web.Request, body: bytes) -> ApiKey:
        return self._auth.request(request.method, request.rel_url.raw_path, request.headers, body)

    def _signed_old(self, request: web.Request, body: bytes) -> ApiKey:
        path, mark, query = request.raw_path.partition("?")
        return self._auth.request(request.method, path, request.headers, body, mark + query)

    def _maybe(self, request: web.Request, body: bytes) -> ApiKey | None:
        names = ("Authorization", "CB-ACCESS-KEY")
        known = self._desk is not None and any(name in request.headers for name in names)
        return self._signed(request, body) if known else None

    def _products(self, call: Call) -> bytes:
        if call.query.get("product_type", "SPOT") not in ("SPOT", "UNKNOWN_PRODUCT_TYPE"):
            return orjson.dumps({"products": [], "num_products": 0})
        wanted = call.listed("product_ids")
        names = [name for name in self._feed.product_ids if not wanted or name in wanted]
        limit, offset = call.number("limit", len(names), 10**9), call.number("offset", 0, 10**9)
        return self._feed.products_reply(names[offset : offset + limit])

    def _product(self, call: Call) -> bytes:
        return self._feed.product_row(self._known(call.part("product")).id)

    def _product_book(self, call: Call) -> bytes:
        product = self._known(call.query.get("product_id", ""))
        # A limit of zero is the same as none, as proto3 has it.
        return self._feed.book_reply(product.id, call.number("limit", 0, 10**9) or None)

    def _best_bid_ask(self, call: Call) -> bytes:
        names = call.listed("product_ids") or self._feed.product_ids
        books = []
        for product in map(self._known, names):
            bids, asks = (product.book.side(side).levels(1) for side in Side)
            books.append(wire.price_book(product.listing, self._now_ns(), bids, asks))
        return orjson.dumps({"pricebooks": books})

    def _ticker(self, call: Call) -> bytes:
        product = self._known(call.part("product"))
        newest_first = list(reversed(product.recent))[: call.number("limit", 100, TRADES_MAX)]
        rows = [
            wire.trade_row(product.listing, printed) | {"bid": "", "ask": "", "exchange": "CBE"}
            for printed in newest_first
        ]
        touch, decimals = product.touch, product.listing.price_decimals
        best = {
            "best_bid": trimmed(touch.bid, decimals),
            "best_ask": trimmed(touch.ask, decimals),
        }
        return orjson.dumps({"trades": rows} | best)

    def _candles(self, call: Call) -> bytes:
        product = self._known(call.part("product"))
        period = _GRANULARITIES.get(call.query.get("granularity", "ONE_MINUTE"))
        if period is None:
            raise BadRequestError(400, "INVALID_ARGUMENT", "granularity is unknown")
        start, end = call.number("start", 0, 10**10), call.number("end", 10**10, 10**10)
        limit = call.number("limit", CANDLES_MAX, CANDLES_MAX)
        found = product.candles_of(period, CANDLES_MAX)
        rows = [
            wire.candle_row(product.listing, candle)
            for candle in reversed(found)
            if start <= candle.start <= end
        ]
        return orjson.dumps({"candles": rows[:limit]})

    def _known(self, name: str) -> Product:
        found = self._feed.products.by_id.get(name)
        if found is None:
            raise BadRequestError(404, "NOT_FOUND", f"valid product_id is required: {name}")
        return found

    def _old_time(self, _: Call) -> bytes:
        now = self._now_ns()
        return orjson.dumps({"data": {"iso": iso_time(now, 0), "epoch": now // 10**9}})

    def _currencies(self, _: Call) -> bytes:
        rows = [{"id": "USD", "name": "US Dollar", "min_size": "0.01"}]
        return orjson.dumps({"data": rows})

    def _crypto(self, _: Call) -> bytes:
        codes = dict.fromkeys(listing.base for listing in self._feed.listings)
        rows = [
            {"code": code, "name": code, "exponent": 8, "type": "crypto", "sort_index": 100 + i}
            for i, code in enumerate(codes)
        ]
        return orjson.dumps({"data": rows})

    def _rates(self, call: Call) -> bytes:
        """Return what one unit of the asked currency buys, at the last price, to ten digits."""
        worth = {"USD": Decimal(1)}
        for product in self._feed.products.by_id.values():
            listing = product.listing
            worth[listing.base] = Decimal(product.stats.last).scaleb(-listing.price_decimals)
        currency = call.query.get("currency", "USD")
        if currency not in worth:
            raise BadRequestError(400, "INVALID_ARGUMENT", f"invalid currency: {currency}")
        rates = {code: f"{worth[currency] / value:.10f}" for code, value in worth.items()}
        return orjson.dumps({"data": {"currency": currency, "rates": rates}})


_MANNER = Manner(
    unsigned=lambda _: web.Response(status=401, text="Unauthorized\n"),
    too_many=orjson.dumps(
        {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]}
    ),
    refusal=wire.rest_error,
    has_headers=True,
)
