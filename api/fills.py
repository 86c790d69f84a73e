"""The newest fills of all worlds, as they were told."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from market.amount import text_of
from market.effects import Effect
from market.order import Side
from node import Node

from .schemas import Fill

#: Fills that are kept; older ones are in the recording.
FILLS_MAX = 10_000


class FillLog:
    """Takes what trading did, and keeps its fills; `count` is how many there were."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: deque[Fill] = deque(maxlen=FILLS_MAX)

    def take(self, effect: Effect, node: Node) -> None:
        """Take what a world did; prices become text while their grid is known."""
        if effect.subject != "fill":
            return
        order, slot, side, price, lots, fee, trade = effect.fields
        assert isinstance(slot, int)
        assert isinstance(price, int)
        assert isinstance(lots, int)
        instrument = node.instruments[slot]
        self.count += 1
        self._kept.append(
            {
                "id": self.count,
                "world": effect.target,
                "order": int(order),
                "trade": str(trade),
                "instrument": instrument.id,
                "side": "buy" if side == Side.BUY else "sell",
                "price": instrument.price.format(price),
                "size": instrument.size.format(lots),
                "fee": text_of(int(fee)),
                "ts_ns": node.now,
            }
        )

    def before(self, number: int) -> Iterator[Fill]:
        """Yield the kept fills with a smaller id, newest first."""
        return islice(reversed(self._kept), max(0, self.count + 1 - number), None)

    def since(self, number: int) -> list[Fill]:
        """Return the kept fills with a larger id, oldest first."""
        missing = min(self.count - number, len(self._kept))
        return list(islice(self._kept, len(self._kept) - missing, None))
