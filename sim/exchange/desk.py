"""Turns what the engine tells of tracked orders into their state, fills and reports."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from engine.code import RATE_ONE, Kind, Reason, Tif, Type

from .account import Account, Listener
from .news import News
from .order import Execution, Fill, Order, OrderStatus, Report

_AT_ONCE = (Tif.IOC, Tif.FOK)


class Desk:
    """Books the engine's news on the orders of its accounts, and tells the listeners.

    `fees` are (quote unit, maker rate, taker rate) by listing, rates in 1e-8 parts.
    """

    def __init__(self, names: Sequence[str], fees: Mapping[str, tuple[int, int, int]]) -> None:
        self.accounts: dict[int, Account] = {}
        self._names = list(names)
        self._fees = dict(fees)
        self._owners: dict[int, Account] = {}  # of the open orders, by order id
        self._report_id = 0
        self._listener_id = 0
        self._replacing = 0
        self._hearing = False

    def fee_rates(self, listing: str) -> tuple[int, int]:
        """Return maker and taker rate of a listing in 1e-8 parts."""
        return self._fees[listing][1:]

    def own(self, order: Order) -> None:
        """Follow an accepted order."""
        account = self.accounts[order.account]
        account.add(order)
        self._owners[order.id] = account

    def watch(self, account: Account, listener: Listener) -> Callable[[], None]:
        """Hand every report of an account to a listener; returns what ends that."""
        self._listener_id += 1
        key = self._listener_id
        account.listeners[key] = listener

        def unwatch() -> None:
            account.listeners.pop(key, None)

        return unwatch

    def refuse_reentry(self) -> None:
        """Raise RuntimeError while a listener runs: the news after its report would be lost."""
        if self._hearing:
            raise RuntimeError("a listener may not trade")

    @contextmanager
    def replacing(self, order_id: int) -> Iterator[None]:
        """Take a replaced event of an order for the answer to a replace."""
        self._replacing = order_id
        try:
            yield
        finally:
            self._replacing = 0

    def hear(self, news: Iterable[News]) -> None:
        """Book news in order."""
        self._hearing = True
        try:
            for one in news:
                self._hear(one)
        finally:
            self._hearing = False

    def _hear(self, news: News) -> None:
        if news.kind == Kind.TRADE:
            for order_id in (news.id, news.other):
                if order_id in self._owners:
                    self._fill(self._owners[order_id], news, maker=order_id == news.id)
            return
        account = self._owners[news.id]
        order = account.open[news.id]
        order.updated_ns = news.ts_ns
        if news.kind == Kind.ACCEPTED:
            self._report(account, order, Execution.NEW)
        elif news.kind == Kind.TRIGGERED:
            order.working, order.working_ns = True, news.ts_ns
            self._report(account, order, Execution.TRIGGERED)
        elif news.kind == Kind.REPLACED:
            self._replaced(account, order, news)
        else:
            self._ended(account, order, news)

    def _fill(self, account: Account, news: News, *, maker: bool) -> None:
        order = account.open[news.id if maker else news.other]
        unit, maker_rate, taker_rate = self._fees[order.listing]
        fee = _fee(news.price * news.qty * unit, maker_rate if maker else taker_rate)
        fee *= RATE_ONE // unit  # a unit is a power of ten below it: this is exact
        order.updated_ns = news.ts_ns
        order.filled += news.qty
        order.notional += news.price * news.qty
        order.fee += fee
        done = order.filled == order.qty
        order.status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        fill = Fill(
            trade_id=news.trade_id,
            order_id=order.id,
            account=order.account,
            listing=order.listing,
            side=order.side,
            price=news.price,
            lots=news.qty,
            fee=fee,
            maker=maker,
            ts_ns=news.ts_ns,
        )
        account.fills.append(fill)
        if done:
            self._close(account, order)
        self._report(account, order, Execution.TRADE, fill)

    def _replaced(self, account: Account, order: Order, news: News) -> None:
        order.qty = order.filled + news.qty
        if news.id == self._replacing:
            self._replacing = 0  # what follows is matching
            order.price = news.price
            self._report(account, order, Execution.REPLACED)
        else:
            self._report(account, order, Execution.TRADE_PREVENTION)

    def _ended(self, account: Account, order: Order, news: News) -> None:
        if news.kind == Kind.REJECTED:
            ends = (OrderStatus.REJECTED, Execution.REJECTED, Reason(news.code))
        elif news.kind == Kind.EXPIRED:
            at_once = order.tif in _AT_ONCE or order.type in (Type.MARKET, Type.STOP)
            reason = Reason.INSUFFICIENT_LIQUIDITY if at_once else Reason.OK
            ends = (OrderStatus.EXPIRED, Execution.EXPIRED, reason)
        elif news.code == Reason.SELF_TRADE:
            ends = (OrderStatus.EXPIRED_IN_MATCH, Execution.TRADE_PREVENTION, Reason.SELF_TRADE)
        else:
            ends = (OrderStatus.CANCELED, Execution.CANCELED, Reason.OK)
        order.status, execution, order.reason = ends
        self._close(account, order)
        self._report(account, order, execution)

    def _close(self, account: Account, order: Order) -> None:
        order.working = False
        del self._owners[order.id]
        account.close(order)

    def _report(
        self, account: Account, order: Order, execution: Execution, fill: Fill | None = None
    ) -> None:
        self._report_id += 1
        report = Report(self._report_id, order.updated_ns, execution, order, fill)
        for listener in list(account.listeners.values()):
            listener(report)


def _fee(amount: int, rate: int) -> int:
    """Return a fee on an amount, rounded towards zero as the engine does."""
    fee = amount * abs(rate) // RATE_ONE
    return fee if rate >= 0 else -fee
