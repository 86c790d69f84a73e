"""The `user` channel of the simulated Advanced Trade: orders of an account, as they change."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import orjson

from sim.exchange.exchange import Exchange
from sim.exchange.order import Order, Report
from sim.wire.coinbase import product_of
from sim.wire.coinbase_order import user_row

SNAPSHOT_ORDERS = 50  # a frame
RECENT_UPDATES = 200  # kept an account, to be sent again
PENDING_MAX = 100_000  # updates that wait for the next step; the oldest go first


class Update(NamedTuple):
    """One step of an order, spelled when it happened."""

    account: int
    product: str
    ts_ns: int
    events: bytes


class UserFeed:
    """Watches the accounts and spells what happens to their orders.

    An update is cumulative, and may come again: a client that subscribes anew is sent the last ones
    of the account once more after the snapshot.
    """

    def __init__(self, exchange: Exchange, accounts: Iterable[int]) -> None:
        self._exchange = exchange
        self._pending: deque[Update] = deque(maxlen=PENDING_MAX)
        self._recent: dict[int, deque[Update]] = {}
        for account in accounts:
            self._recent[account] = deque(maxlen=RECENT_UPDATES)
            exchange.watch(account, self._on_report)

    def take(self) -> list[Update]:
        """Return what happened since the last call, in order."""
        updates = list(self._pending)
        self._pending.clear()
        return updates

    def recent(self, account: int, products: list[str], count: int) -> list[Update]:
        """Return the last updates of an account about some products, or about all for none."""
        waiting = set(self._pending)
        found = [u for u in self._recent[account] if not products or u.product in products]
        return [update for update in found if update not in waiting][-count:] if count else []

    def snapshots(self, account: int, products: list[str]) -> list[bytes]:
        """Return the open orders of an account as events of fifty orders, at least one event."""
        orders = [
            order
            for order in self._exchange.open_orders(account)
            if not products or self._product(order) in products
        ]
        starts = range(0, max(1, len(orders)), SNAPSHOT_ORDERS)
        return [self._events("snapshot", orders[i : i + SNAPSHOT_ORDERS]) for i in starts]

    def _on_report(self, report: Report) -> None:
        order = report.order
        events = self._events("update", [order])
        update = Update(order.account, self._product(order), report.ts_ns, events)
        self._pending.append(update)
        self._recent[order.account].append(update)

    def _product(self, order: Order) -> str:
        return product_of(self._exchange.listing(order.listing))

    def _events(self, kind: str, orders: list[Order]) -> bytes:
        rows = [
            user_row(
                order,
                self._exchange.listing(order.listing),
                self._exchange.fee_amount(order.listing, order.fee),
            )
            for order in orders
        ]
        positions: dict[str, list[object]] = {
            "perpetual_futures_positions": [],
            "expiring_futures_positions": [],
        }
        return orjson.dumps([{"type": kind, "orders": rows, "positions": positions}])
