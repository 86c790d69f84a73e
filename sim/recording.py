"""Writes a recording of the simulated world as a client of both venues would have made it.

One file a venue in the public JSON-lines form: a header, then the REST replies, the connection,
the frames sent and the frames received, each with the receive time, in the order of that time.
The same seed gives the same bytes.
"""

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

import orjson
import zstandard

from sim.feed.binance import BinanceFeed
from sim.feed.coinbase import CHANNELS, CoinbaseFeed
from sim.market.event import Event
from sim.market.listing import BINANCE, COINBASE
from sim.market.scenario import CALM, WARM_UP_NS
from sim.market.seeded import seeded
from sim.market.spec import WorldSpec
from sim.market.world import World
from sim.wire import binance, coinbase

STEP_NS = 10_000_000
START_NS = 1_767_225_600 * 10**9  # 2026-01-01: a recording does not depend on when it is made
SECONDS_MAX = 86_400

# Snapshots are asked for off the 100 ms beat, so that the first diff kept straddles them.
_SNAPSHOT_NS = 370_000_000
_SNAPSHOT_GAP_NS = 160_000_000
_CONNECT_NS = 50_000_000
_SUBSCRIBE_NS = 60_000_000
_SNAPSHOT_LIMIT = 1000


@dataclass(slots=True)
class FileSummary:
    """What one file holds."""

    path: Path
    lines: int = 0
    frames: dict[str, int] = field(default_factory=dict)
    sha256: str = ""


class _Link:
    """The way from a venue to the client: a delay with jitter that keeps the order."""

    def __init__(self, seed: int, name: str, delay_ns: int, jitter_ns: int) -> None:
        self._random = seeded(seed, f"link/{name}")
        self._delay_ns = delay_ns
        self._jitter_ns = jitter_ns
        self._last_ns = 0

    def arrival(self, sent_ns: int) -> int:
        jitter = round(self._random.expovariate(1.0 / self._jitter_ns))
        self._last_ns = max(self._last_ns + 1000, sent_ns + self._delay_ns + jitter)
        return self._last_ns


