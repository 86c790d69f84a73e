"""Drives a node in virtual time as the daemon does, with the daemon's own transports."""

import asyncio
from collections.abc import Callable
from random import Random

from connectors.orders import Request, is_order_source
from connectors.transport.backoff import BackoffParameters
from connectors.transport.clock import StampClock
from connectors.transport.connection import ConnectionParameters, Edge
from connectors.transport.counters import Counters
from connectors.transport.limits import limits
from connectors.transport.orders import DoorSetting, MakeDoors, OrderDoor
from connectors.transport.session import SessionOpener
from connectors.transport.stream import Opener, StreamParameters
from connectors.transport.venue_feed import FeedAddress, VenueFeed
from market.catalog import Catalog
from market.effects import Effect, EffectKind
from market.inputs import Input, InputKind
from market.instrument import Instrument
from market.timers import NEVER
from node import SHUTDOWN, Node, NodeConfig

from .injector import OVERSIZE_BYTES
from .loop import VirtualLoop

_CLOCK_S = 1.0
#: Told after each input that was handled.
After = Callable[[Input, list[Effect]], None]


class Driver:
    """One process: a node and its venues' feeds. `stop` ends it as a crash does."""

    def __init__(
        self,
        loop: VirtualLoop,
        clock: StampClock,
        node: Node,
        after: After,
        *,
        open_stream: Opener,
        open_session: SessionOpener,
        random: Random,
        rollover_s: float,
        make_doors: MakeDoors | None = None,
    ) -> None:
        self.node = node
        self.alive = True
        self.feeds: dict[str, VenueFeed] = {}
        self.doors: dict[str, OrderDoor] = {}
        self.counters = Counters()
        self._loop = loop
        self._clock = clock
        self._after = after
        self._edge = Edge(open_stream, clock, self.counters, random, open_session=open_session)
        self._rollover_s = rollover_s
        self._make_doors = make_doors
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = NEVER
        self._carry_out: dict[EffectKind, Callable[[Effect], None]] = {
            EffectKind.SEND: self._send,
            EffectKind.FETCH: self._fetch,
            EffectKind.RECONNECT: self._reconnect,
            EffectKind.READY: self._ready,
            EffectKind.ORDER: self._order,
        }

    def build(self, names: list[str]) -> None:
        """Make what carries frames, requests and orders."""
        for name in names:
            self.feeds[name] = VenueFeed(
                self.node.venue(name),
                FeedAddress(f"ws://{name}", f"http://{name}"),
                1,
                sink=self.feed,
                edge=self._edge,
                limits=limits(name),
                parameters=self._parameters(),
            )
        if self._make_doors is not None:
            self.doors = self._make_doors(
                DoorSetting(self.feed, self._edge, self._parameters(), self._venue_ns)
            )

    def start(self, failed: Callable[["asyncio.Task[None]"], None]) -> None:
        """Begin to connect; `failed` is told of a task that ended by itself."""
        self._tasks = [self._loop.create_task(feed.run()) for feed in self.feeds.values()]
        self._tasks += [self._loop.create_task(door.run()) for door in self.doors.values()]
        self._tasks.append(self._loop.create_task(self._watch_clock()))
        for task in self._tasks:
            task.add_done_callback(failed)

    def _parameters(self) -> ConnectionParameters:
        return ConnectionParameters(
            stream=StreamParameters(message_bytes_max=OVERSIZE_BYTES - 1),
            backoff=BackoffParameters(),
            rollover_s=self._rollover_s,
        )

    def _venue_ns(self, venue: str) -> int:
        """Return the venue's time as its clock and ours compare, in ns."""
        offset = self.feeds[venue].offset
        return self._clock.now_ns() + (offset.offset_ns if offset is not None else 0)

    def go_on(self) -> None:
        """Tell a restored node that its connections are gone."""
        node = self.node
        names = [link.name for link in node.links.values() if link.connected]
        if node.desk is not None and node.desk.live is not None:
            names += node.desk.live.sources
        for name in names:
            self.feed(Input(node.now, InputKind.CLOSE, name, note="restarted"))

    def command(self, name: str, argument: str) -> None:
        """Hand the node what a person, or the process itself, asks for."""
        now = self._clock.now_ns()
        self.feed(Input(now, InputKind.COMMAND, "user", argument.encode(), name))

    async def stop(self) -> None:
        """End at once: nothing more reaches the node, and nobody says goodbye."""
        self.alive = False
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def feed(self, item: Input) -> None:
        """Let the node handle an input, and carry out what it asks for."""
        if not self.alive:
            return
        node = self.node
        effects = node.handle(*item)
        # Carrying out an effect may bring the next input at once: this one is judged before.
        self._after(item, effects)
        for effect in effects:
            carry_out = self._carry_out.get(effect.kind)
            if carry_out is not None:
                carry_out(effect)
        node = self.node
        node.touched.clear()
        if node.timers.next_ns < self._timer_ns and self.alive:
            self._arm()

    # --- time ------------------------------------------------------------------------------------

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = self.node.timers.next_ns
        delay_s = max(0.0, (self._timer_ns - self._clock.now_ns()) / 1e9)
        self._timer = self._loop.call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._timer, self._timer_ns = None, NEVER
        self.feed(Input(self._clock.now_ns(), InputKind.TIMER, "timer"))
        if self._timer is None and self.node.timers.next_ns != NEVER and self.alive:
            self._arm()

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(_CLOCK_S)
            step = self._clock.check()
            if step is not None:
                self.feed(step)
            shift_ns = self._clock.take_shift()
            for feed in self.feeds.values():
                if shift_ns:
                    feed.shifted(shift_ns)
                if step is not None:
                    feed.measure_anew()

    # --- effects ---------------------------------------------------------------------------------

    def _send(self, effect: Effect) -> None:
        self.feeds[effect.target.partition(".")[0]].send(effect.target, effect.subject.encode())

    def _fetch(self, effect: Effect) -> None:
        self.feeds[effect.target].rest.fetch(effect.subject)

    def _order(self, effect: Effect) -> None:
        self.doors[effect.target].submit(Request.of(effect.subject, effect.fields))

    def _reconnect(self, effect: Effect) -> None:
        if is_order_source(effect.target):
            door = self.doors[effect.target.partition(".")[0]]
            door.reconnect(effect.target, effect.subject)
        elif effect.subject != SHUTDOWN:
            feed = self.feeds[effect.target.partition(".")[0]]
            feed.reconnect(effect.target, effect.subject)

    def _ready(self, effect: Effect) -> None:
        self.feeds[effect.target.partition(".")[0]].ready(effect.target)


def new_node(config: NodeConfig, instruments: list[Instrument]) -> Node:
    """Return a node that watches these instruments, one connection a venue."""
    node = Node(config, Catalog())
    for instrument in instruments:
        node.catalog.adopt(instrument)
        node.watch(
            node.catalog.resolve(instrument.venue, instrument.native), f"{instrument.venue}.ws.1"
        )
    return node
