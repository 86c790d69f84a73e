from market.grid import Grid

def spell_levels(levels: list[tuple[int, int]], price: Grid, size: Grid) -> list[tuple[str, str]]:
    """Return (price, size) as exact decimal text for levels of ticks and lots.

    Raises OverflowError for a value that passes 63 bits in its grid's decimals, ValueError for a
    negative one.
    """
