"""Faults over real sockets: what is doubtful cannot be read, recovers, and disturbs nobody else.

After each input the harness looks whether a book that is not live can be read in L1 or L2; after
each test the venues must have counted no broken rule, and the recording must verify.
"""

import pytest
from msgspec.structs import replace

from books.grade import Grade
from cache.l2_quote import Miss
from sim.feed.binance import BinanceFeed
from sim.server.faults import Fault

from .running import Running, no_rule_broken, settings_for, until, verify

BINANCE = ("BTC-USDT.BINANCE", "ETH-USDT.BINANCE")
COINBASE = ("BTC-USD.COINBASE", "ETH-USD.COINBASE", "USDT-USD.COINBASE")
MEBIBYTE = 1 << 20


async def recovered(running):
    """Wait until every book is live, and readable by another process."""
    await running.live()
    for name in (*BINANCE, *COINBASE):
        await until(lambda name=name: running.readable(name), f"a quote of {name}")


def epochs(running):
    """Return how often each venue's connection was opened."""
    rows = running.view.connections()
    return {row["venue"]: row["epoch"] for row in rows if ".rest" not in row["connection"]}


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.MALFORM, Fault.TRUNCATE])
async def test_a_lost_or_damaged_diff_at_binance_spoils_that_book_only(running, served, fault):
    served.binance.faults.order(fault, "btcusdt@depth")
    await running.until_lost("BTC-USDT.BINANCE")
    await recovered(running)
    assert len(running.lost("BTC-USDT.BINANCE")) == 1
    running.untouched("ETH-USDT.BINANCE", *COINBASE)
    assert epochs(running) == {"binance": 1, "coinbase": 1}


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.MALFORM, Fault.TRUNCATE])
async def test_a_lost_or_damaged_frame_at_coinbase_spoils_its_connection_only(
    running, served, fault
):
    served.coinbase.faults.order(fault, "l2_data BTC-USD")
    for name in COINBASE:
        await running.until_lost(name)
    await recovered(running)
    running.untouched(*BINANCE)
    assert epochs(running) == {"binance": 1, "coinbase": 2}


async def test_a_repeated_diff_at_binance_changes_nothing(running, served):
    served.binance.faults.order(Fault.REPEAT, "btcusdt@depth", frames=3)
    applied = running.books["BTC-USDT.BINANCE"].applied
    await until(lambda: running.books["BTC-USDT.BINANCE"].applied >= applied + 5)
    assert not served.binance.faults.pending
    running.untouched(*BINANCE, *COINBASE)


@pytest.mark.parametrize("venue", ["binance", "coinbase"])
async def test_an_oversized_frame_closes_its_connection_only(served, tmp_path, library, venue):
    settings = settings_for(tmp_path, served.binance, served.coinbase, library)
    settings = replace(settings, transport=replace(settings.transport, frame_max_mb=1))
    async with Running(settings) as running:
        await running.live()
        hit, spared = (BINANCE, COINBASE) if venue == "binance" else (COINBASE, BINANCE)
        channel = "btcusdt@depth" if venue == "binance" else "l2_data BTC-USD"
        getattr(served, venue).faults.order(Fault.OVERSIZE, channel, size=2 * MEBIBYTE)
        for name in hit:
            await running.until_lost(name)
        await recovered(running)
        running.untouched(*spared)
        assert running.errors(venue)["close_1009_configuration"] == 1
        assert epochs(running)[venue] == 2
        no_rule_broken(served)
    verify(settings.recording.dir)


@pytest.mark.parametrize("venue", ["binance", "coinbase"])
async def test_a_killed_venue_is_down_until_it_is_back_and_the_other_goes_on(
    running, served, venue
):
    server = getattr(served, venue)
    hit, spared = (BINANCE, COINBASE) if venue == "binance" else (COINBASE, BINANCE)
    await server.stop(abrupt=True)
    for name in hit:
        await running.until_lost(name)
        assert isinstance(running.l2(name), Miss)
    assert running.view.status()["venues"][venue]["state"] == "down"
    events = {name: running.books[name].version for name in spared}
    await until(lambda: running.errors(venue).get("refused", 0) >= 3, "attempts to reconnect")
    await until(
        lambda: all(running.books[name].version > events[name] for name in spared),
        "news from the other venue",
    )
    await server.start(server.port)
    await recovered(running)
    running.untouched(*spared)


