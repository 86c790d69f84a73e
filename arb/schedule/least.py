"""The smallest order that a venue takes."""

from arb.risk.line import Line


def least_lots(line: Line, price: int) -> int:
    """Return the fewest lots that the venue takes at a price in ticks, whole steps of its lot."""
    value = max(price, 1) * line.units.notional
    least = max(line.lots_min, -(-line.notional_min // value), line.lot)
    return least + -least % line.lot
