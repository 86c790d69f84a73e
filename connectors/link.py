"""One connection as the node sees it: its epoch, counters and sequence. No I/O."""

from connectors.coinbase.sequence import ConnectionSequence
from connectors.venue import Venue

#: Different error names counted by one connection.
ERRORS_MAX = 64


class Link:
    """State of one connection of a venue; `slots` are the books fed by it, in order of arrival.

    `broken` says why nothing more of this epoch counts, `reconnecting` that a new one is wanted.
    """

    def __init__(self, name: str, index: int, venue: Venue) -> None:
        self.name = name
        #: `binance.ws.1` of `binance.ws.1#3`: the same connection opened again.
        self.base = name.partition("#")[0]
        #: Which opening this is, as its name says; 0 where openings are not numbered.
        self.number = int(name.partition("#")[2] or 0)
        self.index = index
        self.venue = venue
        self.decode = venue.decoder.decode
        self.frame = venue.decoder.frame
        self.sequence = ConnectionSequence() if venue.counted else None
        self.epoch = 0
        self.opened = 0
        self.connected = False
        self.broken = ""
        self.reconnecting = False
        self.address = ""
        self.detail = "never opened"
        self.frames = 0
        self.replies = 0
        self.gaps = 0
        self.stale = 0
        self.ignored = 0
        self.trades = 0
        self.quotes = 0
        self.errors: dict[str, int] = {}
        self.slots: dict[int, None] = {}

    def open(self, address: str, order: int) -> None:
        """A new epoch begins: nothing of the old one counts. `order` numbers all openings."""
        self.epoch += 1
        self.opened = order
        self.broken = ""
        self.reconnecting = False
        self.connected = True
        self.address = address
        self.detail = ""
        if self.sequence is not None:
            self.sequence.reset()

    def close(self, reason: str) -> None:
        """The connection is gone."""
        self.connected = False
        self.detail = reason

    def inherit(self, old: "Link") -> None:
        """Go on counting where the connection that this one replaces stopped."""
        self.epoch += old.epoch
        self.frames += old.frames
        self.replies += old.replies
        self.gaps += old.gaps
        self.stale += old.stale
        self.ignored += old.ignored
        self.trades += old.trades
        self.quotes += old.quotes
        for name, count in old.errors.items():
            self.errors[name] = self.errors.get(name, 0) + count

    def error(self, name: str) -> int:
        """Count an error; returns how often it happened. Beyond ERRORS_MAX names: `other`."""
        if name not in self.errors and len(self.errors) >= ERRORS_MAX:
            name = "other"
        self.errors[name] = self.errors.get(name, 0) + 1
        return self.errors[name]
