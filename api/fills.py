"""The newest fills of all worlds, as they were told."""

from collections import deque

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

    def before(self, number: int) -> list[Fill]:
        """Return the kept fills with a smaller id, newest first."""
        first = self.count - len(self._kept) + 1
        end = min(max(number - first, 0), len(self._kept))
        return [self._kept[at] for at in range(end - 1, -1, -1)]

    def since(self, number: int) -> list[Fill]:
        """Return the kept fills with a larger id, oldest first."""
        missing = min(self.count - number, len(self._kept))
        return [self._kept[at] for at in range(len(self._kept) - missing, len(self._kept))]
