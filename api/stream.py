"""The stream: twenty times a second what changed is encoded once and handed to all who want it.

No frame of a venue waits for it longer than for one short step: between two steps the event loop
takes what has arrived, and the sending to all clients is done by a thread that needs no lock.
"""

import asyncio
import os
from array import array
from collections.abc import Iterable
from contextlib import suppress
from threading import Thread
from typing import NamedTuple, TypeAlias

from .channels import CHANNELS, FEEDS_AN_INSTRUMENT, PING, Feed, Key, feeds
from .fan import Fan
from .host import Host
from .market_text import MarketText
from .stream_client import StreamClient

PERIOD_SECONDS = 0.05
CLIENTS_MAX = 256
#: A client that says nothing for so long, not even to a ping, is gone; it is asked so often.
SILENCE_SECONDS_MAX = 60.0
PING_SECONDS = 20.0
#: Feeds that are looked at in one step, which holds up a frame of a venue for its length.
FEEDS_A_STEP = 4


class Group(NamedTuple):
    """Clients that want the same keys and have taken all that was sent; their sockets in bytes."""

    keys: frozenset[Key]
    clients: list[StreamClient]
    sockets: bytes

    @classmethod
    def of(cls, clients: list[StreamClient]) -> "Group":
        """Return the group of clients, of which there is one at least."""
        sockets = array("i", [client.fd for client in clients])
        return cls(clients[0].keys, clients, sockets.tobytes())


#: Bytes, and those that they are for.
Parcel: TypeAlias = tuple[bytes, Group]


class StreamFullError(Exception):
    """CLIENTS_MAX clients are there."""


class UnknownKeyError(ValueError):
    """There is no such channel or nothing of that name in it; the message says what there is."""


