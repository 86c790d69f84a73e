"""A short-lived process that asks ccxt for a venue's rules and fees and writes a small file.

`python -m market.ccxt_child VENUE --out FILE --now-ns TIME [--base-url URL] [--timeout-ms MS]`

ccxt takes over 100 MB when imported, which is why nobody else here imports it. Exit codes are
EXIT_NETWORK, EXIT_VENUE, EXIT_OUTPUT, 2 for wrong usage; the last line on stderr says what it was.
"""

import argparse
import os
import resource
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from market.grid import BadNumberError, Grid
from market.instrument import VENUES, Kind
from market.instruments_file import multiplier
from market.naming import Symbol

#: The form of the file; a reader refuses any other.
FORMAT = 1
#: Bytes which this process may write to any file, its messages included.
OUTPUT_MAX = 32 * 1024 * 1024

EXIT_NETWORK = 3
EXIT_VENUE = 4
EXIT_OUTPUT = 5

#: Venue -> ccxt's class.
CLASSES = {
    "binance": "binance",
    "binance-us": "binanceus",
    "binance-usdm": "binanceusdm",
    "binance-coinm": "binancecoinm",
    "coinbase": "coinbase",
    "coinbase-exchange": "coinbaseexchange",
}
#: Else ccxt's `binance` loads both futures venues as well, and margin pairs if it has keys.
_OPTIONS = {
    "binance": {"fetchMarkets": {"types": ["spot"]}, "fetchMargins": False},
}


def main(arguments: list[str] | None = None) -> int:
    """Fetch one venue's rules and write them; returns the exit code."""
    options = _parser().parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_MAX, OUTPUT_MAX))
    import ccxt  # noqa: PLC0415 - only this process pays for it, and only with good arguments

    try:
        exchange = _exchange(ccxt, options.venue, options.base_url, options.timeout_ms)
        listed = exchange.fetch_markets()
    except ccxt.NetworkError as error:
        return _fail(EXIT_NETWORK, error)
    except ccxt.BaseError as error:
        return _fail(EXIT_VENUE, error)
    if exchange.precisionMode != ccxt.TICK_SIZE:
        return _fail(EXIT_VENUE, f"ccxt states no increments for {options.venue}")
    try:
        write_whole(
            Path(options.out), orjson.dumps(document(options.venue, options.now_ns, listed))
        )
    except OSError as error:
        return _fail(EXIT_OUTPUT, error)
    return 0


def document(venue: str, now_ns: int, markets: Iterable[Mapping[str, Any]]) -> dict[str, object]:
    """Return what the file holds: format, venue, time, instruments, fees, problems.

    A fee is [maker, taker] as decimal text; `fees` is the most common pair and `fee_exceptions`
    has those of the other instruments by native symbol.
    """
    entries: list[dict[str, object]] = []
    fees: dict[str, tuple[str, str]] = {}
    problems: list[str] = []
    for market in markets:
        native = str(market.get("id"))
        try:
            entry = _entry(venue, native, market)
            pair = plain(market["maker"]), plain(market["taker"])
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            problems.append(f"{venue} {native}: {type(error).__name__}: {error}"[:200])
            continue
        entries.append(entry)
        fees[native] = pair
    usual = Counter(fees.values()).most_common(1)[0][0] if fees else None
    return {
        "format": FORMAT,
        "venue": venue,
        "fetched_ns": now_ns,
        "instruments": entries,
        "fees": usual,
        "fee_exceptions": {native: pair for native, pair in fees.items() if pair != usual},
        "problems": problems,
    }


def plain(value: object) -> str:
    """Return ccxt's number as plain decimal text: it gives the shortest float, as 1e-08."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadNumberError(f"expected a number, got {value!r}")
    number = Decimal(str(value))
    if not number.is_finite() or not -40 <= number.adjusted() <= 40:
        raise BadNumberError(f"expected a sane number, got {value!r}")
    return format(number, "f")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the whole new one; raises OSError."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _entry(venue: str, native: str, market: Mapping[str, Any]) -> dict[str, object]:
    symbol = _symbol(venue, market)
    increments, limits = market["precision"], market["limits"]
    tick, lot = plain(increments["price"]), plain(increments["amount"])
    Grid.of_increment(tick)
    Grid.of_increment(lot)
    entry: dict[str, object] = {
        "id": f"{symbol.pair}.{VENUES[venue]}",
        "native": native,
        "tick": tick,
        "lot": lot,
    }
    if symbol.inverse:
        size = market.get("contractSize")
        entry["multiplier"] = int(size) if size else multiplier(symbol)
    for key, group, end in (
        ("min_size", "amount", "min"),
        ("max_size", "amount", "max"),
        ("min_notional", "cost", "min"),
    ):
        if value := limits.get(group, {}).get(end):
            entry[key] = plain(value)
    return entry


def _symbol(venue: str, market: Mapping[str, Any]) -> Symbol:
    """Return what a market is, under the venue's own currency codes and not under ccxt's."""
    base, quote = market["baseId"], market["quoteId"]
    inverse = venue == "binance-coinm"
    derivative = inverse or venue == "binance-usdm"
    if not derivative and market["type"] == "spot":
        return Symbol(base, quote)
    if derivative and market["type"] == "swap" and bool(market["inverse"]) is inverse:
        return Symbol(base, quote, Kind.PERPETUAL, inverse=inverse)
    if derivative and market["type"] == "future" and bool(market["inverse"]) is inverse:
        due = datetime.fromtimestamp(market["expiry"] // 1000, UTC)
        return Symbol(base, quote, Kind.FUTURE, f"{due:%y%m%d}", inverse)
    raise ValueError(f"a {market['type']} market is not of this venue")


def _exchange(ccxt: Any, venue: str, base_url: str, timeout_ms: int) -> Any:
    config = {"timeout": timeout_ms, "enableRateLimit": True, "options": _OPTIONS.get(venue, {})}
    exchange = getattr(ccxt, CLASSES[venue])(config)
    if base_url:
        table = exchange.urls["api"]
        for name, url in table.items():
            if isinstance(url, str):
                table[name] = base_url.rstrip("/") + urlsplit(url).path
    return exchange


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m market.ccxt_child", description=__doc__)
    parser.add_argument("venue", choices=list(CLASSES))
    parser.add_argument("--out", required=True, help="the file to write")
    parser.add_argument("--now-ns", required=True, type=int, help="the time to write into it")
    parser.add_argument("--base-url", default="", help="ask this host instead of the venue's own")
    parser.add_argument("--timeout-ms", type=int, default=10_000, help="limit of each request")
    return parser


def _fail(code: int, reason: Exception | str) -> int:
    text = str(reason)
    if isinstance(reason, Exception):
        # ccxt's network errors name the address only; what went wrong is their cause.
        cause = f" ({type(reason.__cause__).__name__})" if reason.__cause__ else ""
        text = f"{type(reason).__name__}: {reason}{cause}"
    # One line: the parent shows the last one, and ccxt's messages may quote a whole page.
    print(" ".join(text.split())[:500], file=sys.stderr)  # noqa: T201 - the reply to the parent
    return code


if __name__ == "__main__":
    sys.exit(main())
