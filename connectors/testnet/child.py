"""The ccxt process of one venue: requests come as lines of JSON, answers go as lines of JSON.

`python -m connectors.testnet.child VENUE NETWORK --native SYMBOL … [--base-url URL]`

ccxt takes over 100 MB when imported, which is why nobody else here imports it for orders. Keys come
by the environment, and are taken out of it at once. Standard input is the parent: when it ends, so
does this process. Exit codes: 0 the parent is gone, EXIT_KEYS, EXIT_HOST, EXIT_VENUE, 2 for wrong
usage, 1 for what nobody thought of; the last line on standard error says what it was.

    > {"tag":"place7","method":"place","by":1700000000000000000,"params":{"native":"BTCUSDT",…}}
    < {"tag":"place7","status":200,"data":{…}}     or    {"tag":"place7","status":400,"message":"…"}
    < {"event":"ready"}, {"event":"alive"}, {"event":"open",…}, {"event":"trades",…},
      {"event":"trouble",…}

`by` is the time after which a request must not be sent any more, in ns.
"""

import argparse
import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, MutableMapping
from typing import Any, BinaryIO

import orjson

from connectors.hosts import ForbiddenHostError, require_allowed
from connectors.testnet.calls import Answer, Calls, words
from connectors.testnet.exchange import exchange_of
from connectors.testnet.guard import guarded_session
from connectors.testnet.lookout import Lookout
from connectors.testnet.networks import NETWORKS, Network, network, secret_names
from market.inputs import NOT_SENT

EXIT_KEYS = 3
EXIT_HOST = 4
EXIT_VENUE = 5

ALIVE_S = 1.0
#: Bytes of one line in.
REQUEST_MAX = 64 * 1024
#: Requests under way; more are answered NOT_SENT.
PENDING_MAX = 256
#: What loading the markets may take.
_LOAD_S = 20.0
_LOAD_TIMEOUT_MS = 10_000
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str] | None = None) -> int:
    """Serve until the parent is gone; returns the exit code."""
    options = _parser().parse_args(arguments)
    _end_with_parent()
    # What a library prints must not come between the lines.
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    chosen = network(options.venue, options.network)
    keys = take_keys(chosen, os.environ)
    if len(keys) < len(chosen.secrets):
        return _fail(EXIT_KEYS, f"{', '.join(secret_names(chosen))} are needed")
    try:
        if options.base_url:
            require_allowed(options.base_url)
    except ForbiddenHostError as error:
        return _fail(EXIT_HOST, words(error))
    import ccxt.pro  # noqa: PLC0415 - only this process pays for it, and only with good arguments

    return asyncio.run(_serve(ccxt.pro, chosen, keys, options, out))


def _end_with_parent() -> None:
    """Have the kernel end this process with its parent, also while it is still beginning.

    Afterwards the end of standard input says the same everywhere.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def take_keys(chosen: Network, environment: MutableMapping[str, str]) -> tuple[str, ...]:
    """Return a network's keys, and take them out of the environment."""
    found = (environment.pop(name, "") for name in secret_names(chosen))
    return tuple(one for one in found if one)


async def _serve(
    ccxt: Any, chosen: Network, keys: tuple[str, ...], options: argparse.Namespace, out: BinaryIO
) -> int:
    async with guarded_session() as session:
        try:
            exchange = exchange_of(ccxt, chosen, keys, session, options.base_url)
        except ForbiddenHostError as error:
            return _fail(EXIT_HOST, words(error))
        try:
            try:
                exchange.timeout, usual_ms = _LOAD_TIMEOUT_MS, exchange.timeout
                async with asyncio.timeout(_LOAD_S):
                    await exchange.load_markets()
                exchange.timeout = usual_ms
            except (ccxt.BaseError, ForbiddenHostError, TimeoutError) as error:
                return _fail(EXIT_VENUE, words(error))
            missing = [one for one in options.native if one not in exchange.markets_by_id]
            if missing:
                return _fail(EXIT_VENUE, f"{chosen.words} has no {', '.join(missing)}")
            calls = Calls(ccxt, exchange, chosen, options.native)
            lookout = Lookout(ccxt, exchange, chosen, calls, options.native)
            await Child(calls, lookout, out).run()
        finally:
            await exchange.close()
    return 0


class Child:
    """Answers lines from standard input, and tells what the lookout sees, until the input ends."""

    def __init__(self, calls: Calls, lookout: Lookout, out: BinaryIO) -> None:
        self._calls = calls
        self._lookout = lookout
        self._out = out
        self._pending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until the parent is gone, or what nobody thought of ends it."""
        reader = asyncio.StreamReader(limit=REQUEST_MAX)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        self._tell("ready", {})
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._lookout.run(self._tell))
                group.create_task(self._live())
                group.create_task(self._read(reader, group))
        except* _GoneError:
            pass

    async def _read(self, reader: asyncio.StreamReader, group: asyncio.TaskGroup) -> None:
        # What is no whole line was cut off with the parent's life.
        while (line := await reader.readline()).endswith(b"\n"):
            row = orjson.loads(line)
            if len(self._pending) >= PENDING_MAX:
                self._answer(row["tag"], Answer(NOT_SENT, message="too many requests under way"))
                continue
            task = group.create_task(self._carry_out(row))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)
        raise _GoneError

    async def _carry_out(self, row: Mapping[str, Any]) -> None:
        if time.time_ns() > row["by"]:
            self._answer(row["tag"], Answer(NOT_SENT, message="too late to be sent"))
            return
        answer = await self._calls.answer(row["method"], row["params"])
        self._answer(row["tag"], answer)
        if row["method"] in ("place", "cancel"):
            self._lookout.stir(row["params"].get("native", ""))

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_S)
            self._tell("alive", {})

    def _answer(self, tag: str, answer: Answer) -> None:
        said = {"data": answer.data} if answer.data is not None else {"message": answer.message}
        self._write({"tag": tag, "status": answer.status, **said})

    def _tell(self, event: str, fields: Mapping[str, object]) -> None:
        self._write({"event": event, **fields})

    def _write(self, row: Mapping[str, object]) -> None:
        """Write a line; a parent that does not read holds everything up, until it ends us."""
        rest = memoryview(orjson.dumps(row) + b"\n")
        while rest:
            try:
                rest = rest[self._out.write(rest) :]
            except BrokenPipeError:
                raise _GoneError from None


class _GoneError(Exception):
    """The parent is gone."""


def _fail(code: int, reason: str) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - the reply to the parent
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connectors.testnet.child", description=__doc__)
    parser.add_argument("venue", choices=list(dict.fromkeys(one.venue for one in NETWORKS)))
    parser.add_argument("network", choices=[one.name for one in NETWORKS])
    parser.add_argument("--native", action="append", required=True, help="an instrument to trade")
    parser.add_argument("--base-url", default="", help="a server on this machine in its place")
    return parser


if __name__ == "__main__":
    sys.exit(main())
