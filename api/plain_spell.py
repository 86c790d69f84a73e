"""The plain twin of api.spell."""

from market.grid import Grid

_MOST = (1 << 63) - 1


def spell_levels(levels: list[tuple[int, int]], price: Grid, size: Grid) -> list[tuple[str, str]]:
    """Return (price, size) as exact decimal text for levels of ticks and lots."""
    for ticks, lots in levels:
        if ticks < 0 or lots < 0:
            raise ValueError("units are not negative, grids are grids")
        if ticks * price.step > _MOST or lots * size.step > _MOST:
            raise OverflowError("more than 63 bits")
    return [(price.format(ticks), size.format(lots)) for ticks, lots in levels]