@pytest.mark.parametrize("abrupt", [True, False])
async def test_a_disconnect_of_everything_at_both_venues_is_recovered_from(running, served, abrupt):
    served.binance.disconnect_all(abrupt)
    served.coinbase.disconnect_all(abrupt)
    for name in (*BINANCE, *COINBASE):
        await running.until_lost(name)
    await recovered(running)
    assert epochs(running) == {"binance": 2, "coinbase": 2}


@pytest.mark.parametrize("venue", ["binance", "coinbase"])
async def test_a_stall_makes_quotes_silent_until_the_venue_speaks_again(
    served, tmp_path, library, venue
):
    settings = settings_for(tmp_path, served.binance, served.coinbase, library)
    venues = settings.venues
    quick = {
        name: replace(getattr(venues, name), silence_ms=400) for name in ("binance", "coinbase")
    }
    settings = replace(settings, venues=replace(venues, **quick))
    async with Running(settings) as running:
        await recovered(running)
        server = getattr(served, venue)
        server.pause()
        for name in BINANCE if venue == "binance" else COINBASE:
            await until(lambda name=name: not running.readable(name), f"silence of {name}")
            answer = running.l2(name)
            assert answer.reason == "grade"
            slot = running.daemon.node.slot_of(name)
            quote = running.daemon.node.l1.read(slot, running.daemon.clock.now_ns())
            assert Grade.SILENT in Grade(quote.grade)
            assert not quote.usable
        server.resume()
        await recovered(running)
        running.untouched(*BINANCE, *COINBASE)
        assert epochs(running) == {"binance": 1, "coinbase": 1}
        no_rule_broken(served)
    verify(settings.recording.dir)


async def test_a_snapshot_older_than_the_stream_is_asked_for_again(
    served, tmp_path, library, monkeypatch
):
    settings = settings_for(tmp_path, served.binance, served.coinbase, library)
    settings = replace(settings, audit=replace(settings.audit, enabled=False))
    answers = []
    fresh = BinanceFeed.snapshot

    def outdated(feed, symbol, limit):
        """Answer the second request for a book as the first one."""
        body = fresh(feed, symbol, limit)
        if symbol == "BTCUSDT":
            answers.append(body)
            body = answers[0] if len(answers) == 2 else body
        return body

    monkeypatch.setattr(BinanceFeed, "snapshot", outdated)
    async with Running(settings) as running:
        await running.live()
        served.binance.faults.order(Fault.DROP, "btcusdt@depth")
        await running.until_lost("BTC-USDT.BINANCE")
        await recovered(running)
        running.untouched("ETH-USDT.BINANCE", *COINBASE)
        assert len(answers) == 3
        no_rule_broken(served)
    verify(settings.recording.dir)


async def test_an_announced_shutdown_is_survived_without_losing_a_book(running, served):
    served.binance.announce_shutdown()
    await until(lambda: epochs(running)["binance"] == 2, "the next connection")
    await until(lambda: served.binance.counts.connections == 2 and len(served.binance.clients) == 1)
    await recovered(running)
    running.untouched(*BINANCE, *COINBASE)
    assert {"binance.ws.1#1", "binance.ws.1#2"} <= set(running.daemon.sources)


@pytest.mark.parametrize("venue", ["binance", "coinbase"])
async def test_a_rollover_makes_before_it_breaks(running, served, venue):
    server = getattr(served, venue)
    running.daemon.feeds[venue].connections[f"{venue}.ws.1"].rollover()
    await until(lambda: server.counts.connections == 2 and len(server.clients) == 1)
    await recovered(running)
    running.untouched(*BINANCE, *COINBASE)
    assert {f"{venue}.ws.1#1", f"{venue}.ws.1#2"} <= set(running.daemon.sources)