class _Tape:
    """One file in the making: lines are put in order of time, and written once none can precede.

    Nothing is left of it unless it is finished.
    """

    def __init__(self, venue: str, path: Path, pairs: list[str], recorded_ns: int) -> None:
        self._venue = venue
        self._lines: list[tuple[int, int, bytes]] = []
        self._count = itertools.count()
        self._part = path.with_name(f"{path.name}.part")
        self._file = self._part.open("wb")
        self._packer = zstandard.ZstdCompressor(level=3).compressobj()
        self.summary = FileSummary(path)
        config = {"l2_book": pairs, "ticker": pairs, "trades": pairs}
        header = {"t": "header", "format": 2, "exchange": venue, "config": config}
        header["recorded"] = recorded_ns / 1e9
        self._pack(orjson.dumps(header) + b"\n")

    def note(self, kind: str, ts_ns: int, connection: str, **fields: str) -> None:
        """Add one line; its time has microseconds, spelled without a float."""
        ts = f"{ts_ns // 10**9}.{ts_ns % 10**9 // 1000:06d}"
        head = f'{{"t":"{kind}","conn":"{self._venue}.{connection}","ts":{ts},'
        line = head.encode() + orjson.dumps(fields)[1:] + b"\n"
        heapq.heappush(self._lines, (ts_ns, next(self._count), line))

    def frame(self, ts_ns: int, connection: str, channel: str, payload: bytes) -> None:
        """Add one received frame and count it."""
        frames = self.summary.frames
        frames[channel] = frames.get(channel, 0) + 1
        self.note("recv", ts_ns, connection, data=payload.decode())

    def write_before(self, ts_ns: float) -> None:
        """Write the lines before a time, in order: no earlier one may be added afterwards."""
        while self._lines and self._lines[0][0] < ts_ns:
            self._pack(heapq.heappop(self._lines)[2])

    def finish(self) -> None:
        """Write the rest, and give the file its name."""
        self.write_before(math.inf)
        self._file.write(self._packer.flush())
        self._file.close()
        with self._part.open("rb") as file:
            self.summary.sha256 = file_digest(file, "sha256").hexdigest()
        self._part.replace(self.summary.path)

    def discard(self) -> None:
        """Remove what was not finished."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _pack(self, line: bytes) -> None:
        self._file.write(self._packer.compress(line))
        self.summary.lines += 1


class _BinanceClient:
    """A client of Binance spot: combined streams by SUBSCRIBE, then one snapshot a symbol."""

    _REST = "https://api.binance.com/api/v3"
    _WS = "wss://stream.binance.com:9443/stream"

    def __init__(self, feed: BinanceFeed, seed: int, tape: _Tape, start: int) -> None:
        self._feed = feed
        self._tape = tape
        self._rest = _Link(seed, "binance/rest", 35_000_000, 5_000_000)
        self._ws = _Link(seed, "binance/ws", 4_000_000, 700_000)
        self._wanted: set[str] = set()
        self._symbols = [binance.symbol_of(listing) for listing in self._feed.listings]
        infos = binance.exchange_info(self._feed.listings, start)
        self._fetched(start, "/exchangeInfo", infos)
        self._fetched(start + STEP_NS, "/time", binance.server_time(start + STEP_NS))
        tape.note("connect", start + _CONNECT_NS, "ws.1", addr=self._WS)
        self._snapshots = [
            (start + _SNAPSHOT_NS + i * _SNAPSHOT_GAP_NS, symbol)
            for i, symbol in enumerate(self._symbols)
        ]
        self._subscribe_ns = start + _SUBSCRIBE_NS

    def step(self, now_ns: int, events: list[Event]) -> None:
        """Write what arrives because of the last step of the world."""
        for frame in self._feed.publish(events, self._wanted):
            payload = binance.combined(frame.channel, frame.payload)
            kind = frame.channel.partition("@")[2]
            self._tape.frame(self._ws.arrival(frame.ts_ns), "ws.1", kind, payload)
        if not self._wanted and now_ns >= self._subscribe_ns:
            self._subscribe(now_ns)
        while self._snapshots and now_ns >= self._snapshots[0][0]:
            symbol = self._snapshots.pop(0)[1]
            reply = self._feed.snapshot(symbol, _SNAPSHOT_LIMIT)
            self._fetched(now_ns, f"/depth?symbol={symbol}&limit={_SNAPSHOT_LIMIT}", reply)

    def _subscribe(self, now_ns: int) -> None:
        kinds = ("depth@100ms", "bookTicker", "trade")
        names = [f"{symbol.lower()}@{kind}" for kind in kinds for symbol in self._symbols]
        self._wanted.update(names)
        request = {"method": "SUBSCRIBE", "params": names, "id": 1}
        data = orjson.dumps(request).decode()
        self._tape.note("send", now_ns - STEP_NS, "ws.1", addr=self._WS, data=data)
        self._tape.frame(self._ws.arrival(now_ns), "ws.1", "ack", binance.ack(1))

    def _fetched(self, ts_ns: int, path: str, reply: bytes) -> None:
        arrival = self._rest.arrival(ts_ns)
        self._tape.note("http", arrival, "http.0", url=self._REST + path, data=reply.decode())


class _CoinbaseClient:
    """A client of Coinbase Advanced Trade: one socket, four subscriptions."""

    _REST = "https://api.coinbase.com/api/v3/brokerage"
    _WS = "wss://advanced-trade-ws.coinbase.com"

    def __init__(self, feed: CoinbaseFeed, seed: int, tape: _Tape, start: int) -> None:
        self._feed = feed
        self._tape = tape
        self._rest = _Link(seed, "coinbase/rest", 60_000_000, 8_000_000)
        self._ws = _Link(seed, "coinbase/ws", 11_000_000, 1_500_000)
        self._subscribed: dict[str, list[str]] = {}
        self._sequence = itertools.count()
        self._fetched(start, "/market/products", self._feed.products_reply())
        self._fetched(start + STEP_NS, "/time", coinbase.server_time(start + STEP_NS))
        tape.note("connect", start + _CONNECT_NS, "ws.1", addr=self._WS)
        first = start + _SUBSCRIBE_NS
        self._pending = [(first + i * 7 * STEP_NS, name) for i, name in enumerate(CHANNELS)]

    def step(self, now_ns: int, events: list[Event]) -> None:
        """Write what arrives because of the last step of the world."""
        delivered = {CHANNELS[name] for name in self._subscribed}
        for frame in self._feed.publish(events):
            if frame.channel in delivered:
                self._received(frame.ts_ns, frame.channel, frame.payload)
        while self._pending and now_ns >= self._pending[0][0]:
            self._subscribe(now_ns, self._pending.pop(0)[1])

    def _subscribe(self, now_ns: int, name: str) -> None:
        products = [] if name == "heartbeats" else self._feed.product_ids
        request: dict[str, object] = {"type": "subscribe", "channel": name}
        if products:
            request["product_ids"] = products
        data = orjson.dumps(request).decode()
        self._tape.note("send", now_ns - STEP_NS, "ws.1", addr=self._WS, data=data)
        for frame in self._feed.snapshots(name, products):
            self._received(frame.ts_ns, frame.channel, frame.payload)
        self._subscribed[name] = products or ["heartbeats"]
        ack = orjson.dumps([coinbase.subscriptions_event(self._subscribed)])
        self._received(now_ns, "subscriptions", ack)

    def _received(self, ts_ns: int, channel: str, events: bytes) -> None:
        payload = coinbase.envelope(channel, ts_ns, next(self._sequence), events)
        self._tape.frame(self._ws.arrival(ts_ns), "ws.1", channel, payload)

    def _fetched(self, ts_ns: int, path: str, reply: bytes) -> None:
        arrival = self._rest.arrival(ts_ns)
        self._tape.note("http", arrival, "http.0", url=self._REST + path, data=reply.decode())


def _steps(start_ns: int, seconds: int) -> Iterator[tuple[int, int]]:
    """Yield (virtual seconds done, time of the step)."""
    for step in range(1, seconds * 10**9 // STEP_NS + 1):
        yield step * STEP_NS // 10**9, start_ns + step * STEP_NS


def write_recording(
    directory: Path,
    seed: int,
    seconds: int = 60,
    start_ns: int = START_NS,
    progress: Callable[[int], None] | None = None,
    spec: WorldSpec = CALM,
) -> list[FileSummary]:
    """Write `BINANCE.jsonl.zst` and `COINBASE.jsonl.zst` into a directory, made where missing.

    `progress` is called with each virtual second that is done. ValueError if `seconds` is not
    within 1 and 86 400, OSError where the files cannot be written; files of the same name are
    replaced, and only once they are complete.
    """
    if not 1 <= seconds <= SECONDS_MAX:
        raise ValueError(f"seconds: {seconds} is not within 1 and {SECONDS_MAX}")
    directory.mkdir(parents=True, exist_ok=True)
    world = World(spec, seed, start_ns - WARM_UP_NS)
    binance_feed, coinbase_feed = BinanceFeed(world), CoinbaseFeed(world)
    before = world.advance(start_ns)
    binance_feed.publish(before, ())
    coinbase_feed.publish(before)
    with ExitStack() as undo:
        tapes = []
        for venue, feed in ((BINANCE, binance_feed), (COINBASE, coinbase_feed)):
            pairs = [listing.pair for listing in feed.listings]
            tape = _Tape(venue, directory / f"{venue}.jsonl.zst", pairs, start_ns)
            undo.callback(tape.discard)
            tapes.append(tape)
        clients: tuple[_BinanceClient | _CoinbaseClient, ...] = (
            _BinanceClient(binance_feed, seed, tapes[0], start_ns),
            _CoinbaseClient(coinbase_feed, seed, tapes[1], start_ns),
        )
        _run(world, clients, tapes, seconds, progress)
        for tape in tapes:
            tape.finish()
    return [tape.summary for tape in tapes]


def _run(
    world: World,
    clients: Sequence[_BinanceClient | _CoinbaseClient],
    tapes: Sequence[_Tape],
    seconds: int,
    progress: Callable[[int], None] | None,
) -> None:
    """Let the clients see so many seconds of the world."""
    start_ns, done = world.now_ns, 0
    for second, now_ns in _steps(start_ns, seconds):
        events = world.advance(now_ns)
        for client in clients:
            client.step(now_ns, events)
        if second > done:
            done = second
            for tape in tapes:
                tape.write_before(now_ns - STEP_NS)  # a request is sent a step before its answer
            if progress is not None:
                progress(done)
