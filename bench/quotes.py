"""Quote reads: L1 in this process, L2 from another one that writes a million updates a second.

Usage: python -m bench.quotes [--reads N] [--json]
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cache.client import QuoteBackend, QuoteClient
from cache.l2_errors import L2Error
from cache.l2_layout import DECIMALS_MAX
from cache.l2_plain_reader import PlainL2Reader
from cache.l2_quote import Miss, Quote, Reason
from cache.l2_reader import L2Reader
from cache.l2_writer import L2Writer
from sim.children import uninterrupted

SLOTS = 64
UPDATES_PER_S = 1_000_000
BATCH = 128
ROUNDS = 10
TIMED_EVERY = 16
WRITER_LIMIT_S = 1800.0
FOREVER_NS = 1 << 62
NAMES = tuple(f"BENCH{slot}-USDT.SIM" for slot in range(SLOTS))
_GRIDS = DECIMALS_MAX + 1


def expected(name: str, c: int) -> tuple[str | int, ...]:
    """Return update number `c`: every word of the payload derives from the counter."""
    touch = (c, c + 1, c + 2, c + 3, c + 4, c + 5)
    return (name, *touch, c + 6, c + 6, c + 7, c + 8, c % _GRIDS, c + 9, (c + 1) % _GRIDS, c + 10)


def write_batch(writer: L2Writer, first: int) -> int:
    """Write BATCH updates over the slots in turn; returns the next counter."""
    put_quote, set_grid = writer.put_quote, writer.set_grid
    for c in range(first, first + BATCH):
        slot = c % SLOTS
        set_grid(slot, c % _GRIDS, c + 9, (c + 1) % _GRIDS, c + 10)
        put_quote(slot, c, c + 1, c + 2, c + 3, c + 4, c + 5, c + 6, c + 7, c + 8)
    return first + BATCH


def run_writer(path: str, rate: int, pipe: Connection) -> None:
    """Write at `rate` updates a second until the pipe speaks; sends (updates, seconds) then.

    A rate of 0 writes each slot once and then only heartbeats.
    """
    writer = L2Writer(path, SLOTS, 1, time.time_ns())
    for name in NAMES:
        writer.add(name, 0, 1, 0, 1)
    counter = write_batch(writer, 0)
    pipe.send("ready")
    started = due = time.perf_counter()
    while not pipe.poll() and time.perf_counter() - started < WRITER_LIMIT_S:
        writer.heartbeat(time.time_ns())
        if rate == 0:
            time.sleep(0.01)
            continue
        counter = write_batch(writer, counter)
        due += BATCH / rate
        while time.perf_counter() < due:
            pass  # a sleep here is longer than the batch
    pipe.send((counter, time.perf_counter() - started))
    writer.close()


class WriterProcess:
    """The writer in a process of its own; `finish` gives its updates a second."""

    def __init__(self, path: str, rate: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=run_writer, args=(path, rate, theirs), daemon=True)
        with uninterrupted():
            self._process.start()
        theirs.close()
        try:
            self._pipe.recv()
        except EOFError as error:
            raise L2Error(f"{path}: the writer did not start") from error

    def finish(self) -> float:
        """Stop the writer."""
        self._pipe.send("stop")
        updates, seconds = self._pipe.recv()
        self._process.join()
        self._pipe.close()
        return float(updates / seconds)


class Tally:
    """Reads made, and what was wrong with them."""

    def __init__(self) -> None:
        self.reads = 0
        self.torn = 0
        self.misses = dict.fromkeys(Reason, 0)
        self.samples_ns: list[int] = []

    def count(self, name: str, answer: Quote | Miss) -> None:
        """Count one read; a quote must be one update, whole."""
        self.reads += 1
        if isinstance(answer, Miss):
            self.misses[answer.reason] += 1
        elif answer != expected(name, answer.bid_ticks):
            self.torn += 1

    def run(self, backend: QuoteBackend, reads: int) -> list[int]:
        """Read and check; returns the times in ns of the reads that were timed."""
        clock, read, count = time.perf_counter_ns, backend.quote, self.count
        samples = []
        for number in range(0, reads, TIMED_EVERY):
            now_ns = time.time_ns()
            # The stamps are counters, so the reads are ungraded and the values never expire.
            for name in _names_from(number, min(TIMED_EVERY, reads - number) - 1):
                count(name, read(name, FOREVER_NS, now_ns, True))
            name = NAMES[number // TIMED_EVERY % SLOTS]
            start_ns = clock()
            answer = read(name, FOREVER_NS, now_ns, True)
            samples.append(clock() - start_ns)
            count(name, answer)
        return samples


def _names_from(number: int, count: int) -> list[str]:
    return [NAMES[(number + i) % SLOTS] for i in range(count)]


def time_calls(call: Callable[[], object], calls: int) -> float:
    """Return ns a call, over a loop of `calls` (the loop itself included)."""
    start_ns = time.perf_counter_ns()
    for _ in range(calls):
        call()
    return (time.perf_counter_ns() - start_ns) / calls


def time_puts(directory: str, calls: int) -> float:
    """Return ns a put_quote from Python."""
    writer = L2Writer(Path(directory) / "puts", 1, 1, 0)
    slot = writer.add(NAMES[0], 2, 1, 5, 1)
    now_ns = time.time_ns()
    put = writer.put_quote

    def call() -> None:
        put(slot, 6500012, 150000, 6500013, 20000, 9, now_ns, now_ns, 0, 1)

    per_call = time_calls(call, calls)
    writer.close()
    return per_call


def _quantile(samples: Sequence[int], share: float) -> int:
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * share))]


def _l1_round(l1_read: Callable[[], object] | None) -> float | None:
    return None if l1_read is None else time_calls(l1_read, 200_000)


def run_quotes(
    l1_read: Callable[[], object] | None = None,
    reads: int = 10_000_000,
    directory: str | None = None,
) -> dict[str, Any]:
    """Measure and return the figures; times in ns, medians over interleaved rounds.

    `l1_read` is one read of L1 (null without it). `directory` is where the table goes, by default
    a new one in /dev/shm. A timed read includes the two clock calls around it.
    """
    base = "/dev/shm" if directory is None else directory  # noqa: S108 - made private below
    with tempfile.TemporaryDirectory(prefix="crossquote-bench-", dir=base) as private:
        return _measure(l1_read, reads, private)


def _measure(l1_read: Callable[[], object] | None, reads: int, directory: str) -> dict[str, Any]:
    path = f"{directory}/l2"
    writer = WriterProcess(path, UPDATES_PER_S)
    tally, plain_tally = Tally(), Tally()
    p50s, p99s, plain_p50s, client_ns, l1_ns, put_ns = [], [], [], [], [], []
    try:
        reader, plain = L2Reader(path), PlainL2Reader(path)
        client = QuoteClient(reader)
        for number in range(ROUNDS):
            share = reads * (number + 1) // ROUNDS - reads * number // ROUNDS
            samples = tally.run(reader, share)
            p50s.append(_quantile(samples, 0.5))
            p99s.append(_quantile(samples, 0.99))
            plain_p50s.append(_quantile(plain_tally.run(plain, share // 50 + 1), 0.5))
            client_ns.append(
                time_calls(lambda: client.quote(NAMES[0], FOREVER_NS, ungraded=True), 20_000)
            )
            put_ns.append(time_puts(directory, 50_000))
            l1 = _l1_round(l1_read)
            l1_ns += [] if l1 is None else [l1]
    finally:
        rate = writer.finish()
    return {
        "l1_read_ns": statistics.median(l1_ns) if l1_ns else None,
        "l2_read_ns": statistics.median(p50s),
        "l2_read_ns_rounds": p50s,
        "l2_read_p99_ns": statistics.median(p99s),
        "l2_client_read_ns": round(statistics.median(client_ns), 1),
        "l2_plain_read_ns": statistics.median(plain_p50s),
        "l2_put_ns": round(statistics.median(put_ns), 1),
        "l2_reads": tally.reads,
        "l2_torn": tally.torn,
        "l2_busy": tally.misses[Reason.BUSY],
        "l2_other_misses": sum(tally.misses.values()) - tally.misses[Reason.BUSY],
        "l2_plain_reads": plain_tally.reads,
        "l2_plain_torn": plain_tally.torn,
        "l2_plain_busy": plain_tally.misses[Reason.BUSY],
        "l2_writer_updates_per_s": round(rate),
        "l2_slots": SLOTS,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; returns 1 when a read was torn."""
    parser = argparse.ArgumentParser(description="Measure quote reads.")
    parser.add_argument("--reads", type=int, default=10_000_000, help="L2 reads (default 10 M)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    if args.reads < ROUNDS:
        parser.error(f"--reads {args.reads}, expected {ROUNDS} or more")
    figures = run_quotes(reads=args.reads)
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<24} {value}")
    return 1 if figures["l2_torn"] or figures["l2_plain_torn"] else 0


if __name__ == "__main__":
    sys.exit(main())
