"""Coinbase Advanced Trade, public data: the JSON of the socket and of REST replies.

https://docs.cdp.coinbase.com/advanced-trade/docs/ws-channels
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from engine.code import State
from sim.market.event import Print, Side, Touch
from sim.market.listing import Listing

from .coinbase_stats import Candle, Stats
from .decimal import go_time, iso_time, trimmed

SIDE_NAMES = {Side.BID: "bid", Side.ASK: "offer"}
_CURRENCY_NAMES = {"BTC": "Bitcoin", "ETH": "Ethereum", "USDT": "Tether", "USD": "US Dollar"}

Level = tuple[int, int]
LevelUpdate = tuple[Side, int, int]


def product_of(listing: Listing) -> str:
    """Return the venue's product id, such as `BTC-USD`."""
    return listing.pair


def aliases_of(listing: Listing) -> list[str]:
    """Return the other names of a product: books in USD serve USDC as well, but not for USDT."""
    if listing.quote != "USD" or listing.base in ("USDT", "EURC"):
        return []
    return [f"{listing.base}-USDC"]


def envelope_parts(channel: str, ts_ns: int, events: bytes) -> tuple[str, str]:
    """Return what stands before and after the sequence number of a frame: spelled once for all."""
    head = f'{{"channel":"{channel}","timestamp":"{iso_time(ts_ns)}","sequence_num":'
    return head, f',"events":{events.decode()}}}'


def envelope(channel: str, ts_ns: int, sequence: int, events: bytes) -> bytes:
    """Return a whole frame around the encoded events; `sequence` counts the connection's frames."""
    head, tail = envelope_parts(channel, ts_ns, events)
    return f"{head}{sequence}{tail}".encode()


def l2_event(
    kind: str, listing: Listing, event_ns: int, updates: Iterable[LevelUpdate]
) -> dict[str, Any]:
    """Return one event of `l2_data`: `kind` is `snapshot` or `update`, sizes are absolute."""
    time = iso_time(event_ns, 6)
    price_decimals, size_decimals = listing.price_decimals, listing.size_decimals
    return {
        "type": kind,
        "product_id": product_of(listing),
        "updates": [
            {
                "side": SIDE_NAMES[side],
                "event_time": time,
                "price_level": trimmed(price, price_decimals),
                "new_quantity": trimmed(lots, size_decimals),
            }
            for side, price, lots in updates
        ],
    }


def trades_event(kind: str, listing: Listing, prints: Iterable[Print]) -> dict[str, Any]:
    """Return one event of `market_trades`; the prints come newest first, `side` is the taker's."""
    return {"type": kind, "trades": [trade_row(listing, printed) for printed in prints]}


def trade_row(listing: Listing, printed: Print) -> dict[str, str]:
    """Return one trade."""
    return {
        "product_id": product_of(listing),
        "trade_id": str(printed.trade_id),
        "price": trimmed(printed.price, listing.price_decimals),
        "size": trimmed(printed.lots, listing.size_decimals),
        "time": iso_time(printed.ts_ns, 6),
        "side": "BUY" if printed.taker_buys else "SELL",
    }


def ticker_event(kind: str, listing: Listing, touch: Touch | None, stats: Stats) -> dict[str, Any]:
    """Return one event of `ticker`, or with no touch of `ticker_batch`.

    The window of 24 hours and that of 52 weeks both begin when the market opened.
    """
    price, size = listing.price_decimals, listing.size_decimals
    row = {
        "type": "ticker",
        "product_id": product_of(listing),
        "price": trimmed(stats.last, price),
        "volume_24_h": trimmed(stats.volume, size),
        "low_24_h": trimmed(stats.low, price),
        "high_24_h": trimmed(stats.high, price),
        "low_52_w": trimmed(stats.low, price),
        "high_52_w": trimmed(stats.high, price),
        "price_percent_chg_24_h": change_percent(stats),
    }
    if touch is not None:
        row |= {
            "best_bid": trimmed(touch.bid, price),
            "best_ask": trimmed(touch.ask, price),
            "best_bid_quantity": trimmed(touch.bid_lots, size),
            "best_ask_quantity": trimmed(touch.ask_lots, size),
        }
    return {"type": kind, "tickers": [row]}


