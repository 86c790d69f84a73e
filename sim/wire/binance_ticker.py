"""Binance spot: the JSON of klines, of statistics over a day, and of average prices."""

import orjson

from sim.feed.binance_bars import Bar
from sim.market.event import Touch
from sim.market.listing import Listing

from .binance_order import Fields, price_text, qty_text, quote_text
from .binance_symbol import symbol_of

DAY_NS = 86_400 * 10**9


def kline_row(listing: Listing, bar: Bar, interval_ns: int, unit: int) -> list[object]:
    """Return one row of the reply `klines`."""
    return [
        bar.start_ns // unit,
        price_text(listing, bar.open),
        price_text(listing, bar.high),
        price_text(listing, bar.low),
        price_text(listing, bar.close),
        qty_text(listing, bar.volume),
        (bar.start_ns + interval_ns) // unit - 1,
        quote_text(listing, bar.quote),
        bar.count,
        qty_text(listing, bar.taker_volume),
        quote_text(listing, bar.taker_quote),
        "0",
    ]


def kline(listing: Listing, bar: Bar, name: str, times_ns: tuple[int, int], unit: int) -> bytes:
    """Return a `kline` event; `times_ns` are the interval and the time of the event."""
    interval_ns, event_ns = times_ns
    row = kline_row(listing, bar, interval_ns, unit)
    return orjson.dumps(
        {
            "e": "kline",
            "E": event_ns // unit,
            "s": symbol_of(listing),
            "k": {
                "t": row[0],
                "T": row[6],
                "s": symbol_of(listing),
                "i": name,
                "f": bar.first_id,
                "L": bar.last_id,
                "o": row[1],
                "c": row[4],
                "h": row[2],
                "l": row[3],
                "v": row[5],
                "n": bar.count,
                "x": bar.start_ns + interval_ns <= event_ns,
                "q": row[7],
                "V": row[9],
                "Q": row[10],
                "B": "0",
            },
        }
    )


def mini_ticker(listing: Listing, day: Bar, event_ns: int, unit: int) -> bytes:
    """Return a `24hrMiniTicker` event."""
    return orjson.dumps(
        {
            "e": "24hrMiniTicker",
            "E": event_ns // unit,
            "s": symbol_of(listing),
            "c": price_text(listing, day.close),
            "o": price_text(listing, day.open),
            "h": price_text(listing, day.high),
            "l": price_text(listing, day.low),
            "v": qty_text(listing, day.volume),
            "q": quote_text(listing, day.quote),
        }
    )


def ticker(
    listing: Listing, day: Bar, last_lots: int, touch: Touch, event_ns: int, unit: int
) -> bytes:
    """Return a `24hrTicker` event."""
    return orjson.dumps(
        {
            "e": "24hrTicker",
            "E": event_ns // unit,
            "s": symbol_of(listing),
            "p": _change(listing, day),
            "P": _percent(day),
            "w": _average(listing, day),
            "x": price_text(listing, day.open),
            "c": price_text(listing, day.close),
            "Q": qty_text(listing, last_lots),
            "b": price_text(listing, touch.bid),
            "B": qty_text(listing, touch.bid_lots),
            "a": price_text(listing, touch.ask),
            "A": qty_text(listing, touch.ask_lots),
            "o": price_text(listing, day.open),
            "h": price_text(listing, day.high),
            "l": price_text(listing, day.low),
            "v": qty_text(listing, day.volume),
            "q": quote_text(listing, day.quote),
            "O": (event_ns - DAY_NS) // unit,
            "C": event_ns // unit,
            "F": day.first_id,
            "L": day.last_id,
            "n": day.count,
        }
    )


def rest_ticker(
    listing: Listing, day: Bar, last_lots: int, touch: Touch, now_ns: int, unit: int
) -> Fields:
    """Return one symbol of the reply `ticker/24hr`."""
    return {
        "symbol": symbol_of(listing),
        "priceChange": _change(listing, day),
        "priceChangePercent": _percent(day),
        "weightedAvgPrice": _average(listing, day),
        "prevClosePrice": price_text(listing, day.open),
        "lastPrice": price_text(listing, day.close),
        "lastQty": qty_text(listing, last_lots),
        "bidPrice": price_text(listing, touch.bid),
        "bidQty": qty_text(listing, touch.bid_lots),
        "askPrice": price_text(listing, touch.ask),
        "askQty": qty_text(listing, touch.ask_lots),
        **_totals(listing, day, (now_ns - DAY_NS, now_ns), unit),
    }


def rest_span(
    listing: Listing, span: Bar, times_ns: tuple[int, int], unit: int, is_mini: bool
) -> Fields:
    """Return one symbol of the replies `ticker` and `ticker/tradingDay`, from a time to another."""
    changes = {
        "priceChange": _change(listing, span),
        "priceChangePercent": _percent(span),
        "weightedAvgPrice": _average(listing, span),
    }
    return {
        "symbol": symbol_of(listing),
        **({} if is_mini else changes),
        "lastPrice": price_text(listing, span.close),
        **_totals(listing, span, times_ns, unit),
    }


def rest_mini_ticker(listing: Listing, day: Bar, now_ns: int, unit: int) -> Fields:
    """Return one symbol of the reply `ticker/24hr` in its short form."""
    return {
        "symbol": symbol_of(listing),
        **_totals(listing, day, (now_ns - DAY_NS, now_ns), unit),
        "lastPrice": price_text(listing, day.close),
    }


def _totals(listing: Listing, day: Bar, times_ns: tuple[int, int], unit: int) -> Fields:
    return {
        "openPrice": price_text(listing, day.open),
        "highPrice": price_text(listing, day.high),
        "lowPrice": price_text(listing, day.low),
        "volume": qty_text(listing, day.volume),
        "quoteVolume": quote_text(listing, day.quote),
        "openTime": times_ns[0] // unit,
        "closeTime": times_ns[1] // unit,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.count,
    }


def average_price(listing: Listing, price: int, close_ns: int, event_ns: int, unit: int) -> bytes:
    """Return an `avgPrice` event."""
    return orjson.dumps(
        {
            "e": "avgPrice",
            "E": event_ns // unit,
            "s": symbol_of(listing),
            "i": "5m",
            "w": price_text(listing, price),
            "T": close_ns // unit,
        }
    )


def _change(listing: Listing, day: Bar) -> str:
    change = day.close - day.open
    sign = "-" if change < 0 else ""
    return sign + price_text(listing, abs(change))


def _percent(day: Bar) -> str:
    """Spell the change in percent with three decimals, cut towards zero."""
    if not day.open:
        return "0.000"
    change = day.close - day.open
    milli = abs(change) * 100_000 // day.open
    return f"{'-' if change < 0 else ''}{milli // 1000}.{milli % 1000:03d}"


def _average(listing: Listing, day: Bar) -> str:
    return price_text(listing, day.quote // day.volume if day.volume else day.close)
