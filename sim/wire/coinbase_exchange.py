"""Coinbase Exchange, public data: the JSON of the feed and of REST replies.

https://docs.cdp.coinbase.com/exchange/docs/websocket-channels
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from engine.code import State
from sim.market.event import Print, Side, Touch
from sim.market.listing import Listing

from .coinbase import product_of, quote_min, state_flags
from .coinbase_stats import Candle, Stats
from .decimal import iso_time, trimmed

SIDE_NAMES = {Side.BID: "buy", Side.ASK: "sell"}
_NAMES = {
    "BTC": "Bitcoin",
    "ETH": "Ether",
    "USDT": "Tether",
    "USD": "United States Dollar",
}

Row = tuple[int, int]


def fixed(units: int, decimals: int) -> str:
    """Spell an integer of 10**-decimals units with all its decimals."""
    if not decimals:
        return str(units)
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, part = divmod(units, 10**decimals)
    return f"{sign}{whole}.{part:0{decimals}d}"


def price_text(listing: Listing, ticks: int) -> str:
    """Spell a price."""
    return fixed(ticks, listing.price_decimals)


def size_text(listing: Listing, lots: int) -> str:
    """Spell a size."""
    return fixed(lots, listing.size_decimals)


def time_text(ts_ns: int) -> str:
    """Spell a time with six decimals."""
    return iso_time(ts_ns, 6)


def l2_snapshot(listing: Listing, now_ns: int, bids: Sequence[Row], asks: Sequence[Row]) -> bytes:
    """Return the whole book as the first message of `level2` and `level2_batch`."""
    rows = {
        name: [[price_text(listing, price), size_text(listing, lots)] for price, lots in levels]
        for name, levels in (("asks", asks), ("bids", bids))
    }
    head = {"type": "snapshot", "product_id": product_of(listing)}
    return orjson.dumps(head | rows | {"time": time_text(now_ns)})


def l2_update(listing: Listing, ts_ns: int, levels: Iterable[tuple[Side, int, int]]) -> bytes:
    """Return the absolute new sizes of levels."""
    changes = [
        [SIDE_NAMES[side], price_text(listing, price), size_text(listing, lots)]
        for side, price, lots in levels
    ]
    head = {"type": "l2update", "product_id": product_of(listing), "changes": changes}
    return orjson.dumps(head | {"time": time_text(ts_ns)})


def heartbeat(product_id: str, ts_ns: int, sequence: int, last_trade_id: int) -> bytes:
    """Return one message of `heartbeat`."""
    return orjson.dumps(
        {
            "type": "heartbeat",
            "last_trade_id": last_trade_id,
            "product_id": product_id,
            "sequence": sequence,
            "time": time_text(ts_ns),
        }
    )


def ticker(
    listing: Listing, kind: str, sequence: int, stats: Stats, touch: Touch, last: Print
) -> bytes:
    """Return one message of `ticker` or `ticker_batch` about the last trade."""
    return orjson.dumps(
        {
            "type": kind,
            "sequence": sequence,
            "product_id": product_of(listing),
            "price": trimmed(last.price, listing.price_decimals),
            "open_24h": trimmed(stats.open, listing.price_decimals),
            "volume_24h": size_text(listing, stats.volume),
            "low_24h": trimmed(stats.low, listing.price_decimals),
            "high_24h": trimmed(stats.high, listing.price_decimals),
            "volume_30d": size_text(listing, stats.volume),
            "best_bid": price_text(listing, touch.bid),
            "best_bid_size": size_text(listing, touch.bid_lots),
            "best_ask": price_text(listing, touch.ask),
            "best_ask_size": size_text(listing, touch.ask_lots),
            "side": "buy" if last.taker_buys else "sell",
            "time": time_text(last.ts_ns),
            "trade_id": last.trade_id,
            "last_size": trimmed(last.lots, listing.size_decimals),
        }
    )


def product_row(listing: Listing, state: State) -> dict[str, Any]:
    """Return one row of `/products`."""
    flags = state_flags(state)
    return {
        "id": product_of(listing),
        "base_currency": listing.base,
        "quote_currency": listing.quote,
        "quote_increment": trimmed(1, listing.price_decimals),
        "base_increment": trimmed(1, listing.size_decimals),
        "display_name": f"{listing.base}/{listing.quote}",
        "min_market_funds": quote_min(listing),
        "margin_enabled": False,
        "post_only": flags["post_only"],
        "limit_only": flags["limit_only"],
        "cancel_only": flags["cancel_only"],
        "status": "online",
        "status_message": "",
        "trading_disabled": flags["trading_disabled"],
        "fx_stablecoin": listing.base == "USDT",
        "max_slippage_percentage": "0.02000000",
        "auction_mode": flags["auction_mode"],
        "high_bid_limit_percentage": "",
    }


def currency_row(code: str, decimals: int) -> dict[str, Any]:
    """Return one row of `/currencies`."""
    is_fiat = code in ("USD", "EUR", "GBP")
    return {
        "id": code,
        "name": _NAMES.get(code, code),
        "min_size": trimmed(1, decimals),
        "status": "online",
        "message": "",
        "max_precision": trimmed(1, decimals),
        "convertible_to": [],
        "details": {
            "type": "fiat" if is_fiat else "crypto",
            "symbol": "$" if code == "USD" else None,
            "network_confirmations": 0,
            "sort_order": 0,
            "crypto_address_link": "",
            "crypto_transaction_link": "",
            "push_payment_methods": [],
            "group_types": [],
            "display_name": None,
            "processing_time_seconds": None,
            "min_withdrawal_amount": 0,
            "max_withdrawal_amount": 0,
        },
        "default_network": "",
        "supported_networks": [],
    }


def book_reply(
    listing: Listing,
    sequence: int,
    now_ns: int,
    auction: bool,
    sides: Mapping[Side, Sequence[tuple[int, int, int | str]]],
) -> bytes:
    """Return the REST book: rows of (price, lots, number of orders or order id), best first."""
    rows = {
        name: [
            [price_text(listing, price), size_text(listing, lots), last]
            for price, lots, last in sides[side]
        ]
        for name, side in (("bids", Side.BID), ("asks", Side.ASK))
    }
    tail = {"sequence": sequence, "auction_mode": auction, "auction": None}
    return orjson.dumps(rows | tail | {"time": time_text(now_ns)})


def trade_row(listing: Listing, printed: Print) -> dict[str, Any]:
    """Return one row of `/trades`: `side` is the maker's."""
    return {
        "trade_id": printed.trade_id,
        "side": "sell" if printed.taker_buys else "buy",
        "size": size_text(listing, printed.lots),
        "price": price_text(listing, printed.price),
        "time": time_text(printed.ts_ns),
    }


