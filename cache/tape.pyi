from cache.plain_tape import Print

TRADES_MAX: int
"""Trades that are kept."""

class Tape:
    """The newest TRADES_MAX trades of all slots, and sums by slot for as long as it lives.

    `count` is how many there were, and so the number of the newest. A sum of lots that passes 63
    bits stays at their most.
    """

    count: int
    def add(
        self, slot: int, price: int, lots: int, ts_event: int, ts_recv: int, *, buyer: bool
    ) -> None:
        """Take a trade; IndexError for a slot that no node has."""
    def before(self, number: int, slot: int, limit: int) -> list[Print]:
        """Return at most `limit` trades with a smaller number, newest first.

        Of every slot with `slot` -1.
        """
    def since(self, number: int, slot: int, limit: int) -> list[Print]:
        """Return the newest `limit` trades with a larger number, oldest first."""
    def total(self, slot: int) -> tuple[int, int]:
        """Return how many trades a slot had, and their lots."""
    def rescale(self, slot: int, price: int, size: int) -> None:
        """Bring a slot's trades to finer ticks and lots; what does not fit is forgotten."""
