"""The client library: quotes for strategies, tools and pages, in the order L1, L2, miss."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .l2_plain_reader import PlainL2Reader
from .l2_quote import Depth, Miss, Quote, Reason
from .l2_session import HEARTBEAT_NS_DEFAULT

try:
    from .l2_reader import L2Reader
except ImportError:  # built without a compiler: slower, same answers
    _reader_type: "type[L2Reader | PlainL2Reader]" = PlainL2Reader
else:
    _reader_type = L2Reader

# (instrument, ttl_ns, now_ns, ungraded): the in-process tier, where there is one.
L1Read = Callable[[str, int, int, bool], Quote | Miss]

# L1 knows nothing of the instrument, so another process may. Any other miss of L1 is a verdict
# on the newest state there is: an older copy of a condemned or expired quote must not replace it.
_ASK_L2 = frozenset({Reason.UNKNOWN, Reason.EMPTY})


class QuoteBackend(Protocol):
    """What stands behind the client: L2 in shared memory, or a store for other machines.

    A read never waits and never gives a number that it cannot vouch for: `ttl_ns` is how old a
    value may be at `now_ns` (ns since the epoch), a grade that forbids use is a miss unless
    `ungraded`, and a silent or dead writer is the miss `writer_dead`, whatever the values say.
    """

    def instruments(self) -> tuple[str, ...]:
        """Return the names that the backend holds."""
        ...

    def quote(
        self, instrument: str, ttl_ns: int, now_ns: int, ungraded: bool = False
    ) -> Quote | Miss:
        """Return the touch, or why there is none that may be used."""
        ...

    def depth(
        self, instrument: str, ttl_ns: int, now_ns: int, ungraded: bool = False
    ) -> Depth | Miss:
        """Return the best levels, or why there are none that may be used."""
        ...

    def close(self) -> None:
        """Give back what the backend holds open."""
        ...


def open_reader(path: str | Path, heartbeat_ns: int = HEARTBEAT_NS_DEFAULT) -> QuoteBackend:
    """Open the table at `path` with the compiled reader, or the plain one where it is not built.

    Raises L2MissingError when there is no table, L2FormatError, L2AccessError.
    """
    return _reader_type(path, heartbeat_ns)


class QuoteClient:
    """Reads L1, then the backend. `clock` gives ns since the epoch, used when no time is passed."""

    def __init__(
        self,
        backend: QuoteBackend,
        l1: L1Read | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.backend = backend
        self.l1 = l1
        self.clock = clock
        self.l1_answers = 0
        self.backend_answers = 0

    def instruments(self) -> tuple[str, ...]:
        """Return the names that the backend holds."""
        return self.backend.instruments()

    def quote(
        self, instrument: str, ttl_ns: int, now_ns: int | None = None, ungraded: bool = False
    ) -> Quote | Miss:
        """Return the touch if it is at most `ttl_ns` old, or a Miss with the reason."""
        now_ns = self.clock() if now_ns is None else now_ns
        if self.l1 is not None:
            answer = self.l1(instrument, ttl_ns, now_ns, ungraded)
            if not isinstance(answer, Miss) or answer.reason not in _ASK_L2:
                self.l1_answers += 1
                return answer
        self.backend_answers += 1
        return self.backend.quote(instrument, ttl_ns, now_ns, ungraded)

    def depth(
        self, instrument: str, ttl_ns: int, now_ns: int | None = None, ungraded: bool = False
    ) -> Depth | Miss:
        """Return the best levels, from the backend: L1 holds the touch only."""
        now_ns = self.clock() if now_ns is None else now_ns
        self.backend_answers += 1
        return self.backend.depth(instrument, ttl_ns, now_ns, ungraded)

    def close(self) -> None:
        """Close the backend."""
        self.backend.close()
