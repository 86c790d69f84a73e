"""A fault on a served world, scored by what a client of a running daemon can read."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

import daemon as daemon_module
from cache.client import QuoteClient, open_reader
from sim.score.observer import DoorReader, Observer, shared_memory
from sim.score.report import judged, scored
from sim.server.control import WorldControl
from tests.daemon.running import Running, settings_for, until, world

#: A busy machine may be late; what is wrong beyond that is wrong anywhere.
ALLOWANCE_NS = 10**9


class Deaf(list):
    """A list of what the harness finds that stays empty."""

    def append(self, _):
        """Hear nothing."""


class Trial:
    """A served world, a daemon that follows it, and an observer, all in one loop."""

    def __init__(self, served, running):
        self.control = WorldControl(served)
        self.world = served
        self._running = running
        self._client = QuoteClient(open_reader(running.settings.l2.path))
        self._observers = {}
        self._door = DoorReader(lambda: running.view.books(0))
        self._task = None

    async def watch(self, venue, ungraded=False):
        names = self.control.watch(venue)["listings"]
        self._observers = {
            "shared_memory": Observer(names, shared_memory(self._client, ungraded)),
            "door": Observer(names, self._door.read),
        }
        self._task = asyncio.ensure_future(self._look())
        await until(self.readable, "readable quotes")
        # What is read first may be of before the truth began.
        now_ns = self.world.market.now_ns
        await until(lambda: self.world.market.now_ns > now_ns + 3 * 10**8)

    def readable(self):
        return self._observers["shared_memory"].readable()

    async def _look(self):
        while True:
            self._door.ask()
            for observer in self._observers.values():
                observer.look()
            await asyncio.sleep(0.002)

    async def lay(self, venue, **given):
        """Lay a fault, wait until it is over and everything is readable, and return the score."""
        from_ns = time.monotonic_ns()
        names = list(self._observers["door"].readings)
        condemned = self._door.condemned(names)
        assert self.control.fault(venue, given) == {"accepted": True, "reason": ""}
        await until(lambda: self.control.spell()["over"], "the end of the fault")
        await self._running.live()
        await until(self.readable, "readable quotes")
        await asyncio.sleep(0.2)
        condemned = self._door.condemned(names) - condemned
        truths = self.control.truth()
        tiers = {
            name: judged(truths, observer.readings, from_ns, ALLOWANCE_NS)
            for name, observer in self._observers.items()
        }
        spell = self.control.spell()
        return scored(spell, truths, tiers, self.readable(), condemned)

    def forgive(self):
        assert self._running.daemon.leaks
        self._running.daemon.leaks = Deaf()

    def close(self):
        self._task.cancel()
        self._client.close()
        self.control.unwatch()


@asynccontextmanager
async def trial(tmp_path, venue, ungraded=False):
    async with world() as served:
        settings = settings_for(tmp_path, served.binance, served.coinbase)
        async with Running(settings) as running:
            await running.live()
            made = Trial(served, running)
            try:
                await made.watch(venue, ungraded)
                yield made
            finally:
                made.close()


LOUD = ("drop", "gap", "malformed", "truncate", "reorder")


@pytest.mark.parametrize("venue", ["binance", "coinbase"])
async def test_what_damages_frames_is_detected_and_nothing_wrong_is_readable(tmp_path, venue):
    channel = "@depth" if venue == "binance" else "l2_data"
    async with trial(tmp_path, venue) as made:
        for kind in LOUD:
            rate = 0.0 if kind == "gap" else 0.5
            report = await made.lay(venue, kind=kind, seconds=0.4, rate=rate, channel=channel)
            assert report["ok"], str(report)
            assert report["acted"] > 0
            assert report["detect_ms"] is not None or report["condemned"]
            assert report["wrong_ms"] == 0


async def test_a_repeated_frame_has_nothing_to_detect(tmp_path):
    async with trial(tmp_path, "binance") as made:
        report = await made.lay("binance", kind="repeat", seconds=0.5, rate=0.5)
    assert report["ok"], str(report)
    assert report["acted"] > 0
    assert report["detect_ms"] is None
    assert report["detect"].startswith("nothing to detect")


@pytest.mark.parametrize("kind", ["stale-snapshot", "rate-limit"])
async def test_a_book_that_needs_a_snapshot_waits_unreadable_until_there_is_one(tmp_path, kind):
    async with trial(tmp_path, "binance") as made:
        report = await made.lay("binance", kind=kind, seconds=1.0)
    assert report["ok"], str(report)
    assert report["acted"] > 0
    assert report["detect_ms"] is not None
    assert report["requests_while_told_to_wait"] == 0


async def test_a_cut_connection_is_detected_at_once(tmp_path):
    async with trial(tmp_path, "coinbase") as made:
        report = await made.lay("coinbase", kind="disconnect", seconds=0.3)
    assert report["ok"], str(report)
    assert report["detect_ms"] is not None


async def test_a_delay_beyond_the_lag_limit_makes_quotes_unreadable_and_none_is_wrong(tmp_path):
    async with trial(tmp_path, "coinbase") as made:
        report = await made.lay("coinbase", kind="delay", seconds=2.4, amount_ms=2200)
    assert report["ok"], str(report)
    assert report["detect_ms"] is not None


async def test_a_daemon_that_ignores_its_grades_gets_a_score_that_says_so(tmp_path, monkeypatch):
    """The broken rule: whatever speaks against a quote, it stays readable."""
    monkeypatch.setattr(daemon_module, "GRADE_FORBIDS", 0)
    async with trial(tmp_path, "binance") as made:
        made.world.binance.http_faults.limit(4.0)  # so that it takes a while to recover
        report = await made.lay(
            "binance", kind="drop", seconds=1.5, rate=0.5, channel="btcusdt@depth"
        )
        # The harness saw it too, at the very input: that is not what is tested here.
        made.forgive()
    assert not report["ok"]
    assert report["wrong_ms"] > 0


async def test_only_one_fault_at_a_time_and_only_known_ones(tmp_path):
    async with world() as served:
        control = WorldControl(served)
        assert not control.fault("kraken", {"kind": "drop", "seconds": 1})["accepted"]
        assert not control.fault("binance", {"kind": "flood", "seconds": 1})["accepted"]
        assert not control.fault("binance", {"kind": "drop", "seconds": 0})["accepted"]
        assert not control.fault("binance", {"kind": "drop", "seconds": "1"})["accepted"]
        assert not control.fault("binance", {"kind": "stall", "seconds": 1, "rate": 0.5})[
            "accepted"
        ]
        assert control.fault("binance", {"kind": "drop", "seconds": 1})["accepted"]
        again = control.fault("coinbase", {"kind": "drop", "seconds": 1})
        assert again == {"accepted": False, "reason": "drop is still under way"}
