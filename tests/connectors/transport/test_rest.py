"""The REST client against a server on loopback, on both loops."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
from aiohttp import web

from connectors.transport.budget import BudgetParameters
from connectors.transport.counters import Counters
from connectors.transport.limits import limits
from connectors.transport.reply import Reply, sent_ns_of
from connectors.transport.rest import RestClient, RestParameters
from connectors.transport.schedule import ScheduleParameters, Verdict
from market.inputs import InputKind
from tests.connectors.transport.venue_server import (
    CLOCK,
    DEADLINE_S,
    certificate,
    free_port,
    raw_server,
)

QUICK = RestParameters(total_s_max=10.0)


class RestVenue:
    """Counts what it is asked for; `answers` says how to answer a path."""

    def __init__(self, tls=None):
        self.asked = []
        self.answers = {}
        self.under_way = 0
        self.most_under_way = 0
        self.tls = tls

    async def __aenter__(self):
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self.tls)
        await site.start()
        port = self.runner.addresses[0][1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *exc):
        await self.runner.cleanup()

    async def _serve(self, request):
        self.asked.append(request.path_qs)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            answer = self.answers.get(request.path)
            return await answer(request) if answer else web.Response(body=b'{"serverTime":1}')
        finally:
            self.under_way -= 1


class Replies:
    def __init__(self):
        self.all = []
        self._changed = asyncio.Event()

    def __call__(self, reply):
        self.all.append(reply)
        self._changed.set()

    async def first(self, count):
        async with asyncio.timeout(DEADLINE_S):
            while len(self.all) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.all[:count]


@contextlib.asynccontextmanager
async def running(url, parameters=QUICK, tls=None, chosen=None):
    replies, counters = Replies(), Counters()
    client = RestClient(
        venue="binance",
        base_url=url,
        sink=replies,
        clock=CLOCK,
        counters=counters,
        limits=chosen or limits("binance"),
        parameters=parameters,
        tls=tls,
    )
    task = asyncio.ensure_future(client.run())
    try:
        yield client, replies, counters
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not client._requests


async def test_a_reply_carries_body_status_and_both_stamps():
    async with RestVenue() as venue, running(venue.url) as (client, replies, _):
        before_ns = CLOCK.now_ns()
        assert client.fetch("/api/v3/depth?symbol=BTCUSDT&limit=1000") is Verdict.QUEUED
        (reply,) = await replies.first(1)
    assert venue.asked == ["/api/v3/depth?symbol=BTCUSDT&limit=1000"]
    assert (reply.status, reply.body, reply.reason) == (200, b'{"serverTime":1}', "")
    assert before_ns <= reply.sent_ns <= reply.recv_ns <= CLOCK.now_ns()
    item = reply.as_input("binance.rest")
    assert item.kind is InputKind.REPLY
    assert (item.source, item.number, item.data) == ("binance.rest", 200, b'{"serverTime":1}')
    assert sent_ns_of(item.note) == reply.sent_ns


def test_the_note_of_a_reply_that_was_never_sent_is_the_bare_url():
    reply = Reply("http://venue/time", 0, b"", "rate_limited", 0, 7)
    assert reply.as_input("x").note == "http://venue/time"
    assert reply.as_input("x").data == b"rate_limited"
    assert sent_ns_of("http://venue/time") is None
    assert sent_ns_of("http://venue/time#sent_ns=x") is None


async def test_a_path_under_way_is_not_asked_for_again_and_answered_once():
    release = asyncio.Event()

    async def held(request):
        await release.wait()
        return web.Response(body=b"{}")

    async with RestVenue() as venue, running(venue.url) as (client, replies, _):
        venue.answers["/api/v3/depth"] = held
        assert client.fetch("/api/v3/depth?symbol=A") is Verdict.QUEUED
        assert client.fetch("/api/v3/depth?symbol=A") is Verdict.JOINED
        client.fetch("/api/v3/time")
        await replies.first(1)
        assert client.fetch("/api/v3/depth?symbol=A") is Verdict.JOINED
        release.set()
        await replies.first(2)
        client.fetch("/api/v3/depth?symbol=A")
        await replies.first(3)
    assert venue.asked.count("/api/v3/depth?symbol=A") == 2


async def test_no_more_than_allowed_are_under_way():
    async def slow(request):
        await asyncio.sleep(0.02)
        return web.Response(body=b"{}")

    async with RestVenue() as venue, running(venue.url) as (client, replies, _):
        venue.answers["/api/v3/depth"] = slow
        for number in range(12):
            client.fetch(f"/api/v3/depth?symbol=S{number}")
        await replies.first(12)
    assert venue.most_under_way == limits("binance").rest_in_flight
    assert sorted(venue.asked) == sorted(f"/api/v3/depth?symbol=S{n}" for n in range(12))


@pytest.mark.parametrize("status", [429, 418])
async def test_the_whole_venue_is_quiet_for_as_long_as_it_asks(status):
    stamps = []

    async def limited(request):
        stamps.append(CLOCK.monotonic_ns())
        return web.Response(status=status, headers={"Retry-After": "1"}, body=b"slow down")

    async def fine(request):
        stamps.append(CLOCK.monotonic_ns())
        return web.Response(body=b"{}")

    async with RestVenue() as venue, running(venue.url) as (client, replies, counters):
        venue.answers = {"/api/v3/depth": limited, "/api/v3/time": fine}
        client.fetch("/api/v3/depth?symbol=A")
        (refused,) = await replies.first(1)
        assert client.fetch("/api/v3/time") is Verdict.QUEUED
        await replies.first(2)
    assert (refused.status, refused.body) == (status, b"slow down")
    assert stamps[1] - stamps[0] >= 1_000_000_000
    assert counters.total("binance", "rest", f"http_{status}") == 1


async def test_what_would_wait_for_the_end_of_a_ban_is_refused_instead():
    async def banned(request):
        return web.Response(status=418, headers={"Retry-After": "3600"})

    async with RestVenue() as venue, running(venue.url) as (client, replies, counters):
        venue.answers["/api/v3/time"] = banned
        client.fetch("/api/v3/time")
        await replies.first(1)
        client.fetch("/api/v3/exchangeInfo")
        reply = (await replies.first(2))[1]
    assert (reply.status, reply.reason, reply.sent_ns) == (0, "rate_limited", 0)
    assert venue.asked == ["/api/v3/time"]
    assert counters.total(reason="rate_limited") == 1


async def test_the_weight_that_the_venue_counted_is_heeded():
    async def used(request):
        return web.Response(body=b"{}", headers={"X-MBX-USED-WEIGHT-1M": "5999"})

    parameters = RestParameters(schedule=ScheduleParameters(wait_s_max=0.1))
    async with RestVenue() as venue, running(venue.url, parameters) as (client, replies, _):
        venue.answers["/api/v3/time"] = used
        client.fetch("/api/v3/time")
        await replies.first(1)
        client.fetch("/api/v3/exchangeInfo")
        reply = (await replies.first(2))[1]
    assert reply.reason == "rate_limited"
    assert venue.asked == ["/api/v3/time"]


async def test_an_oversized_reply_is_dropped_by_name():
    async def large(request):
        return web.Response(body=b"x" * 100_001)

    parameters = RestParameters(reply_bytes_max=100_000)
    async with RestVenue() as venue, running(venue.url, parameters) as (client, replies, counters):
        venue.answers["/api/v3/exchangeInfo"] = large
        client.fetch("/api/v3/exchangeInfo")
        client.fetch("/api/v3/time")
        answered = {reply.url.rpartition("/")[2]: reply for reply in await replies.first(2)}
    assert (answered["exchangeInfo"].status, answered["exchangeInfo"].body) == (0, b"")
    assert answered["exchangeInfo"].reason == "reply_too_big"
    assert answered["time"].status == 200
    assert counters.total(reason="reply_too_big") == 1


async def test_a_slow_reply_times_out_and_delays_no_other():
    release = asyncio.Event()

    async def slow(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await release.wait()
        return response

    async with RestVenue() as venue:
        parameters = RestParameters(total_s_max=0.3)
        async with running(venue.url, parameters) as (client, replies, _):
            venue.answers["/api/v3/depth"] = slow
            client.fetch("/api/v3/depth?symbol=A")
            client.fetch("/api/v3/time")
            first, second = await replies.first(2)
        release.set()
    assert first.status == 200
    assert (second.status, second.reason) == (0, "timeout")


async def test_a_redirect_is_not_followed():
    async def away(request):
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with RestVenue() as venue, running(venue.url) as (client, replies, counters):
        venue.answers["/api/v3/time"] = away
        client.fetch("/api/v3/time")
        (reply,) = await replies.first(1)
    assert reply.status == 302
    assert venue.asked == ["/api/v3/time"]
    assert counters.total(reason="http_3xx") == 1


async def test_refused_lost_and_nonsense_are_named():
    async def cut(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async def nonsense(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"nonsense\r\n\r\n")

    async with raw_server(cut) as cut_port, raw_server(nonsense) as nonsense_port:
        for port, reason in (
            (await free_port(), "refused"),
            (cut_port, "lost"),
            (nonsense_port, "http_protocol"),
        ):
            async with running(f"http://127.0.0.1:{port}") as (client, replies, counters):
                client.fetch("/api/v3/time")
                (reply,) = await replies.first(1)
            assert (reply.status, reply.reason) == (0, reason)
            assert counters.total("binance", "rest", reason) == 1


async def test_an_unknown_certificate_is_named(tmp_path):
    context, _ = certificate(tmp_path)
    async with RestVenue(context) as venue, running(venue.url) as (client, replies, _):
        client.fetch("/api/v3/time")
        (reply,) = await replies.first(1)
    assert (reply.status, reply.reason) == (0, "tls")


async def test_a_full_queue_answers_later_and_never_within_the_call():
    tight = replace(limits("binance"), budget=BudgetParameters(burst=1, per_second=0.001))
    parameters = RestParameters(schedule=ScheduleParameters(waiting_max=1))
    async with (
        RestVenue() as venue,
        running(venue.url, parameters, chosen=tight) as (
            client,
            replies,
            _,
        ),
    ):
        client.fetch("/api/v3/time")
        await replies.first(1)
        assert client.fetch("/a") is Verdict.QUEUED
        assert client.fetch("/b") is Verdict.FULL
        assert client.waiting == 1
        assert len(replies.all) == 1
        reply = (await replies.first(2))[1]
    assert (reply.reason, reply.status) == ("queue_full", 0)


async def test_stopping_drops_what_is_under_way():
    arrived, release = asyncio.Event(), asyncio.Event()

    async def held(request):
        arrived.set()
        await release.wait()
        return web.Response()

    async with RestVenue() as venue:
        async with running(venue.url) as (client, replies, _):
            venue.answers["/api/v3/time"] = held
            client.fetch("/api/v3/time")
            await arrived.wait()
        release.set()
    assert replies.all == []


async def test_a_path_must_begin_with_a_slash():
    async with running("http://127.0.0.1:1") as (client, _, _):
        with pytest.raises(ValueError, match="path"):
            client.fetch("@elsewhere/")
