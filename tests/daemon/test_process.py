"""`crossquote run` from start to end, by its door, its files and signals."""

import json
import os
import signal
from time import time_ns

from cache.client import open_reader
from cache.l2_quote import Miss
from cli.main import main

from .process import DaemonProcess, gone, paper
from .running import TTL_NS, no_rule_broken, until, verify


def good(row):
    """Tell whether a book is live, without a word against it, and agreed with the venue's own."""
    return row["state"] == "live" and not row["grade"] and row["audit_score"] == 1.0


async def test_a_run_shows_audited_books_shares_quotes_and_ends_cleanly_on_sigint(tmp_path):
    with DaemonProcess(tmp_path / "run") as daemon:
        await daemon.live()
        await until(lambda: all(good(row) for row in daemon.books()), "audited books")
        rows = daemon.books()
        assert {row["instrument"].partition(".")[2] for row in rows} == {"BINANCE", "COINBASE"}
        assert len(rows) == 5
        edges = daemon.door.edges()
        assert len(edges) == 4
        reader = open_reader(daemon.table)
        for row in rows:
            quote = reader.quote(row["instrument"], TTL_NS, time_ns())
            assert not isinstance(quote, Miss), quote
            assert 0 < quote.bid_price < quote.ask_price
            depth = reader.depth(row["instrument"], TTL_NS, time_ns())
            assert len(depth.bids) == len(depth.asks) == 20
        reader.close()
        venues = daemon.children()
        assert len(venues) == 1
        daemon.signal(signal.SIGINT)
        code, printed = await daemon.ended()
        assert code == 0, daemon.told
        summary = json.loads(printed)
        assert not daemon.socket.exists()
        assert not daemon.table.exists()
        assert all(gone(pid) for pid in venues)
    assert summary["status"]["recording"]["errors"] == 0
    assert verify(daemon.recordings).inputs >= summary["inputs"]


async def test_a_second_signal_ends_a_run_that_is_slow_to_stop(tmp_path):
    with DaemonProcess(tmp_path / "run") as daemon:
        await daemon.live()
        (venues,) = daemon.children()
        os.kill(venues, signal.SIGSTOP)
        daemon.signal(signal.SIGTERM)
        # The venues do not answer their own signal: the daemon waits for them, all else is closed.
        await until(lambda: not daemon.socket.exists(), "the closed door")
        daemon.signal(signal.SIGTERM)
        assert (await daemon.ended())[0] == -signal.SIGTERM
        os.kill(venues, signal.SIGCONT)
        await until(lambda: gone(venues), "the end of the venues")
    verify(daemon.recordings)


async def test_a_stop_by_the_door_is_as_good_as_a_signal(served, tmp_path):
    with DaemonProcess(tmp_path / "run", paper(served)) as daemon:
        await daemon.live()
        assert daemon.status()["mode"] == "paper"
        assert daemon.door.stop() == {"stopping": True}
        assert (await daemon.ended())[0] == 0, daemon.told
        assert not daemon.socket.exists()
        assert not daemon.table.exists()
    verify(daemon.recordings)
    no_rule_broken(served)


async def test_a_command_of_the_user_is_part_of_the_recording(served, tmp_path):
    with DaemonProcess(tmp_path / "run", paper(served)) as daemon:
        await daemon.live()
        assert daemon.door.command("resync", "BTC-USDT.BINANCE")["accepted"]
        await until(lambda: daemon.books()[0]["snapshots"] == 2, "the next snapshot")
        await daemon.live()
        assert [row["condemned"] for row in daemon.books()] == [1, 0, 0, 0, 0]
        assert not daemon.door.command("resync", "BTC-USDT.KRAKEN")["accepted"]
        daemon.signal(signal.SIGTERM)
        assert (await daemon.ended())[0] == 0, daemon.told
    assert verify(daemon.recordings).node.commands == 1


async def test_a_second_daemon_is_refused_and_leaves_the_first_alone(served, tmp_path):
    folder = tmp_path / "run"
    with DaemonProcess(folder, paper(served)) as first:
        await first.live()
        with DaemonProcess(folder, paper(served)) as second:
            assert (await second.ended())[0] == 1
            assert "crossquote run: " in second.told
        # Recording elsewhere does not help: the door is taken.
        other = tmp_path / "elsewhere"
        with DaemonProcess(folder, paper(served), "--record", str(other)) as third:
            assert (await third.ended())[0] == 1
            assert str(first.socket) in third.told
        reader = open_reader(first.table)
        assert not isinstance(reader.quote("BTC-USD.COINBASE", TTL_NS, time_ns()), Miss)
        reader.close()
        first.signal(signal.SIGINT)
        assert (await first.ended())[0] == 0, first.told
    verify(first.recordings)
    assert main(["replay", str(other), "--verify"]) == 0
