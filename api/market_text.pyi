from cache.plain_tape import Print
from node import Node

class MarketText:
    """Spells what a node holds as JSON, byte for byte as orjson spells the rows of api.rows.

    A text longer than 1 MiB is refused with OverflowError.
    """

    def __init__(self, node: Node) -> None: ...
    def quote(self, slot: int, now: int) -> bytes:
        """Return the quote of a slot as it stands, as api.rows.quote."""

    def depth(self, slot: int, levels: int, now: int) -> bytes:
        """Return the best levels of a slot's book, as api.rows.depth; at most 1,000 levels."""

    def trades(self, prints: list[Print], left_out: int) -> bytes:
        """Return {"trades": […], "left_out": n} with rows of api.rows.trade."""
