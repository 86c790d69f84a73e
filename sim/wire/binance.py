"""Binance spot, public data: the JSON of streams, control frames and REST replies.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from sim.market.event import Print, Touch
from sim.market.listing import Listing

from .decimal import padded

Level = tuple[int, int]
RequestId = int | str | None

_MS = 10**6
_ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
RATE_LIMITS = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
)


def symbol_of(listing: Listing) -> str:
    """Return the venue's symbol, such as `BTCUSDT`."""
    return f"{listing.base}{listing.quote}"


def spell_levels(listing: Listing, levels: Iterable[Level]) -> list[list[str]]:
    """Spell (ticks, lots) pairs as the venue does: eight decimals each."""
    price_decimals, size_decimals = listing.price_decimals, listing.size_decimals
    return [[padded(p, price_decimals), padded(q, size_decimals)] for p, q in levels]


def depth_update(
    listing: Listing,
    event_ns: int,
    ids: tuple[int, int],
    bids: Iterable[Level],
    asks: Iterable[Level],
) -> bytes:
    """Return a diff: absolute sizes of the levels that changed within (first, last) update id."""
    return orjson.dumps(
        {
            "e": "depthUpdate",
            "E": event_ns // _MS,
            "s": symbol_of(listing),
            "U": ids[0],
            "u": ids[1],
            "b": spell_levels(listing, bids),
            "a": spell_levels(listing, asks),
        }
    )


def book_ticker(listing: Listing, update_id: int, touch: Touch) -> bytes:
    """Return a `bookTicker` event: the touch at an update id, without event name or time."""
    return orjson.dumps({"u": update_id, **_touch_fields(listing, touch)})


def rest_book_ticker(listing: Listing, touch: Touch) -> dict[str, str]:
    """Return one symbol of the REST reply `/ticker/bookTicker`."""
    fields = _touch_fields(listing, touch)
    return {
        "symbol": fields["s"],
        "bidPrice": fields["b"],
        "bidQty": fields["B"],
        "askPrice": fields["a"],
        "askQty": fields["A"],
    }


def _touch_fields(listing: Listing, touch: Touch) -> dict[str, str]:
    return {
        "s": symbol_of(listing),
        "b": padded(touch.bid, listing.price_decimals),
        "B": padded(touch.bid_lots, listing.size_decimals),
        "a": padded(touch.ask, listing.price_decimals),
        "A": padded(touch.ask_lots, listing.size_decimals),
    }


def trade(listing: Listing, printed: Print) -> bytes:
    """Return a `trade` event; `m` says that the buyer was the maker."""
    return orjson.dumps(
        {
            "e": "trade",
            "E": printed.ts_ns // _MS,
            "s": symbol_of(listing),
            "t": printed.trade_id,
            "p": padded(printed.price, listing.price_decimals),
            "q": padded(printed.lots, listing.size_decimals),
            "T": printed.ts_ns // _MS,
            "m": not printed.taker_buys,
            "M": True,
        }
    )


def agg_trade(listing: Listing, printed: Print) -> bytes:
    """Return an `aggTrade` event that holds one trade."""
    return orjson.dumps(
        {
            "e": "aggTrade",
            "E": printed.ts_ns // _MS,
            "s": symbol_of(listing),
            "a": printed.trade_id,
            "p": padded(printed.price, listing.price_decimals),
            "q": padded(printed.lots, listing.size_decimals),
            "f": printed.trade_id,
            "l": printed.trade_id,
            "T": printed.ts_ns // _MS,
            "m": not printed.taker_buys,
            "M": True,
        }
    )


def rest_trade(listing: Listing, printed: Print) -> dict[str, object]:
    """Return one row of the REST reply `/trades`."""
    quote_decimals = listing.price_decimals + listing.size_decimals
    quote = printed.price * printed.lots * 10**8 // 10**quote_decimals  # cut to eight decimals
    return {
        "id": printed.trade_id,
        "price": padded(printed.price, listing.price_decimals),
        "qty": padded(printed.lots, listing.size_decimals),
        "quoteQty": padded(quote, 8),
        "time": printed.ts_ns // _MS,
        "isBuyerMaker": not printed.taker_buys,
        "isBestMatch": True,
    }


def depth_snapshot(
    listing: Listing, last_id: int, bids: Iterable[Level], asks: Iterable[Level]
) -> bytes:
    """Return the REST reply `/api/v3/depth`, which is also the payload of partial depth streams."""
    return orjson.dumps(
        {
            "lastUpdateId": last_id,
            "bids": spell_levels(listing, bids),
            "asks": spell_levels(listing, asks),
        }
    )


def combined(stream: str, payload: bytes) -> bytes:
    """Wrap a payload as a combined stream does."""
    return b'{"stream":' + orjson.dumps(stream) + b',"data":' + payload + b"}"


def server_shutdown(event_ns: int) -> bytes:
    """Return the notice that the connection will be closed."""
    return orjson.dumps({"e": "serverShutdown", "E": event_ns // _MS})


def ack(request_id: RequestId, result: object = None) -> bytes:
    """Return the reply to a control frame."""
    return orjson.dumps({"result": result, "id": request_id})


def stream_error(request_id: RequestId, code: int, message: str) -> bytes:
    """Return the reply to a control frame that was refused, in the nested form."""
    return orjson.dumps({"error": {"code": code, "msg": message}, "id": request_id})


def rest_error(code: int, message: str) -> bytes:
    """Return the body of a refused REST request."""
    return orjson.dumps({"code": code, "msg": message})


def server_time(now_ns: int) -> bytes:
    """Return the REST reply `/api/v3/time`."""
    return orjson.dumps({"serverTime": now_ns // _MS})


def exchange_info(listings: Sequence[Listing], now_ns: int) -> bytes:
    """Return the REST reply `/api/v3/exchangeInfo`."""
    return orjson.dumps(
        {
            "timezone": "UTC",
            "serverTime": now_ns // _MS,
            "rateLimits": RATE_LIMITS,
            "exchangeFilters": [],
            "symbols": [_symbol_info(listing) for listing in listings],
        }
    )


def _symbol_info(listing: Listing) -> dict[str, Any]:
    tick = padded(1, listing.price_decimals)
    step = padded(1, listing.size_decimals)
    return {
        "symbol": symbol_of(listing),
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _ORDER_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "1000000.00000000",
                "tickSize": tick,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": step,
                "maxQty": "9000.00000000",
                "stepSize": step,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": [
            "EXPIRE_TAKER",
            "EXPIRE_MAKER",
            "EXPIRE_BOTH",
            "DECREMENT",
        ],
    }
