"""Faults on demand: what happens to the next frames of a venue."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from random import Random

from sim.wire.decimal import iso_time

from .client import Client

OVERSIZE_BYTES = 65 << 20  # beyond the 64 MiB that a generous client takes

#: Where frames carry the venue's time: whole milliseconds or microseconds, and ISO text.
_EPOCH = re.compile(r'("(?:E|T)":)(\d+)')
_ISO = re.compile(r'("(?:timestamp|event_time|time)":")([^"]+)(")')


class Fault(Enum):
    """What is done to a frame."""

    DROP = "drop"
    REPEAT = "repeat"
    MALFORM = "malform"  # not JSON any more
    TRUNCATE = "truncate"  # cut in the middle
    OVERSIZE = "oversize"  # the same JSON, padded with spaces beyond any sensible limit
    REORDER = "reorder"  # sent after the next frame of its channel
    SKEW = "skew"  # the times in it are moved
    RELEASE = "release"  # sent as it is, and what was held back for it afterwards


#: A client has everything that such a frame says, in its place.
HARMLESS = frozenset({Fault.REPEAT, Fault.SKEW, Fault.RELEASE})

#: Told of each frame: channel, and whether it goes out whole and in its place.
Watch = Callable[[str, bool], None]


@dataclass(slots=True)
class _Order:
    fault: Fault
    channel: str
    left: int
    size: int


@dataclass(slots=True)
class FrameSpell:
    """A fault that meets frames by chance, each with probability `rate`, until it is taken off."""

    fault: Fault
    rate: float
    random: Random
    channel: str = ""
    size: int = OVERSIZE_BYTES
    skew_ns: int = 0
    hits: int = 0
    hits_max: int = 1 << 62
    first_ns: int = 0  # monotonic time of the first hit

    def meets(self, channel: str) -> bool:
        """Tell whether the next frame of a channel is met."""
        if self.channel not in channel or self.hits >= self.hits_max:
            return False
        if self.rate < 1.0 and self.random.random() >= self.rate:
            return False
        self.hits += 1
        self.first_ns = self.first_ns or time.monotonic_ns()
        return True


class Faults:
    """Orders for the frames to come, each worked off over a number of frames, and one spell.

    A frame is met by the first order whose `channel` is part of its channel name (for Binance the
    stream name, for Coinbase the channel followed by a space and the product), else by the spell.
    All clients get the same. A Coinbase frame that is dropped has used up its sequence number.
    """

    def __init__(self) -> None:
        self._orders: list[_Order] = []
        self._waiting: dict[str, dict[Client, str]] = {}
        self.spell: FrameSpell | None = None
        self.watch: Watch | None = None

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
        """Frames still to be dropped or altered by order."""
        return sum(order.left for order in self._orders)

    def clear(self) -> None:
        """Forget all orders, and the spell."""
        self._orders.clear()
        self.spell = None

    def meet(self, channel: str) -> "Hit | None":
        """Return what is to happen to the next frame of a channel, None for nothing."""
        hit = None
        if self._orders or self.spell is not None or self._waiting:
            hit = self._hit(channel)
        if self.watch is not None:
            self.watch(channel, hit is None or hit.fault in HARMLESS)
        return hit

    def _hit(self, channel: str) -> "Hit | None":
        if channel in self._waiting:
            return Hit(Fault.RELEASE, 0, held=self._waiting.pop(channel))
        for order in self._orders:
            if order.channel in channel:
                order.left -= 1
                if not order.left:
                    self._orders.remove(order)
                return self._made(order.fault, order.size, channel)
        spell = self.spell
        if spell is not None and spell.meets(channel):
            return self._made(spell.fault, spell.size, channel, spell.skew_ns)
        return None

    def _made(self, fault: Fault, size: int, channel: str, skew_ns: int = 0) -> "Hit":
        hit = Hit(fault, size, skew_ns)
        if fault is Fault.REORDER:
            self._waiting[channel] = hit.held
        return hit


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that meets one frame. `held` are frames that wait for the next of their channel."""

    fault: Fault
    size: int
    skew_ns: int = 0
    held: dict[Client, str] = field(default_factory=dict)

    def send(self, client: Client, text: str) -> None:
        """Send a client what it gets instead of a frame."""
        if self.fault is Fault.REORDER:
            self.held[client] = text
            return
        for altered in self.apply(text):
            client.send(altered)
        if self.fault is Fault.RELEASE and client in self.held:
            client.send(self.held[client])

    def apply(self, text: str) -> list[str]:
        """Return what is sent instead of a frame, as far as the frame alone decides it."""
        sent = [text]
        match self.fault:
            case Fault.DROP:
                sent = []
            case Fault.REPEAT:
                sent = [text, text]
            case Fault.MALFORM:
                sent = [text.replace(":", ";", 1)]
            case Fault.TRUNCATE:
                sent = [text[: len(text) // 2]]
            case Fault.OVERSIZE:
                sent = [text.ljust(self.size)]
            case Fault.SKEW:
                sent = [skewed(text, self.skew_ns)]
        return sent


def skewed(text: str, skew_ns: int) -> str:
    """Return a frame whose times are moved, as those of a venue whose clock is wrong."""

    def epoch(found: re.Match[str]) -> str:
        unit = 10**6 if len(found[2]) < 16 else 10**3
        return f"{found[1]}{int(found[2]) + skew_ns // unit}"

    def iso(found: re.Match[str]) -> str:
        return f"{found[1]}{_moved(found[2], skew_ns)}{found[3]}"

    return _ISO.sub(iso, _EPOCH.sub(epoch, text))


def _moved(time: str, skew_ns: int) -> str:
    """Move an ISO time; text that is none stays."""
    head, _, fraction = time.removesuffix("Z").partition(".")
    try:
        second = datetime.fromisoformat(f"{head}+00:00")
    except ValueError:
        return time
    whole_ns = int(second.timestamp()) * 10**9 + int(fraction[:9].ljust(9, "0") or 0)
    return iso_time(whole_ns + skew_ns, 9)
