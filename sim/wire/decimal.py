"""How venues spell numbers and times."""

from datetime import UTC, datetime
from functools import lru_cache


def padded_form(decimals: int) -> tuple[int, str]:
    """Return (units of one, form of the whole and the rest) of a number with eight decimals."""
    digits = max(1, decimals)
    return 10**decimals, f"%d.%0{digits}d" + "0" * (8 - digits)


_PADDED_FORMS = [padded_form(decimals) for decimals in range(9)]


def padded(units: int, decimals: int) -> str:
    """Spell an integer of 10**-decimals units with eight decimals, as Binance does."""
    scale, form = _PADDED_FORMS[decimals]
    return form % divmod(units, scale)


def trimmed(units: int, decimals: int) -> str:
    """Spell an integer of 10**-decimals units without trailing zeros, as Coinbase does."""
    scale = 10**decimals
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, part = divmod(units, scale)
    if not part:
        return f"{sign}{whole}"
    fraction = f"{part:0{decimals}d}".rstrip("0")
    return f"{sign}{whole}.{fraction}"


@lru_cache(maxsize=64)
def _second(second: int, form: str) -> str:
    return datetime.fromtimestamp(second, UTC).strftime(form)


def iso_time(ts_ns: int, digits: int = 9) -> str:
    """Spell a time as `2026-08-09T21:05:48.1703Z`: at most `digits` decimals, zeros dropped."""
    second, rest = divmod(ts_ns, 10**9)
    fraction = f"{rest:09d}"[:digits].rstrip("0")
    point = "." if fraction else ""
    return f"{_second(second, '%Y-%m-%dT%H:%M:%S')}{point}{fraction}Z"


def go_time(ts_ns: int, up_ns: int) -> str:
    """Spell a time as Go prints it, with the monotonic reading of a process up for `up_ns`."""
    second, rest = divmod(ts_ns, 10**9)
    up = f"{up_ns // 10**9}.{up_ns % 10**9:09d}"
    return f"{_second(second, '%Y-%m-%d %H:%M:%S')}.{rest:09d} +0000 UTC m=+{up}"
