"""What the order gateways of all venues do alike: asking, hearing answers, and telling of orders.

`connectors.<venue>.orders` says what a venue wants to be asked, and what its answers mean.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from connectors.orders import (
    Balance,
    ClientIds,
    Counts,
    Listings,
    OpenOrder,
    Order,
    OrderIds,
    Outlet,
    StrangerError,
    Tag,
    UnsupportedOrderError,
    is_outcome_unknown,
    keep,
    listed,
    parsed,
    refusal,
)
from market.grid import Grid
from market.inputs import NOT_SENT
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind
from market.rows import table

OK = 200
NOT_FOUND = 404

Row = Mapping[str, Any]
Kind = OrderEventKind
_Spelled = TypeVar("_Spelled")

#: What it means for an order that a request about it never left or was refused, by what was asked.
_REFUSALS = {
    "place": Kind.REJECTED,
    "cancel": Kind.CANCEL_REJECTED,
    "replace": Kind.REPLACE_REJECTED,
}


class Refused(NamedTuple):
    """A venue's no. `words` reads its reason, and may raise ValueError."""

    words: Callable[[], str]
    #: The venue knows no such order.
    is_unknown: bool = False
    #: The request may have been carried out all the same.
    is_undecided: bool = False


class VenueOrders(ABC):
    """A gateway of one venue, with all that a world of live trading asks of it.

    Requests go out unsigned, frames and replies come in. `counts` names what could not be read or
    used. An answer that another one took the place of meanwhile is late, and is not heard.
    """

    replaces = False
    #: Whether requests go through the stream, so that nothing can be asked while it is closed.
    through_stream = True
    #: New orders that the venue takes in so many ns.
    pace: tuple[int, int]

    def __init__(self, prefix: str | OrderIds, listings: Listings, outlet: Outlet) -> None:
        """Make client ids of `prefix`; raises ValueError for a bad one."""
        self.counts = Counts()
        self._ids = ClientIds(prefix) if isinstance(prefix, str) else prefix
        self._listings = listings
        self._outlet = outlet
        #: The newest change: an answer to an older one must not be taken for its answer.
        self._changes: dict[int, int] = {}
        #: What takes the answers, by what was asked; others are not read.
        self._answers: dict[str, Callable[[Tag, Any], None]] = {}

    # --- what is asked of the venue --------------------------------------------------------------

    @abstractmethod
    def place(self, order: Order) -> None:
        """Send a new order; one that the venue cannot take is rejected here."""

    @abstractmethod
    def cancel(self, order: Order) -> None:
        """Ask for the end of an order."""

    @abstractmethod
    def replace(self, order: Order) -> None:
        """Ask for `new_price` and `new_lots`; a change that the venue has not is refused here."""

    @abstractmethod
    def query(self, order: Order) -> None:
        """Ask where an order stands."""

    @abstractmethod
    def subscribe(self) -> None:
        """Ask for the user stream; needed again on each new connection."""

    @abstractmethod
    def ask_open(self, number: int) -> None:
        """Ask for every order that is open at the venue."""

    @abstractmethod
    def ask_balances(self, number: int = 0) -> None:
        """Ask for all balances."""

    @abstractmethod
    def end(self, found: OpenOrder) -> None:
        """Ask for the end of an order at the venue that no order of ours stands for."""

    def _spelled(
        self, order: Order, no: OrderEventKind, spell: Callable[[Order, Instrument, str], _Spelled]
    ) -> _Spelled | None:
        """Return an order in the venue's words; None for one that it has none for, refused here."""
        instrument, client_id = self._listings.of_slot(order.slot), self._ids.of(order.id)
        try:
            return spell(order, instrument, client_id)
        except UnsupportedOrderError as error:
            self._outlet.event(refusal(no, order.id, f"unsupported: {error}"))
            return None

    def _change(self, order: int) -> Tag:
        """Return the tag of one more change of an order."""
        number = self._changes.get(order, 0) + 1
        keep(self._changes, order, number)
        return Tag("replace", order, number)

    # --- what the venue says ---------------------------------------------------------------------

    def frame(self, data: bytes) -> None:
        """Take a frame of the stream."""
        try:
            self._frame(table(parsed(data), "frame"))
        except ValueError as unread:
            self.counts.error(unread)

    def reply(self, tag: str, status: int, data: bytes) -> None:
        """Take the answer to the request of that tag; NO_ANSWER and NOT_SENT as status."""
        try:
            asked = Tag.read(tag)
            unknown = is_outcome_unknown(status)
            self._returned(asked, answered=status != NOT_SENT and not unknown)
            if status == NOT_SENT:
                self._unsent(asked, data.decode("utf-8", "replace"))
            elif unknown:
                self.counts.add("unknown_outcome")
            elif asked.ask in self._answers:
                self._answer(asked, *self._read(status, data))
        except ValueError as unread:
            self.counts.error(unread)

    @abstractmethod
    def _frame(self, frame: Row) -> None:
        """Take a frame; raises ValueError."""

    @abstractmethod
    def _read(self, status: int, data: bytes) -> tuple[Any, Refused | None]:
        """Return the result in a reply, or the venue's no; raises ValueError."""

    def _returned(self, tag: Tag, *, answered: bool) -> None:  # noqa: B027 (most need nothing)
        """A request is no longer under way, whatever its answer is, or that there is none."""

    def _unsent(self, tag: Tag, why: str) -> None:
        """A request never left: what it asked for did not happen. Questions are asked again."""
        self.counts.add("not_sent")
        kind = _REFUSALS.get(tag.ask)
        if kind is not None:
            self._outlet.event(refusal(kind, tag.order, f"not sent: {why}"))
        elif tag.ask == "user":
            self._outlet.stream(False)

    def _answer(self, tag: Tag, result: Any, refused: Refused | None) -> None:
        """Hand an answer to what takes it."""
        if refused is not None and refused.is_undecided:
            self.counts.add("unknown_outcome")
        elif tag.number != self._awaited(tag):
            self.counts.add("late")
        elif refused is not None:
            self._refused(tag, refused)
        elif tag.ask in self._answers:
            self._answers[tag.ask](tag, result)

    def _awaited(self, tag: Tag) -> int | None:
        """Return the number that an answer must have; None where none is waited for."""
        return self._changes.get(tag.order) if tag.ask == "replace" else tag.number

    def _refused(self, tag: Tag, why: Refused) -> None:
        """Tell of the end of what was asked for; a question that is refused is asked again."""
        kind = _REFUSALS.get(tag.ask)
        if kind is not None:
            self._outlet.event(refusal(kind, tag.order, why.words()))
        elif tag.ask == "query" and why.is_unknown:
            self._outlet.event(refusal(Kind.UNKNOWN, tag.order, why.words(), tag.number))
        else:
            self.counts.add("refused")

    def _each(self, rows: Iterable[object], take: Callable[[Row], None]) -> None:
        """Take the objects of a list; one that cannot be read spoils no other."""
        for row in rows:
            try:
                take(table(row, "row"))
            except ValueError as unread:
                self.counts.error(unread)

    # --- what is told of orders and of the account -----------------------------------------------

    def _tell(self, standing: OrderEvent, fills: list[OrderEvent]) -> None:
        """An order that is over is told after its fills, an open one before them.

        A fill would settle an order that was lost: what was to be changed is settled before.
        """
        is_open = standing.kind is Kind.STATUS
        for event in [standing, *fills] if is_open else [*fills, standing]:
            self._outlet.event(event)

    def _is_short(self, lots: int, standing: OrderEvent) -> bool:
        """Tell whether fills are missing: the venue's list lags behind. Who asked asks again."""
        is_short = lots < standing.cumulative
        if is_short:
            self.counts.add("short")
        return is_short

    def _tell_balances(self, tag: Tag, found: tuple[Balance, ...]) -> None:
        for balance in found:
            self._outlet.balance(balance)
        self._outlet.funds(tag.order, found)

    def _opened(self, tag: Tag, result: Any) -> None:
        """Tell of all open orders."""
        rows = (table(value, "order") for value in listed(result))
        self._outlet.listed(tag.order, tuple(map(self._open_order, rows)))

    @abstractmethod
    def _open_order(self, row: Row) -> OpenOrder:
        """Return an open order; raises ValueError."""

    def _found(
        self, native: str, venue_id: str, client_id: object, filled: Callable[[Grid], int]
    ) -> OpenOrder:
        """Return an open order, of which `filled` reads the lots; raises ValueError."""
        try:
            order = self._ids.read(client_id)
            size = self._listings.find(native).size
        except StrangerError:
            return OpenOrder(0, venue_id, native, 0)
        return OpenOrder(order, venue_id, native, filled(size))
