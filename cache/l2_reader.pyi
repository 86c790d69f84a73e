from pathlib import Path
from typing import final

from .l2_quote import Depth, Miss, Quote, Reason

@final
class L2Reader:
    """Reads the quote table at `path`, through restarts of its writer.

    A read gives a value or a Miss; it never waits. Reasons, in the order in which they are looked
    for: `writer_dead` (process gone, machine restarted, stopped, or silent for over
    `heartbeat_ns`), `unknown`, `empty`, `busy` (64 tries), `stale` (not vouched for within
    `ttl_ns`, or over `heartbeat_ns` ahead of the reader's clock), `grade` (forbids use; not looked
    at with `ungraded`). `now_ns` is the caller's clock, ns since the epoch. The writer's process
    is looked at when `process_check_ns` of that clock have passed. One thread at a time.

    The constructor raises L2MissingError, L2FormatError, L2AccessError or ValueError; a read
    raises L2FormatError on a damaged slot or directory, and L2ClosedError after close().
    """

    def __init__(
        self,
        path: str | Path,
        heartbeat_ns: int = ...,
        process_check_ns: int = ...,
    ) -> None: ...
    @property
    def misses(self) -> dict[Reason, int]:
        """Misses so far, by reason."""
    @property
    def reopened(self) -> int:
        """How often a restarted writer's table took the place of its predecessor's."""
    @property
    def depth_levels(self) -> int:
        """Most levels a side that the table can hold."""
    def instruments(self) -> tuple[str, ...]:
        """Return the names in the table, in order of slots."""
    def quote(
        self, instrument: str, ttl_ns: int, now_ns: int, ungraded: bool = False
    ) -> Quote | Miss:
        """Return the touch, or why there is none that may be used."""
    def depth(
        self, instrument: str, ttl_ns: int, now_ns: int, ungraded: bool = False
    ) -> Depth | Miss:
        """Return the best levels, or why there are none that may be used."""
    def close(self) -> None:
        """Let the table go; a read after this raises L2ClosedError."""
