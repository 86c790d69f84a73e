"""Binance spot: the JSON of `exchangeInfo`, and the limits that it tells."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sim.market.listing import Listing

from .binance_symbol import symbol_of
from .decimal import padded

ICEBERG_PARTS = 100
ORDERS_MAX = 200
ALGO_ORDERS_MAX = 5
AMENDS_MAX = 10
BAND = 5  # a price may be that many times the average price, or that part of it
AVERAGE_MINUTES = 5
NOTIONAL_MIN = 5  # of the quote asset, where the listing names nothing else
NOTIONAL_MAX = 9_000_000

ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
STP_MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")
DEFAULT_STP = "EXPIRE_MAKER"
RATE_LIMITS = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
)
TRADING = "TRADING"
_MS = 10**6


def exchange_info(
    listings: Sequence[Listing],
    now_ns: int,
    statuses: Mapping[str, str] | None = None,
    unit: int = _MS,
) -> bytes:
    """Return the reply `exchangeInfo`; a listing whose id has no status trades."""
    return orjson.dumps(
        {
            "timezone": "UTC",
            "serverTime": now_ns // unit,
            "rateLimits": RATE_LIMITS,
            "exchangeFilters": [],
            "symbols": [_symbol_info(it, (statuses or {}).get(it.id, TRADING)) for it in listings],
        }
    )


def notional_min(listing: Listing) -> int:
    """Return the least notional of an order, in ticks times lots."""
    one: int = 10 ** (listing.price_decimals + listing.size_decimals)
    return listing.min_notional or NOTIONAL_MIN * one


def notional_max(listing: Listing) -> int:
    """Return the largest notional of a limit order, in ticks times lots."""
    one: int = 10 ** (listing.price_decimals + listing.size_decimals)
    return NOTIONAL_MAX * one


def _symbol_info(listing: Listing, status: str) -> dict[str, Any]:
    return {
        "symbol": symbol_of(listing),
        "status": status,
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": DEFAULT_STP,
        "allowedSelfTradePreventionModes": STP_MODES,
    }


def _filters(listing: Listing) -> list[dict[str, object]]:
    price = listing.price_decimals
    size = listing.size_decimals
    quote = price + size
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": padded(listing.price_min, price),
            "maxPrice": padded(listing.price_max, price),
            "tickSize": padded(1, price),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": padded(listing.qty_min, size),
            "maxQty": padded(listing.qty_max, size),
            "stepSize": padded(1, size),
        },
        {"filterType": "ICEBERG_PARTS", "limit": ICEBERG_PARTS},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": padded(0, size),
            "maxQty": padded(listing.qty_max, size),
            "stepSize": padded(0, size),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(BAND),
            "bidMultiplierDown": f"{1 / BAND:g}",
            "askMultiplierUp": str(BAND),
            "askMultiplierDown": f"{1 / BAND:g}",
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": padded(notional_min(listing) * 10**8 // 10**quote, 8),
            "applyMinToMarket": True,
            "maxNotional": padded(NOTIONAL_MAX, 0),
            "applyMaxToMarket": False,
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": ORDERS_MAX},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": ALGO_ORDERS_MAX},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": AMENDS_MAX},
    ]
