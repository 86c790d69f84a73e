"""The three public recording formats, a line at a time, as inputs.

A  `<local time> <payload>` in ns or µs; a REST snapshot stands inline without a stream name.
B  `<seconds>: <payload>` with marks for opened sockets, sent frames and REST replies.
C  one JSON object a line with its kind in `t`, the payload as a string in `data`.

In B and C a REST reply may stand before the frames that came earlier: its own time rules.
"""

import heapq
import re
from collections.abc import Callable, Iterator
from itertools import chain

import orjson

from market.inputs import Input, InputKind

#: Problems that one file lists; more are only counted.
PROBLEMS_MAX = 20
#: Replies that may wait for their time.
WAITING_MAX = 10_000

_SYMBOL = re.compile(rb'"stream"\s*:\s*"([a-z0-9_]{1,40})@')
_OPENED = re.compile(rb"(wss?://\S+) <-> (\d+(?:\.\d+)?)\s*")
_SENT = re.compile(rb"wss?://\S+ <- ")
_REPLY = re.compile(rb"(https?://\S+) -> (\d+(?:\.\d+)?): ")
_RECEIVED = re.compile(rb"(\d+(?:\.\d+)?): ")


class Problems:
    """What could not be read of a file: counted, the first ones kept with their line."""

    def __init__(self) -> None:
        self.count = 0
        self.listed: list[str] = []

    def add(self, text: str) -> None:
        """Count a problem."""
        self.count += 1
        if len(self.listed) < PROBLEMS_MAX:
            self.listed.append(text)


def nanoseconds(seconds: str) -> int:
    """Return decimal seconds as ns, exactly; digits beyond the ninth are cut off."""
    whole, _, fraction = seconds.partition(".")
    return int(whole) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))


def form_a(source: Iterator[bytes], problems: Problems) -> Iterator[Input]:
    """Read form A. The symbol of an inline snapshot is that of the stream seen last."""
    symbol = ""
    for number, line in enumerate(source, 1):
        stamp, _, payload = line.partition(b" ")
        if not stamp.isdigit() or not payload:
            if line:
                problems.add(f"line {number}: no receive time")
            continue
        ts = int(stamp)
        if ts < 10**17:
            ts *= 1000
        found = _SYMBOL.search(payload, 0, 64)
        if found is None and b'"lastUpdateId"' in payload[:64]:
            if not symbol:
                problems.add(f"line {number}: a snapshot before any stream named its symbol")
                continue
            yield Input(ts, InputKind.REPLY, "", payload, f"/depth?symbol={symbol}", 200)
            continue
        if found is not None:
            symbol = found[1].decode().upper()
        yield Input(ts, InputKind.FRAME, "", payload)


def form_b(source: Iterator[bytes], problems: Problems) -> Iterator[Input]:
    """Read form B."""
    for number, line in enumerate(source, 1):
        if found := _RECEIVED.match(line):
            yield Input(nanoseconds(found[1].decode()), InputKind.FRAME, "", line[found.end() :])
        elif found := _REPLY.match(line):
            url, ts = found[1].decode(), nanoseconds(found[2].decode())
            yield Input(ts, InputKind.REPLY, "", line[found.end() :], url, 200)
        elif found := _OPENED.fullmatch(line):
            ts = nanoseconds(found[2].decode())
            yield Input(ts, InputKind.OPEN, "", note=found[1].decode())
        elif line.strip() and not _SENT.match(line) and not line.startswith(b"configuration:"):
            problems.add(f"line {number}: neither a frame, a reply nor a mark")


def form_c(source: Iterator[bytes], problems: Problems) -> Iterator[Input]:
    """Read form C."""
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            kind = row["t"]
            if kind in ("header", "send"):
                continue
            # repr gives back the digits of the text: the time is exact.
            ts = nanoseconds(repr(row["ts"]))
            label = str(row["conn"])
            if kind == "recv":
                yield Input(ts, InputKind.FRAME, label, row["data"].encode())
            elif kind == "http":
                status = row.get("status", 200)
                yield Input(ts, InputKind.REPLY, "", row["data"].encode(), row["url"], status)
            elif kind == "connect":
                yield Input(ts, InputKind.OPEN, label, note=str(row.get("addr", "")))
            elif kind in ("disconnect", "close"):
                yield Input(ts, InputKind.CLOSE, label, note=str(row.get("reason", "closed")))
            else:
                problems.add(f"line {number}: unknown kind {kind!r:.40}")
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            problems.add(f"line {number}: not a record: {type(error).__name__}: {error!s:.80}")


def in_time(inputs: Iterator[Input]) -> Iterator[Input]:
    """Hold replies back until their time, in the order of their times."""
    waiting: list[tuple[int, int, Input]] = []
    number = 0
    for item in inputs:
        if item.kind is InputKind.REPLY:
            number += 1
            heapq.heappush(waiting, (item.ts_recv, number, item))
            if len(waiting) <= WAITING_MAX:
                continue
            yield heapq.heappop(waiting)[2]
            continue
        while waiting and waiting[0][0] <= item.ts_recv:
            yield heapq.heappop(waiting)[2]
        yield item
    while waiting:
        yield heapq.heappop(waiting)[2]


def read_form(source: Iterator[bytes], problems: Problems) -> Iterator[Input]:
    """Read a file of any of the three forms, told apart by its first line that is not blank."""
    head = next((line for line in source if line.strip()), None)
    if head is None:
        problems.add("the file is empty")
        return
    reader: Callable[[Iterator[bytes], Problems], Iterator[Input]]
    if head.startswith(b"{"):
        reader = form_c
    elif head.partition(b" ")[0].isdigit():
        reader = form_a
    else:
        reader = form_b
    yield from in_time(reader(chain((head,), source), problems))