def candles_event(kind: str, listing: Listing, candles: Iterable[Candle]) -> dict[str, Any]:
    """Return one event of `candles`."""
    product_id = {"product_id": product_of(listing)}
    return {"type": kind, "candles": [candle_row(listing, c) | product_id for c in candles]}


def candle_row(listing: Listing, candle: Candle) -> dict[str, str]:
    """Return one candle, as REST has it."""
    price = listing.price_decimals
    return {
        "start": str(candle.start),
        "high": trimmed(candle.high, price),
        "low": trimmed(candle.low, price),
        "open": trimmed(candle.open, price),
        "close": trimmed(candle.close, price),
        "volume": trimmed(candle.volume, listing.size_decimals),
    }


def status_event(kind: str, listing: Listing, flags: Mapping[str, bool]) -> dict[str, Any]:
    """Return one event of `status`."""
    row = {
        "product_type": "SPOT",
        "id": product_of(listing),
        "base_currency": listing.base,
        "quote_currency": listing.quote,
        "base_increment": trimmed(1, listing.size_decimals),
        "quote_increment": trimmed(1, listing.price_decimals),
        "display_name": f"{listing.base}/{listing.quote}",
        "status": "online",
        "status_message": "",
        "min_market_funds": quote_min(listing),
        **flags,
    }
    return {"type": kind, "products": [row]}


def state_flags(state: State) -> dict[str, bool]:
    """Return what a trading state means for orders, in the venue's words."""
    return {
        "cancel_only": state is State.CANCEL_ONLY,
        "limit_only": state is State.AUCTION,
        "post_only": False,
        "trading_disabled": state is State.HALTED,
        "auction_mode": state is State.AUCTION,
    }


def funds_min(listing: Listing) -> int:
    """Return the smallest notional of an order, in ticks times lots: one unit of the quote."""
    one: int = 10 ** (listing.price_decimals + listing.size_decimals)
    return listing.min_notional or one


def size_max(listing: Listing) -> int:
    """Return the largest size of an order, in lots."""
    most = 10_480_600 if listing.base == "USDT" else 3400
    lots: int = most * 10**listing.size_decimals
    return min(listing.qty_max, lots)


def quote_min(listing: Listing) -> str:
    """Spell the smallest notional of an order."""
    return trimmed(funds_min(listing), listing.price_decimals + listing.size_decimals)


def change_percent(stats: Stats) -> str:
    """Spell the move since the market opened in percent, cut to eight decimals."""
    move = (stats.last - stats.open) * 10**10
    cut = abs(move) // stats.open
    return trimmed(cut if move >= 0 else -cut, 8)


