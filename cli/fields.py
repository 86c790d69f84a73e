"""Reads and words the fields of a daemon's answers, any of which may be absent or odd.

Text from a daemon may hold what a venue sent: nothing that a terminal obeys gets through.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

#: Shown for what is not known.
NOTHING = "-"


def text(row: Any, key: str, otherwise: str = NOTHING) -> str:
    """Return a field as printable text on one line."""
    value = row.get(key) if isinstance(row, dict) else None
    return otherwise if value is None or value == "" else printable(str(value))


def printable(raw: str) -> str:
    """Return text with a `?` for everything that does not print as one line."""
    if raw.isprintable():
        return raw
    return "".join(one if one.isprintable() else "?" for one in raw)


def number(row: Any, key: str) -> float | None:
    """Return a field as a finite number, or None."""
    value = row.get(key) if isinstance(row, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if found - found == 0 else None


def mapping(row: Any, key: str) -> dict[str, Any]:
    """Return a field that is an object, else an empty one."""
    value = row.get(key) if isinstance(row, dict) else None
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, or of an object's values."""
    listed: Iterable[Any] = value.values() if isinstance(value, dict) else value
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, Iterable) else []


def levels(row: Any, key: str) -> list[tuple[str, str]]:
    """Return the levels of a side as (price, size) text, without what is none."""
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, list):
        return []
    return [
        (printable(str(level[0])), printable(str(level[1])))
        for level in value
        if isinstance(level, list | tuple) and len(level) == 2
    ]


def labels(row: Any, key: str) -> list[str] | None:
    """Return a list of labels, or None when it is absent."""
    value = row.get(key) if isinstance(row, dict) else None
    return [printable(str(one)) for one in value] if isinstance(value, list) else None


def grade_of(row: Any) -> str:
    """Return a book's grade in words; `good` where nothing stands against it."""
    found = labels(row, "grade")
    if found is None:
        return NOTHING
    return ", ".join(found) or "good"


def millis(value: float | None) -> str:
    """Return milliseconds as an age: `0.3ms`, `12ms`, `4.2s`, `3m20s`, `2h05m`."""
    if value is None:
        return NOTHING
    if abs(value) < 1_000:
        return f"{value:.1f}ms" if abs(value) < 9.95 else f"{value:.0f}ms"
    return seconds(value / 1_000)


def seconds(value: float | None) -> str:
    """Return seconds as an age: `4.2s`, `45s`, `3m20s`, `2h05m`, `3d04h`."""
    if value is None:
        return NOTHING
    if value < 9.95:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < 60:
        return f"{whole}s"
    if whole < 3_600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3_600}h{whole % 3_600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3_600:02d}h"


def count(value: float | None) -> str:
    """Return a count with thousands set apart."""
    return NOTHING if value is None else f"{value:,.0f}"


def size_of_bytes(value: float | None) -> str:
    """Return bytes in binary units: `12.0 MiB`."""
    if value is None:
        return NOTHING
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1_024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1_024
    return f"{value:.1f} TiB"


def signed(value: float | None, decimals: int = 1) -> str:
    """Return a number with its sign: `+3.1`."""
    return NOTHING if value is None else f"{value:+,.{decimals}f}"


def decimals_of(values: Iterable[str]) -> int:
    """Return the most decimal places among texts."""
    return max((len(value.partition(".")[2]) for value in values), default=0)


def aligned(value: str, decimals: int) -> str:
    """Return a decimal text with exactly so many places, cut off; odd text as it is."""
    try:
        exact = Decimal(value)
        step = Decimal(1).scaleb(-decimals)
        return f"{exact.quantize(step, rounding='ROUND_DOWN'):f}" if exact.is_finite() else value
    except InvalidOperation:
        return value


def errors_of(row: Any) -> str:
    """Return the counted errors of a venue or connection in words."""
    counted = mapping(row, "errors")
    return ", ".join(f"{printable(str(name))} {text(counted, name)}" for name in counted) or "none"
