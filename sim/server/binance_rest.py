"""REST of the simulated Binance: HTTP around what answers both it and the WebSocket API."""

from collections.abc import Mapping

from aiohttp import web

from sim.feed.binance import MICROSECOND, MILLISECOND

from .binance_call import OF_REQUEST, Dispatcher, Endpoint, Proof, Security
from .binance_desk import Desk
from .binance_error import ApiError
from .binance_limits import Meter, OverLimitError, WeightLimits
from .binance_market import as_json
from .binance_params import Params, merge
from .binance_wallet import PREFIX
from .counts import Counts, Rule

WEIGHT_HEADERS = ("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M")
ORDER_HEADERS = ("X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1D")
_UNITS = {"MILLISECOND": MILLISECOND, "MICROSECOND": MICROSECOND}

#: Endpoints by method and path below `/api/v3/`, by their names at the WebSocket API.
PATHS = {
    ("GET", "ping"): "ping",
    ("GET", "time"): "time",
    ("GET", "exchangeInfo"): "exchangeInfo",
    ("GET", "depth"): "depth",
    ("GET", "trades"): "trades.recent",
    ("GET", "historicalTrades"): "trades.historical",
    ("GET", "aggTrades"): "trades.aggregate",
    ("GET", "klines"): "klines",
    ("GET", "uiKlines"): "uiKlines",
    ("GET", "avgPrice"): "avgPrice",
    ("GET", "ticker/bookTicker"): "ticker.book",
    ("GET", "ticker/price"): "ticker.price",
    ("GET", "ticker/24hr"): "ticker.24hr",
    ("GET", "ticker/tradingDay"): "ticker.tradingDay",
    ("GET", "ticker"): "ticker",
    ("POST", "order"): "order.place",
    ("POST", "order/test"): "order.test",
    ("GET", "order"): "order.status",
    ("DELETE", "order"): "order.cancel",
    ("POST", "order/cancelReplace"): "order.cancelReplace",
    ("PUT", "order/amend/keepPriority"): "order.amend.keepPriority",
    ("GET", "openOrders"): "openOrders.status",
    ("DELETE", "openOrders"): "openOrders.cancelAll",
    ("GET", "allOrders"): "allOrders",
    ("GET", "myTrades"): "myTrades",
    ("GET", "account"): "account.status",
    ("GET", "account/commission"): "account.commission",
    ("GET", "rateLimit/order"): "account.rateLimits.orders",
    ("GET", "openOrderList"): "openOrderLists.status",
    ("GET", "allOrderList"): "allOrderLists",
    ("GET", "orderList"): "orderList.status",
    ("DELETE", "orderList"): "orderList.cancel",
    ("POST", "order/oco"): "orderList.place",
    ("POST", "orderList/oco"): "orderList.place.oco",
    ("POST", "orderList/oto"): "orderList.place.oto",
    ("POST", "orderList/otoco"): "orderList.place.otoco",
    ("POST", "orderList/opo"): "orderList.place.opo",
    ("POST", "orderList/opoco"): "orderList.place.opoco",
}
_REMOVED = "userDataStream"  # keys to listen with, which are gone


class Meters:
    """What each address has used."""

    def __init__(self, limits: WeightLimits) -> None:
        self._limits = limits
        self._meters: dict[str, Meter] = {}

    def of(self, address: str | None) -> Meter:
        """Return the meter of an address."""
        return self._meters.setdefault(address or "", Meter(self._limits))


class BinanceRest:
    """Answers `/api/v3` and a part of `/sapi/v1`; every reply tells the weight used."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        dispatcher: Dispatcher,
        desk: Desk | None,
        meters: Meters,
        counts: Counts,
    ) -> None:
        self._endpoints = {key: endpoints[name] for key, name in PATHS.items() if name in endpoints}
        self._endpoints |= {("GET", name): endpoints[name] for name in endpoints if name[0] == "/"}
        self._paths = {path for _, path in self._endpoints}
        self._dispatcher = dispatcher
        self._desk = desk
        self._meters = meters
        self._counts = counts

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request of any path below `/api/v3/` or `/sapi/v1/`."""
        self._counts.requests += 1
        path = request.path if request.path.startswith(PREFIX) else request.match_info["path"]
        endpoint = self._endpoints.get((request.method, path))
        if endpoint is None:
            self._counts.refused += 1
            if path == _REMOVED:
                return web.Response(status=410, text="Gone")
            return web.Response(status=405 if path in self._paths else 404)
        body = (await request.read()).decode(errors="surrogateescape")
        meter = self._meters.of(request.remote)
        headers: dict[str, str] = {}
        try:
            answer, account = self._perform(endpoint, request, body, meter)
            status = 200
            if endpoint.counts and self._desk is not None:
                counts = self._desk.order_counts(account)
                headers.update(zip(ORDER_HEADERS, map(str, counts), strict=True))
        except ApiError as error:
            answer, status = error.body(), error.status
            self._refused(error, headers)
        if self._desk is not None:
            self._desk.flush()
        headers.update(dict.fromkeys(WEIGHT_HEADERS, str(meter.used)))
        return web.Response(
            status=status,
            body=as_json(answer),
            content_type="application/json",
            charset="utf-8",
            headers=headers,
        )

    def _perform(
        self, endpoint: Endpoint, request: web.Request, body: str, meter: Meter
    ) -> tuple[object, int]:
        if "X-MBX-SBE" in request.headers:
            raise ApiError(-1155, "SBE is not enabled.")
        query = request.raw_path.partition("?")[2]
        values = merge(query, body)
        if endpoint.security is Security.SIGNED:
            free = OF_REQUEST - {"timestamp", "recvWindow"}
            proof = Proof(
                request.headers.get("X-MBX-APIKEY"),
                (_unsigned(query) + _unsigned(body)).encode(errors="surrogateescape"),
                values.get("signature"),
            )
        else:
            free, proof = OF_REQUEST, Proof(None)
        name = request.headers.get("X-MBX-TIME-UNIT", "MILLISECOND").upper()
        if name not in _UNITS:
            message = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
            raise ApiError(-1194, message)
        params = Params(values, free)
        return self._dispatcher.perform(endpoint, params, proof, meter, _UNITS[name])

    def _refused(self, error: ApiError, headers: dict[str, str]) -> None:
        count_refusal(self._counts, error)
        if isinstance(error, OverLimitError) and error.wait_s is not None:
            headers["Retry-After"] = str(error.wait_s)


def count_refusal(counts: Counts, error: ApiError) -> None:
    """Count a refused request, and by its rule where the client asked too much."""
    if not isinstance(error, OverLimitError):
        counts.refused += 1
    elif error.status == 418:
        counts.violations[Rule.BANNED] += 1
    else:
        rule = Rule.WEIGHT if error.wait_s is not None else Rule.ORDER_RATE
        counts.violations[rule] += 1


def _unsigned(raw: str) -> str:
    """Return a query or body as signed: without the signature, all else as it was sent."""
    return "&".join(part for part in raw.split("&") if not part.startswith("signature="))
