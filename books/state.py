"""The state machine of a mirrored book, as a table.

EMPTY ──subscribe──► BUFFERING ──fits──► LIVE ──gap, crossed, disconnect, …──► BUFFERING
                       ▲    │             │ ▲
                       └────┘ too old,    └─┴─ doubt / proved: a frame of this connection could
                              overflow         not be read; the next diff in sequence proves that
                                               nothing was missed, or is a gap

A book can be read in LIVE only. Every other move is a bug and raises.
"""

from enum import IntEnum


class State(IntEnum):
    """Where a mirrored book stands."""

    EMPTY = 0
    BUFFERING = 1
    LIVE = 2
    DOUBTED = 3


class Cause(IntEnum):
    """What moves a book."""

    SUBSCRIBE = 0
    FITS = 1
    CONDEMN = 2
    DOUBT = 3
    PROVED = 4
    UNSUBSCRIBE = 5


class Reason(IntEnum):
    """Why a book is not live; `label` is what reports print."""

    NONE = 0
    EMPTY = 1
    NO_SNAPSHOT = 2
    SNAPSHOT_TOO_OLD = 3
    GAP = 4
    CROSSED = 5
    DISCONNECTED = 6
    MALFORMED = 7
    REFERENCE = 8
    OVERFLOW = 9
    AUDIT = 10
    AWAITING_DIFF = 11
    UNREADABLE_FRAME = 12

    @property
    def label(self) -> str:
        """The reason in words."""
        return "live" if self is Reason.NONE else self.name.lower().replace("_", " ")


TABLE: dict[tuple[State, Cause], State] = {
    (State.EMPTY, Cause.SUBSCRIBE): State.BUFFERING,
    (State.BUFFERING, Cause.SUBSCRIBE): State.BUFFERING,
    (State.BUFFERING, Cause.FITS): State.LIVE,
    (State.BUFFERING, Cause.CONDEMN): State.BUFFERING,
    (State.BUFFERING, Cause.UNSUBSCRIBE): State.EMPTY,
    (State.LIVE, Cause.CONDEMN): State.BUFFERING,
    (State.LIVE, Cause.DOUBT): State.DOUBTED,
    (State.LIVE, Cause.FITS): State.LIVE,
    (State.LIVE, Cause.UNSUBSCRIBE): State.EMPTY,
    (State.DOUBTED, Cause.DOUBT): State.DOUBTED,
    (State.DOUBTED, Cause.PROVED): State.LIVE,
    (State.DOUBTED, Cause.FITS): State.LIVE,
    (State.DOUBTED, Cause.CONDEMN): State.BUFFERING,
    (State.DOUBTED, Cause.UNSUBSCRIBE): State.EMPTY,
}


class IllegalMoveError(RuntimeError):
    """A book was moved as the table does not allow: a bug in the caller."""


class BookNotLiveError(RuntimeError):
    """A book that cannot be trusted was read."""


def move(state: int, cause: Cause) -> int:
    """Return the state after `cause`."""
    try:
        return TABLE[State(state), cause]
    except KeyError:
        raise IllegalMoveError(f"{State(state).name} knows no {cause.name}") from None
