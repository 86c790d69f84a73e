"""Calls of ccxt for the requests that come by line, and what became of them as a status."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.hosts import ForbiddenHostError
from connectors.testnet.exchange import TIMEOUT_MS
from connectors.testnet.networks import Network
from market.inputs import NO_ANSWER, NOT_SENT

OK = 200
REFUSED = 400
NOT_FOUND = 404

#: Fills of one order that are read; more of them are an error.
TRADES_MAX = 2_000
_PAGE = 1_000
_MESSAGE_MAX = 300
_QUERY = re.compile(r"\?\S*")

Params = Mapping[str, str]


class Answer(NamedTuple):
    """What became of a request: a status, and the data or the words of the error."""

    status: int
    data: object = None
    message: str = ""


class NotSentError(Exception):
    """A request that cannot be sent as it is meant."""


class Calls:
    """The requests of a gateway as calls of one exchange."""

    def __init__(self, ccxt: Any, exchange: Any, network: Network, natives: list[str]) -> None:
        """Serve instruments by the venue's own names; their markets must be loaded."""
        self._ccxt = ccxt
        self._exchange = exchange
        self._network = network
        self._symbols: dict[str, str] = {
            one: exchange.markets_by_id[one][0]["symbol"] for one in natives
        }
        self._assets = {
            asset
            for symbol in self._symbols.values()
            for asset in (exchange.markets[symbol]["baseId"], exchange.markets[symbol]["quoteId"])
        }
        self._methods: dict[str, Callable[[Params], Awaitable[object]]] = {
            "place": self._place,
            "cancel": self._cancel,
            "query": self._query,
            "trades": self._trades,
            "open": lambda _: self._open(""),
            "balances": self._balances,
        }

    def symbol(self, native: str) -> str:
        """Return ccxt's name of an instrument; raises NotSentError."""
        if native not in self._symbols:
            raise NotSentError(f"{native} is not traded here")
        return self._symbols[native]

    def _symbol_in(self, params: Params) -> str:
        return self.symbol(given(params, "native"))

    async def answer(self, method: str, params: Params) -> Answer:
        """Carry out a request; within its time it is answered, whatever happens."""
        call = self._methods.get(method)
        if call is None:
            return Answer(NOT_SENT, message=f"no method {method[:40]}")
        return await self._answered(call(params))

    async def _answered(self, call: Awaitable[object]) -> Answer:
        try:
            async with asyncio.timeout(TIMEOUT_MS / 1000):
                return Answer(OK, await call)
        except (NotSentError, ForbiddenHostError) as error:
            return Answer(NOT_SENT, message=words(error))
        except TimeoutError:
            return Answer(NO_ANSWER, message=f"no answer in {TIMEOUT_MS} ms")
        except self._ccxt.BaseError as error:
            return Answer(self._status(error), message=words(error))

    def _status(self, error: Exception) -> int:
        """Return whether the venue refused, or nobody knows.

        ccxt's bare ExchangeError is also what it makes of an answer that was cut off.
        """
        ccxt = self._ccxt
        if "Duplicate order" in str(error) or isinstance(error, ccxt.DuplicateOrderId):
            # An order of that id is there.
            return NO_ANSWER
        if isinstance(error, ccxt.OrderNotFound):
            return NOT_FOUND
        refusals = (ccxt.RateLimitExceeded, ccxt.DDoSProtection, ccxt.InvalidNonce)
        if isinstance(error, refusals):
            return REFUSED
        if isinstance(error, ccxt.OperationFailed) or type(error) is ccxt.ExchangeError:
            return NO_ANSWER
        return REFUSED

    async def _place(self, params: Params) -> object:
        symbol, amount, price = (
            self._symbol_in(params),
            given(params, "amount"),
            params.get("price"),
        )
        self._same(self._exchange.amount_to_precision(symbol, amount), amount)
        if price is not None:
            self._same(self._exchange.price_to_precision(symbol, price), price)
        more: dict[str, object] = {"clientOrderId": given(params, "client_id")}
        if "post_only" in params:
            more["postOnly"] = True
        elif "tif" in params:
            more["timeInForce"] = params["tif"]
        return self._whole(
            await self._exchange.create_order(
                symbol, given(params, "type"), given(params, "side"), amount, price, more
            )
        )

    def _same(self, rounded: str, meant: str) -> None:
        """Raise NotSentError where ccxt would send another number than was meant."""
        if Decimal(rounded) != Decimal(meant):
            raise NotSentError(f"{meant} is not on the venue's grid")

    async def _cancel(self, params: Params) -> object:
        symbol: str | None = self._symbol_in(params)
        if self._network.venue == "coinbase-exchange":
            # It would be spelled as ccxt's own name of the instrument, which the venue has not.
            symbol = None
        if "venue_id" in params:
            return await self._exchange.cancel_order(params["venue_id"], symbol)
        more = {"clientOrderId": given(params, "client_id")}
        return await self._exchange.cancel_order(None, symbol, more)

    async def _query(self, params: Params) -> object:
        symbol, more = self._symbol_in(params), {"clientOrderId": given(params, "client_id")}
        return self._whole(await self._exchange.fetch_order(None, symbol, more))

    def _whole(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an order as it is; raises ccxt's BadResponse for what ccxt made of no answer."""
        if row.get("id") is None or row.get("status") is None:
            raise self._ccxt.BadResponse("the answer was no order")
        return row

    async def _trades(self, params: Params) -> object:
        """Return all fills of one order, page by page."""
        symbol, venue_id = self._symbol_in(params), given(params, "venue_id")
        is_binance = self._network.venue == "binance"
        # Without an id to begin with, Binance gives the newest page alone.
        more = {"orderId": venue_id, "fromId": "0"} if is_binance else {"order_id": venue_id}
        found: dict[str, object] = {}
        while len(found) < TRADES_MAX:
            page = await self._exchange.fetch_my_trades(symbol, None, _PAGE, more)
            found |= {str(row["id"]): bare(row) for row in page}
            if len(page) < _PAGE:
                return list(found.values())
            ids = [int(row["id"]) for row in page]
            # Binance goes on to newer ones, Coinbase to older ones.
            more |= {"fromId": str(max(ids) + 1)} if is_binance else {"after": str(min(ids))}
        raise NotSentError(f"{TRADES_MAX} fills or more")

    async def open(self, native: str) -> Answer:
        """Return the open orders of an instrument, or what became of the question."""
        return await self._answered(self._open(native))

    async def _open(self, native: str) -> object:
        rows = await self._exchange.fetch_open_orders(self.symbol(native) if native else None)
        return [{**bare(row), "native": self._native(row["symbol"])} for row in rows]

    def _native(self, symbol: str) -> str:
        return str(self._exchange.market(symbol)["id"])

    async def _balances(self, _params: Params) -> object:
        """Return what is not zero, and the assets of the instruments in any case."""
        told = await self._exchange.fetch_balance()
        free, used = told["free"], told["used"]
        return {
            asset: [free[asset], used[asset]]
            for asset in free
            if asset in self._assets or Decimal(free[asset]) or Decimal(used[asset])
        }


def given(params: Params, name: str) -> str:
    """Return a parameter; raises NotSentError without it."""
    if name not in params:
        raise NotSentError(f"no {name}")
    return params[name]


def bare(row: Mapping[str, Any]) -> dict[str, object]:
    """Return a row of a list without the venue's own words, and what nobody reads."""
    return {name: value for name, value in row.items() if name in _READ}


_READ = frozenset(
    (
        *("id", "order", "clientOrderId", "timestamp", "lastUpdateTimestamp", "status"),
        *("price", "amount", "filled", "takerOrMaker", "fee"),
    )
)


def words(error: Exception) -> str:
    """Return an error as one line, without the query of an address, which is signed."""
    text = _QUERY.sub("?…", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}"[:_MESSAGE_MAX]
