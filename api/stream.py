"""The stream: twenty times a second what changed is encoded once and handed to all who want it.

No frame of a venue waits for it longer than for one short step: between two steps the event loop
takes what has arrived.
"""

import asyncio
from collections.abc import Iterable

from .channels import CHANNELS, Feed, Key, feeds
from .host import Host
from .stream_client import StreamClient

PERIOD_SECONDS = 0.05
CLIENTS_MAX = 256
#: Feeds that are looked at, and clients that are served, in one step.
_FEEDS_A_STEP = 4
_CLIENTS_A_STEP = 4


class StreamFullError(Exception):
    """CLIENTS_MAX clients are there."""


class UnknownKeyError(ValueError):
    """There is no such channel or nothing of that name in it; the message says what there is."""


class Stream:
    """Feeds, clients, and the clock that brings them together: `run` until cancelled."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._feeds: dict[Key, Feed] = {}
        self._wanted: dict[Key, Feed] = {}
        self.clients: dict[StreamClient, None] = {}
        self._awake = asyncio.Event()
        #: Clients that were cut off because they did not read.
        self.dropped = 0

    @property
    def full(self) -> bool:
        """Whether no more clients are taken."""
        return len(self.clients) >= CLIENTS_MAX

    def join(self, client: StreamClient) -> None:
        """Take a client in; StreamFullError."""
        if self.full:
            raise StreamFullError(f"{CLIENTS_MAX} clients are there; try later")
        self.clients[client] = None
        self._awake.set()

    def leave(self, client: StreamClient) -> None:
        """Forget a client."""
        self.unsubscribe(client, client.keys)
        self.clients.pop(client, None)
        if not self.clients:
            self._awake.clear()

    def select(self, channels: Iterable[str], names: Iterable[str] | None) -> list[Key]:
        """Return keys of channels: all of them, or those of some names; UnknownKeyError.

        A name stands for what it is called in each channel that knows it, an instrument also for
        the edges it is a leg of.
        """
        self._find_feeds()
        wanted = None if names is None else list(names)
        found: dict[Key, None] = {}
        for channel in channels:
            if channel not in CHANNELS:
                raise UnknownKeyError(f"no channel {channel!r}; there are: {', '.join(CHANNELS)}")
            for key in self._feeds:
                if key.channel == channel and (wanted is None or _means(key, wanted)):
                    found[key] = None
        for name in wanted or ():
            if not any(_means(key, [name]) for key in found):
                raise UnknownKeyError(f"nothing of {name[:64]!r} in these channels")
        return list(found)

    def subscribe(self, client: StreamClient, keys: Iterable[Key]) -> list[Key]:
        """Have a client told of keys from now on; returns those that it was not yet."""
        fresh = [key for key in keys if key not in client.keys]
        for key in fresh:
            feed = self._wanted.setdefault(key, self._feeds[key])
            feed.wanted += 1
            if feed.wanted == 1:
                # Nobody heard what changed meanwhile: it belongs to the snapshot.
                feed.update(self._host.now_ns())
        client.keys |= frozenset(fresh)
        return fresh

    def unsubscribe(self, client: StreamClient, keys: Iterable[Key]) -> None:
        """Have a client told of keys no more."""
        gone = frozenset(keys) & client.keys
        for key in gone:
            feed = self._wanted[key]
            feed.wanted -= 1
            if not feed.wanted:
                del self._wanted[key]
        client.keys -= gone

    def snapshot(self, key: Key) -> bytes:
        """Return the frame of a key as it stands."""
        return self._feeds[key].snapshot(self._host.now_ns())

    async def run(self) -> None:
        """Serve; it sleeps while there are no clients."""
        loop = asyncio.get_running_loop()
        while True:
            await self._awake.wait()
            began = loop.time()
            await self._sweep(loop)
            await asyncio.sleep(max(0.0, began + PERIOD_SECONDS - loop.time()))

    async def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at what is wanted, then serve each client, in short steps."""
        served = [(client, client.keys) for client in self.clients]
        changed: dict[Key, bytes] = {}
        for number, feed in enumerate(list(self._wanted.values()), 1):
            frame = feed.update(self._host.now_ns())
            if frame is not None:
                changed[feed.key] = frame
            if number % _FEEDS_A_STEP == 0:
                await asyncio.sleep(0)
        parts: dict[frozenset[Key], tuple[bytes, list[Key]]] = {}
        for number, (client, keys) in enumerate(served, 1):
            if keys not in parts:
                mine = [key for key in changed if key in keys]
                parts[keys] = b"".join([changed[key] for key in mine]), mine
            frames, mine = parts[keys]
            if mine:
                client.offer(frames, mine, loop.time())
            if client.behind and not client.catch_up(self.snapshot, loop.time()):
                self.dropped += 1
            if number % _CLIENTS_A_STEP == 0:
                await asyncio.sleep(0)

    def _find_feeds(self) -> None:
        """Take in what became known since: instruments and edges are only ever added."""
        node = self._host.node
        size = len(node.instruments) * 4 + len(node.edges) * 2 + (node.desk is not None)
        if len(self._feeds) != size:
            self._feeds = feeds(self._host) | self._feeds


def _means(key: Key, names: list[str]) -> bool:
    """Tell whether one of the names stands for a key."""
    if key.name in names:
        return True
    return key.channel == "edges" and not set(key.name.split(">")).isdisjoint(names)
