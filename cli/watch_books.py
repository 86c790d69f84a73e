"""Books side by side: state, grade and ages above the levels of both sides."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Any

from rich.text import Text

from .books import audit
from .fields import (
    NOTHING,
    aligned,
    decimals_of,
    grade_of,
    levels,
    millis,
    number,
    seconds,
    text,
)
from .watch_text import Lines, packed, spread

BID, ASK = "green", "red"

#: Cells below which a book is no longer readable, and from which sums of sizes have room.
WIDTH_MIN = 38
_SUMS_WIDTH = 56

#: Cells from which the ages have room for whole words.
_WORDS_WIDTH = 46

_SIZE_WIDTH_MAX = 14


def book(row: dict[str, Any], width: int, depth: int) -> Lines:
    """Return a book as 2 + depth lines."""
    name = Text(text(row, "instrument"), "bold")
    return [
        spread(name, state(row), width),
        packed(_ages(row, width), width, "  " if width >= _WORDS_WIDTH else " ", keep=4),
        *_ladder(row, width, depth),
    ]


def one_line(row: dict[str, Any], width: int) -> Text:
    """Return a book as a line: its touch, and whether it can be trusted."""
    bids, asks = levels(row, "bids"), levels(row, "asks")
    touch = Text()
    if bids and asks:
        touch = Text.assemble(
            (f"{bids[0][1]} ", "dim"),
            (bids[0][0], BID),
            "  ",
            (asks[0][0], ASK),
            (f" {asks[0][1]}", "dim"),
        )
    name = Text(text(row, "instrument"), "bold")
    return packed([name, state(row), touch, *_ages(row, width)], width, keep=2)


def state(row: dict[str, Any]) -> Text:
    """Return the state and the grade of a book; `live good` is the only green one."""
    held, grade = text(row, "state"), grade_of(row)
    if held != "live":
        return Text(f"not live: {held}", "bold red")
    return Text(f"live {grade}", "green" if grade == "good" else "bold yellow")


def _ages(row: dict[str, Any], width: int) -> list[Text]:
    silence, lag = (millis(number(row, key)) for key in ("silence_ms", "lag_ms"))
    score = audit(row)
    clean = number(row, "last_clean_audit_seconds")
    words = ("silent ", "audit ") if width >= _WORDS_WIDTH else ("sil ", "aud ")
    parts = [
        Text.assemble((words[0], "dim"), silence),
        Text.assemble(("lag ", "dim"), lag),
        Text.assemble(
            (words[1], "dim"), (score, "" if score in (NOTHING, "100%") else "bold yellow")
        ),
        Text(text(row, "touch_source")),
    ]
    if clean is not None:
        parts.append(Text.assemble(("clean ", "dim"), f"{seconds(clean)} ago"))
    return parts


def _ladder(row: dict[str, Any], width: int, depth: int) -> Lines:
    bids, asks = levels(row, "bids")[:depth], levels(row, "asks")[:depth]
    if not bids and not asks:
        said = text(row, "detail", "no levels are shown")
        return [Text(said, "dim"), *[Text()] * (depth - 1)] if depth else []
    places = decimals_of(price for price, _ in (*bids, *asks))
    sums = width >= _SUMS_WIDTH
    prices = [[aligned(price, places) for price, _ in side] for side in (bids, asks)]
    price_width = max(len(price) for side in prices for price in side)
    columns = 4 if sums else 2
    room = (width - 2 * price_width - 2 - columns) // columns
    size_width = max(min(room, _SIZE_WIDTH_MAX), 1)
    sizes = [_sizes([size for _, size in side], size_width, sums) for side in (bids, asks)]
    out = []
    for at in range(depth):
        bid, bid_sizes = _level(prices[0], sizes[0], at, sums)
        ask, ask_sizes = _level(prices[1], sizes[1], at, sums)
        line = Text()
        for column, one in reversed(list(enumerate(bid_sizes))):
            line.append(f"{_cut(one, size_width)} ", "dim" if column else "")
        line.append(f"{bid:>{price_width}}", BID)
        line.append("  ")
        line.append(f"{ask:<{price_width}}", ASK)
        for column, one in enumerate(ask_sizes):
            line.append(f" {_cut(one, size_width)}", "dim" if column else "")
        line.pad_left(max(width - line.cell_len, 0) // 2)
        out.append(line)
    return out


def _cut(size: str, width: int) -> str:
    """Return a size in so many characters; one that is cut says so, or it would be another size."""
    return f"{size:>{width}}" if len(size) <= width else f"{size[: width - 1]}…"


def _level(
    prices: Sequence[str], sizes: Sequence[Sequence[str]], at: int, sums: bool
) -> tuple[str, list[str]]:
    """Return price and sizes of a level, empty below the last one."""
    if at >= len(prices):
        return "", [""] * (2 if sums else 1)
    return prices[at], [column[at] for column in sizes]


def _sizes(sizes: list[str], width: int, sums: bool) -> list[list[str]]:
    """Return a column of sizes, and one of their running sums where there is room."""
    columns = [sizes]
    if sums:
        try:
            columns.append([f"{one:f}" for one in accumulate(Decimal(size) for size in sizes)])
        except InvalidOperation:
            columns.append([NOTHING] * len(sizes))
    out = []
    for column in columns:
        whole = max((len(size.partition(".")[0]) for size in column), default=0)
        places = max(min(decimals_of(column), width - whole - 1), 0)
        out.append([aligned(size, places) for size in column])
    return out
