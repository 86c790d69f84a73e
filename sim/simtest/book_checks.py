"""Whether what the node lets be read is true: books, best quotes, grades."""

from collections.abc import Callable

from books.book import Book
from books.grade import UNUSABLE, Grade
from books.state import State
from connectors.venue import VenueConfig
from market.inputs import Input, InputKind
from node import Node

from .heard import Heard
from .mix import side_hash
from .parcel import Content, Parcel
from .watched import Watched

_LIVE = int(State.LIVE)
_UNUSABLE = int(UNUSABLE)
_S = 1_000_000_000
#: Where nothing on the wire tells of a lost frame, audits and tickers must have found it by then.
SILENT_DAMAGE_MAX_NS = 90 * _S
#: What rounding to milliseconds and two readings of a clock may make of a lag.
_LAG_SLACK_NS = 100_000_000
#: Every so many checks all levels are compared and not only their hash.
_WHOLE_EVERY = 64
_WHOLE = (None, None)
#: What the node is told of silence and lag where nothing else is.
_BOUNDS = VenueConfig()
_NOTHING = (0, 0)
_BEYOND = int(Grade.BEYOND_HORIZON)


class BookChecker:
    """Looks at every book after every input; `report` is told (rule, text) of what it finds.

    `offset_doubt` gives how far the venue's clock offset that the node was told is off, or None,
    for a frame that was published at some true time.
    """

    def __init__(
        self,
        watched: list[Watched],
        report: Callable[[str, str], None],
        offset_doubt: Callable[[str, int], int | None],
    ) -> None:
        self.watched = watched
        self._report = report
        self._offset_doubt = offset_doubt
        self._heard: dict[str, Heard] = {}
        self._by_listing = {(one.venue, one.listing): one for one in watched}
        self._checks = 0

    def forget(self) -> None:
        """The node starts over with nothing."""
        self._heard.clear()
        for one in self.watched:
            one.forget()

    def lost(self) -> list[str]:
        """Return the books that cannot be used, or are wrong and nobody could know."""
        return [one.instrument for one in self.watched if one.lost_since_ns or one.wrong_since_ns]

    def after(self, node: Node, item: Input, parcel: Parcel | None, true_ns: int) -> None:
        """An input was handled, at `true_ns` by no party's clock."""
        if item.kind == InputKind.OPEN:
            venue = item.source.partition(".")[0]
            mine = [one for one in self.watched if one.venue == venue]
            self._heard[item.source] = Heard(
                tuple(one.listing for one in mine),
                numbered=any(one.numbered for one in mine),
            )
        if parcel is not None:
            self._heard[item.source].take(parcel, node.now)
            self._take(node, item, parcel, true_ns)
        for one in self.watched:
            self._check(node, one)

    def _take(self, node: Node, item: Input, parcel: Parcel, true_ns: int) -> None:
        """Look at what a frame of levels or quotes must have done at once."""
        one = self._by_listing.get((item.source.partition(".")[0], parcel.listing))
        if one is None:
            return
        if parcel.content is Content.QUOTE and one.with_ids and parcel.intact:
            one.quote_id = max(one.quote_id, parcel.update_id)
        elif parcel.content is Content.DEPTH:
            self._take_depth(node, item.source, one, parcel, true_ns - parcel.true_ns)

    def _take_depth(self, node: Node, source: str, one: Watched, parcel: Parcel, lag: int) -> None:
        book = node.books[one.slot]
        if book.state != _LIVE or node.book_links[one.slot].name != source:
            return
        if not parcel.intact:
            if one.with_ids and book.last_sequence < parcel.update_id:
                self._report("doubtful", f"{one.instrument} is readable after a broken diff")
            return
        newest = self._heard[source].depth.get(parcel.listing)
        if newest != (parcel.ordinal, parcel.update_id) or book.ts_recv != node.now:
            return
        if book.from_quote:
            return
        doubt = self._offset_doubt(source.partition(".")[0], parcel.true_ns)
        if doubt is None or lag <= _BOUNDS.lag_max_ns + doubt + _LAG_SLACK_NS:
            return
        if not node.l1.grade(one.slot, node.now) & _UNUSABLE:
            self._report("grade", f"{one.instrument} is usable {lag / 1e9:.3f} s late")

    def _check(self, node: Node, one: Watched) -> None:
        now = node.now
        usable = not node.l1.grade(one.slot, now) & _UNUSABLE
        book = node.books[one.slot]
        if book.state == _LIVE:
            owner = node.book_links[one.slot].name
            heard = self._heard.get(owner)
            if heard is None:
                self._report("doubtful", f"{one.instrument} is live without a connection")
                return
            self._check_live(node, one, book, heard, owner)
            if usable and now - heard.heard_ns > _BOUNDS.silence_max_ns:
                quiet = (now - heard.heard_ns) / 1e9
                self._report("grade", f"{one.instrument} is usable after {quiet:.3f} s of silence")
        elif usable:
            self._report("grade", f"{one.instrument} is usable and not live")
        elif one.wrong_since_ns:
            one.right(now)
        if not usable:
            one.lost(now)
        elif one.lost_since_ns:
            one.usable(now)

    def _check_live(self, node: Node, one: Watched, book: Book, heard: Heard, owner: str) -> None:
        if one.numbered and heard.jumped:
            self._report("doubtful", f"{one.instrument} is live after a hole in {owner}")
        at = book.last_sequence if one.with_ids else heard.depth.get(one.listing, _NOTHING)[1]
        seen = (book.version, at, owner, one.quote_id)
        if seen == one.seen:
            return
        truth = one.truth.at(at)
        if truth is None:
            self._report("book", f"{one.instrument} is live at {at}, which never was")
            return
        if not one.on_grid(node):
            return
        if book.horizon != _WHOLE:
            if at != one.truth.last_id:
                # The market has gone on, and what was so deep then is not kept.
                return
            if not _true_within_horizon(one, book):
                self._wrong(node, one, heard, at)
                return
        elif (side_hash(book, False), side_hash(book, True)) != truth[:2]:
            self._wrong(node, one, heard, at)
            return
        one.right(node.now)
        if one.listing in heard.suspect:
            heard.right(one.listing)
        one.seen = seen
        if book.from_quote:
            quoted = one.truth.at(one.quote_id)
            truth = truth if quoted is None else quoted
        # A touch beyond the horizon is the best that is known, and graded so.
        if book.newest_touch() != truth[2] and not book.grade & _BEYOND:
            text = f"{one.instrument} at {at}: touch {book.newest_touch()}, truly {truth[2]}"
            self._report("touch", text)
        self._check_row(node, one, book)
        self._checks += 1
        whole = book.horizon == _WHOLE and at == one.truth.last_id
        if whole and self._checks % _WHOLE_EVERY == 0:
            self._check_whole(one, book, at)

    def _check_row(self, node: Node, one: Watched, book: Book) -> None:
        """The quote that strategies read is the book's."""
        quote = node.l1.read(one.slot, node.now)
        row = quote.bid_price, quote.bid_lots, quote.ask_price, quote.ask_lots
        if quote.usable and row != book.newest_touch():
            self._report("touch", f"{one.instrument}: the quote {row} is not the book's")

    def _check_whole(self, one: Watched, book: Book, at: int) -> None:
        for ask in (False, True):
            if dict(book.levels(ask)) != one.truth.levels[ask]:
                side = "asks" if ask else "bids"
                self._report("book", f"{one.instrument} at {at}: the {side} differ")

    def _wrong(self, node: Node, one: Watched, heard: Heard, at: int) -> None:
        suspect = heard.suspect.get(one.listing)
        if not one.bare or suspect is None:
            self._report("book", f"{one.instrument} is live and wrong at {at}")
            return
        wrong = one.wrong(node.now)
        if wrong > SILENT_DAMAGE_MAX_NS:
            self._report("book", f"{one.instrument} has been wrong for {wrong / 1e9:.1f} s")


def _true_within_horizon(one: Watched, book: Book) -> bool:
    """A snapshot that was cut vouches as far as its last rows: return whether all that is true."""
    low, high = book.horizon
    for ask, edge in ((False, low), (True, high)):
        sign = 1 if ask else -1
        held, true = (
            {price: lots for price, lots in side if edge is None or sign * (edge - price) >= 0}
            for side in (book.levels(ask), one.truth.levels[ask].items())
        )
        if held != true:
            return False
    return True
