"""The daemon: drives one node with real sockets, clock, files and signals, and supervises it.

Everything that happens is handed to `Daemon.feed`, frames to `Daemon.frame`, one input after
another: recorded, handled, and its effects carried out. Nothing else touches the node.
"""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import structlog

from api.order_stages import OrderStages
from arb.live import RESTARTED
from arb.witness import Witnesses
from cache.l2_errors import L2Error
from cache.l2_writer import L2Writer
from cache.publisher import GRADE_FORBIDS, Publisher
from checkpoint import dump
from cli.loop_lag import LoopLag
from cli.node_config import node_config
from cli.returns import Returns
from cli.service import Service, standing
from cli.settings import Settings
from cli.settings.model import VenueSettings
from cli.slices import short_slices
from cli.tracing import tracer
from cli.unrecorded import Unrecorded, explained
from connectors.orders import Request, is_order_source
from connectors.transport.backoff import BackoffParameters
from connectors.transport.clock import StampClock
from connectors.transport.connection import ConnectionParameters, Edge
from connectors.transport.counters import Counters
from connectors.transport.limits import limits
from connectors.transport.orders import DoorSetting, MakeDoors, OrderDoor, not_sent
from connectors.transport.stream import MEBIBYTE, StreamParameters, opener
from connectors.transport.ticks import MonotonicTicks
from connectors.transport.venue_feed import FeedAddress, VenueFeed
from market.catalog import Catalog
from market.effects import Effect, EffectKind
from market.inputs import Input, InputKind
from market.probe import UNKNOWN, Probe
from market.timers import NEVER
from node import SHUTDOWN, Node
from replay.frame_path import FramePath
from replay.native_compress import Compressor
from replay.recording import Recorder
from replay.segment_errors import SegmentError

