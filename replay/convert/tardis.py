"""The CSV layout of tardis.dev: data types, columns, names.

https://docs.tardis.dev/downloadable-csv-files — times are µs since the epoch, UTC; `timestamp` is
the venue's time and falls back to `local_timestamp`, the arrival; an amount of 0 takes a level
away; the first `is_snapshot=true` row behind others voids the book; rows of one message share both
times; rows before the first snapshot are to be skipped.
"""

import re

HEAD = ("exchange", "symbol", "timestamp", "local_timestamp")
BOOK = "incremental_book_L2"
TRADES = "trades"
TICKER = "book_ticker"
QUOTES = "quotes"
SNAPSHOT = "book_snapshot_"
#: What is written unless other types are asked for: all that an event can say.
DEFAULT_TYPES = (BOOK, TRADES, TICKER)
#: Levels a side of `book_snapshot_N`; Tardis itself offers 5 and 25.
DEPTH_MAX = 1_000

#: An exchange, a symbol or a trade's id: nothing that a CSV cell would have to quote.
NAME = re.compile(r"[\w./:@#+-]{1,64}", re.ASCII)

_TOUCH = ("ask_amount", "ask_price", "bid_price", "bid_amount")
_COLUMNS = {
    BOOK: ("is_snapshot", "side", "price", "amount"),
    TRADES: ("id", "side", "price", "amount"),
    TICKER: _TOUCH,
    QUOTES: _TOUCH,
}
_SNAPSHOT_TYPE = re.compile(r"book_snapshot_([1-9]\d{0,3})", re.ASCII)

#: Our venues by Tardis' exchange id. Advanced Trade is not among theirs: the name is ours.
EXCHANGES = {
    "binance": "binance",
    "binance-us": "binance-us",
    "binance-futures": "binance-usdm",
    "binance-delivery": "binance-coinm",
    "coinbase": "coinbase-exchange",
    "coinbase-advanced": "coinbase",
}
NAMES = {venue: exchange for exchange, venue in EXCHANGES.items()}


def depth_of(data_type: str) -> int:
    """Return N of `book_snapshot_N`, 0 for another type; raises ValueError for an unknown one."""
    if data_type in _COLUMNS:
        return 0
    found = _SNAPSHOT_TYPE.fullmatch(data_type)
    if found is None or int(found[1]) > DEPTH_MAX:
        known = ", ".join(_COLUMNS)
        raise ValueError(
            f"{data_type}: no data type; known: {known}, book_snapshot_1 to _{DEPTH_MAX}"
        )
    return int(found[1])


def columns(data_type: str) -> tuple[str, ...]:
    """Return the columns of a data type; raises ValueError for an unknown one."""
    depth = depth_of(data_type)
    if not depth:
        return HEAD + _COLUMNS[data_type]
    levels = [
        f"{side}[{at}].{what}"
        for at in range(depth)
        for side in ("asks", "bids")
        for what in ("price", "amount")
    ]
    return (*HEAD, *levels)


def type_of(header: tuple[str, ...], name: str) -> str:
    """Return the data type of a file with this header; ValueError where it is none.

    Quotes and best quotes have the same columns: there the file's name decides.
    """
    if header == columns(QUOTES):
        return QUOTES if "_quotes_" in name or name.startswith(QUOTES) else TICKER
    for data_type in (BOOK, TRADES):
        if header == columns(data_type):
            return data_type
    depth, rest = divmod(len(header) - len(HEAD), 4)
    if not rest and 0 < depth <= DEPTH_MAX and header == columns(f"{SNAPSHOT}{depth}"):
        return f"{SNAPSHOT}{depth}"
    raise ValueError(f"no header of a known data type: {','.join(header)[:80]}")
