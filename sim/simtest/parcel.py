"""A frame on its way from a simulated venue to us, with what only the venue knows about it."""

from enum import IntEnum
from typing import NamedTuple


class Content(IntEnum):
    """What a frame tells about a book."""

    OTHER = 0
    DEPTH = 1
    SNAPSHOT = 2
    QUOTE = 3


class Parcel(NamedTuple):
    """One frame.

    `ordinal` counts the frames that the venue sent on one connection, from 0. `update_id` is the
    venue's id of the listing after it (depth) or of the best quote that it holds. `true_ns` is
    when it was published, by no party's clock. `data` is what arrives, `sent` what was sent: an
    altered frame differs.
    """

    ordinal: int
    content: Content
    listing: str
    update_id: int
    true_ns: int
    sent: bytes
    data: bytes

    @property
    def intact(self) -> bool:
        """Whether it arrives as it was sent."""
        return self.data is self.sent
