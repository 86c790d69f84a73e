"""Typed access to one row of somebody's JSON: each refusal names the field and the expectation."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from market.grid import UNITS_MAX, BadNumberError, Grid, split_decimal
from market.instrument import Instrument

#: Longest name, symbol or number of a row; venues stay far below.
TEXT_MAX = 64
#: Binance's exchangeInfo, the largest reply, is about 2 MB today and lists under 4,000 symbols.
PAYLOAD_MAX = 64 * 1024 * 1024
ROWS_MAX = 20_000

_NAME = re.compile(r"[\w-]+")

#: Reads one row of a venue; raises RowError.
Reader = Callable[[Mapping[str, Any], str], Instrument]


class RowError(ValueError):
    """A field of the row is missing or not what it must be."""


def table(value: object, path: str) -> Mapping[str, Any]:
    """Return `value` as a JSON object; raises RowError."""
    if not isinstance(value, dict):
        raise RowError(f"{path}: expected an object, got {shown(value)}")
    return value


def text(row: Mapping[str, Any], key: str) -> str:
    """Return the field as non-empty text of at most TEXT_MAX characters; raises RowError."""
    value = row.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_MAX:
        raise RowError(f"{key}: expected text of 1 to {TEXT_MAX} characters, got {shown(value)}")
    return value


def name(row: Mapping[str, Any], key: str) -> str:
    """Return the field as a symbol or currency: letters, digits, `-` and `_`; raises RowError."""
    value = text(row, key)
    if not _NAME.fullmatch(value):
        raise RowError(f"{key}: expected letters, digits, - or _, got {value!r}")
    return value


def increment(row: Mapping[str, Any], key: str) -> Grid:
    """Return the grid of a tick or step field such as `"0.01000000"`; raises RowError."""
    value = text(row, key)
    try:
        return Grid.of_increment(value)
    except ValueError as error:
        raise RowError(f"{key}: expected an increment over zero, got {value!r}: {error}") from error


def limit(row: Mapping[str, Any], key: str) -> str:
    """Return a limit as the row spells it; empty when absent, null, blank or zero (no limit).

    Raises RowError when it is there and is no plain decimal.
    """
    value = row.get(key)
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise RowError(f"{key}: expected a decimal as text, got {shown(value)}")
    try:
        digits, _ = split_decimal(value)
    except BadNumberError as error:
        raise RowError(f"{key}: {error}") from error
    return value if digits else ""


def whole(row: Mapping[str, Any], key: str, most: int = UNITS_MAX) -> int:
    """Return a whole number from 1 to `most`; raises RowError."""
    value = row.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise RowError(f"{key}: expected a whole number over zero, got {shown(value)}")
    return value


def shown(value: object) -> str:
    """Return a short text of a value for a message, whatever its size."""
    if isinstance(value, str):
        return repr(value[:TEXT_MAX])
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else repr(value)[:TEXT_MAX]


def read(
    payload: bytes, venue: str, keys: tuple[str, ...], reader: Reader
) -> tuple[list[Instrument], list[str]]:
    """Return the instruments of a venue's reply and one line for each row that was left out.

    `keys[0]` names the list of rows (empty: the reply is the list itself); a reply that has
    `keys[1]` instead is a single row. A reply that is no such thing is one problem.
    """
    if len(payload) > PAYLOAD_MAX:
        return [], [f"{venue}: a reply of {len(payload)} bytes, the limit is {PAYLOAD_MAX}"]
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        return [], [f"{venue}: not JSON: {error}"]
    listed = _rows(value, keys)
    if listed is None or len(listed) > ROWS_MAX:
        what = shown(value) if listed is None else f"{len(listed)} rows"
        return [], [f"{venue}: expected a list of at most {ROWS_MAX} rules, got {what}"]
    found: dict[str, Instrument] = {}
    problems: list[str] = []
    for index, row in enumerate(listed):
        try:
            entry = reader(table(row, "row"), venue)
        except RowError as error:
            problems.append(f"{venue} {_label(row, index)}: {error}")
            continue
        if entry.native in found:
            problems.append(f"{venue} {_label(row, index)}: listed twice, the first one stands")
            continue
        found[entry.native] = entry
    return list(found.values()), problems


def _rows(value: object, keys: tuple[str, ...]) -> list[object] | None:
    listed, *single = keys
    if isinstance(value, dict):
        if single and single[0] in value:
            return [value]
        value = value.get(listed)
    elif listed:
        return None
    return value if isinstance(value, list) else None


def _label(row: object, index: int) -> str:
    """Return the row's own name where it has one, else its place."""
    if isinstance(row, dict):
        for key in ("symbol", "product_id", "id", "native"):
            found = row.get(key)
            if isinstance(found, str) and _NAME.fullmatch(found[:TEXT_MAX]):
                return found[:TEXT_MAX]
    return f"row {index}"
