"""The stream: twenty times a second what changed is encoded once and handed to all who want it.

No frame of a venue waits for it longer than for one short step: between two steps the event loop
takes what has arrived, and the sending to all clients is done by a thread that needs no lock.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from .channels import CHANNELS, FEEDS_AN_INSTRUMENT, PING, Feed, Key, feeds
from .fan import send_each
from .host import Host
from .stream_client import StreamClient

PERIOD_SECONDS = 0.05
CLIENTS_MAX = 256
#: A client that says nothing for so long, not even to a ping, is gone; it is asked so often.
SILENCE_SECONDS_MAX = 60.0
PING_SECONDS = 20.0


#: Bytes, and the clients that they are for.
Parcel: TypeAlias = tuple[bytes, list[StreamClient]]


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
        #: Clients, with when they were heard last (monotonic seconds).
        self.clients: dict[StreamClient, float] = {}
        self._sets: dict[frozenset[Key], frozenset[Key]] = {}
        self._awake = asyncio.Event()
        self._sender = ThreadPoolExecutor(1, "stream")
        self._sending = False
        self._left: list[StreamClient] = []
        self._pinged_s = 0.0
        #: Clients that were cut off because they did not read, or said nothing any more.
        self.dropped = 0

    @property
    def full(self) -> bool:
        """Whether no more clients are taken."""
        return len(self.clients) >= CLIENTS_MAX

    def join(self, client: StreamClient) -> None:
        """Take a client in; StreamFullError."""
        if self.full:
            raise StreamFullError(f"{CLIENTS_MAX} clients are there; try later")
        self.heard(client)
        self._awake.set()

    def heard(self, client: StreamClient) -> None:
        """Note that a client said something."""
        self.clients[client] = asyncio.get_running_loop().time()

    def leave(self, client: StreamClient) -> None:
        """Forget a client and close its socket, once nothing is being sent to it any more."""
        self.unsubscribe(client, client.keys)
        self.clients.pop(client, None)
        if not self.clients:
            self._awake.clear()
        if self._sending:
            self._left.append(client)
        else:
            client.close()

    def close(self) -> None:
        """End the thread, after which nothing is sent any more; `run` has ended."""
        self._sender.shutdown()
        self._settle()

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
                raise UnknownKeyError(
                    f"no channel {channel[:40]!r}; there are: {', '.join(CHANNELS)}"
                )
            for key in self._feeds:
                if key.channel == channel and (wanted is None or _means(key, wanted)):
                    found[key] = None
        for name in wanted or ():
            if not any(_means(key, [name]) for key in found):
                raise UnknownKeyError(f"nothing of {name[:64]!r} in these channels")
        return list(found)

    def subscribe(self, client: StreamClient, keys: Iterable[Key]) -> None:
        """Have a client told of keys from now on, beginning with a snapshot of those that are new.

        Its answers and snapshots may be many: see StreamClient.full.
        """
        for key in keys:
            if key in client.keys:
                continue
            feed = self._wanted.setdefault(key, self._feeds[key])
            feed.wanted += 1
            now = self._host.now_ns()
            if feed.wanted == 1:
                # Nobody heard what changed meanwhile: it belongs to the snapshot.
                feed.update(now)
            client.keys = self._same(client.keys | {key})
            client.fresh[key] = feed.sequence
            client.tell(feed.snapshot(now))

    def unsubscribe(self, client: StreamClient, keys: Iterable[Key]) -> None:
        """Have a client told of keys no more."""
        gone = frozenset(keys) & client.keys
        for key in gone:
            feed = self._wanted[key]
            feed.wanted -= 1
            if not feed.wanted:
                del self._wanted[key]
        client.keys = self._same(client.keys - gone)

    async def run(self) -> None:
        """Serve; it sleeps while there are no clients."""
        loop = asyncio.get_running_loop()
        while True:
            await self._awake.wait()
            began = loop.time()
            await self.sweep(loop)
            await asyncio.sleep(max(0.0, began + PERIOD_SECONDS - loop.time()))

    async def sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at what is wanted, a feed a step, then serve every client."""
        changed: dict[Key, bytes] = {}
        for feed in list(self._wanted.values()):
            frame = feed.update(self._host.now_ns())
            if frame is not None:
                changed[feed.key] = frame
            await asyncio.sleep(0)
        now_s = loop.time()
        ping = now_s - self._pinged_s >= PING_SECONDS
        if ping:
            self._pinged_s = now_s
            self._find_silent(now_s)
        parcels, rough = self._parcels(changed, PING if ping else b"")
        for client in rough:
            data = client.due(self._snapshot)
            if data:
                parcels.append((data, [client]))
                await asyncio.sleep(0)
        await self._send(parcels, loop)

    def _parcels(
        self, changed: dict[Key, bytes], more: bytes
    ) -> tuple[list[Parcel], list[StreamClient]]:
        """Return what goes to whom, nearly always the same bytes to many, and the others."""
        groups: dict[frozenset[Key], list[StreamClient]] = {}
        rough: list[StreamClient] = []
        for client in self.clients:
            if client.smooth:
                groups.setdefault(client.keys, []).append(client)
            else:
                mine = [key for key in changed if self._lacks(client, key)]
                client.offer(b"".join([changed[key] for key in mine]) + more, mine)
                client.fresh.clear()
                rough.append(client)
        parcels: list[Parcel] = []
        for keys, clients in groups.items():
            data = b"".join([changed[key] for key in changed if key in keys]) + more
            if data:
                parcels.append((data, clients))
        return parcels, rough

    def _lacks(self, client: StreamClient, key: Key) -> bool:
        """Tell whether a client wants an update that no snapshot of this very look has brought."""
        return key in client.keys and client.fresh.get(key) != self._feeds[key].sequence

    def _find_silent(self, now_s: float) -> None:
        """Cut off who said nothing for too long, not even to a ping."""
        for client, heard_s in self.clients.items():
            if now_s - heard_s > SILENCE_SECONDS_MAX and not client.over:
                self.dropped += 1
                client.cut()

    async def _send(self, parcels: list[Parcel], loop: asyncio.AbstractEventLoop) -> None:
        """Send in the thread, then see who did not take all."""
        if not parcels:
            return
        sockets = [client.fd for _, clients in parcels for client in clients]
        datas: list[bytes] = []
        for data, clients in parcels:
            datas += [data] * len(clients)
        # A socket that is being sent to must stay open: its number could become another's.
        self._sending = True
        counts = await loop.run_in_executor(self._sender, send_each, sockets, datas)
        self._settle()
        now_s, at = loop.time(), 0
        for data, clients in parcels:
            mine = counts[at : at + len(clients)]
            at += len(clients)
            if mine.count(len(data)) == len(mine) and clients[0].smooth:
                continue
            for client, count in zip(clients, mine, strict=True):
                if client in self.clients and not client.sent(data, count, now_s):
                    self.dropped += 1
                    client.cut()

    def _settle(self) -> None:
        """Nothing is being sent: close the sockets of those that left meanwhile."""
        self._sending = False
        left, self._left = self._left, []
        for client in left:
            client.close()

    def _same(self, keys: frozenset[Key]) -> frozenset[Key]:
        """Return the one object for equal sets: they are compared at each look."""
        if len(self._sets) > 2 * CLIENTS_MAX:
            self._sets = {one.keys: one.keys for one in self.clients}
        return self._sets.setdefault(keys, keys)

    def _snapshot(self, key: Key) -> bytes:
        """Return the frame of a key as it stands."""
        return self._feeds[key].snapshot(self._host.now_ns())

    def _find_feeds(self) -> None:
        """Take in what became known since: instruments and edges are only ever added."""
        node = self._host.node
        size = len(node.instruments) * FEEDS_AN_INSTRUMENT + len(node.edges) * 2
        size += node.desk is not None
        if len(self._feeds) != size:
            self._feeds = feeds(self._host) | self._feeds


def _means(key: Key, names: list[str]) -> bool:
    """Tell whether one of the names stands for a key."""
    if key.name in names:
        return True
    return key.channel == "edges" and not set(key.name.split(">")).isdisjoint(names)
