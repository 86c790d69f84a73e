"""The plain twin of api.market_text."""

import orjson

from cache.plain_tape import Print
from node import Node

from . import rows


class PlainMarketText:
    """Twin of `MarketText`: the rows of api.rows, spelled by orjson."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def quote(self, slot: int, now: int) -> bytes:
        """Return the quote of a slot as it stands."""
        return orjson.dumps(rows.quote(self._node, slot, now))

    def depth(self, slot: int, levels: int, now: int) -> bytes:
        """Return the best levels of a slot's book."""
        return orjson.dumps(rows.depth(self._node, slot, levels, now))

    def trades(self, prints: list[Print], left_out: int) -> bytes:
        """Return public trades, and how many are not among them."""
        trades = [rows.trade(self._node, one) for one in prints]
        return orjson.dumps({"trades": trades, "left_out": left_out})
