"""A venue's clock offset, as the feed measures it and tells the node."""

import asyncio
from random import Random

import pytest

from connectors.registry import venue
from connectors.transport import venue_feed
from connectors.transport.connection import ConnectionParameters, Edge
from connectors.transport.counters import Counters
from connectors.transport.limits import limits
from connectors.transport.reply import Reply
from connectors.transport.stream import opener
from connectors.transport.venue_feed import FeedAddress, VenueFeed
from market.inputs import InputKind

S = 1_000_000_000
MS = 1_000_000


class Clock:
    """A clock that stands."""

    def now_ns(self):
        return 1_000 * S

    def monotonic_ns(self):
        return 5 * S


@pytest.fixture
def inputs():
    return []


@pytest.fixture
def feed(inputs):
    """A feed that is never run; replies are handed to it."""
    return VenueFeed(
        venue("binance"),
        FeedAddress("ws://localhost:1", "http://localhost:1"),
        1,
        sink=inputs.append,
        edge=Edge(opener("websockets"), Clock(), Counters(), Random(1)),
        limits=limits("binance"),
        parameters=ConnectionParameters(),
    )


def time_reply(feed, ahead_ms):
    """Hand the feed a time reply of a venue that is so far ahead of us."""
    body = b'{"serverTime":%d}' % (1_000_000 + ahead_ms)
    url = "http://localhost:1" + feed.venue.time_path
    feed._replied(Reply(url, 200, body, "", 1_000 * S, 1_000 * S))


def offsets(inputs):
    return [item.number for item in inputs if item.kind is InputKind.OFFSET]


async def test_an_offset_is_told_when_it_moved(feed, inputs):
    for ahead_ms in (50, 50, 51):
        time_reply(feed, ahead_ms)
    assert offsets(inputs) == [50 * MS + MS // 2]


async def test_when_our_stamps_moved_the_offset_moves_with_them(feed, inputs):
    time_reply(feed, 50)
    feed.shifted(2 * S)
    feed.shifted(-10 * MS)
    assert offsets(inputs) == [one * MS + MS // 2 for one in (50, -1_950, -1_940)]
    assert inputs[-1].source == "binance.rest"


async def test_a_shift_before_the_first_round_trip_tells_nothing(feed, inputs):
    feed.shifted(S)
    assert inputs == []


async def test_after_a_step_the_time_is_asked_for_at_once_and_as_often_as_at_the_start(
    feed, monkeypatch
):
    asked, enough = [], asyncio.Event()

    def fetch(path):
        asked.append(path)
        if len(asked) in (6, 11):
            enough.set()

    monkeypatch.setattr(feed.rest, "fetch", fetch)
    monkeypatch.setattr(venue_feed, "_OFFSET_FIRST_S", 0.0)
    monkeypatch.setattr(venue_feed, "_OFFSET_LATER_S", 10_000.0)
    task = asyncio.ensure_future(feed._ask_times())
    async with asyncio.timeout(30):
        await enough.wait()
        enough.clear()
        # The rules once, the time five times; the next would come much later.
        assert asked == [feed.venue.rules_path, *[feed.venue.time_path] * 5]
        feed.measure_anew()
        await enough.wait()
    assert asked[6:] == [feed.venue.time_path] * 5
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
