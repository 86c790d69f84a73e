"""Layout of the shared quote table, in native 64-bit words; `docs/shared-memory.md` is its text.

The table is one file: header, directory of names, quote slots, depth slots. Every field is one
aligned word, so that no reader can see half of one. Fields of slots are signed.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

WORD_BYTES: Final = 8
MAGIC: Final = 0x3254_4F55_5153_5243  # the bytes "CRSQUOT2" on a little-endian machine
LAYOUT_VERSION: Final = 1

SLOTS_MAX: Final = 4096
DEPTH_MAX: Final = 512
DECIMALS_MAX: Final = 36

HEADER_WORDS: Final = 32
NAME_WORDS: Final = 16
NAME_BYTES_MAX: Final = (NAME_WORDS - 1) * WORD_BYTES
QUOTE_STRIDE: Final = 16
LINE_WORDS: Final = 8

READ_TRIES: Final = 64
ALL_GRADES: Final = (1 << 63) - 1


class HeaderWord(IntEnum):
    """Word offsets in the header; the last three have a cache line of their own."""

    MAGIC = 0
    LAYOUT_VERSION = 1
    TABLE_BYTES = 2
    CREATED_NS = 3
    BOOT_ID_HIGH = 4
    BOOT_ID_LOW = 5
    WRITER_PID = 6
    WRITER_START = 7
    PID_NAMESPACE = 8
    SLOT_COUNT = 9
    DEPTH_LEVELS = 10
    DIRECTORY_OFFSET = 11
    QUOTES_OFFSET = 12
    DEPTHS_OFFSET = 13
    GRADE_FORBIDS = 14
    HEARTBEAT_NS = 16
    STATE = 17
    NAME_COUNT = 18


class State(IntEnum):
    """Values of the header's state word."""

    OPEN = 1
    CLOSED = 2
    SUPERSEDED = 3


class QuoteWord(IntEnum):
    """Word offsets in a quote slot."""

    SEQUENCE = 0
    BID_TICKS = 1
    BID_LOTS = 2
    ASK_TICKS = 3
    ASK_LOTS = 4
    VERSION = 5
    TS_EVENT = 6
    TS_RECV = 7
    TS_VOUCHED = 8
    GRADE = 9
    SOURCE = 10
    PRICE_DECIMALS = 11
    PRICE_STEP = 12
    SIZE_DECIMALS = 13
    SIZE_STEP = 14


class DepthWord(IntEnum):
    """Word offsets in a depth slot; bids, then asks, follow from LEVELS as (ticks, lots)."""

    SEQUENCE = 0
    VERSION = 1
    TS_EVENT = 2
    TS_RECV = 3
    TS_VOUCHED = 4
    GRADE = 5
    PRICE_DECIMALS = 6
    PRICE_STEP = 7
    SIZE_DECIMALS = 8
    SIZE_STEP = 9
    BID_COUNT = 10
    ASK_COUNT = 11
    LEVELS = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a table of `slot_count` instruments by `depth_levels` levels lie.

    Raises ValueError when a count is outside 1 to SLOTS_MAX or 1 to DEPTH_MAX.
    """

    slot_count: int
    depth_levels: int

    def __post_init__(self) -> None:
        if not 1 <= self.slot_count <= SLOTS_MAX:
            raise ValueError(f"slots: {self.slot_count}, expected 1 to {SLOTS_MAX}")
        if not 1 <= self.depth_levels <= DEPTH_MAX:
            raise ValueError(f"depth: {self.depth_levels}, expected 1 to {DEPTH_MAX}")

    @property
    def depth_stride(self) -> int:
        """Words from one depth slot to the next: whole cache lines."""
        words = DepthWord.LEVELS + 4 * self.depth_levels
        return -(-words // LINE_WORDS) * LINE_WORDS

    @property
    def directory_offset(self) -> int:
        """First word of the directory of names."""
        return HEADER_WORDS

    @property
    def quotes_offset(self) -> int:
        """First word of the quote slots."""
        return self.directory_offset + self.slot_count * NAME_WORDS

    @property
    def depths_offset(self) -> int:
        """First word of the depth slots."""
        return self.quotes_offset + self.slot_count * QUOTE_STRIDE

    @property
    def table_bytes(self) -> int:
        """Size of the whole file in bytes."""
        return (self.depths_offset + self.slot_count * self.depth_stride) * WORD_BYTES
