"""What a venue's protocol offers to the node; each venue folder implements it without I/O."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from books.audit_reply import RestBook
from books.sequence import SequenceRule
from market.frame import Frame, SymbolTable
from market.grid import Grid
from market.instrument import Instrument


class Decoder(Protocol):
    """Raw frames to events; see the venues' decode modules."""

    @property
    def frame(self) -> Frame:
        """The events decoded last."""

    def decode(self, data: bytes) -> int:
        """Decode a frame; returns the number of events or a market.frame.Refusal."""


#: Levels a side of a REST snapshot where nothing else was asked for.
SNAPSHOT_LEVELS = 1_000


@dataclass(frozen=True, slots=True)
class VenueConfig:
    """How one venue's data are judged and asked for.

    A quote is unusable when the channel of its depth was silent for over `silence_max_ns`, or when
    it came later than `lag_max_ns`. `snapshot_levels` a side are asked for by REST, or as many as
    the venue has a way to ask for.
    """

    silence_max_ns: int = 5_000_000_000
    lag_max_ns: int = 2_000_000_000
    snapshot_levels: int = SNAPSHOT_LEVELS


class Topic(Enum):
    """What a REST reply is about."""

    DEPTH = "depth"
    AUDIT = "audit"
    RULES = "rules"
    TIME = "time"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Damage:
    """What an unreadable frame may have spoilt.

    `books` are venue symbols whose book certainly missed something; `everything` condemns all
    books of the connection; `doubt` makes them unreadable until the next diff proves them.
    """

    books: tuple[str, ...] = ()
    everything: bool = False
    doubt: bool = False


class Venue(Protocol):
    """One venue's wire protocol, shared by all its connections. No I/O, no clock.

    `counted` says that each frame of a connection carries the next number of one sequence.
    """

    name: str
    counted: bool
    symbols: SymbolTable
    #: REST paths of the trading rules and of the venue's clock.
    rules_path: str
    time_path: str
    #: Path of the market streams behind the venue's WebSocket host.
    stream_path: str
    #: Instruments that one connection may carry.
    instruments_max: int

    @property
    def decoder(self) -> Decoder:
        """The decoder shared by all connections of the venue."""

    def rule(self) -> SequenceRule:
        """Return the sequence rule for a new book."""

    def decode_snapshot(self, data: bytes, native: str) -> int:
        """Decode a REST depth reply; returns the number of events or a Refusal."""

    def topic(self, url: str) -> tuple[Topic, str]:
        """Return what a reply to this URL is about, and the venue symbol it concerns or ''."""

    def instruments(self, payload: bytes) -> tuple[list[Instrument], list[str]]:
        """Return the instruments of a rules reply and the problems found in it."""

    def server_time(self, payload: bytes) -> int | None:
        """Return the venue's clock in ns from a time reply, None when it says none."""

    def grids(self, data: bytes, native: str) -> tuple[Grid | None, Grid | None]:
        """Return the coarsest grids of the prices and sizes of `native` in a frame or reply."""

    def damage(self, data: bytes) -> Damage:
        """Return what an unreadable frame may have spoilt."""

    def subscribe(self, natives: list[str], request_id: int) -> list[bytes]:
        """Return the frames that ask for depth, best quotes and trades of these symbols."""

    def resubscribe(self, native: str) -> list[bytes]:
        """Return the frames that bring a new snapshot in the stream; none where it is fetched."""

    def snapshot_path(self, native: str) -> str:
        """Return the REST path of a depth snapshot, '' where snapshots come in the stream."""

    def audit_path(self, native: str) -> str:
        """Return the REST path of a book for an audit; its reply has Topic.AUDIT by its URL."""

    def rest_book(self, data: bytes, native: str, price: Grid, size: Grid) -> RestBook:
        """Read the reply to `audit_path`; raises BadReplyError, OffGridError."""

    def last_ids(self, data: bytes) -> tuple[str, int, int] | None:
        """Return (symbol, first, last) ids of a diff, or ('', n, n) of a counted frame."""
