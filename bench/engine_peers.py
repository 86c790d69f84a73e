"""Other matching engines given the benchmark's flow, each in its own way; all of them optional.

A peer gets the same commands in the same order, one call each, with what it lacks left out: a
marketable IOC is a limit order whose remainder is cancelled, a replace is a cancel and a new
order. Prices are floats or decimals where a peer wants them so. None of the peers has accounts,
fees or a stream of events, so each does less work than the engine here.
"""

import importlib
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from bench.engine_flow import Flow
from bench.engine_numba import time_numba
from engine.code import Op, Tif
from engine.record import Command

Runner = Callable[[Command], None]
# Slow peers get the flow's beginning only; the rate is per command all the same.
TIMED_MAX: Final = 20_000


class _Peer:
    """Keeps what a cancel or a replace needs to know of open orders."""

    def __init__(self) -> None:
        self.sides: dict[int, int] = {}

    def run(self, command: Command) -> None:
        if command.op == Op.CANCEL:
            self.cancel(command.id)
        elif command.op == Op.REPLACE:
            self.cancel(command.id)
            self.limit(command.id, self.sides[command.id], command.price, command.qty)
        else:
            self.sides[command.id] = command.side
            self.limit(command.id, command.side, command.price, command.qty)
            if command.tif == Tif.IOC:
                self.cancel(command.id)

    def limit(self, order_id: int, side: int, price: int, qty: int) -> None:
        raise NotImplementedError

    def cancel(self, order_id: int) -> None:
        raise NotImplementedError


class _Light(_Peer):
    """The package lightmatchingengine."""

    def __init__(self) -> None:
        super().__init__()
        module = importlib.import_module("lightmatchingengine.lightmatchingengine")
        self.engine: Any = module.LightMatchingEngine()
        self.ids: dict[int, int] = {}

    def limit(self, order_id: int, side: int, price: int, qty: int) -> None:
        order, _trades = self.engine.add_order("X", price, qty, side + 1)
        self.ids[order_id] = order.order_id

    def cancel(self, order_id: int) -> None:
        self.engine.cancel_order(self.ids[order_id], "X")


class _CythonOrderbook(_Peer):
    """The package cython-orderbook."""

    def __init__(self) -> None:
        super().__init__()
        self.module: Any = importlib.import_module("cython_orderbook")
        self.decimal = importlib.import_module("decimal").Decimal
        self.book: Any = self.module.OrderBook()
        self.ids: dict[int, Any] = {}
        self.both = (self.module.OrderSide.BID, self.module.OrderSide.ASK)

    def limit(self, order_id: int, side: int, price: int, qty: int) -> None:
        order = self.module.Order(
            side=self.both[side], price=self.decimal(price), original_quantity=qty
        )
        self.book.add_limit_order(order)
        self.ids[order_id] = order.order_id

    def cancel(self, order_id: int) -> None:
        self.book.cancel_order(self.ids[order_id])


class _OrderBook(_Peer):
    """The package orderbook."""

    def __init__(self) -> None:
        super().__init__()
        self.book: Any = importlib.import_module("orderbook").OrderBook()
        self.ids: dict[int, tuple[str, int]] = {}

    def limit(self, order_id: int, side: int, price: int, qty: int) -> None:
        name = ("bid", "ask")[side]
        quote = {
            "type": "limit",
            "side": name,
            "quantity": qty,
            "price": price,
            "trade_id": order_id,
        }
        _trades, order = self.book.process_order(quote, False, False)
        if order:
            self.ids[order_id] = (name, order["order_id"])

    def cancel(self, order_id: int) -> None:
        if order_id in self.ids:
            self.book.cancel_order(*self.ids.pop(order_id))


class _PyOrderbook(_Peer):
    """The package pyorderbook."""

    def __init__(self) -> None:
        super().__init__()
        self.module: Any = importlib.import_module("pyorderbook")
        self.book: Any = self.module.Book()
        self.orders: dict[int, Any] = {}

    def limit(self, order_id: int, side: int, price: int, qty: int) -> None:
        make = self.module.ask if side else self.module.bid
        order = make("X", float(price), qty)
        self.book.match(order)
        self.orders[order_id] = order

    def cancel(self, order_id: int) -> None:
        # It refuses to cancel what has been filled.
        if self.orders[order_id].quantity:
            self.book.cancel(self.orders[order_id])


PEERS: Final[dict[str, type[_Peer]]] = {
    "lightmatchingengine": _Light,
    "cython-orderbook": _CythonOrderbook,
    "orderbook": _OrderBook,
    "pyorderbook": _PyOrderbook,
}


def time_peer(kind: type[_Peer], fill: Sequence[Command], timed: Sequence[Command]) -> float:
    """Return commands a second of a peer over a filled book."""
    peer = kind()
    for command in fill:
        peer.run(command)
    begin = time.perf_counter()
    for command in timed:
        peer.run(command)
    return len(timed) / (time.perf_counter() - begin)


def run_peers(flow: Flow, rounds: int, ours: float, ours_batch: float) -> dict[str, object]:
    """Return the rate of each peer and how many times slower it is; a missing one says so."""
    found: dict[str, object] = {}
    for name, kind in PEERS.items():
        try:
            rates = [time_peer(kind, flow.fill, flow.timed[:TIMED_MAX]) for _ in range(rounds)]
        except ImportError:
            found[name] = {"missing": True}
            continue
        except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
            found[name] = {"failed": f"{type(error).__name__}: {error}"}
            continue
        rate = statistics.median(rates)
        found[name] = {
            "orders_per_second": round(rate),
            "times_slower": round(ours / rate, 1),
        }
    numba = time_numba(flow, rounds)
    if "orders_per_second" in numba:
        numba["times_slower"] = round(ours_batch / float(str(numba["orders_per_second"])), 2)
    found["numba plain FIFO, whole flow in one call"] = numba
    return found
