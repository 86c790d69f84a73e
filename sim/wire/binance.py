"""Binance spot, public data: the JSON of streams, control frames and REST replies.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from collections.abc import Iterable

import orjson

from sim.market.event import Print, Touch
from sim.market.listing import Listing

from .binance_info import exchange_info as exchange_info  # noqa: PLC0414 - part of this module
from .binance_symbol import symbol_of as symbol_of  # noqa: PLC0414
from .decimal import padded, padded_form

Level = tuple[int, int]
RequestId = int | str | None

MS = 10**6


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
    unit: int = MS,
) -> bytes:
    """Return a diff: absolute sizes of the levels that changed within (first, last) update id.

    Here and below, `unit` is the ns of a time stamp's unit: milliseconds, or microseconds.
    """
    return orjson.dumps(
        {
            "e": "depthUpdate",
            "E": event_ns // unit,
            "s": symbol_of(listing),
            "U": ids[0],
            "u": ids[1],
            "b": spell_levels(listing, bids),
            "a": spell_levels(listing, asks),
        }
    )


class BookTickers:
    """Spells the `bookTicker` events of one listing: the most frequent ones by far.

    They tell the touch at an update id, without event name or time.
    """

    __slots__ = ("_form", "_price_one", "_size_one")

    def __init__(self, listing: Listing) -> None:
        self._price_one, price = padded_form(listing.price_decimals)
        self._size_one, size = padded_form(listing.size_decimals)
        head = f'{{"u":%d,"s":"{symbol_of(listing)}",'
        self._form = f'{head}"b":"{price}","B":"{size}","a":"{price}","A":"{size}"}}'

    def spell(self, update_id: int, touch: Touch) -> bytes:
        """Return one event."""
        bid, bid_lots, ask, ask_lots = touch
        price_one, size_one = self._price_one, self._size_one
        event = self._form % (
            update_id,
            *divmod(bid, price_one),
            *divmod(bid_lots, size_one),
            *divmod(ask, price_one),
            *divmod(ask_lots, size_one),
        )
        return event.encode()


def rest_book_ticker(listing: Listing, touch: Touch) -> dict[str, str]:
    """Return one symbol of the REST reply `/ticker/bookTicker`."""
    price, size = listing.price_decimals, listing.size_decimals
    return {
        "symbol": symbol_of(listing),
        "bidPrice": padded(touch.bid, price),
        "bidQty": padded(touch.bid_lots, size),
        "askPrice": padded(touch.ask, price),
        "askQty": padded(touch.ask_lots, size),
    }


def trade(listing: Listing, printed: Print, unit: int = MS) -> bytes:
    """Return a `trade` event; `m` says that the buyer was the maker."""
    return orjson.dumps(
        {
            "e": "trade",
            "E": printed.ts_ns // unit,
            "s": symbol_of(listing),
            "t": printed.trade_id,
            "p": padded(printed.price, listing.price_decimals),
            "q": padded(printed.lots, listing.size_decimals),
            "T": printed.ts_ns // unit,
            "m": not printed.taker_buys,
            "M": True,
        }
    )


def agg_trade(listing: Listing, printed: Print, unit: int = MS) -> bytes:
    """Return an `aggTrade` event that holds one trade."""
    return orjson.dumps(
        {
            "e": "aggTrade",
            "E": printed.ts_ns // unit,
            "s": symbol_of(listing),
            "a": printed.trade_id,
            "p": padded(printed.price, listing.price_decimals),
            "q": padded(printed.lots, listing.size_decimals),
            "f": printed.trade_id,
            "l": printed.trade_id,
            "T": printed.ts_ns // unit,
            "m": not printed.taker_buys,
            "M": True,
        }
    )


def rest_trade(listing: Listing, printed: Print, unit: int = MS) -> dict[str, object]:
    """Return one row of the REST reply `/trades`."""
    quote_decimals = listing.price_decimals + listing.size_decimals
    quote = printed.price * printed.lots * 10**8 // 10**quote_decimals  # cut to eight decimals
    return {
        "id": printed.trade_id,
        "price": padded(printed.price, listing.price_decimals),
        "qty": padded(printed.lots, listing.size_decimals),
        "quoteQty": padded(quote, 8),
        "time": printed.ts_ns // unit,
        "isBuyerMaker": not printed.taker_buys,
        "isBestMatch": True,
    }


def rest_agg_trade(listing: Listing, printed: Print, unit: int = MS) -> dict[str, object]:
    """Return one row of the REST reply `/aggTrades`."""
    return {
        "a": printed.trade_id,
        "p": padded(printed.price, listing.price_decimals),
        "q": padded(printed.lots, listing.size_decimals),
        "f": printed.trade_id,
        "l": printed.trade_id,
        "T": printed.ts_ns // unit,
        "m": not printed.taker_buys,
        "M": True,
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


def server_shutdown(event_ns: int, unit: int = MS) -> bytes:
    """Return the notice that the connection will be closed."""
    return orjson.dumps({"e": "serverShutdown", "E": event_ns // unit})


def ack(request_id: RequestId, result: object = None) -> bytes:
    """Return the reply to a control frame."""
    return orjson.dumps({"result": result, "id": request_id})


def stream_error(request_id: RequestId, code: int, message: str) -> bytes:
    """Return the reply to a control frame that was refused, in the nested form."""
    return orjson.dumps({"error": {"code": code, "msg": message}, "id": request_id})


def rest_error(code: int, message: str) -> bytes:
    """Return the body of a refused REST request."""
    return orjson.dumps({"code": code, "msg": message})


def server_time(now_ns: int, unit: int = MS) -> bytes:
    """Return the REST reply `/api/v3/time`."""
    return orjson.dumps({"serverTime": now_ns // unit})
