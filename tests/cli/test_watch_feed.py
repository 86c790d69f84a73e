"""What the watch view learns from a daemon that comes, goes and is replaced."""

import asyncio

from api.client import DoorClient
from cli import watch_feed
from cli.watch_feed import LEVELS, Feed, Seen, Waiting
from tests.api.fake_view import FakeView, serving


async def test_a_daemon_that_is_restarted_is_found_again(tmp_path):
    path = tmp_path / "s"
    with DoorClient(path, 30.0) as client:
        feed = Feed(client)
        for _ in range(2):
            async with serving(path):
                assert isinstance(await asyncio.to_thread(feed.poll), Seen)
            waiting = await asyncio.to_thread(feed.poll)
            assert isinstance(waiting, Waiting)
            assert "no daemon" in waiting.reason


async def test_a_round_holds_every_answer(tmp_path):
    view = FakeView()
    async with serving(tmp_path / "s", view):
        with DoorClient(tmp_path / "s", 30.0) as client:
            found = await asyncio.to_thread(Feed(client).poll)
    assert found.books == view.books(LEVELS)
    assert found.edges == view.edges()
    assert found.connections == view.connections()


class Clock:
    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(watch_feed.time, "monotonic", lambda: self.now)


class Daemon:
    """A client whose daemon has counted so much."""

    def __init__(self):
        self.pid, self.inputs = 1, 0

    def status(self):
        return {"pid": self.pid, "started_ns": 5, "inputs": self.inputs, "events": 2 * self.inputs}

    def books(self, levels):
        return []

    edges = connections = lambda self: []


def test_rates_are_taken_over_the_last_two_seconds(monkeypatch):
    clock, daemon = Clock(monkeypatch), Daemon()
    feed = Feed(daemon)
    rates = []
    for each in (10, 10, 10, 30, 30):
        found = feed.poll()
        rates.append((found.inputs_per_second, found.events_per_second))
        clock.now += 1.0
        daemon.inputs += each
    assert rates == [(None, None), (10, 20), (10, 20), (10, 20), (20, 40)]


def test_the_counts_of_another_process_begin_anew(monkeypatch):
    clock, daemon = Clock(monkeypatch), Daemon()
    feed = Feed(daemon)
    daemon.inputs = 5_000
    feed.poll()
    clock.now += 1.0
    daemon.pid, daemon.inputs = 2, 7
    assert feed.poll().inputs_per_second is None
    clock.now += 1.0
    daemon.inputs = 17
    assert feed.poll().inputs_per_second == 10


def test_a_daemon_that_does_not_count_has_no_rates(monkeypatch):
    Clock(monkeypatch)
    daemon = Daemon()
    daemon.inputs = None
    monkeypatch.setattr(Daemon, "status", lambda self: {"pid": 1})
    assert Feed(daemon).poll().inputs_per_second is None
