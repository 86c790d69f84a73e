"""The rules of one instrument's book."""

from dataclasses import dataclass, fields

from .code import PRICE_MAX, QTY_MAX, RATE_ONE, Allocation, QueueModel

# Each account has a row of 32 bytes for every asset number up to the highest in use.
ASSETS_MAX = 1024
UNIT_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class BookRules:
    """How one instrument trades; every field an integer.

    `base` and `quote` are asset numbers. A lot is `base_unit` smallest units of the base asset;
    a price of one tick for one lot is `quote_unit` smallest units of the quote asset. `collar`,
    `halt_band` and the fees are in 1e-8 parts (0 collar or band: none; a negative fee is a
    rebate). `min_share` is in lots. Raises ValueError for a value out of its range.
    """

    base: int = 0
    quote: int = 1
    base_unit: int = 1
    quote_unit: int = 1
    allocation: int = Allocation.FIFO
    top_order: int = 0
    min_share: int = 0
    collar: int = 0
    halt_band: int = 0
    maker_fee: int = 0
    taker_fee: int = 0
    queue_model: int = QueueModel.PESSIMISTIC

    def __post_init__(self) -> None:
        """Refuse what the engine could not hold."""
        ranges = {
            "base": (0, ASSETS_MAX - 1),
            "quote": (0, ASSETS_MAX - 1),
            "base_unit": (1, UNIT_MAX),
            "quote_unit": (1, UNIT_MAX),
            "allocation": (0, max(Allocation)),
            "top_order": (0, 1),
            "min_share": (0, QTY_MAX),
            "collar": (0, RATE_ONE - 1),
            "halt_band": (0, RATE_ONE - 1),
            "maker_fee": (-RATE_ONE // 2, RATE_ONE // 2),
            "taker_fee": (-RATE_ONE // 2, RATE_ONE // 2),
            "queue_model": (0, max(QueueModel)),
        }
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must lie between {least} and {most}")
        if self.base == self.quote:
            raise ValueError("base and quote must differ")

    def row(self) -> tuple[int, ...]:
        """Return the fields in order, as a snapshot stores them."""
        return tuple(int(getattr(self, field.name)) for field in fields(self))


def band_distance(reference: int, rate: int) -> int:
    """Return the widest allowed distance from `reference`, in ticks, rounded down."""
    assert 0 <= reference <= PRICE_MAX
    return reference * rate // RATE_ONE
