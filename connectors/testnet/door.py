"""The door to a test network: keeps a ccxt process and passes lines; see `transport.orders`.

A process that ends, says nothing for too long or says what cannot be read is a lost connection: all
that it was asked and had not answered is reported with NO_ANSWER, and after a pause another one is
begun. It ends by itself when this one does, however that ends, because its standard input does.
"""

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import orjson
import structlog

from connectors.orders import Request, source_of
from connectors.testnet.child import PENDING_MAX, REQUEST_MAX
from connectors.testnet.networks import Network
from connectors.transport.backoff import Backoff, BackoffParameters
from connectors.transport.orders import Sink, no_answer, not_sent, report
from market.inputs import NO_ANSWER, NOT_SENT, STREAM, Input, InputKind

#: Bytes of one line that the process may say; the fills of an order are the longest.
LINE_MAX = 8 * 1024 * 1024
#: Without a word for longer than this, the process is taken for dead; it speaks every second.
QUIET_S = 10.0
#: What it may take to begin: importing ccxt and reading the venue's markets.
START_S = 45.0
#: A request that the process has not begun with by then must not be sent any more.
SEND_NS = 1_000_000_000
STOP_S = 2.0
_WORDS_MAX = 400
#: What the process needs of our environment; no key of another venue, no proxy.
_PASSED = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


class LostError(Exception):
    """The process is gone or not to be trusted any more."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a process is begun with: the network, the instruments, and the keys by their names."""

    network: Network
    natives: tuple[str, ...]
    keys: Mapping[str, str]
    base_url: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        """How the process is started; no key stands in it."""
        natives = (part for one in self.natives for part in ("--native", one))
        base = ("--base-url", self.base_url) if self.base_url else ()
        start = (sys.executable, "-m", "connectors.testnet.child")
        return (*start, self.network.venue, self.network.name, *natives, *base)

    def __repr__(self) -> str:
        return f"Account({self.network.words}, {len(self.natives)} instruments)"


