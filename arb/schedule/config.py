"""How a parent order is worked."""

from dataclasses import dataclass
from enum import IntEnum

from market.order import Side


class Style(IntEnum):
    """How children trade: resting at the own side's best price, or taking at once."""

    PASSIVE = 0
    AGGRESSIVE = 1


class AtEnd(IntEnum):
    """What happens to what the end of the window finds undone."""

    CANCEL = 0
    CROSS = 1


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """One parent. Amounts are base currency, `limit` a price as an amount of quote for one base.

    Every `step_ns` what is due is compared with what is done and open, and a child is sent for the
    difference. A taking child is an IOC at most `band_ppb` beyond the touch. A passive child that
    leaves the parent behind what was due `patience` steps ago is cancelled, and the missing part
    taken. No child is larger than `child` (0: no such limit): what was missed is caught up in such
    pieces, one a step; only the end crosses in one. `share_ppm` bounds all children to that part of
    the public volume heard in the window (0: no such bound). At the end what is left is crossed at
    most `crosses` times, or stays undone. A VWAP goes by `weights`, equal parts of the window;
    without any by the volume seen so far, in periods of `period_ns`.
    """

    slot: int
    side: Side
    size: int
    limit: int = 0
    style: Style = Style.PASSIVE
    at_end: AtEnd = AtEnd.CANCEL
    share_ppm: int = 0
    child: int = 0
    step_ns: int = 1_000_000_000
    patience: int = 5
    band_ppb: int = 500_000
    crosses: int = 3
    weights: tuple[int, ...] = ()
    period_ns: int = 86_400 * 10**9
    name: str = "twap"
    #: twap, vwap or pov; where that is left out the name says it.
    kind: str = ""

    def __post_init__(self) -> None:
        """Refuse what no schedule could work."""
        if self.size <= 0 or self.limit < 0 or self.child < 0 or self.band_ppb < 0:
            raise ValueError("size must be positive; limit, child and band not negative")
        if self.step_ns <= 0 or self.patience < 1 or self.crosses < 1:
            raise ValueError("step, patience and crosses must be positive")
        if not 0 <= self.share_ppm <= 10**6:
            raise ValueError("participation must lie between 0 and 1")
