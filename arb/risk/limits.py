"""The limits that risk keeps. Values are whole units of the reporting currency."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Zero switches a limit off, except where a description says otherwise.

    `collar_ppb`: how far a limit price may lie beyond the best opposite price, in parts per
    billion. `volume_permille`: the most of the last minute's traded volume that one order may be;
    larger ones wait for approval. `jump_ppb` within `jump_ns` and `doubt_ns` (how long a watched
    book may be unusable while orders of ours rest on it) trip breakers. `margin_permille`: what
    part of a perpetual's value must be there as margin.
    """

    notional_max: int = 10_000
    collar_ppb: int = 10_000_000
    orders_per_second: int = 50
    open_orders_max: int = 100
    position_max: int = 50_000
    aggregate_max: int = 200_000
    exposure_max: int = 10_000
    volume_permille: int = 500
    loss_max: int = 1_000
    drawdown_max: int = 1_000
    jump_ppb: int = 50_000_000
    jump_ns: int = 1_000_000_000
    doubt_ns: int = 5_000_000_000
    margin_permille: int = 100

    def __post_init__(self) -> None:
        """Refuse negative limits."""
        for name in self.__slots__:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
