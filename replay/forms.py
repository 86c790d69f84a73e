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
#: Times from 1970 to 2096 in ns: later ones are damage, and sums with them still fit 64 bits.
TIME_MAX = 4 * 10**18
#: Lines that are looked at to tell the form of a file.
HEAD_LINES = 50
#: Replies that may wait for their time.
WAITING_MAX = 10_000

_SYMBOL = re.compile(rb'"stream"\s*:\s*"([a-z0-9_]{1,40})@')
_OPENED = re.compile(rb"(wss?://\S+) <-> (\d+(?:\.\d+)?)\s*")
_SENT = re.compile(rb"wss?://\S+ <- ")
_REPLY = re.compile(rb"(https?://\S+) -> (\d+(?:\.\d+)?): ")
_OBJECT = re.compile(rb'\s*\{\s*"')
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

    def lines(self) -> list[str]:
        """Return the problems kept, and how many more there were."""
        more = self.count - len(self.listed)
        return [*self.listed, f"{more} more problems"] if more else list(self.listed)


#: Reads the lines of one form.
Form = Callable[[Iterator[bytes], Problems], Iterator[Input]]


def nanoseconds(seconds: str) -> int:
    """Return decimal seconds as ns, exactly; digits beyond the ninth are cut off.

    Raises ValueError for what is no time between 1970 and 2096.
    """
    whole, _, fraction = seconds.partition(".")
    if len(whole) > 10 or not whole.isdigit():
        raise ValueError(f"not a time in seconds: {seconds:.40}")
    return _checked(int(whole) * 1_000_000_000 + int(fraction[:9].ljust(9, "0")))


def _checked(ts: int) -> int:
    if ts > TIME_MAX:
        raise ValueError(f"a time after 2096: {ts}")
    return ts


def form_a(source: Iterator[bytes], problems: Problems) -> Iterator[Input]:
    """Read form A. The symbol of an inline snapshot is that of the stream seen last."""
    symbol = ""
    for number, line in enumerate(source, 1):
        stamp, _, payload = line.partition(b" ")
        if not stamp.isdigit() or len(stamp) > 19 or not payload:
            if line.strip():
                problems.add(f"line {number}: no receive time")
            continue
        ts = int(stamp)
        if ts < 10**17:
            ts *= 1000
        if ts > TIME_MAX:
            problems.add(f"line {number}: a time after 2096: {ts}")
            continue
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
        try:
            item = _row_b(line)
        except ValueError as error:
            problems.add(f"line {number}: {error}")
            continue
        if item is not None:
            yield item
        elif line.strip() and not _SENT.match(line) and not line.startswith(b"configuration:"):
            problems.add(f"line {number}: neither a frame, a reply nor a mark")


def _row_b(line: bytes) -> Input | None:
    """Return the input of one line, None where it holds none; ValueError for a bad time."""
    if found := _RECEIVED.match(line):
        return Input(nanoseconds(found[1].decode()), InputKind.FRAME, "", line[found.end() :])
    if found := _REPLY.match(line):
        url, ts = found[1].decode("utf-8", "replace"), nanoseconds(found[2].decode())
        return Input(ts, InputKind.REPLY, "", line[found.end() :], url, 200)
    if found := _OPENED.fullmatch(line):
        ts = nanoseconds(found[2].decode())
        return Input(ts, InputKind.OPEN, "", note=found[1].decode("utf-8", "replace"))
    return None


def form_c(source: Iterator[bytes], problems: Problems) -> Iterator[Input]:
    """Read form C."""
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            item = _row_c(line)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            problems.add(f"line {number}: not a record: {type(error).__name__}: {error!s:.80}")
            continue
        if item is not None:
            yield item


def _row_c(line: bytes) -> Input | None:
    """Return the input of one line, None for what was not received; raises on a bad record."""
    row = orjson.loads(line)
    kind = row["t"]
    if kind in ("header", "send"):
        return None
    # repr gives back the digits of the text: the time is exact.
    ts = nanoseconds(repr(row["ts"]))
    label = str(row["conn"])
    if kind == "recv":
        return Input(ts, InputKind.FRAME, label, row["data"].encode())
    if kind == "http":
        status = row.get("status", 200)
        if not isinstance(status, int):
            raise TypeError(f"status is no number: {status!r:.40}")
        return Input(ts, InputKind.REPLY, "", row["data"].encode(), str(row["url"]), status)
    if kind == "connect":
        return Input(ts, InputKind.OPEN, label, note=str(row.get("addr", "")))
    if kind in ("disconnect", "close"):
        return Input(ts, InputKind.CLOSE, label, note=str(row.get("reason", "closed")))
    raise ValueError(f"unknown kind {kind!r:.40}")


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
    """Read a file of any of the three forms, told apart by its first line that shows one."""
    form, whole = choose_form(source)
    if form is None:
        problems.add("the file is empty")
        return
    yield from in_time(form(whole, problems))


def choose_form(source: Iterator[bytes]) -> tuple[Form | None, Iterator[bytes]]:
    """Return the form of a file and all its lines; None for an empty file."""
    head: list[bytes] = []
    form: Form | None = None
    for line in source:
        head.append(line)
        form = form_of(line)
        if form is not None or len(head) == HEAD_LINES:
            break
    if form is None and any(line.strip() for line in head):
        form = form_b
    return form, chain(head, source)


def form_of(line: bytes) -> Form | None:
    """Return the reader of the form that a line shows, None where it shows none."""
    if _OBJECT.match(line):
        return form_c
    if line.partition(b" ")[0].isdigit():
        return form_a
    if _RECEIVED.match(line) or _REPLY.match(line) or _OPENED.match(line):
        return form_b
    return None
