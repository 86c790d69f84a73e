"""How often books are audited, and what an audit needs of a venue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from books.audit_reply import RestBook
from market.grid import Grid

#: Changes are logged for so long before the request, and without update ids after the reply too.
MARGIN_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """When to audit; 0 switches off.

    `interval_ns` lies between two audits of a book, `by_book` has other intervals by instrument
    id. A book that became live, or failed its audit, is audited after `soon_ns` where that is
    less. Requests to one venue are at least `spacing_ns` apart, or what `spacing_by_venue` says.
    """

    interval_ns: int = 0
    soon_ns: int = 2_000_000_000
    spacing_ns: int = 1_000_000_000
    by_book: Mapping[str, int] = field(default_factory=dict)
    spacing_by_venue: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse intervals that no venue would stand."""
        for interval in (self.interval_ns, *self.by_book.values()):
            if interval and interval < MARGIN_NS:
                raise ValueError(f"an audit interval is 0 or at least 1 s, not {interval} ns")
        if min(self.soon_ns, self.spacing_ns, *self.spacing_by_venue.values()) < 0:
            raise ValueError("soon_ns and spacings cannot be negative")

    def interval(self, instrument_id: str) -> int:
        """Return the interval of a book in ns, 0 for never."""
        return self.by_book.get(instrument_id, self.interval_ns)

    def spacing(self, venue: str) -> int:
        """Return the least time between two requests to a venue in ns."""
        return self.spacing_by_venue.get(venue, self.spacing_ns)


class AuditVenue(Protocol):
    """What an audit needs of a venue's protocol."""

    @property
    def name(self) -> str:
        """The venue's name."""

    def audit_path(self, native: str) -> str:
        """Return the REST path of a book for an audit, '' where the venue has none."""

    def rest_book(self, data: bytes, native: str, price: Grid, size: Grid) -> RestBook:
        """Read the reply to `audit_path`; raises BadReplyError, OffGridError."""


class AuditLink(Protocol):
    """What an audit needs of a connection."""

    @property
    def venue(self) -> AuditVenue:
        """The venue's protocol."""

    def error(self, name: str) -> int:
        """Count an error of the connection."""
