"""What a venue published while a fault is scored: every touch, and which frames went out whole."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.market.base import Market
from sim.market.event import Event, LevelChange, Touch
from sim.market.listing import Listing

from .channels import Channels

TOUCHES_MAX = 100_000
FRAMES_MAX = 100_000

#: (venue time, monotonic time when it was taken down, best bid, lots, best ask, lots)
TouchRow = tuple[int, int, int, int, int, int]


@dataclass(slots=True)
class ListingTruth:
    """One listing's touches, and the frames about its book.

    `frames` are (monotonic time at which it was handed to the connection, venue time) of frames
    that went out whole and in their place; of several in one step of the market the first is kept.
    `damaged_ns` is when the first frame that guards the book did not, 0 for never; `damaged` how
    many did not.
    """

    listing: Listing
    touches: deque[TouchRow] = field(default_factory=lambda: deque(maxlen=TOUCHES_MAX))
    frames: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=FRAMES_MAX))
    damaged_ns: int = 0
    damaged: int = 0
    cut: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "listing": self.listing.id,
            "price_decimals": self.listing.price_decimals,
            "size_decimals": self.listing.size_decimals,
            "touches": list(self.touches),
            "frames": list(self.frames),
            "damaged_ns": self.damaged_ns,
            "damaged": self.damaged,
            "cut": self.cut,
        }


class Truth:
    """Takes down the truth about one venue from now on.

    `late_ns` gives how late what is sent now is written.
    """

    def __init__(
        self,
        market: Market,
        listings: Sequence[Listing],
        channels: Channels,
        late_ns: Callable[[], int],
    ) -> None:
        self._market = market
        self._about = channels
        self._late_ns = late_ns
        self._channels: dict[str, ListingTruth | None] = {}
        self.listings = {listing.id: ListingTruth(listing) for listing in listings}
        now_ns, read_ns = market.now_ns, time.monotonic_ns()
        for name, truth in self.listings.items():
            self._add(truth, now_ns, read_ns, market.book(name).touch)

    def on_events(self, events: Sequence[Event]) -> None:
        """Take down the touches that moved."""
        read_ns = time.monotonic_ns()
        for event in events:
            if isinstance(event, LevelChange) and event.touch is not None:
                truth = self.listings.get(event.listing)
                if truth is not None:
                    self._add(truth, event.ts_ns, read_ns, event.touch)

    def on_frame(self, channel: str, whole: bool) -> None:
        """Take down that a frame of a channel was sent, or that it was not as it should be."""
        sent_ns = time.monotonic_ns()
        if not whole:
            for name in self._about.guarded(channel):
                held = self.listings[name]
                held.damaged_ns = held.damaged_ns or sent_ns
                held.damaged += 1
            return
        try:
            truth = self._channels[channel]
        except KeyError:
            truth = self.listings.get(self._about.listing(channel) or "")
            self._channels[channel] = truth
        if truth is None:
            return
        venue_ns = self._market.now_ns
        frames = truth.frames
        if frames and frames[-1][1] == venue_ns:
            return
        truth.cut = truth.cut or len(frames) == FRAMES_MAX
        frames.append((sent_ns + self._late_ns(), venue_ns))

    def _add(self, truth: ListingTruth, venue_ns: int, read_ns: int, touch: Touch | None) -> None:
        truth.cut = truth.cut or len(truth.touches) == TOUCHES_MAX
        truth.touches.append((venue_ns, read_ns, *(touch or (0, 0, 0, 0))))
