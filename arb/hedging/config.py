"""How what a maker's fill leaves open is hedged."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HedgeConfig:
    """Slots are instruments; `bound` is in amounts of the common base currency.

    `venues` are tried in this order. A hedge is an IOC order at most `band_ppb` beyond the touch.
    After `tries` that left something open the next venue is asked; after the last one, or when an
    exposure lasted `limit_ns`, it is flattened where it came from, and everything halts. A venue
    counts as usable for `grace_ns` after its quote was last good.
    """

    maker: int
    venues: tuple[int, ...]
    bound: int
    band_ppb: int = 2_000_000
    tries: int = 2
    limit_ns: int = 2_000_000_000
    grace_ns: int = 200_000_000
    pause_ns: int = 20_000_000

    def __post_init__(self) -> None:
        """Refuse what could not hedge anything."""
        if not self.venues or self.maker in self.venues:
            raise ValueError("a hedge needs at least one venue other than the maker's")
        if self.bound <= 0 or self.tries <= 0 or self.band_ppb < 0:
            raise ValueError("bound and tries must be positive, the band not negative")
