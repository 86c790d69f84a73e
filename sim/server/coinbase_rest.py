"""REST of the simulated Coinbase: public Advanced Trade data, and what clients ask for at start."""

from asyncio import get_running_loop
from collections.abc import Awaitable, Callable
from decimal import Decimal

import orjson
from aiohttp import web

from sim.feed.coinbase import CoinbaseFeed
from sim.market.event import Side
from sim.wire import coinbase as wire

from .counts import Counts, RateWindow, Rule

BROKERAGE = "/api/v3/brokerage"


class CoinbaseRest:
    """Answers below `/api/v3/brokerage` and `/v2`, within a rate an address."""

    def __init__(
        self, feed: CoinbaseFeed, now_ns: Callable[[], int], counts: Counts, requests_per_s: int
    ) -> None:
        self._feed = feed
        self._now_ns = now_ns
        self._counts = counts
        self._requests_per_s = requests_per_s
        self._windows: dict[str, RateWindow] = {}

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add every route."""
        replies: dict[str, Callable[[web.Request], bytes]] = {
            f"{BROKERAGE}/market/products": self._products,
            f"{BROKERAGE}/products": self._products,
            f"{BROKERAGE}/market/products/{{product}}": self._product,
            f"{BROKERAGE}/market/product_book": self._product_book,
            f"{BROKERAGE}/time": lambda _: wire.server_time(self._now_ns()),
            "/v2/currencies": self._currencies,
            "/v2/currencies/crypto": self._crypto,
            "/v2/exchange-rates": self._rates,
        }
        for path, reply in replies.items():
            router.add_get(path, self._handler(reply))

    def _handler(
        self, reply: Callable[[web.Request], bytes]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            self._counts.requests += 1
            window = RateWindow(self._requests_per_s, 1.0)
            window = self._windows.setdefault(request.remote or "", window)
            if not window.allow(get_running_loop().time()):
                self._counts.violations[Rule.REST_RATE] += 1
                return _respond(429, _TOO_MANY)
            try:
                return _respond(200, reply(request))
            except _BadRequestError as error:
                self._counts.refused += 1
                return _respond(error.status, wire.rest_error(error.name, str(error)))

        return answer

    def _products(self, request: web.Request) -> bytes:
        if request.query.get("product_type", "SPOT") != "SPOT":
            return orjson.dumps({"products": [], "num_products": 0})
        return self._feed.products_reply()

    def _product(self, request: web.Request) -> bytes:
        return self._feed.product_row(self._known(request.match_info["product"]))

    def _product_book(self, request: web.Request) -> bytes:
        limit = request.query.get("limit")
        if limit is not None and not (limit.isascii() and limit.isdigit() and len(limit) < 10):
            raise _BadRequestError(400, "INVALID_ARGUMENT", "limit is not a number")
        product = self._known(request.query.get("product_id", ""))
        # A limit of zero is the same as none, as proto3 has it.
        return self._feed.book_reply(product, int(limit or 0) or None)

    def _known(self, product: str) -> str:
        if product not in self._feed.product_ids:
            raise _BadRequestError(404, "NOT_FOUND", f"valid product_id is required: {product}")
        return product

    def _currencies(self, _: web.Request) -> bytes:
        rows = [{"id": "USD", "name": "US Dollar", "min_size": "0.01"}]
        return orjson.dumps({"data": rows})

    def _crypto(self, _: web.Request) -> bytes:
        codes = [listing.base for listing in self._feed.listings]
        rows = [
            {"code": code, "name": code, "exponent": 8, "type": "crypto", "sort_index": 100 + i}
            for i, code in enumerate(codes)
        ]
        return orjson.dumps({"data": rows})

    def _rates(self, request: web.Request) -> bytes:
        """Return what one unit of the asked currency buys, at the bid, to ten digits."""
        worth = {"USD": Decimal(1)}
        for listing in self._feed.listings:
            bid = self._feed.book(wire.product_of(listing)).side(Side.BID).price_at(0)
            worth[listing.base] = Decimal(bid).scaleb(-listing.price_decimals)
        currency = request.query.get("currency", "USD")
        if currency not in worth:
            raise _BadRequestError(400, "INVALID_ARGUMENT", f"invalid currency: {currency}")
        rates = {code: f"{worth[currency] / value:.10f}" for code, value in worth.items()}
        return orjson.dumps({"data": {"currency": currency, "rates": rates}})


class _BadRequestError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name


_TOO_MANY = orjson.dumps(
    {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]}
)


def _respond(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
