"""The plain twin of cache.tape."""

from collections import deque
from typing import TypeAlias

from cache.tape import TRADES_MAX

#: Number counted from 1, slot, price in ticks, lots, ts_event and ts_recv in ns, whether the
#: aggressor bought.
Print: TypeAlias = tuple[int, int, int, int, int, int, bool]

_MOST = (1 << 63) - 1
SLOTS_MAX = 1 << 16


class PlainTape:
    """Twin of `Tape`."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[Print] = deque(maxlen=TRADES_MAX)
        self._sums: dict[int, tuple[int, int]] = {}

    def add(
        self, slot: int, price: int, lots: int, ts_event: int, ts_recv: int, *, buyer: bool
    ) -> None:
        """Take a trade."""
        if price < 0 or lots < 0:
            raise ValueError("price and lots are not negative")
        if not 0 <= slot < SLOTS_MAX:
            raise IndexError(f"slots are 0 to {SLOTS_MAX - 1}, not {slot}")
        self.count += 1
        self._kept.append((self.count, slot, price, lots, ts_event, ts_recv, buyer))
        trades, total = self.total(slot)
        self._sums[slot] = trades + 1, min(total + lots, _MOST)

    def before(self, number: int, slot: int, limit: int) -> list[Print]:
        """Return at most `limit` trades with a smaller number, newest first."""
        found = [
            one
            for one in reversed(self._kept)
            if one[0] < number and one[1] >= 0 and slot in (-1, one[1])
        ]
        return found[:limit]

    def since(self, number: int, slot: int, limit: int) -> list[Print]:
        """Return the newest `limit` trades with a larger number, oldest first."""
        found = [one for one in self.before(self.count + 1, slot, TRADES_MAX) if one[0] > number]
        return found[:limit][::-1]

    def total(self, slot: int) -> tuple[int, int]:
        """Return how many trades a slot had, and their lots."""
        return self._sums.get(slot, (0, 0))

    def rescale(self, slot: int, price: int, size: int) -> None:
        """Bring a slot's trades to finer ticks and lots; what does not fit is forgotten."""
        if price < 1 or size < 1:
            raise ValueError("factors are positive")
        for at, one in enumerate(self._kept):
            if one[1] == slot:
                finer = one[2] * price, one[3] * size
                fits = max(finer) <= _MOST
                self._kept[at] = (one[0], slot if fits else -1, *finer, *one[4:])
        trades, lots = self.total(slot)
        if trades:
            self._sums[slot] = trades, min(lots * size, _MOST)
