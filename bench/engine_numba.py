"""The plain FIFO path in Numba: no accounts, no events, ids and prices as array places.

It is what one would write for a backtest with the flow known beforehand: every command of the
flow in one compiled loop. It shows what the engine's records, money and checks cost.
"""

import importlib
import statistics
import time
from typing import Any, Final

from bench.engine_flow import MID, Flow
from engine.code import Op

WIDTH: Final = 1 << 18
NEW, CANCEL, IOC, REPLACE = 0, 1, 2, 3


def _match(state: Any, taker: Any, heads: Any, qty: Any, links: Any, best: Any) -> Any:
    """Take what a limit reaches of the other side; returns what is left."""
    side, price, left = taker
    other = 1 - side
    while left > 0 and state[other] > 0:
        at = best[other]
        if (side == 0 and at > price) or (side == 1 and at < price):
            break
        head = heads[other, at, 0]
        if head == 0:
            best[other] += 1 - 2 * side
            continue
        lots = min(left, qty[head])
        qty[head] -= lots
        left -= lots
        if qty[head] == 0:
            _unlink(state, (other, at), head, heads, links)
    return left


def _unlink(state: Any, place: Any, order: Any, heads: Any, links: Any) -> Any:
    side, at = place
    before, after = links[order, 0], links[order, 1]
    if before:
        links[before, 1] = after
    else:
        heads[side, at, 0] = after
    if after:
        links[after, 0] = before
    else:
        heads[side, at, 1] = before
    state[side] -= 1


def _rest(state: Any, place: Any, order: Any, heads: Any, links: Any, best: Any) -> Any:
    side, at = place
    tail = heads[side, at, 1]
    links[order, 0], links[order, 1] = tail, 0
    if tail:
        links[tail, 1] = order
    else:
        heads[side, at, 0] = order
    heads[side, at, 1] = order
    if state[side] == 0 or (side == 0 and at > best[0]) or (side == 1 and at < best[1]):
        best[side] = at
    state[side] += 1


def _run(rows: Any, state: Any, heads: Any, qty: Any, links: Any, best: Any, where: Any) -> Any:
    """Run (op, id, side, place, lots) rows; returns the lots traded."""
    traded = 0
    for row in rows:
        op, order, side, at, lots = row
        if op in (CANCEL, REPLACE):
            if qty[order] == 0:
                continue
            side = where[order, 0]
            _unlink(state, (side, where[order, 1]), order, heads, links)
            qty[order] = 0
        if op != CANCEL:
            left = _match(state, (side, at, lots), heads, qty, links, best)
            traded += lots - left
            if left and op != IOC:
                qty[order] = left
                where[order, 0], where[order, 1] = side, at
                _rest(state, (side, at), order, heads, links, best)
    return traded


def time_numba(flow: Flow, rounds: int) -> dict[str, object]:
    """Return the rate of the Numba path over the flow; says so when Numba is missing."""
    try:
        numba: Any = importlib.import_module("numba")
        numpy: Any = importlib.import_module("numpy")
    except ImportError:
        return {"missing": True}
    space: dict[str, Any] = globals()
    kept = {name: space[name] for name in ("_unlink", "_match", "_rest")}
    # A compiled function finds its helpers by their global names.
    space.update({name: numba.njit(function) for name, function in kept.items()})
    run = numba.njit(_run)
    fill, timed = (numpy.array(_rows(part), dtype=numpy.int64) for part in (flow.fill, flow.timed))
    count = int(max(fill[:, 1].max(), timed[:, 1].max())) + 1
    rates = []
    for _ in range(rounds + 1):
        arrays = (
            numpy.zeros(2, numpy.int64),
            numpy.zeros((2, WIDTH, 2), numpy.int64),
            numpy.zeros(count, numpy.int64),
            numpy.zeros((count, 2), numpy.int64),
            numpy.array([0, WIDTH - 1], numpy.int64),
            numpy.zeros((count, 2), numpy.int64),
        )
        run(fill, *arrays)
        begin = time.perf_counter()
        run(timed, *arrays)
        rates.append(len(timed) / (time.perf_counter() - begin))
    space.update(kept)
    # The first round compiles.
    return {"orders_per_second": round(statistics.median(rates[1:]))}


def _rows(commands: Any) -> list[tuple[int, int, int, int, int]]:
    kinds = {Op.CANCEL: CANCEL, Op.REPLACE: REPLACE}
    return [
        (
            kinds.get(command.op, IOC if command.tif else NEW),
            command.id,
            command.side,
            command.price - MID + WIDTH // 2,
            command.qty,
        )
        for command in commands
    ]
