"""Decimal texts of a client as whole ticks, lots and money."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

_CHARS_MAX = 40
_UNITS_MAX = 1 << 40  # of the matching engine, for ticks and for lots


class UnitError(ValueError):
    """A text that is no positive number of a unit; `too_fine` where only its step is wrong."""

    def __init__(self, message: str, too_fine: bool = False) -> None:
        super().__init__(message)
        self.too_fine = too_fine


def number(value: object) -> Decimal:
    """Return the exact positive decimal of a text or JSON number; UnitError if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitError("not a number")
    text = str(value)
    if len(text) > _CHARS_MAX or "_" in text:
        raise UnitError("not a number")
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise UnitError("not a number") from None
    if not found.is_finite() or found <= 0:
        raise UnitError("not a positive number")
    if abs(found.adjusted()) > _CHARS_MAX:
        raise UnitError("out of range")
    return found


def units(value: object, decimals: int) -> int:
    """Return a number as whole units of 10**-decimals; UnitError where it is not one."""
    scaled = number(value).scaleb(decimals)
    whole = int(scaled)
    if whole != scaled:
        raise UnitError(f"finer than {decimals} decimals", too_fine=True)
    if whole > _UNITS_MAX:
        raise UnitError("out of range")
    return whole


def time_ns(value: object) -> int:
    """Return an RFC 3339 time as ns since the epoch; ValueError if it is none."""
    if not isinstance(value, str) or len(value) > _CHARS_MAX:
        raise ValueError("not a time")
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return round(found.timestamp() * 10**6) * 1000


def plain(value: Decimal) -> str:
    """Spell a decimal without an exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text
