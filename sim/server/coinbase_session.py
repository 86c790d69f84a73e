"""One connection to the simulated Coinbase, and who reads which channel of which product."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sim.feed.frame import Frame

from .client import Client
from .counts import Counts
from .faults import Faults

Key = tuple[str, str]  # channel of the frames, product or what stands for it


@dataclass(eq=False, slots=True)
class Session:
    """What the venue knows about one connection; it may speak either product's protocol."""

    client: Client
    address: str
    speaks_exchange: bool = False  # by its path, where a message leaves it open
    subscribed: dict[str, list[str]] = field(default_factory=dict)  # of Advanced Trade
    channels: dict[str, list[str]] = field(default_factory=dict)  # of Exchange
    sequence: int = 0  # of Advanced Trade: counts the frames of the connection


class Readers:
    """The connections by what they read."""

    def __init__(self) -> None:
        self._by_key: dict[Key, dict[Session, None]] = {}
        self._by_session: dict[Session, dict[Key, None]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def of(self, key: Key) -> Collection[Session]:
        """Return who reads a channel of a product, in the order in which they came."""
        return self._by_key.get(key, ())

    def read(self, session: Session) -> list[Key]:
        """Return what a connection reads."""
        return list(self._by_session.get(session, ()))

    def __iter__(self) -> Iterator[Key]:
        return iter(self._by_key)

    def add(self, session: Session, key: Key) -> None:
        """Have a connection read; once is enough."""
        self._by_session.setdefault(session, {})[key] = None
        self._by_key.setdefault(key, {})[session] = None

    def remove(self, session: Session, key: Key) -> None:
        """Have it read something no more; KeyError if it does not."""
        del self._by_session[session][key]
        readers = self._by_key[key]
        del readers[session]
        if not readers:
            del self._by_key[key]

    def clear(self, session: Session) -> None:
        """Forget a connection."""
        for key in self.read(session):
            self.remove(session, key)
        self._by_session.pop(session, None)


def hand_out(
    frame: Frame,
    sessions: Collection[Session],
    parts: tuple[str, str] | None,
    faults: Faults,
    counts: Counts,
) -> None:
    """Send one frame to connections; `parts` stand around each one's own number, if it has any."""
    if not sessions:
        return
    hit = faults.meet(f"{frame.channel} {frame.product}")
    text = "" if parts else frame.payload.decode()
    for session in list(sessions):
        if parts:
            number, session.sequence = session.sequence, session.sequence + 1
            text = f"{parts[0]}{number}{parts[1]}"
        if hit is None:
            session.client.send(text)
        else:
            counts.faulted += 1
            hit.send(session.client, text)
