"""Fixed layouts of commands in and events out, little endian, 72 bytes each, no padding.

`COMMAND_DTYPE` and `EVENT_DTYPE` are plain lists: `numpy.dtype(COMMAND_DTYPE)` gives the array
type, and nothing here needs NumPy.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

COMMAND = struct.Struct("<6BHIIQqqqqqq")
EVENT = struct.Struct("<QqQQqqqqI4B")

COMMAND_DTYPE = [
    ("op", "u1"),
    ("side", "u1"),
    ("type", "u1"),
    ("tif", "u1"),
    ("stp", "u1"),
    ("post_only", "u1"),
    ("instrument", "<u2"),
    ("account", "<u4"),
    ("reserved", "<u4"),
    ("id", "<u8"),
    ("price", "<i8"),
    ("qty", "<i8"),
    ("stop_price", "<i8"),
    ("display", "<i8"),
    ("expire_at", "<i8"),
    ("time", "<i8"),
]

EVENT_DTYPE = [
    ("sequence", "<u8"),
    ("time", "<i8"),
    ("id", "<u8"),
    ("other", "<u8"),
    ("price", "<i8"),
    ("qty", "<i8"),
    ("remaining", "<i8"),
    ("other_remaining", "<i8"),
    ("instrument", "<u4"),
    ("kind", "u1"),
    ("side", "u1"),
    ("code", "u1"),
    ("flags", "u1"),
]


class Command(NamedTuple):
    """One command; what an operation does not use is zero (see docs/matching.md)."""

    op: int
    side: int = 0
    type: int = 0
    tif: int = 0
    stp: int = 0
    post_only: int = 0
    instrument: int = 0
    account: int = 0
    reserved: int = 0
    id: int = 0
    price: int = 0
    qty: int = 0
    stop_price: int = 0
    display: int = 0
    expire_at: int = 0
    time: int = 0

    def pack(self) -> bytes:
        """Return the command's 72 bytes."""
        return COMMAND.pack(*self)


class Event(NamedTuple):
    """One outcome. Prices in ticks, quantities in lots, time in ns.

    `id` is the order (of a trade the maker), `other` the taker of a trade or the account of an
    accepted order; `remaining` belongs to `id`, `other_remaining` to `other`. A book change has
    the order's displayed lots in `qty`, the level's in `remaining` and its order count in
    `other_remaining`.
    """

    sequence: int
    time: int
    id: int
    other: int
    price: int
    qty: int
    remaining: int
    other_remaining: int
    instrument: int
    kind: int
    side: int
    code: int
    flags: int


def read_events(data: bytes | bytearray | memoryview) -> Iterator[Event]:
    """Yield the events of a drained buffer; raises struct.error on a broken length."""
    return (Event._make(fields) for fields in EVENT.iter_unpack(data))
