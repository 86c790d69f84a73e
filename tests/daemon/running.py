"""A daemon in this event loop, watched at each input, against simulated venues in the same loop."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

import checkpoint
from api.door import Door
from books.grade import Grade
from cache.client import open_reader
from cache.l2_quote import Miss, Reason
from cli.live import LiveView
from cli.settings.model import Settings, Urls
from daemon import Daemon, Options
from replay.native import Replay
from replay.native_reader import Recording
from sim.server.venue import VenueServer
from sim.server.world import SimulatedWorld

DEADLINE_S = 30.0
WARM_UP_NS = 3 * 10**9
TTL_NS = 10 * 10**9
_NO_QUOTE = (Reason.GRADE, Reason.UNKNOWN, Reason.EMPTY)


async def until(holds, what="the condition"):
    """Wait until something holds; what never does fails the test by name."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{what} did not come in {DEADLINE_S} s") from None


def settings_for(
    folder: Path,
    binance: VenueServer,
    coinbase: VenueServer,
    library: str = "websockets",
    **changes,
) -> Settings:
    """Return settings of mode paper whose venues are servers on loopback; all files in `folder`.

    `library` carries the streams.
    """
    given = Settings(version=1, mode="paper")
    venues = given.venues
    urls = {
        name: Urls(ws=server.ws_url, rest=server.http_url)
        for name, server in (("binance", binance), ("coinbase", coinbase))
    }
    own = {
        "venues": replace(
            venues,
            binance=replace(venues.binance, urls=urls["binance"]),
            coinbase=replace(venues.coinbase, urls=urls["coinbase"]),
        ),
        "recording": replace(given.recording, dir=str(folder / "recordings"), segment_mb=4),
        "l2": replace(given.l2, path=str(folder / "table.l2"), heartbeat_ms=20),
        "control": replace(given.control, socket=str(folder / "door.sock")),
        "log": replace(given.log, file=""),
        "transport": replace(
            given.transport, library=library, backoff_first_ms=20, backoff_max_ms=200
        ),
    }
    return replace(given, **{**own, **changes})


class Watched(Daemon):
    """A daemon that is looked at after each input.

    A book that is not live must be unreadable in L1 and L2 there and then: `leaks` holds what was
    not. `losses` says of each instrument why it ceased to be live, each time; `sources` holds who
    delivered anything. Nothing is raised: a transport would take it for its own fault.
    """

    def __init__(self, settings, options):
        super().__init__(settings, options)
        self.leaks = []
        self.losses = {}
        self.sources = {}
        self._live = set()
        self._reader = None
        self._frame, self.frame = self.frame, self._watched

    def feed(self, item):
        super().feed(item)
        self._look(item.source)

    def _watched(self, source, data, recv_ns):
        self._frame(source, data, recv_ns)
        self._look(source)

    def _look(self, source):
        self.sources[source] = None
        if self._reader is None and self.publisher is not None:
            self._reader = open_reader(self.settings.l2.path)
        for slot, book in enumerate(self.node.books):
            name = self.node.instruments[slot].id
            if book.live:
                self._live.add(name)
                continue
            if name in self._live:
                self._live.remove(name)
                self.losses.setdefault(name, []).append(f"{book.reason_label}: {book.detail}")
            self._unreadable(name, slot)

    def _unreadable(self, name, slot):
        quote = self.node.l1.read(slot, self.node.now)
        if quote.usable or Grade.NOT_LIVE not in Grade(quote.grade):
            self.leaks.append((name, quote))
        if self._reader is not None:
            answer = self._reader.quote(name, TTL_NS, self.clock.now_ns() - self.clock.ahead_ns)
            if not isinstance(answer, Miss) or answer.reason not in _NO_QUOTE:
                self.leaks.append((name, answer))


class Running:
    """A watched daemon with its door. Leaving the block stops it and waits for the end."""

    def __init__(self, settings, clock=None, options=None):
        self.settings = settings
        self.daemon = Watched(settings, options or Options({}))
        if clock is not None:
            self.daemon.clock = clock
        self.view = LiveView(self.daemon)
        self._door = Door(self.view, settings.control.socket)
        self._task = None
        self._reader = None
        self.last_status = None

    async def __aenter__(self):
        self.daemon.build()
        self.daemon.open_recording()
        self.daemon.open_l2()
        await self._door.start()
        self._task = asyncio.ensure_future(self.daemon.run(self._before_close))
        return self

    async def __aexit__(self, kind, error, trace):
        self.daemon.stop()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._task
        finally:
            await self._door.stop()
        assert self.daemon.leaks == []

    def _before_close(self):
        self.last_status = self.view.status()

    @property
    def books(self):
        """The books by instrument id."""
        node = self.daemon.node
        return {one.id: node.books[slot] for slot, one in enumerate(node.instruments)}

    async def live(self, *venues):
        """Wait until every book of the venues (all of them) is live."""
        await until(
            lambda: all(
                book.live
                for name, book in self.books.items()
                if not venues or name.partition(".")[2].lower() in venues
            ),
            f"live books of {venues or 'every venue'}",
        )

    def lost(self, name):
        """Return why a book ceased to be live, each time since it was live first."""
        return self.daemon.losses.get(name, [])

    async def until_lost(self, name, times=1):
        """Wait until a book ceased to be live so many times."""
        await until(lambda: len(self.lost(name)) >= times, f"loss of {name}")

    def untouched(self, *names):
        """Assert that books were live all the time, with the one snapshot that made them so."""
        for name in names:
            assert self.lost(name) == [], name
            assert self.books[name].condemned == 0, name
            assert self.books[name].live, name

    def errors(self, venue):
        """Return what went wrong at a venue, by name."""
        return self.view.status()["venues"][venue]["errors"]

    def l2(self, name):
        """Read a quote as another process would."""
        if self._reader is None:
            self._reader = open_reader(self.settings.l2.path)
        clock = self.daemon.clock
        return self._reader.quote(name, TTL_NS, clock.now_ns() - clock.ahead_ns)

    def readable(self, name):
        """Tell whether L2 gives a number."""
        return not isinstance(self.l2(name), Miss)


def world(**options):
    """Return a simulated world that is quick to start."""
    return SimulatedWorld(seed=5, warm_up_ns=WARM_UP_NS, **options)


def verify(folder, open_ends=0):
    """Verify the recording in a folder; returns what came of it.

    The last input before a kill, or before the recording stopped, has no digest behind it: that
    would have come with the next one.
    """
    done = Replay(Recording(Path(folder)), checkpoint, verify=True).run()
    assert done.problems == []
    assert done.difference is None
    assert 0 < done.inputs <= done.verified + open_ends
    return done


def no_rule_broken(served):
    """Assert that the venues counted no broken rule."""
    assert not served.binance.counts.violations
    assert not served.coinbase.counts.violations
