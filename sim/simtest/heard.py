"""What arrived on one connection, as the checker knows it and the node must find out."""

from .parcel import Content, Parcel


class Heard:
    """One epoch of one connection.

    `numbered`: the frames carry the venue's count, so that one that arrives behind a later one is
    nobody's. `jumped`: a frame was not there when a later one arrived. `depth` has the newest
    level frame by listing: (ordinal, update id), whether it arrived whole or broken. `suspect` has
    the listings of which levels were perhaps lost or overtaken: the
    ordinal from which on a right book proves that nothing is missing.
    """

    def __init__(self, listings: tuple[str, ...], *, numbered: bool) -> None:
        self.jumped = False
        self.heard_ns = 0
        self.depth: dict[str, tuple[int, int]] = {}
        self.suspect: dict[str, int] = {}
        self._listings = listings
        self._numbered = numbered
        self._last = -1

    def take(self, parcel: Parcel, now: int) -> None:
        """A frame arrived."""
        late = parcel.ordinal <= self._last
        if parcel.ordinal > self._last + 1:
            self.jumped = True
            for listing in self._listings:
                self.suspect[listing] = parcel.ordinal
        self._last = max(self._last, parcel.ordinal)
        if parcel.content not in (Content.DEPTH, Content.SNAPSHOT):
            return
        self.heard_ns = now
        if late and self._numbered:
            return
        newest = self.depth.get(parcel.listing, (-1, 0))[0]
        if parcel.ordinal > newest:
            self.depth[parcel.listing] = parcel.ordinal, parcel.update_id
            if parcel.content is Content.SNAPSHOT and parcel.intact and not late:
                self.suspect.pop(parcel.listing, None)
        elif parcel.ordinal < newest:
            self.suspect.setdefault(parcel.listing, newest)

    def right(self, listing: str) -> None:
        """The book agrees with the newest frame: what is older was not lost, or is repaired."""
        suspect = self.suspect.get(listing)
        if suspect is not None and self.depth[listing][0] >= suspect:
            del self.suspect[listing]
