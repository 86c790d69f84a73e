from cache.plain_tape import Print
from node import Node

class MarketText:
    """Spells what a node holds as JSON, byte for byte as orjson spells the rows of api.rows.

    A text longer than 1 MiB is refused with OverflowError.
    """

    def __init__(self, node: Node) -> None: ...
    def quote(self, slot: int, now: int) -> bytes:
        """Return the quote of a slot as it stands, as api.rows.quote."""

    def quote_moved(self, slot: int, now: int) -> bool:
        """Tell whether the quote of a slot is another than at the last such question.

        Its times and silence may have moved on; True at the first question, and after the
        instrument's grids became finer.
        """

    def depth_moved(self, slot: int, now: int) -> bool:
        """Tell the same of a book: version, state or grade."""

    def depth(self, slot: int, levels: int, now: int) -> bytes:
        """Return the best levels of a slot's book, as api.rows.depth; at most 1,000 levels."""

    def trades(self, prints: list[Print], left_out: int) -> bytes:
        """Return {"trades": […], "left_out": n} with rows of api.rows.trade."""
