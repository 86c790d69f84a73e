"""Faults on demand: what happens to the next frames of a venue."""

from dataclasses import dataclass
from enum import Enum

OVERSIZE_BYTES = 65 << 20  # beyond the 64 MiB that a generous client takes


class Fault(Enum):
    """What is done to a frame."""

    DROP = "drop"
    REPEAT = "repeat"
    MALFORM = "malform"  # not JSON any more
    TRUNCATE = "truncate"  # cut in the middle
    OVERSIZE = "oversize"  # the same JSON, padded with spaces beyond any sensible limit


@dataclass(slots=True)
class _Order:
    fault: Fault
    channel: str
    left: int
    size: int


class Faults:
    """Orders for the frames to come, each worked off over a number of frames.

    A frame is met by the first order whose `channel` is part of its channel name (for Binance the
    stream name, for Coinbase the channel followed by a space and the product). All clients get the
    same. A Coinbase frame that is dropped has used up its sequence number.
    """

    def __init__(self) -> None:
        self._orders: list[_Order] = []

    def order(
        self, fault: Fault, channel: str = "", frames: int = 1, size: int = OVERSIZE_BYTES
    ) -> None:
        """Have the next frames of a channel dropped or altered; `size` is for OVERSIZE, in bytes.

        ValueError if `frames` is not positive.
        """
        if frames < 1:
            raise ValueError(f"frames: {frames} is not positive")
        self._orders.append(_Order(fault, channel, frames, size))

    @property
    def pending(self) -> int:
        """Frames still to be dropped or altered."""
        return sum(order.left for order in self._orders)

    def clear(self) -> None:
        """Forget all orders."""
        self._orders.clear()

    def meet(self, channel: str) -> "Hit | None":
        """Return what is to happen to the next frame of a channel, None for nothing."""
        for order in self._orders:
            if order.channel in channel:
                order.left -= 1
                if not order.left:
                    self._orders.remove(order)
                return Hit(order.fault, order.size)
        return None


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that meets one frame."""

    fault: Fault
    size: int

    def apply(self, text: str) -> list[str]:
        """Return what is sent instead of a frame."""
        match self.fault:
            case Fault.DROP:
                return []
            case Fault.REPEAT:
                return [text, text]
            case Fault.MALFORM:
                return [text.replace(":", ";", 1)]
            case Fault.TRUNCATE:
                return [text[: len(text) // 2]]
            case Fault.OVERSIZE:
                return [text.ljust(self.size)]
