"""The stream: twenty times a second what changed is encoded once and handed to all who want it.

No frame of a venue waits for it longer than for one short step: between two steps the event loop
takes what has arrived, and the sending to all clients is done by a thread that needs no lock.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .channels import CHANNELS, FEEDS_AN_INSTRUMENT, PING, Feed, Key, feeds
from .fan import send_each
from .host import Host
from .stream_client import StreamClient

PERIOD_SECONDS = 0.05
CLIENTS_MAX = 256
#: A client that says nothing for so long, not even to a ping, is gone; it is asked so often.
SILENCE_SECONDS_MAX = 60.0
PING_SECONDS = 20.0
#: Clients that are looked at in one step.
_CLIENTS_A_STEP = 16


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
            client.keys |= {key}
            client.tell(feed.snapshot(now))

    def unsubscribe(self, client: StreamClient, keys: Iterable[Key]) -> None:
        """Have a client told of keys no more."""
        gone = frozenset(keys) & client.keys
        for key in gone:
            feed = self._wanted[key]
            feed.wanted -= 1
            if not feed.wanted:
                del self._wanted[key]
        client.keys -= gone

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
        served = [(client, client.keys) for client in self.clients]
        changed: dict[Key, bytes] = {}
        for feed in list(self._wanted.values()):
            frame = feed.update(self._host.now_ns())
            if frame is not None:
                changed[feed.key] = frame
            await asyncio.sleep(0)
        ping = loop.time() - self._pinged_s >= PING_SECONDS
        if ping:
            self._pinged_s = loop.time()
        parts: dict[frozenset[Key], tuple[bytes, list[Key]]] = {}
        due: list[tuple[StreamClient, bytes]] = []
        for number, (client, keys) in enumerate(served, 1):
            if keys not in parts:
                mine = [key for key in changed if key in keys]
                parts[keys] = b"".join([changed[key] for key in mine]), mine
            frames, mine = parts[keys]
            if mine:
                client.offer(frames, mine)
            if ping:
                client.tell(PING)
            data = client.due(self._snapshot)
            if data and client in self.clients:
                due.append((client, data))
            if number % _CLIENTS_A_STEP == 0:
                await asyncio.sleep(0)
        await self._send(due, loop)

    async def _send(
        self, due: list[tuple[StreamClient, bytes]], loop: asyncio.AbstractEventLoop
    ) -> None:
        """Send in the thread, then see who is behind for too long or silent."""
        due = [(client, data) for client, data in due if client in self.clients]
        if not due:
            return
        sockets, datas = [client.fd for client, _ in due], [data for _, data in due]
        # A socket that is being sent to must stay open: its number could become another's.
        self._sending = True
        counts = await loop.run_in_executor(self._sender, send_each, sockets, datas)
        self._settle()
        now_s = loop.time()
        for (client, data), count in zip(due, counts, strict=True):
            heard_s = self.clients.get(client)
            if heard_s is None:
                continue
            if not client.sent(data, count, now_s) or now_s - heard_s > SILENCE_SECONDS_MAX:
                self.dropped += 1
                client.cut()

    def _settle(self) -> None:
        """Nothing is being sent: close the sockets of those that left meanwhile."""
        self._sending = False
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
            self._feeds = feeds(self._host) | self._feeds


def _means(key: Key, names: list[str]) -> bool:
    """Tell whether one of the names stands for a key."""
    if key.name in names:
        return True
    return key.channel == "edges" and not set(key.name.split(">")).isdisjoint(names)