def heartbeat_event(ts_ns: int, up_ns: int) -> dict[str, Any]:
    """Return one event of `heartbeats` from a process that has been up for `up_ns`."""
    return {"current_time": go_time(ts_ns, up_ns), "heartbeat_counter": up_ns // 10**9}


def subscriptions_event(subscribed: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the ack: every subscription of the connection, by channel name in order."""
    return {"subscriptions": {name: subscribed[name] for name in sorted(subscribed)}}


def error_frame(message: str) -> bytes:
    """Return an error, which has neither channel nor sequence number."""
    return orjson.dumps({"type": "error", "message": message})


def products(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return the REST reply `/market/products`."""
    page = {"prev_cursor": "", "next_cursor": "", "has_next": False, "has_prev": False}
    return orjson.dumps({"products": rows, "num_products": len(rows), "pagination": page})


def product_row(listing: Listing, stats: Stats, state: State) -> dict[str, Any]:
    """Return one product."""
    flags = state_flags(state)
    tick = trimmed(1, listing.price_decimals)
    step = trimmed(1, listing.size_decimals)
    decimals = listing.price_decimals + listing.size_decimals
    return {
        "product_id": product_of(listing),
        "price": trimmed(stats.last, listing.price_decimals),
        "price_percentage_change_24h": change_percent(stats),
        "volume_24h": trimmed(stats.volume, listing.size_decimals),
        "volume_percentage_change_24h": "0",
        "base_increment": step,
        "quote_increment": tick,
        "quote_min_size": quote_min(listing),
        "quote_max_size": "150000000",
        "base_min_size": trimmed(listing.qty_min, listing.size_decimals),
        "base_max_size": trimmed(size_max(listing), listing.size_decimals),
        "base_name": _CURRENCY_NAMES.get(listing.base, listing.base),
        "quote_name": _CURRENCY_NAMES.get(listing.quote, listing.quote),
        "watched": False,
        "is_disabled": False,
        "new": False,
        "status": "online",
        "cancel_only": flags["cancel_only"],
        "limit_only": flags["limit_only"],
        "post_only": flags["post_only"],
        "trading_disabled": flags["trading_disabled"],
        "auction_mode": flags["auction_mode"],
        "product_type": "SPOT",
        "quote_currency_id": listing.quote,
        "base_currency_id": listing.base,
        "fcm_trading_session_details": None,
        "mid_market_price": "",
        "alias": "",
        "alias_to": aliases_of(listing),
        "base_display_symbol": listing.base,
        "quote_display_symbol": listing.quote,
        "view_only": False,
        "price_increment": tick,
        "display_name": product_of(listing),
        "product_venue": "CBE",
        "approximate_quote_24h_volume": trimmed(stats.volume * stats.last, decimals),
        "new_at": "2023-01-01T00:00:00Z",
        "market_cap": "",
        "base_cbrn": "",
        "quote_cbrn": "",
        "product_cbrn": "",
        "icon_color": "",
        "icon_url": "",
        "display_name_overwrite": "",
        "is_alpha_testing": False,
        "about_description": "",
        "best_bid_price": "",
        "best_ask_price": "",
        "high_24h": trimmed(stats.high, listing.price_decimals),
        "low_24h": trimmed(stats.low, listing.price_decimals),
    }


def product_book(
    listing: Listing, ts_ns: int, last: int, bids: Sequence[Level], asks: Sequence[Level]
) -> bytes:
    """Return the REST reply `/market/product_book`: no sequence, numbers without trailing zeros."""
    price = listing.price_decimals
    reply = {"pricebook": price_book(listing, ts_ns, bids, asks), "last": trimmed(last, price)}
    if not bids or not asks:
        return orjson.dumps(reply | {"mid_market": "", "spread_bps": "", "spread_absolute": ""})
    bid, ask = bids[0][0], asks[0][0]
    spread = (ask - bid) * 2 * 10**8 // (ask + bid)  # in 1e-4 basis points
    return orjson.dumps(
        reply
        | {
            "mid_market": trimmed((bid + ask) * 5, price + 1),
            "spread_bps": trimmed(spread, 4),
            "spread_absolute": trimmed(ask - bid, price),
        }
    )


def price_book(
    listing: Listing, ts_ns: int, bids: Sequence[Level], asks: Sequence[Level]
) -> dict[str, Any]:
    """Return the levels of a book."""
    price, size = listing.price_decimals, listing.size_decimals
    return {
        "product_id": product_of(listing),
        "bids": [{"price": trimmed(p, price), "size": trimmed(q, size)} for p, q in bids],
        "asks": [{"price": trimmed(p, price), "size": trimmed(q, size)} for p, q in asks],
        "time": iso_time(ts_ns, 6),
    }


def server_time(now_ns: int) -> bytes:
    """Return the REST reply `/time`."""
    return orjson.dumps(
        {
            "iso": iso_time(now_ns, 0),
            "epochSeconds": str(now_ns // 10**9),
            "epochMillis": str(now_ns // 10**6),
        }
    )


def rest_error(name: str, message: str) -> bytes:
    """Return the body of a refused REST request."""
    return orjson.dumps({"error": name, "error_details": message, "message": message})