def ticker_reply(
    listing: Listing, stats: Stats, touch: Touch, last: Print | None, now_ns: int
) -> bytes:
    """Return the REST ticker: the last trade, zeros before the first."""
    return orjson.dumps(
        {
            "ask": price_text(listing, touch.ask),
            "bid": price_text(listing, touch.bid),
            "volume": size_text(listing, stats.volume),
            "trade_id": last.trade_id if last else 0,
            "price": price_text(listing, last.price if last else stats.last),
            "size": size_text(listing, last.lots if last else 0),
            "time": time_text(last.ts_ns if last else now_ns),
            "rfq_volume": size_text(listing, 0),
        }
    )


def stats_reply(listing: Listing, stats: Stats) -> bytes:
    """Return the REST statistics."""
    return orjson.dumps(
        {
            "open": price_text(listing, stats.open),
            "high": price_text(listing, stats.high),
            "low": price_text(listing, stats.low),
            "last": price_text(listing, stats.last),
            "volume": size_text(listing, stats.volume),
            "volume_30day": size_text(listing, stats.volume),
        }
    )


def candle_rows(listing: Listing, candles: Iterable[Candle]) -> list[list[float]]:
    """Return `[time, low, high, open, close, volume]` rows, which are numbers here."""
    scale, step = 10.0**listing.price_decimals, 10.0**listing.size_decimals
    return [
        [c.start, c.low / scale, c.high / scale, c.open / scale, c.close / scale, c.volume / step]
        for c in candles
    ]


def time_reply(now_ns: int) -> bytes:
    """Return the REST time."""
    return orjson.dumps({"iso": iso_time(now_ns, 3), "epoch": now_ns // 10**6 / 1000})


def message_reply(message: str) -> bytes:
    """Return the body of a refused REST request."""
    return orjson.dumps({"message": message})


def error_message(message: str, reason: str = "") -> bytes:
    """Return an error of the feed."""
    fields = {"type": "error", "message": message}
    return orjson.dumps(fields | ({"reason": reason} if reason else {}))


def subscriptions_message(subscribed: Mapping[str, Sequence[str]]) -> bytes:
    """Return the ack: every subscription of the connection."""
    channels = [
        {"name": name, "product_ids": list(products), "account_ids": None}
        for name, products in subscribed.items()
    ]
    return orjson.dumps({"type": "subscriptions", "channels": channels})


def status_message(products: list[dict[str, Any]], currencies: list[dict[str, Any]]) -> bytes:
    """Return one message of `status`."""
    rows = [{**row, "type": "spot"} for row in products]
    return orjson.dumps({"type": "status", "products": rows, "currencies": currencies})
