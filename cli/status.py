"""`crossquote status`: what a running daemon is doing."""

import argparse
from typing import Any

from api.client import DoorClient

from .door import add_json_argument, add_socket_argument, ask, tell
from .fields import (
    NOTHING,
    count,
    errors_of,
    mapping,
    millis,
    number,
    printable,
    rows,
    seconds,
    signed,
    size_of_bytes,
    text,
)
from .trading_verb import amount, standing

_EXAMPLES = """examples:
  crossquote status
  crossquote status --socket /run/crossquote/door.sock
  crossquote status --json | jq .loop_lag_ms

exit codes: 0 a daemon answered, 1 none did, 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_socket_argument(parser)
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Ask and print; returns 0, 1 without a daemon, 2 for wrong usage."""

    def question(client: DoorClient) -> int:
        found = client.status()
        tell(found, lambda: lines(found), args.json)
        return 0

    return ask(args, question)


def lines(status: dict[str, Any]) -> list[str]:
    """Return a status as lines for a person."""
    out = [
        (
            f"crossquote {text(status, 'version')}, mode {text(status, 'mode')},"
            f" pid {text(status, 'pid')}, up {seconds(number(status, 'uptime_seconds'))},"
            f" {text(status, 'rss_mb')} MiB"
        ),
        _line(
            "inputs",
            f"{count(number(status, 'inputs'))} inputs, {count(number(status, 'events'))} market"
            f" events, digest {text(status, 'digest')}",
        ),
        _line("loop lag", _lag(mapping(status, "loop_lag_ms"))),
        _line("queues", _pairs(mapping(status, "queues"))),
        _line("recording", _recording(mapping(status, "recording"))),
        _line("shared memory", _pairs(mapping(status, "l2"))),
    ]
    out += _trading(mapping(status, "trading"))
    out += _venues(mapping(status, "venues"))
    out += _consolidated(rows(status.get("consolidated")))
    return out


def _line(name: str, said: str) -> str:
    return f"{name:<16}{said}"


def _pairs(row: dict[str, Any]) -> str:
    return ", ".join(f"{printable(str(key))} {text(row, key)}" for key in row) or NOTHING


def _lag(row: dict[str, Any]) -> str:
    return "  ".join(f"{key} {millis(number(row, key))}" for key in ("p50", "p99", "max"))


def _recording(row: dict[str, Any]) -> str:
    if not row:
        return NOTHING
    return (
        f"{text(row, 'state')}, {size_of_bytes(number(row, 'bytes'))} in"
        f" {count(number(row, 'segments'))} segments, {count(number(row, 'errors'))} errors,"
        f" {text(row, 'dir')}"
    )


def _trading(trading: dict[str, Any]) -> list[str]:
    out = []
    worlds = mapping(trading, "worlds")
    for name in worlds:
        row = mapping(worlds, name)
        out.append(
            _line(
                f"{printable(name)}",
                f"{text(row, 'state')}, {text(row, 'open_orders')} orders open,"
                f" {text(row, 'fills')} fills, profit {amount(row, 'pnl')}"
                f" {text(trading, 'currency')}",
            )
        )
        out += [_line("", line) for line in standing(row)]
    return out


def _venues(venues: dict[str, Any]) -> list[str]:
    out = []
    for name in venues:
        row = mapping(venues, name)
        offset = number(row, "offset_ns")
        clock = f"{signed(offset / 1e6)}ms" if offset is not None else NOTHING
        out.append(
            _line(
                printable(name),
                f"{text(row, 'state')}, clock {clock}, REST {_pairs(mapping(row, 'rest'))},"
                f" errors {errors_of(row)}",
            )
        )
    return out


def _consolidated(pairs: list[dict[str, Any]]) -> list[str]:
    out = []
    for row in pairs:
        sides = [
            f"{side} {text(best, 'price')} x {text(best, 'size')} {text(best, 'instrument')}"
            for side in ("bid", "ask")
            if (best := mapping(row, side))
        ]
        said = ", ".join(sides) or "no usable quote"
        crossed = ", crossed" if row.get("crossed") is True else ""
        out.append(_line(text(row, "pair"), said + crossed))
    return out
