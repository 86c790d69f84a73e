"""One instrument in the paper engine: its number there, and the levels that are mirrored."""

from dataclasses import dataclass, field

from arb.risk.line import Line
from engine.code import PRICE_MAX, QTY_MAX
from market.fees import Fees
from market.instrument import Instrument

#: Price times lots that the engine accepts.
_PRODUCT_MAX = 1 << 62


@dataclass(slots=True)
class PaperLine:
    """`mirrored` holds the lots last shown by (side, price) for the levels that matter to us."""

    instrument: Instrument
    number: int
    fees: Fees
    #: The venue's own rules, which it keeps whatever our risk checks let through.
    rules: Line
    mirrored: dict[tuple[int, int], int] = field(default_factory=dict)
    #: When we last took from a level, which is forgotten some time later.
    taken: dict[tuple[int, int], int] = field(default_factory=dict)
    orders: int = 0
    #: The highest bid and the lowest ask of ours, 0 without one; None where it is to be found anew.
    inner: tuple[int, int] | None = None


def shown(price: int, lots: int) -> int:
    """Return lots that the engine can hold at a price; more is as good as endless."""
    return min(lots, QTY_MAX, _PRODUCT_MAX // max(price, 1)) if price <= PRICE_MAX else 0