#: What a graceful stop may take before tasks are abandoned.
STOP_S_MAX = 5.0
#: For so long a stop waits until the venues say that no order of ours is open.
WITHDRAW_S_MAX = 3.0
_LOOK_S = 0.01
_CLOCK_S = 1.0
#: By then the venues' rules are there, the last large thing that stays.
_SETTLE_S = 30.0
_DEPTH_S = 0.1
_LEVELS = {"unknown_symbol": "warning", "bad_frame": "warning", "rest_error": "warning"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to the settings. `addresses` replace the venues' own.

    `sim_socket` is where the simulated venues have their control door, in mode sim. `doors` makes
    what orders leave by; without it none does.
    """

    addresses: dict[str, FeedAddress]
    seconds: float | None = None
    seed: int = 0
    sim_socket: str = ""
    doors: MakeDoors | None = None


class Daemon:
    """One node with its venues. `run` serves until `stop` is called, the time is up or it fails.

    A `node` is one that was restored, to go on with.
    """

    def __init__(self, settings: Settings, options: Options, node: Node | None = None) -> None:
        self.settings = settings
        self.options = options
        self.clock = StampClock()
        self.counters = Counters()
        self.lag = LoopLag()
        self.node = node or Node(node_config(settings), Catalog())
        self.feeds: dict[str, VenueFeed] = {}
        #: What orders leave by, by venue; empty where nothing trades over the wire.
        self.doors: dict[str, OrderDoor] = {}
        self.recorder: Recorder | None = None
        self.unrecorded: Unrecorded | None = None
        self._compressor: Compressor | None = None
        #: Whether what is recorded must be on disk before an order leaves.
        self._syncs = False
        self.publisher: Publisher | None = None
        self.l2_state = "off"
        #: Where the API is served, '' where it is not.
        self.api_address = ""
        #: What the traded assets' prices did, for the report of value at risk.
        self.returns = Returns()
        self.halt_file_stands = False
        self.service = Service.of(os.environ, os.getpid())
        self.started_ns = self.clock.now_ns()
        self._log = structlog.get_logger()
        self._stopped = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._path = FramePath(self.node, self._carry_out, self._arm)
        #: Takes a frame of a source; the connections call it where the bytes left the socket.
        self.frame: Callable[[str, bytes, int], None] = self._path.frame
        self.probe: Probe | None = None
        if settings.metrics.sample_every:
            self.probe = Probe(MonotonicTicks(), settings.metrics.sample_every)
            self._path.probe_with(self.probe)
        self.stages = OrderStages(self.node.instruments, self.clock.now_ns)
        self.tracer = tracer(settings.tracing, self.node.instruments, self.clock.now_ns)
        self._watch_orders()
        self._handlers: dict[EffectKind, Callable[[Effect], None]] = {
            EffectKind.SEND: self._send,
            EffectKind.FETCH: self._fetch,
            EffectKind.RECONNECT: self._reconnect,
            EffectKind.READY: self._ready,
            EffectKind.ORDER: self._order,
            EffectKind.LOG: self._say,
            EffectKind.TRADING: self._trading,
        }
        #: Told of everything that trading does.
        self.on_trading: Callable[[Effect], None] | None = None

    def _watch_orders(self) -> None:
        """Have orders measured, and traced where that is wanted."""
        witness = Witnesses(self.stages, self.tracer) if self.tracer else self.stages
        if self.node.desk is not None:
            for world in self.node.desk.worlds.values():
                world.trader.witness = witness

    # --- building --------------------------------------------------------------------------------

    def build(self) -> None:
        """Watch the configured instruments and make the venues' feeds; opens nothing yet."""
        edge = Edge(
            open_stream=opener(self.settings.transport.library),
            clock=self.clock,
            counters=self.counters,
            random=Random(self.options.seed),  # noqa: S311 - jitter is no secret
        )
        for name, venue in self.settings.venues.enabled().items():
            if name not in self.options.addresses and self.settings.mode == "sim":
                continue
            self._build_venue(name, venue, edge)
        desk = self.node.desk
        if self.options.doors is not None and desk is not None and desk.live is not None:
            setting = DoorSetting(self.feed, edge, self._connection_parameters(), self._venue_ns)
            self.doors = self.options.doors(setting)

    def _venue_ns(self, venue: str) -> int:
        """Return the venue's time as its clock and ours compare, in ns."""
        feed = self.feeds.get(venue)
        offset = feed.offset if feed is not None else None
        return self.clock.now_ns() + (offset.offset_ns if offset is not None else 0)

    def _connection_parameters(self) -> ConnectionParameters:
        transport = self.settings.transport
        return ConnectionParameters(
            stream=StreamParameters(message_bytes_max=transport.frame_max_mb * MEBIBYTE),
            backoff=BackoffParameters(
                first_s=transport.backoff_first_ms / 1000,
                longest_s=transport.backoff_max_ms / 1000,
            ),
            rollover_s=transport.rollover_hours * 3600.0,
        )

    def _build_venue(self, name: str, settings: VenueSettings, edge: Edge) -> None:
        protocol = self.node.venue(name)
        natives: dict[str, None] = {}
        for text in settings.instruments:
            instrument = self.node.catalog.find(text, name)
            if instrument.native in natives:
                continue
            connection = len(natives) // protocol.instruments_max + 1
            self.node.watch(instrument, f"{name}.ws.{connection}")
            natives[instrument.native] = None
        connections = max(1, -(-len(natives) // protocol.instruments_max))
        address = self.options.addresses.get(name) or FeedAddress(
            settings.urls.ws + protocol.stream_path, settings.urls.rest
        )
        self.feeds[name] = VenueFeed(
            protocol,
            address,
            connections,
            sink=self.feed,
            frames=self.frame,
            edge=edge,
            limits=limits(name, settings.request_weight_per_minute),
            parameters=self._connection_parameters(),
        )

    def open_recording(self) -> None:
        """Begin to record; without it the daemon runs on, says so and tries again later."""
        if not self.settings.recording.enabled:
            return
        try:
            self.record()
        except (SegmentError, OSError) as error:
            self.unrecorded = Unrecorded(explained(error, self.settings.recording.dir))
            self.unrecorded.failed(self.unrecorded.reason, self.clock.now_ns())
            self._recording_changed(False, self.unrecorded.reason)

    def _record_again(self) -> None:
        """Try to begin the recording that could not be begun, when it is time."""
        missing, now_ns = self.unrecorded, self.clock.now_ns()
        if missing is None or not missing.due(now_ns):
            return
        try:
            self.record()
        except (SegmentError, OSError) as error:
            missing.failed(explained(error, self.settings.recording.dir), now_ns)
            return
        assert self.recorder is not None
        self.recorder.counts.stops += 1
        self.recorder.counts.missed += self.node.inputs
        self.unrecorded = None
        self._recording_changed(True, "")

    def record(self) -> None:
        """Record from now on; raises SegmentError and OSError for a folder that cannot be used."""
        settings = self.settings.recording
        if settings.compress and self._compressor is None:
            self._compressor = Compressor()
        folder = Path(settings.dir)
        folder.mkdir(parents=True, exist_ok=True)
        self.recorder = Recorder(
            folder,
            checkpoint=partial(dump, self.node),
            started_ns=self.clock.now_ns(),
            segment_bytes=settings.segment_mb * MEBIBYTE,
            retain_bytes=settings.retain_mb * MEBIBYTE,
            sync=settings.sync,
            on_change=self._recording_changed,
            compress=self._compressor,
        )
        self._path.record_with(self.recorder)
        self._syncs = settings.sync == "disk"
        if self.recorder.cut is not None:
            self._log.warning("recording was cut", reason=str(self.recorder.cut))

    def _recording_changed(self, recording: bool, reason: str) -> None:
        if recording:
            self._log.info("recording goes on")
        else:
            self._log.error("recording stopped", reason=reason)
            if self.node.desk is not None:
                # The input that could not be recorded is handled first. That recording goes on
                # lifts nothing: whoever looks after the disk resumes.
                loop = asyncio.get_running_loop()
                loop.call_soon(self.command, "recording-stopped", reason)

    def open_l2(self) -> None:
        """Make the shared quote table; without it the daemon runs on and says so."""
        settings = self.settings.l2
        if not settings.enabled:
            return
        try:
            writer = L2Writer(
                Path(settings.path),
                settings.slots,
                settings.depth,
                self.clock.now_ns(),
                grade_forbids=GRADE_FORBIDS,
            )
        except L2Error as error:
            self.l2_state = str(error)
            self._log.error("no shared quotes", reason=str(error))
            return
        self.publisher = Publisher(writer, settings.depth)
        self._path.publish_with(self.publisher)
        self.l2_state = "open"

    @property
    def traces_dropped(self) -> int:
        """Notes and orders that found no room to be traced."""
        return self.tracer.dropped if self.tracer is not None else 0

    @property
    def wants_recording(self) -> bool:
        """Whether the configuration asks for a recording."""
        return self.settings.recording.enabled

    @property
    def recording_folder(self) -> str:
        """Where recordings lie."""
        return self.settings.recording.dir

    @property
    def wants_quotes(self) -> bool:
        """Whether the configuration asks for the shared quote table."""
        return self.settings.l2.enabled

    # --- inputs ----------------------------------------------------------------------------------

    def feed(self, item: Input) -> None:
        """Record an input, let the node handle it, carry out what it asks for."""
        self._path.feed(item)

    def command(self, name: str, argument: str) -> None:
        """Hand a user's command to the node as a recorded input."""
        self.feed(Input(self.clock.now_ns(), InputKind.COMMAND, "user", argument.encode(), name))

    def go_on(self) -> None:
        """Let a restored node know that its connections are gone; nothing happened meanwhile.

        At the node's own time: no deadline may come between, with books that look alive.
        """
        for link in list(self.node.links.values()):
            if link.connected:
                self.feed(Input(self.node.now, InputKind.CLOSE, link.name, note=RESTARTED))
        live = self.node.desk.live if self.node.desk is not None else None
        for source in live.sources if live is not None else ():
            self.feed(Input(self.node.now, InputKind.CLOSE, source, note=RESTARTED))

    def begin_run(self) -> None:
        """Give a world that trades over the wire the prefix of its order ids.

        A restored one keeps its own: by that it knows its orders at the venues again.
        """
        if self.node.desk is not None and self.node.desk.live is not None:
            self.command("run", f"cq{_base36(self.started_ns)}")

    def halt(self, why: str) -> None:
        """Halt trading, where there is any, for a reason from outside."""
        if self.node.desk is None:
            return
        self._log.error("trading halts", reason=why)
        self.command("halt", why)

    def look_for_halt_file(self) -> None:
        """Halt when the file appears; that it goes resumes nothing."""
        path = self.settings.trading.halt_file
        stood, self.halt_file_stands = self.halt_file_stands, bool(path) and os.path.lexists(path)
        if self.halt_file_stands and not stood:
            self.halt(f"the file {path} appeared")

    def _arm(self) -> None:
        """Wake at the node's next deadline."""
        if self._timer is not None:
            self._timer.cancel()
        self._path.wake_ns = self.node.timers.next_ns
        delay_s = max(0.0, (self._path.wake_ns - self.clock.now_ns()) / 1e9)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._timer, self._path.wake_ns = None, NEVER
        self.feed(Input(self.clock.now_ns(), InputKind.TIMER, "timer"))
        if self._timer is None and self.node.timers.next_ns != NEVER:
            self._arm()

    # --- effects ---------------------------------------------------------------------------------

    def _carry_out(self, effects: list[Effect]) -> None:
        if self._syncs and any(effect.kind is EffectKind.ORDER for effect in effects):
            # What led to an order survives whatever the order does.
            assert self.recorder is not None
            self.recorder.flush()
        for effect in effects:
            handler = self._handlers.get(effect.kind)
            if handler is not None:
                handler(effect)

    def _feed_of(self, target: str) -> VenueFeed | None:
        return self.feeds.get(target.partition(".")[0])

    def _send(self, effect: Effect) -> None:
        feed = self._feed_of(effect.target)
        if feed is None or not feed.send(effect.target, effect.subject.encode()):
            self.counters.count(effect.target.partition(".")[0], effect.target, "send_failed")

    def _fetch(self, effect: Effect) -> None:
        feed = self._feed_of(effect.target)
        if feed is not None:
            feed.rest.fetch(effect.subject)

    def _order(self, effect: Effect) -> None:
        request = Request.of(effect.subject, effect.fields)
        door = self.doors.get(effect.target)
        if door is not None:
            door.submit(request)
        else:
            why = not_sent(effect.target, request, self.clock.now_ns(), "there is no order door")
            asyncio.get_running_loop().call_soon(self.feed, why)

    def _reconnect(self, effect: Effect) -> None:
        if is_order_source(effect.target):
            door = self.doors.get(effect.target.partition(".")[0])
            if door is not None:
                door.reconnect(effect.target, effect.subject)
            return
        feed = self._feed_of(effect.target)
        # At an announced shutdown the transport opens the next connection before this one goes.
        if feed is not None and effect.subject != SHUTDOWN:
            feed.reconnect(effect.target, effect.subject)

    def _ready(self, effect: Effect) -> None:
        feed = self._feed_of(effect.target)
        if feed is not None:
            feed.ready(effect.target)

    def _trading(self, effect: Effect) -> None:
        if self.on_trading is not None:
            self.on_trading(effect)

    def _say(self, effect: Effect) -> None:
        level = _LEVELS.get(effect.subject, "info")
        venue, _, connection = effect.target.partition(".")
        getattr(self._log, level)(
            effect.subject,
            venue=venue,
            connection=connection,
            detail=" ".join(str(field) for field in effect.fields),
        )

    # --- running ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """Begin a graceful stop."""
        self._stopped.set()

    async def run(self, before_close: Callable[[], None]) -> None:
        """Serve until stopped; `before_close` is called while everything still stands.

        Raises what a task failed with, after everything was closed.
        """
        # On a busy machine a frame waits for the processor longer than for anything of ours.
        with short_slices() as refused:
            if refused:
                self._log.info("turns on the processor stay long", reason=refused)
            await self._run(before_close)

    async def _run(self, before_close: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        # What stays for the process's life is not looked at by each full collection: one of those
        # would hold up every frame for tens of milliseconds.
        gc.freeze()
        settling = loop.call_later(_SETTLE_S, gc.freeze)
        if self.options.seconds is not None:
            loop.call_later(self.options.seconds, self.stop)
        tasks = [
            loop.create_task(feed.run(), name=f"venue {name}") for name, feed in self.feeds.items()
        ]
        self.begin_run()
        tasks += [
            loop.create_task(door.run(), name=f"orders {name}") for name, door in self.doors.items()
        ]
        tasks += [
            loop.create_task(self.lag.run(), name="loop lag"),
            loop.create_task(self._look_round(), name="clock"),
            loop.create_task(self._beat(), name="shared quotes"),
        ]
        if self.service is not None:
            tasks.append(loop.create_task(self.service.run(self._standing), name="service"))
        stopped = loop.create_task(self._stopped.wait(), name="stop")
        try:
            done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            failed = [task for task in done if task is not stopped]
            if self.service is not None:
                self.service.stopping()
            await self._withdraw()
            before_close()
        finally:
            await _cancel([*tasks, stopped])
            self.close()
            settling.cancel()
            gc.unfreeze()
        for task in failed:
            task.result()
            raise RuntimeError(f"task {task.get_name()} ended by itself")

    async def _withdraw(self) -> None:
        """Leave no order behind at a venue, as far as that can be had in WITHDRAW_S_MAX."""
        desk = self.node.desk
        if desk is None or desk.live is None:
            return
        self.command("withdraw", "")
        store = desk.live.trader.store
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WITHDRAW_S_MAX):
                while store.open:
                    await asyncio.sleep(_LOOK_S)
        if store.open:
            self._log.error("orders stay at the venues", count=len(store.open))

    def _standing(self) -> str:
        return standing((book.live for book in self.node.books), self.settings.mode)

    def close(self) -> None:
        """Close the recording and the shared quotes; again does nothing."""
        if self._timer is not None:
            self._timer.cancel()
        if self.recorder is not None:
            self.recorder.close(int(self.node.digest))
        if self._compressor is not None:
            self._compressor.close()
        if self.publisher is not None:
            self.publisher.close()
        if self.service is not None:
            self.service.close()
        if self.tracer is not None:
            self.tracer.close()
            self.tracer = None

    async def _look_round(self) -> None:
        """Look for steps of the wall clock: each is an input of its own, and so is what follows.

        And for the file that halts; and try again to record, where that was not possible.
        """
        self._anchor()
        while True:
            self.look_for_halt_file()
            await asyncio.sleep(_CLOCK_S)
            self._record_again()
            if self.node.desk is not None:
                self.returns.sample(self.node.desk)
            step = self.clock.check()
            if step is not None:
                self.feed(step)
            shift_ns = self.clock.take_shift()
            self._anchor()
            if self.publisher is not None:
                self.publisher.ahead_ns = self.clock.ahead_ns
            for feed in self.feeds.values():
                if shift_ns:
                    feed.shifted(shift_ns)
                if step is not None:
                    feed.measure_anew()

    def _anchor(self) -> None:
        """Tell the probe how stamps stand to its clock."""
        if self.probe is not None:
            anchor_ns = self.clock.anchor_ns
            self.probe.anchor_ns = UNKNOWN if anchor_ns is None else anchor_ns

    async def _beat(self) -> None:
        """Vouch for what is published, and publish depth, conflated."""
        beat_s = self.settings.l2.heartbeat_ms / 1000
        while True:
            await asyncio.sleep(min(_DEPTH_S, beat_s))
            if self.recorder is not None and self.settings.recording.sync == "disk":
                self.recorder.flush()
            if self.publisher is not None:
                self.publisher.depth(self.node.books)
                self.publisher.beat(self.node.l1, self.clock.now_ns())
            if self.tracer is not None:
                self.tracer.drain()


def _base36(number: int) -> str:
    """Return a number in digits and small letters."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


async def _cancel(tasks: Iterable["asyncio.Task[object]"]) -> None:
    """Cancel tasks and wait for them, STOP_S_MAX at most."""
    waiting = list(tasks)
    for task in waiting:
        task.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_S_MAX):
            await asyncio.gather(*waiting, return_exceptions=True)


def handle_signals(daemon: Daemon) -> None:
    """Stop gracefully on the first SIGINT or SIGTERM; a second one is not caught any more.

    SIGUSR1 halts trading.
    """
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def first() -> None:
        daemon.stop()
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in numbers:
        loop.add_signal_handler(number, first)
    loop.add_signal_handler(signal.SIGUSR1, daemon.halt, "signal SIGUSR1")
