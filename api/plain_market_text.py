"""The plain twin of api.market_text."""

import orjson

from cache.plain_tape import Print
from node import Node

from . import rows


class PlainMarketText:
    """Twin of `MarketText`: the rows of api.rows, spelled by orjson."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._seen: dict[tuple[str, int], tuple[object, ...]] = {}

    def quote(self, slot: int, now: int) -> bytes:
        """Return the quote of a slot as it stands."""
        return orjson.dumps(rows.quote(self._node, slot, now))

    def quote_moved(self, slot: int, now: int) -> bool:
        """Tell whether the quote of a slot is another than at the last such question."""
        one = self._node.l1.read(slot, now)
        sides = one.bid_price, one.bid_lots, one.ask_price, one.ask_lots
        return self._moved("quote", slot, (one.version, one.grade, *sides))

    def depth_moved(self, slot: int, now: int) -> bool:
        """Tell whether the book of a slot is another than at the last such question."""
        book = self._node.books[slot]
        grade = self._node.l1.grade(slot, now)
        return self._moved("depth", slot, (book.version, book.state, grade))

    def _moved(self, kind: str, slot: int, found: tuple[object, ...]) -> bool:
        found = (*found, self._node.instruments[slot])
        moved = self._seen.get((kind, slot)) != found
        self._seen[kind, slot] = found
        return moved

    def depth(self, slot: int, levels: int, now: int) -> bytes:
        """Return the best levels of a slot's book."""
        return orjson.dumps(rows.depth(self._node, slot, levels, now))

    def trades(self, prints: list[Print], left_out: int) -> bytes:
        """Return public trades, and how many are not among them."""
        trades = [rows.trade(self._node, one) for one in prints]
        return orjson.dumps({"trades": trades, "left_out": left_out})
