"""Takes down what a client can read, look by look."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from books.grade import UNUSABLE
from cache.client import QuoteClient
from cache.l2_quote import Miss

from .judge import Reading
from .touch import TouchKey, text_units, units

READINGS_MAX = 200_000
#: A quote that the daemon has not stood by for so long is a miss.
TTL_NS = 1_000_000_000

_UNUSABLE = frozenset(UNUSABLE.labels)

#: Returns the touch of an instrument, or why there is none.
Read = Callable[[str], TouchKey | str]


class Observer:
    """Reads the same instruments again and again; what did not change is one reading.

    The oldest readings are kept: beyond READINGS_MAX an instrument's new ones are left out and
    counted in `left_out`, and the score covers the time before.
    """

    def __init__(self, instruments: Sequence[str], read: Read) -> None:
        self._read = read
        self.readings: dict[str, list[Reading]] = {name: [] for name in instruments}
        self.left_out = 0

    def look(self) -> None:
        """Read every instrument once."""
        for name, readings in self.readings.items():
            answer = self._read(name)
            now_ns = time.monotonic_ns()
            key, reason = (None, answer) if isinstance(answer, str) else (answer, "")
            last = readings[-1] if readings else None
            if last is not None and last.key == key and last.reason == reason:
                readings[-1] = last._replace(until_ns=now_ns)
            elif len(readings) < READINGS_MAX:
                readings.append(Reading(now_ns, now_ns, key, reason))
            else:
                self.left_out += 1

    def readable(self) -> bool:
        """Tell whether the last look found every instrument readable."""
        return all(rows and rows[-1].key is not None for rows in self.readings.values())


def shared_memory(client: QuoteClient, ungraded: bool = False) -> Read:
    """Return a reader of the shared quote table; `ungraded` ignores what speaks against a quote."""

    def read(name: str) -> TouchKey | str:
        quote = client.quote(name, TTL_NS, ungraded=ungraded)
        if isinstance(quote, Miss):
            return str(quote.reason)
        return TouchKey(
            units(quote.bid_ticks, quote.price_step, quote.price_decimals),
            units(quote.bid_lots, quote.size_step, quote.size_decimals),
            units(quote.ask_ticks, quote.price_step, quote.price_decimals),
            units(quote.ask_lots, quote.size_step, quote.size_decimals),
        )

    return read


class DoorReader:
    """Reads the books of the control door: one question serves every instrument of a look."""

    def __init__(self, rows: Callable[[], Sequence[dict[str, Any]]]) -> None:
        self._rows = rows
        self._answers: dict[str, TouchKey | str] = {}
        self._condemned: dict[str, int] = {}

    def ask(self) -> None:
        """Put the question, before each look."""
        rows = self._rows()
        self._answers = {str(row.get("instrument")): _touch_of(row) for row in rows}
        self._condemned = {str(row.get("instrument")): row.get("condemned", 0) for row in rows}

    def condemned(self, names: Iterable[str]) -> int:
        """Return how often books of these instruments were condemned, as of the last answer."""
        return sum(self._condemned.get(name, 0) for name in names)

    def read(self, name: str) -> TouchKey | str:
        """Return what the last answer says of an instrument."""
        return self._answers.get(name, "unknown")


def _touch_of(row: dict[str, Any]) -> TouchKey | str:
    touch = row.get("touch") or {}
    bid, ask = touch.get("bid"), touch.get("ask")
    if against := _UNUSABLE & set(row.get("grade", ())):
        return "grade: " + ", ".join(sorted(against))
    if not bid or not ask:
        return str(row.get("state"))
    return TouchKey(*(text_units(text) for text in (*bid, *ask)))
