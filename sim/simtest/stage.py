"""One run: market, venues, lines, node and checkers around one virtual loop and one seed."""

import asyncio
import hashlib
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from arb.risk.reason import RiskState
from books.audit_plan import AuditConfig
from connectors.orders import is_order_source
from connectors.transport.clock import StampClock
from connectors.transport.stream import Listener, Stream, StreamParameters
from market.effects import Effect
from market.inputs import Input, InputKind
from node import Node, NodeConfig
from sim.market.event import Event
from sim.market.seeded import seeded
from sim.market.world import World

from . import trading
from .book_checks import BookChecker
from .bound_checks import BoundChecker
from .course import INPUTS_MIN, KINDS, Course, Result, course_of
from .crash import Crash, Kept, Standby, Way
from .door import VirtualDoors
from .driver import Driver, new_node
from .injector import Injector
from .line import Line
from .loop import VirtualLoop
from .parcel import Parcel
from .request_checks import RequestChecker
from .trade_checks import TradeChecker
from .truth import Truth
from .venue import Answer, VirtualVenue
from .violation import Violation
from .watched import Watched

_MS = 1_000_000
_S = 1_000 * _MS
START_NS = 1_700_000_000 * _S
PUMP_NS = 50 * _MS

#: Once no fault is left, every book must be usable within this time.
RECOVERY_MAX_NS = 120 * _S
#: And must have been so for this long before a run ends.
_CALM_NS = _S
#: Inputs of one moment; more, and the process keeps itself busy for ever.
AT_ONCE_MAX = 10_000
#: A person resumes trading that has been halted for so long.
RESUME_NS = 4 * _S
#: How long a process is gone: never so short that a venue still counts what the last one sent.
_DOWN_S = (1.2, 4.0)