class Stream:
    """Feeds, clients, and the clock that brings them together: `run` until cancelled."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._text = MarketText(host.node)
        self._feeds: dict[Key, Feed] = {}
        self._wanted: dict[Key, Feed] = {}
        #: Clients, with when they were heard last (monotonic seconds).
        self.clients: dict[StreamClient, float] = {}
        #: Clients with something of their own to be sent; the others are in groups.
        self._rough: dict[StreamClient, None] = {}
        #: None after one came, went, or became rough or smooth.
        self._groups: list[Group] | None = None
        self._awake = asyncio.Event()
        self._fan = Fan()
        self._sender: Thread | None = None
        self._sent: asyncio.Future[dict[tuple[int, int], int]] | None = None
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
        self._groups = None
        self._awake.set()

    def heard(self, client: StreamClient) -> None:
        """Note that a client said something."""
        self.clients[client] = asyncio.get_running_loop().time()

    def leave(self, client: StreamClient) -> None:
        """Forget a client and close its socket, once nothing is being sent to it any more."""
        self.unsubscribe(client, client.keys)
        self.clients.pop(client, None)
        self._rough.pop(client, None)
        if not self.clients:
            self._awake.clear()
        if self._sent is not None:
            self._left.append(client)
        else:
            client.close()

    def tell(self, client: StreamClient, frame: bytes) -> None:
        """Have an answer or a snapshot sent to a client at the next look."""
        client.tell(frame)
        self._roughen(client)

    def close(self) -> None:
        """End the thread, after which nothing is sent any more; `run` has ended."""
        self._fan.close()
        if self._sender is not None:
            self._sender.join()
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
            client.keys |= {key}
            client.fresh[key] = feed.sequence
            self.tell(client, feed.snapshot(now))

    def unsubscribe(self, client: StreamClient, keys: Iterable[Key]) -> None:
        """Have a client told of keys no more."""
        gone = frozenset(keys) & client.keys
        for key in gone:
            feed = self._wanted[key]
            feed.wanted -= 1
            if not feed.wanted:
                del self._wanted[key]
        client.keys -= gone
        self._groups = None

    async def run(self) -> None:
        """Serve; it sleeps while there are no clients."""
        loop = asyncio.get_running_loop()
        while True:
            await self._awake.wait()
            began = loop.time()
            await self.sweep(loop)
            await asyncio.sleep(max(0.0, began + PERIOD_SECONDS - loop.time()))

    async def sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at what is wanted, some feeds a step, then serve every client."""
        changed: dict[Key, bytes] = {}
        wanted = list(self._wanted.values())
        for at in range(0, len(wanted), FEEDS_A_STEP):
            now = self._host.now_ns()
            for feed in wanted[at : at + FEEDS_A_STEP]:
                frame = feed.update(now)
                if frame is not None:
                    changed[feed.key] = frame
            await asyncio.sleep(0)
        now_s = loop.time()
        ping = now_s - self._pinged_s >= PING_SECONDS
        if ping:
            self._pinged_s = now_s
            self._find_silent(now_s)
        more = PING if ping else b""
        for client in self._rough:
            mine = [key for key in changed if self._lacks(client, key)]
            client.offer(b"".join([changed[key] for key in mine]) + more, mine)
            client.fresh.clear()
        parcels = self._parcels(changed, more)
        for client in list(self._rough):
            data = client.due(self._snapshot)
            if data:
                parcels.append((data, Group.of([client])))
                await asyncio.sleep(0)
        await self._send(parcels, loop)

    def _parcels(self, changed: dict[Key, bytes], more: bytes) -> list[Parcel]:
        """Return what goes to whom of those that have taken all: the same bytes to many."""
        if self._groups is None:
            self._groups = self._grouped()
        parcels: list[Parcel] = []
        for group in self._groups:
            data = b"".join([changed[key] for key in changed if key in group.keys]) + more
            if data:
                parcels.append((data, group))
        return parcels

    def _grouped(self) -> list[Group]:
        groups: dict[frozenset[Key], list[StreamClient]] = {}
        for client in self.clients:
            if client not in self._rough:
                groups.setdefault(client.keys, []).append(client)
        return [Group.of(clients) for clients in groups.values()]

    def _roughen(self, client: StreamClient) -> None:
        """Serve a client by itself until it has taken all."""
        self._rough[client] = None
        self._groups = None

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
        """Have all sent in the thread, then see who did not take all."""
        if not parcels:
            return
        if self._sender is None:
            self._sender = Thread(target=self._run_fan, name="stream", daemon=True)
            self._sender.start()
        self._fan.send([(data, group.sockets) for data, group in parcels])
        # A socket that is being sent to must stay open: its number could become another's.
        self._sent = loop.create_future()
        loop.add_reader(self._fan.done, self._take)
        try:
            left = await self._sent
        finally:
            loop.remove_reader(self._fan.done)
        self._settle()
        now_s = loop.time()
        for at, (data, group) in enumerate(parcels):
            if group.clients[0] in self._rough:
                self._note(group.clients[0], data, left.pop((at, 0), len(data)), now_s)
        for (at, place), count in left.items():
            data, group = parcels[at]
            self._roughen(group.clients[place])
            self._note(group.clients[place], data, count, now_s)

    def _run_fan(self) -> None:
        """Send, in the thread, which never takes the processor from the loop that wakes it."""
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        self._fan.run()

    def _take(self) -> None:
        """The thread has sent: say so to `_send`, unless it was cancelled."""
        left = {(parcel, place): count for parcel, place, count in self._fan.take()}
        if self._sent is not None and not self._sent.done():
            self._sent.set_result(left)

    def _note(self, client: StreamClient, data: bytes, count: int, now_s: float) -> None:
        """Note how much of `data` a client took."""
        if client not in self.clients:
            self._rough.pop(client, None)
        elif not client.sent(data, count, now_s):
            self.dropped += 1
            client.cut()
        elif client.smooth:
            del self._rough[client]
            self._groups = None

    def _settle(self) -> None:
        """Nothing is being sent: close the sockets of those that left meanwhile."""
        self._sent = None
        left, self._left = self._left, []
        for client in left:
            client.close()

    def _snapshot(self, key: Key) -> bytes:
        """Return the frame of a key as it stands."""
        return self._feeds[key].snapshot(self._host.now_ns())

    def _find_feeds(self) -> None:
        """Take in what became known since: instruments and edges are only ever added."""
        node = self._host.node
        size = len(node.instruments) * FEEDS_AN_INSTRUMENT + len(node.edges) * 2
        size += node.desk is not None
        if len(self._feeds) != size:
            self._feeds = feeds(self._host, self._text) | self._feeds


def _means(key: Key, names: list[str]) -> bool:
    """Tell whether one of the names stands for a key."""
    if key.name in names:
        return True
    return key.channel == "edges" and not set(key.name.split(">")).isdisjoint(names)
