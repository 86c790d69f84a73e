from collections.abc import Iterable
from enum import IntEnum
from typing import Any, TypedDict

from market.grid import Grid

class Kind(IntEnum):
    IGNORED = 0
    DIFF = 1
    SNAPSHOT = 2
    QUOTE = 3
    TRADE = 4
    ACK = 5
    HEARTBEAT = 6
    ERROR = 7
    SHUTDOWN = 8
    PARTIAL = 9

class Refusal(IntEnum):
    BAD_JSON = -1
    BAD_NUMBER = -2
    UNKNOWN_SYMBOL = -3
    OFF_GRID = -4
    BAD_FIELD = -5
    OVER_LIMIT = -6

class Event(TypedDict):
    kind: Kind
    slot: int
    first: int
    last: int
    prev: int
    ts_event: int
    bid: tuple[int, int]
    ask: tuple[int, int]
    seller: bool
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]

class SymbolTable:
    def put(self, name: bytes, slot: int, price: Grid, size: Grid) -> None: ...
    def slot(self, name: bytes) -> int: ...
    def row(self, name: bytes) -> tuple[int, int, int, int, int] | None: ...
    def __len__(self) -> int: ...
    def dump(self) -> list[list[str | int]]: ...

class Frame:
    count: int
    sequence: int
    channel: int
    refusal: int
    offset: int
    symbol: bytes | None
    def fill(
        self, events: Iterable[dict[str, Any]], channel: int = 0, sequence: int = -1
    ) -> int: ...
    def refuse(self, why: int, symbol: bytes | None = None) -> int: ...
    def event(self, i: int) -> Event: ...
    def changes(self, i: int) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]: ...
    def kind(self, i: int) -> int: ...
    def slot(self, i: int) -> int: ...
    def ids(self, i: int) -> tuple[int, int]: ...
    def levels(self, i: int) -> int: ...