class Stage:
    """Everything of one run; `play` gives its Result."""

    def __init__(self, seed: int, course: Course) -> None:
        self.course = course
        self.loop = VirtualLoop()
        self.result = Result(seed)
        self._seed = seed
        self._down_of = seeded(seed, "down")
        self._step_ns = 0
        self._arriving: Parcel | None = None
        self._told: dict[str, int] = {}
        self._digest = hashlib.sha256()
        self._failure: BaseException | None = None
        self._finished: asyncio.Future[None] | None = None
        self._usable_since_ns = 0
        self._lost_since_ns = 0
        self._begun = 0
        self._faulty_until_ns = 0
        self._pumped = 0
        self.market = World(course.spec, seed, START_NS)
        self.truth = Truth(self.market)
        self.venues: dict[str, VirtualVenue] = {
            name: KINDS[name](self.market, self, seeded(seed, name), START_NS)
            for name in course.venues
        }
        for venue in self.venues.values():
            venue.rows_max = course.rows_max
        self.clock = StampClock(self._wall_ns, lambda: self.loop.now_ns)
        self.injector = Injector(self.loop, seeded(seed, "faults"), self.venues, self._step)
        self.places = course.places()
        self.requests = RequestChecker(self.venues.values(), self._report)
        self.bounds = BoundChecker(self._report)
        self.standby = Standby(course.crashes, self._report)
        self.books = BookChecker(self._watched(), self._report, self._offset_doubt)
        self._fatal = next((one for one in course.crashes if one.way is not Way.REPLAY), None)
        self._kept = Kept(self._fatal.from_number if self._fatal else 0)
        self._restarts = 0
        self._waking = False
        self._stands_ns = self._standing = 0
        self.trades: TradeChecker | None = None
        self._halted_ns = self._ending_ns = 0
        if course.trades:
            accounts = trading.open_accounts(self.market, self.venues, self._changed)
            self.trades = TradeChecker(accounts, trading.bounds(), self._report)
        self.driver = self._new_driver(self._new_node())

    # --- making ----------------------------------------------------------------------------------

    def _watched(self) -> list[Watched]:
        return [
            Watched(slot, place, self.truth.books[place.listing.id])
            for slot, place in enumerate(self.places)
        ]

    def _new_node(self) -> Node:
        config = NodeConfig(audits=AuditConfig(interval_ns=10 * _S))
        if self.course.trades:
            config = replace(config, fees=trading.fees(), trading=trading.CONFIG)
        return new_node(config, [place.instrument for place in self.places])

    def _new_driver(self, node: Node) -> Driver:
        doors = VirtualDoors(self)
        return Driver(
            self.loop,
            self.clock,
            node,
            self._after,
            open_stream=self._open_stream,
            open_session=doors,
            make_doors=trading.make_doors(doors) if self.course.trades else None,
            random=Random(f"{self._seed}/{self._restarts}/jitter"),  # noqa: S311 - repeatable
            rollover_s=self.course.rollover_s,
        )

    # --- what lines and doors need ---------------------------------------------------------------

    def stamp_ns(self) -> int:
        """Return our receive stamp of this moment."""
        return self.clock.now_ns()

    def arriving(self, line: Line, parcel: Parcel | None) -> None:  # noqa: ARG002
        """Take note of the frame that is handed over now."""
        self._arriving = parcel

    def meet(self, line: Line, parcel: Parcel) -> list[Parcel]:
        """Return what becomes of a frame on its way."""
        return self.injector.meet(line, parcel)

    def latency_ns(self, venue: str) -> int:
        """Return how long a frame of this moment travels to us."""
        return self.injector.latency_ns(venue)

    def way_up_ns(self) -> int:
        """Return how long a frame of this moment travels to a venue."""
        return self.injector.way_up_ns()

    def body(self, venue: str, body: bytes) -> bytes:
        """Return what becomes of the body of a reply."""
        return self.injector.body(venue, body)

    def venue_at(self, base: str) -> VirtualVenue:
        """Return the venue behind an address."""
        return self.venues[base.rpartition("/")[2]]

    def asked(self, venue: str, path: str) -> None:
        """A request leaves."""
        self.requests.asked(venue, path, self.loop.now_ns)

    def answered(self, venue: str, path: str, answer: Answer | None) -> None:
        """A reply arrived, or will never."""
        self.requests.answered(venue, path, answer, self.loop.now_ns)

    async def _open_stream(
        self,
        url: str,
        listener: Listener,
        now_ns: Callable[[], int],
        parameters: StreamParameters,
        tls: ssl.SSLContext | None,
    ) -> Stream:
        """Connect, as the transports' libraries do."""
        assert tls is None, "there is nothing to encrypt"
        await asyncio.sleep(self.way_up_ns() / 1e9)
        private = trading.PRIVATE in url
        line = self.venue_at(url).accept(listener, parameters, private=private)
        listener.on_open(line, now_ns())
        return line

    # --- clocks ----------------------------------------------------------------------------------

    def _wall_ns(self) -> int:
        return START_NS + self.loop.now_ns + self._step_ns

    def _step(self, by_ns: int) -> None:
        self._step_ns += by_ns

    def _offset_doubt(self, venue: str, since_ns: int) -> int | None:
        """Return how far the offset that the node was told is off.

        None before the first, and for what was stamped before the venue's clock was set.
        """
        told = self._told.get(venue)
        if told is None or since_ns <= self.venues[venue].skewed_ns:
            return None
        shifted = self.clock.now_ns() - START_NS - self.loop.now_ns
        return abs(told - (self.venues[venue].skew_ns - shifted))

    # --- after each input ------------------------------------------------------------------------

    def _report(self, rule: str, text: str) -> None:
        result = self.result
        if not result.violations:
            result.violations.append(Violation(rule, text, result.inputs, self.loop.now_ns))

    def _after(self, item: Input, effects: list[Effect]) -> None:
        result = self.result
        result.inputs += 1
        if self.loop.now_ns != self._stands_ns:
            self._stands_ns, self._standing = self.loop.now_ns, 0
        self._standing += 1
        if self._standing > AT_ONCE_MAX:
            self._fail(RuntimeError(f"{AT_ONCE_MAX} inputs and time stands still: {item.kind!r}"))
        node = self.driver.node
        if item.kind == InputKind.OFFSET:
            self._told[item.source.partition(".")[0]] = item.number
        parcel, self._arriving = self._arriving, None
        if not (self._waking or is_order_source(item.source)):
            self.books.after(node, item, parcel, self.loop.now_ns)
        self.requests.after(item, effects, node.now)
        self.bounds.after(effects)
        if self.trades is not None:
            self.trades.after(node, effects)
        second = self.standby.after(node, item, result.inputs)
        if second is not None:
            result.crashes.append(f"{Way.REPLAY} after {result.inputs}")
            self.driver.node = second
        fatal = self._fatal
        if fatal is not None:
            if fatal.way is Way.RESTORED:
                self._kept.after(node, item, result.inputs)
            if result.inputs >= fatal.number:
                self._die(fatal)

    def _die(self, fatal: Crash) -> None:
        """The process is gone, whatever it was about to do."""
        self._fatal = None
        self.result.crashes.append(f"{fatal.way} after {self.result.inputs}")
        self.driver.alive = False
        node = self.driver.node
        restored = None
        if fatal.way is Way.RESTORED:
            restored = self._kept.rebuild(node, self._report)
            self._kept.drop()
        self.loop.create_task(self._restart(restored)).add_done_callback(self._task_ended)

    async def _restart(self, restored: Node | None) -> None:
        """The process is gone; after a while another one goes on, or begins with nothing."""
        self._digest.update(int(self.driver.node.digest).to_bytes(8, "big"))
        await self.driver.stop()
        for venue in self.venues.values():
            venue.drop_lines(1006, "")
        self.books.forget()
        self.requests.forget()
        self.standby.drop()
        self._told.clear()
        self._restarts += 1
        await asyncio.sleep(self._down_of.uniform(*_DOWN_S))
        self.driver = self._new_driver(restored or self._new_node())
        self._start_driver()

    def _start_driver(self) -> None:
        """Begin a process: a restored node first learns that its connections are gone."""
        self.driver.build(list(self.course.venues))
        # Until it knows of all of them, nobody is served.
        self._waking = True
        self.driver.go_on()
        self._waking = False
        if self.trades is not None:
            self.driver.command("run", f"cq{self._seed}")
        self.driver.start(self._task_ended)

    # --- the course of a run ---------------------------------------------------------------------

    def play(self) -> Result:
        """Run to the end, which is calm or the first violation."""
        self.loop.set_exception_handler(self._broke)
        try:
            self.loop.run_until_complete(self._play())
        except KeyboardInterrupt:
            self._leave()
            raise
        finally:
            self.loop.close()
        if self._failure is not None:
            raise self._failure
        self._sum_up()
        return self.result

    def _leave(self) -> None:
        """End every task: one that is still there when Python ends complains of the closed loop."""
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    async def _play(self) -> None:
        self._finished = self.loop.create_future()
        self.injector.arm(self.course.faults)
        self._start_driver()
        self._pump()
        await self._finished
        await self.driver.stop()

    def _pump(self) -> None:
        """Move the market, let the venues publish, see whether this is the end."""
        assert self._finished is not None
        events = self.market.advance(START_NS + self._pumped * PUMP_NS)
        self._pumped += 1
        self._publish(events)
        if self._pumped % 8 == 0 and self.driver.alive:
            self.bounds.look(self.driver.node)
            self.requests.look()
            self._look_for_calm()
        if self._failure is not None or self.result.violations:
            if not self._finished.done():
                self._finished.set_result(None)
        elif not self._finished.done():
            self.loop.call_at(self._pumped * PUMP_NS / 1e9, self._pump)

    def _publish(self, events: list[Event]) -> None:
        self.truth.take(events)
        for venue in self.venues.values():
            venue.publish(events)
            if venue.account is not None:
                venue.account.publish(events)

    def _changed(self) -> None:
        """An order of ours did something to the market."""
        self._publish(self.market.take_events())

    def _look_for_calm(self) -> None:
        """See whether books recover within the bound, and whether this is the end."""
        assert self._finished is not None
        now, course = self.loop.now_ns, self.course
        while self._begun < len(course.faults) and course.faults[self._begun].at_ns <= now:
            until = max(self._faulty_until_ns, course.faults[self._begun].end_ns)
            self._faulty_until_ns = until
            self._begun += 1
        lost = self.books.lost()
        if not lost:
            self._lost_since_ns = now
            if self._usable_since_ns < 0:
                self._usable_since_ns = now
        else:
            self._usable_since_ns = -1
            if now - max(self._lost_since_ns, self._faulty_until_ns) > RECOVERY_MAX_NS:
                self._report("recovery", f"{', '.join(lost)} did not recover")
        ends = now >= course.until_ns if course.until_ns else self._is_calm(now)
        if self.trades is not None:
            ends = self._settles(self.trades, now, ends=ends)
        if ends and not self._finished.done():
            since = max(0, self._usable_since_ns - self._faulty_until_ns)
            self.result.recovery_ns = since
            self._finished.set_result(None)

    def _settles(self, trades: TradeChecker, now: int, *, ends: bool) -> bool:
        """Play the person at the desk; returns whether nothing of ours is open any more at the end.

        Trading that halted is resumed after a while. At the end it is halted for good: then every
        balance must become what the venue says.
        """
        desk = self.driver.node.desk
        assert desk is not None
        assert desk.live is not None
        if self._ending_ns:
            found = trades.differences(self.driver.node)
            if found and now - self._ending_ns > RECOVERY_MAX_NS:
                self._report("balance", "; ".join(found[:4]))
            return not found
        if ends:
            self._ending_ns = now
            self.driver.command("halt", "the run ends")
            return False
        if desk.live.trader.switch.state is not RiskState.HALT:
            self._halted_ns = 0
        elif not self._halted_ns:
            self._halted_ns = now
        elif now - self._halted_ns > RESUME_NS:
            self._halted_ns = 0
            self.driver.command("resume", "")
        return False

    def _is_calm(self, now: int) -> bool:
        """Return whether faults and crashes are over and every book has been usable for a while."""
        if self._begun < len(self.course.faults) or now < self._faulty_until_ns:
            return False
        crashed = len(self.result.crashes) == len(self.course.crashes)
        since = self._usable_since_ns
        calm = since >= 0 and now - max(since, self._faulty_until_ns) >= _CALM_NS
        return crashed and calm and self.result.inputs >= INPUTS_MIN

    def _task_ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._fail(task.exception())

    def _broke(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG002
        self._fail(context.get("exception") or RuntimeError(str(context.get("message"))))

    def _fail(self, error: BaseException | None) -> None:
        """Something raised that nobody foresaw: end the run, and raise it there."""
        self._failure = self._failure or error
        if self._finished is not None and not self._finished.done():
            self._finished.set_result(None)

    def _sum_up(self) -> None:
        result, node = self.result, self.driver.node
        self._digest.update(int(node.digest).to_bytes(8, "big"))
        self._digest.update(result.inputs.to_bytes(8, "big"))
        result.digest = self._digest.hexdigest()[:16]
        result.virtual_ns = self.loop.now_ns
        result.faults = [str(fault) for fault in self.course.faults]
        result.bites = dict(self.injector.bites)
        result.replayed = self.standby.replayed
        result.requests = self.requests.requests
        if self.trades is not None:
            result.fills, result.halts = self.trades.fills, self.trades.halts
        errors: Counter[str] = Counter()
        for link in node.links.values():
            errors.update(link.errors)
        result.errors = dict(errors)
        result.peaks = dict(self.bounds.peaks)
        for one in self.books.watched:
            result.outages_ns += one.outages_ns
            result.wrong_ns += one.wrong_ns


def run_seed(seed: int) -> Result:
    """Run one seed."""
    return Stage(seed, course_of(seed)).play()