class CcxtDoor:
    """Carries the requests of one venue's test network through a process that it looks after."""

    def __init__(
        self,
        account: Account,
        sink: Sink,
        now_ns: Callable[[], int],
        random: Random,
        backoff: BackoffParameters | None = None,
        command: tuple[str, ...] = (),
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Hand inputs to `sink`, stamped by `now_ns`; `command` stands in for the process.

        `wall_ns` is the clock that the process has as well.
        """
        self.venue = account.network.venue
        self._account = account
        self._sink = sink
        self._now_ns = now_ns
        self._wall_ns = wall_ns
        self._backoff = Backoff(backoff or BackoffParameters(first_s=1.0), random)
        self._command = command or account.command
        self._process: Process | None = None
        self._ready = False
        self._epoch = 0
        self._pending: dict[str, Request] = {}
        self._words: deque[str] = deque(maxlen=1)
        self._log = structlog.get_logger()
        #: Processes that were begun, and lines that were no answer to anything.
        self.started = 0
        self.strays = 0

    @property
    def pid(self) -> int:
        """The process's id, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def source(self) -> str:
        """The source of what the stream says."""
        return f"{source_of(self.venue)}#{self._epoch}"

    # --- requests --------------------------------------------------------------------------------

    def submit(self, request: Request) -> None:
        """Pass a request on, or report that it was not sent."""
        why = self._pass_on(request)
        if why:
            item = not_sent(self.venue, request, self._now_ns(), why)
            asyncio.get_running_loop().call_soon(self._sink, item)

    def _pass_on(self, request: Request) -> str:
        """Write a request to the process; returns why it cannot be, '' when it was."""
        if self._process is None or self._process.stdin is None or not self._ready:
            return "no connection"
        if len(self._pending) >= PENDING_MAX:
            return "too many requests under way"
        if request.tag in self._pending:
            return "the same was asked and is not answered yet"
        line = orjson.dumps(
            {
                "tag": request.tag,
                "method": request.method,
                "by": self._wall_ns() + SEND_NS,
                "params": dict(request.params),
            }
        )
        if len(line) >= REQUEST_MAX:
            return "too long"
        self._pending[request.tag] = request
        self._process.stdin.write(line + b"\n")
        return ""

    def reconnect(self, source: str, why: str) -> None:
        """End the process and begin another one; an old one's source is left alone."""
        if source == self.source and self._process is not None:
            self._words.append(why)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    # --- the process -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a process until cancelled."""
        while True:
            await asyncio.sleep(self._backoff.delay_s())
            try:
                await self._serve()
            except LostError as error:
                self._backoff.failed()
                self._log.warning("no orders", venue=self.venue, reason=str(error))

    async def _serve(self) -> None:
        """Begin a process and pass on what it says until it is lost; raises LostError."""
        self._words.clear()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=LINE_MAX,
                env=self._environment(),
            )
        except OSError as error:
            raise LostError(f"the process did not start: {error.strerror}") from error
        self.started += 1
        listening = asyncio.create_task(self._listen(self._process))
        why = "stopped"
        try:
            await self._read(self._process)
        except LostError as error:
            why = str(error)
        finally:
            await self._end(self._process, listening)
            self._closed(f"{why}: {self._words[-1]}" if self._words else why)
        raise LostError(f"{why}: {self._words[-1]}" if self._words else why)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return {**kept, **self._account.keys}

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        reader = process.stdout
        quiet_s = START_S
        while True:
            try:
                async with asyncio.timeout(quiet_s):
                    line = await _line(reader)
            except TimeoutError:
                raise LostError(f"not a word in {quiet_s:.0f} s") from None
            self._take(line)
            if self._ready:
                quiet_s = QUIET_S

    def _take(self, line: bytes) -> None:
        """Take one line; raises LostError for what cannot be read."""
        try:
            row = orjson.loads(line)
            tag, event = row.get("tag"), row.get("event")
            status = row.get("status", NO_ANSWER)
        except (orjson.JSONDecodeError, AttributeError) as error:
            raise LostError(f"it said what is no line: {error}") from error
        if not isinstance(status, int):
            raise LostError("it said what is no status")
        if event == "ready" and not self._ready:
            self._opened()
        elif event == "trouble":
            self._log.info(
                "trouble", venue=self.venue, what=row.get("what"), why=row.get("message")
            )
        elif event in ("open", "trades"):
            self._frame(line)
        elif isinstance(tag, str):
            self._answered(tag, status, row, line)

    def _opened(self) -> None:
        self._ready = True
        self._epoch += 1
        self._backoff.succeeded()
        self._sink(
            Input(self._now_ns(), InputKind.OPEN, self.source, note=self._account.network.words)
        )

    def _frame(self, line: bytes) -> None:
        self._sink(Input(self._now_ns(), InputKind.REPORT, self.source, line, STREAM, 200))

    def _answered(self, tag: str, status: int, row: Mapping[str, object], line: bytes) -> None:
        request = self._pending.pop(tag, None)
        if request is None:
            self.strays += 1
            return
        body = line
        if status in (NO_ANSWER, NOT_SENT):
            body = str(row.get("message", "")).encode()
        self._sink(report(self.venue, request, self._now_ns(), status, body))

    def _closed(self, why: str) -> None:
        """Report that the stream is gone, and what nobody knows the outcome of."""
        self._process = None
        if not self._ready:
            return
        self._ready = False
        for request in list(self._pending.values()):
            self._sink(no_answer(self.venue, request, self._now_ns(), "the connection was lost"))
        self._pending.clear()
        self._sink(Input(self._now_ns(), InputKind.CLOSE, self.source, note=why[:_WORDS_MAX]))

    async def _listen(self, process: Process) -> None:
        """Keep the last words of a process."""
        assert process.stderr is not None
        rest = b""
        while data := await process.stderr.read(4096):
            *lines, rest = (rest + data)[-_WORDS_MAX:].split(b"\n")
            for line in lines:
                if line.strip():
                    self._words.append(line.decode("utf-8", "replace").strip())

    async def _end(self, process: Process, listening: asyncio.Task[None]) -> None:
        """End a process at once: it has nothing to put in order, and the venue keeps what is so."""
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await listening


async def _line(reader: asyncio.StreamReader) -> bytes:
    """Return the next whole line; raises LostError at the end, and for a line over the limit."""
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        raise LostError("the process ended") from None
    except asyncio.LimitOverrunError as error:
        raise LostError(f"a line of over {error.consumed} bytes") from None
