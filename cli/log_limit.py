"""Repeated warnings and errors: the first of each kind in a window are logged, the rest counted."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

#: (event, venue, connection)
Key: TypeAlias = tuple[str, str, str]

BURST = 5
WINDOW_NS = 10_000_000_000
KEYS_MAX = 1_024


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many lines of one kind a window left out."""

    key: Key
    level: str
    count: int


@dataclass(slots=True)
class _Window:
    start_ns: int
    level: str
    logged: int = 0
    left_out: int = 0


class RepeatLimit:
    """Admits `burst` lines of a key in `window_ns`; remembers at most `keys_max` keys.

    Times are monotonic ns. Beyond `keys_max` the oldest window is closed early, so that a flood of
    different keys costs bounded memory and is itself not held back.
    """

    def __init__(
        self, burst: int = BURST, window_ns: int = WINDOW_NS, keys_max: int = KEYS_MAX
    ) -> None:
        self._burst = burst
        self._window_ns = window_ns
        self._keys_max = keys_max
        # In order of start: a window is never extended, a later one is a new entry.
        self._windows: OrderedDict[Key, _Window] = OrderedDict()
        self._evicted: list[LeftOut] = []

    def admit(self, key: Key, level: str, now_ns: int) -> bool:
        """Tell whether to log a line; call `closed` first, so that old windows are gone."""
        window = self._windows.get(key)
        if window is None:
            if len(self._windows) >= self._keys_max:
                self._close(*self._windows.popitem(last=False))
            window = self._windows[key] = _Window(now_ns, level)
        if window.logged < self._burst:
            window.logged += 1
            return True
        window.left_out += 1
        return False

    def closed(self, now_ns: int | None) -> list[LeftOut]:
        """Return what windows that are over left out, once; all windows when `now_ns` is None."""
        while self._windows:
            first = next(iter(self._windows.values()))
            if now_ns is not None and now_ns - first.start_ns < self._window_ns:
                break
            self._close(*self._windows.popitem(last=False))
        found, self._evicted = self._evicted, []
        return found

    def _close(self, key: Key, window: _Window) -> None:
        if window.left_out:
            self._evicted.append(LeftOut(key, window.level, window.left_out))
