"""Readers and a writer that is really another process: torn reads, deaths, restarts."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from cache.l2_errors import L2WriterExistsError
from cache.l2_layout import HeaderWord
from cache.l2_plain_reader import PlainL2Reader
from cache.l2_quote import Miss, Reason
from cache.l2_reader import L2Reader
from cache.l2_writer import L2Writer

ROOT = Path(__file__).parents[2]
INSTRUMENT = "BTC-USDT.BINANCE"
FOREVER = (1 << 62) - 1
READERS = pytest.mark.parametrize("reader_type", [L2Reader, PlainL2Reader])


@contextmanager
def writer_process(path, mode="idle"):
    """Run a writer; gives (process, the time of its quote)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cache.l2_writer_process", str(path), mode],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def kill(process):
    """Kill with -9 and wait for the death, but do not reap: the pid stays taken."""
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def expected_quote(c):
    """Return what the storm's quote number `c` must look like, whole."""
    ts_recv = c + 5
    touch = (c, c + 1, -c, c + 2, c + 3, c + 4, ts_recv, ts_recv, c + 6, c + 7)
    return (INSTRUMENT, *touch, c % 37, c + 1, (c + 1) % 37, c + 2)


@READERS
def test_no_read_is_torn_while_another_process_writes(tmp_path, reader_type):
    path = tmp_path / "l2"
    with writer_process(path, "storm"):
        # The storm's stamps are counters near 0, so the reader's clock stands near 0 too.
        reader = reader_type(path, heartbeat_ns=FOREVER, process_check_ns=FOREVER)
        numbers = set()
        reads = 0
        deadline = time.monotonic() + 60
        while reads < 30_000 or len(numbers) < 100:
            assert time.monotonic() < deadline, "the writer did not run beside the reader"
            reads += 1
            quote = reader.quote(INSTRUMENT, FOREVER, 0, ungraded=True)
            if isinstance(quote, Miss):
                assert quote.reason is Reason.BUSY
            elif quote.source != 1:
                assert quote == expected_quote(quote.bid_ticks)
                numbers.add(quote.bid_ticks)
            depth = reader.depth(INSTRUMENT, FOREVER, 0, ungraded=True)
            if isinstance(depth, Miss):
                assert depth.reason is Reason.BUSY
            elif depth.grade:
                c = depth.version
                assert depth[1:6] == (c, c + 1, c + 2, c + 2, c + 3)
                assert depth.bids == depth.asks == tuple((c + i, c - i) for i in range(4))


@READERS
def test_a_writer_killed_with_9_is_dead_before_anyone_waits_for_it(tmp_path, reader_type):
    path = tmp_path / "l2"
    with writer_process(path) as (process, now_ns):
        reader = reader_type(path, heartbeat_ns=FOREVER, process_check_ns=0)
        assert reader.quote(INSTRUMENT, 1, now_ns).bid_ticks == 100
        kill(process)
        miss = reader.quote(INSTRUMENT, 1, now_ns)
        assert miss[:2] == (Reason.WRITER_DEAD, INSTRUMENT)
        assert miss.detail == f"process {process.pid} is gone"
        assert reader.depth(INSTRUMENT, 1, now_ns).reason is Reason.WRITER_DEAD
        late = reader_type(path, heartbeat_ns=FOREVER)
        for _ in range(3):
            # Found dead once, it stays dead within the time for which life is taken on trust.
            assert late.quote(INSTRUMENT, 1, now_ns).reason is Reason.WRITER_DEAD


@READERS
def test_a_writer_killed_while_writing_leaves_dead_and_not_busy(tmp_path, reader_type):
    path = tmp_path / "l2"
    with writer_process(path) as (process, now_ns):
        reader = reader_type(path, heartbeat_ns=FOREVER, process_check_ns=FOREVER)
        assert reader.quote(INSTRUMENT, 1, now_ns).bid_ticks == 100
        with path.open("r+b") as file:
            offset = 32 + 2 * 16  # the first quote slot's sequence: after header and directory
            file.seek(8 * offset)
            file.write((7).to_bytes(8, sys.byteorder))
        assert reader.quote(INSTRUMENT, 1, now_ns).reason is Reason.BUSY
        kill(process)
        assert reader.quote(INSTRUMENT, 1, now_ns).reason is Reason.WRITER_DEAD
        assert reader.misses[Reason.BUSY] == 1


@READERS
def test_readers_follow_a_writer_that_was_killed_and_came_back(tmp_path, reader_type):
    path = tmp_path / "l2"
    with writer_process(path) as (process, _):
        reader = reader_type(path, heartbeat_ns=FOREVER, process_check_ns=FOREVER)
        process.kill()
        process.wait()
        with writer_process(path) as (_, now_ns):
            # No pid check is due and no heartbeat is late: the new writer marked the old table.
            assert reader.quote(INSTRUMENT, 1, now_ns).ts_recv == now_ns
            assert reader.reopened == 1


@READERS
def test_readers_follow_a_writer_that_stopped_and_came_back(tmp_path, reader_type):
    path = tmp_path / "l2"
    with writer_process(path) as (_, now_ns):
        reader = reader_type(path)
    assert not path.exists()
    miss = reader.quote(INSTRUMENT, 1, now_ns)
    assert (miss.reason, miss.detail) == (Reason.WRITER_DEAD, "the writer has stopped")
    with writer_process(path) as (_, now_ns):
        assert reader.quote(INSTRUMENT, 1, now_ns).ts_recv == now_ns


def test_a_second_writer_is_refused_and_named_the_first(tmp_path):
    path = tmp_path / "l2"
    with writer_process(path) as (process, now_ns):
        with pytest.raises(L2WriterExistsError, match=f"process {process.pid} writes this table"):
            L2Writer(path, 2, 4, now_ns)
        assert L2Reader(path).quote(INSTRUMENT, 1, now_ns).bid_ticks == 100


@READERS
def test_a_pid_that_is_used_again_is_not_taken_for_the_writer(tmp_path, reader_type):
    path = tmp_path / "l2"
    with writer_process(path) as (process, now_ns):
        with path.open("r+b") as file:
            file.seek(8 * HeaderWord.WRITER_START)
            file.write((1).to_bytes(8, sys.byteorder))
        miss = reader_type(path).quote(INSTRUMENT, 1, now_ns)
        assert miss.detail == f"process {process.pid} is another process by now"


@READERS
def test_pids_of_another_namespace_are_not_compared(tmp_path, reader_type):
    path = tmp_path / "l2"
    with writer_process(path) as (process, now_ns):
        with path.open("r+b") as file:
            file.seek(8 * HeaderWord.PID_NAMESPACE)
            file.write((1).to_bytes(8, sys.byteorder))
        reader = reader_type(path, heartbeat_ns=10, process_check_ns=0)
        process.kill()
        process.wait()
        assert reader.quote(INSTRUMENT, 100, now_ns).bid_ticks == 100
        assert reader.quote(INSTRUMENT, 100, now_ns + 11).reason is Reason.WRITER_DEAD
