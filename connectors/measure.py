"""The grids that a set of decimal texts needs: the slow path after a value was off its grid."""

from collections.abc import Iterable

from market.grid import UNITS_MAX, BadNumberError, Grid, split_decimal


def coarsest(texts: Iterable[object]) -> Grid | None:
    """Return the coarsest power-of-ten grid that holds all texts; absurd ones are passed over."""
    decimals = -1
    for text in texts:
        if not isinstance(text, str):
            continue
        try:
            digits, needed = split_decimal(text)
        except BadNumberError:
            continue
        if digits <= UNITS_MAX:
            decimals = max(decimals, needed)
    return Grid(decimals) if decimals >= 0 else None
