"""How one-sided trading is, in volume time."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Vpin:
    """Volume-synchronised probability of informed trading (Easley, Lopez de Prado, O'Hara 2012).

    The mean of |bought - sold| / volume over the last `buckets` buckets of `bucket` lots, by the
    aggressor that the venue names.
    """

    bucket: float
    buckets: int = 50
    bought: float = 0.0
    sold: float = 0.0
    imbalances: list[float] = field(default_factory=list)

    def add(self, lots: float, *, buyer: bool) -> None:
        """Take in a trade; a large one fills several buckets, at most all of them."""
        left = min(lots, self.bucket * (self.buckets + 1))
        while left > 0.0:
            part = min(left, self.bucket - self.bought - self.sold)
            left -= part
            if buyer:
                self.bought += part
            else:
                self.sold += part
            if self.bought + self.sold >= self.bucket * (1.0 - 1e-12):
                self.imbalances.append(abs(self.bought - self.sold) / self.bucket)
                del self.imbalances[: -self.buckets]
                self.bought = self.sold = 0.0

    @property
    def value(self) -> float | None:
        """The estimate, None before the first full bucket."""
        return sum(self.imbalances) / len(self.imbalances) if self.imbalances else None
