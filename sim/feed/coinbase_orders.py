"""The orders of one listing, told one by one: what `full` and `level3` publish.

The messages of a step are found by comparing the resting orders before and after it, with the
trades of the step in between. Whoever applies them to the orders before has those after, in the
same order within each level.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.exchange.order import Order
from sim.market.event import Print, Side
from sim.wire.coinbase_full import Change, Done, Match, Message, Open, Received

RestingOrders = Sequence[Sequence[tuple[int, int, int]]]  # by side: (price, lots, id), in order


@dataclass(slots=True)
class _Resting:
    side: Side
    price: int
    lots: int
    rank: int  # ascends with the time of its `open`


class OrderFlow:
    """The resting orders as published so far."""

    def __init__(self, resting: RestingOrders) -> None:
        self._held: dict[int, _Resting] = {}
        self._rank = 0
        for side in Side:
            for price, lots, order in resting[side]:
                self._rest(order, side, price, lots)

    def orders(self, side: Side) -> list[tuple[int, int, int]]:
        """Return the (price, lots, id) of one side as published, best first, then by rank."""
        sign = -1 if side is Side.BID else 1
        rows = [
            (held.price * sign, held.rank, held.lots, order)
            for order, held in self._held.items()
            if held.side is side
        ]
        return [(key * sign, lots, order) for key, _, lots, order in sorted(rows)]

    def step(
        self, prints: Iterable[Print], resting: RestingOrders, own: Mapping[int, Order]
    ) -> list[Message]:
        """Return the messages that lead to `resting`, and hold that from now on.

        `own` are orders which the step touched and about which more is known than a trade tells.
        """
        step = _Step(self, list(prints), resting, own)
        step.trade()
        step.end_unseen()
        step.leave()
        step.settle()
        return step.messages

    def _rest(self, order: int, side: Side, price: int, lots: int) -> None:
        self._rank += 1
        self._held[order] = _Resting(side, price, lots, self._rank)

    def find(self, order: int) -> _Resting | None:
        """Return how an order rests, None if it does not."""
        return self._held.get(order)

    def apply(self, message: Message) -> None:
        """Hold what a message says."""
        match message:
            case Open():
                self._rest(message.order, message.side, message.price, message.lots)
            case Match() | Done():
                held = self._held.get(message.order)
                if held is not None:
                    held.lots -= message.lots if isinstance(message, Match) else held.lots
                    if not held.lots:
                        del self._held[message.order]
            case Change():
                self._held[message.order].lots = message.lots
            case Received():
                pass

    def all(self) -> list[tuple[int, _Resting]]:
        """Return every resting order."""
        return list(self._held.items())


class _Step:
    """One step of the flow in the making."""

    def __init__(
        self,
        flow: OrderFlow,
        prints: list[Print],
        resting: RestingOrders,
        own: Mapping[int, Order],
    ) -> None:
        self.messages: list[Message] = []
        self._flow = flow
        self._prints = prints
        self._resting = resting
        self._own = own
        self._after = {
            order: (side, price, lots) for side in Side for price, lots, order in resting[side]
        }
        self._to_make: Counter[int] = Counter()  # lots that an order has yet to trade as maker
        self._to_take: Counter[int] = Counter()
        for printed in prints:
            self._to_make[printed.maker_order_id] += printed.lots
            self._to_take[printed.taker_order_id] += printed.lots
        self._entered: set[int] = set()
        self._over: set[int] = set()

    def trade(self) -> None:
        """Tell the trades, each order entering before its first."""
        for index, printed in enumerate(self._prints):
            side = Side.ASK if printed.taker_buys else Side.BID
            maker, taker = printed.maker_order_id, printed.taker_order_id
            self._make_room(maker, side, printed.price, printed.lots)
            self._enter_taker(taker, Side(1 - side))
            self._tell(
                Match(
                    maker,
                    side,
                    printed.price,
                    printed.lots,
                    taker,
                    printed.trade_id,
                    printed.ts_ns,
                )
            )
            self._to_make[maker] -= printed.lots
            self._to_take[taker] -= printed.lots
            if self._flow.find(maker) is None and maker not in self._after:
                self._end(maker, side, printed.price, 0)
            following = self._prints[index + 1 : index + 2]
            if not following or following[0].taker_order_id != taker:
                self._end_taker(taker, Side(1 - side))

    def end_unseen(self) -> None:
        """Tell of our clients' orders that came and went without a trace in the book."""
        for order in self._own.values():
            known = order.id in self._entered or order.id in self._over
            if known or order.id in self._after or self._flow.find(order.id) is not None:
                continue
            if not order.open and order.working_ns:
                side = Side(order.side)
                self._enter(order.id, side, order.price, order.qty)
                self._end(order.id, side, order.price, order.remaining)

    def leave(self) -> None:
        """Tell which orders rest no more, or rest elsewhere or with more."""
        for order, held in self._flow.all():
            after = self._after.get(order)
            if after is None:
                self._end(order, held.side, held.price, held.lots)
            elif (held.side, held.price) != after[:2] or held.lots < after[2]:
                self._tell(Done(order, held.side, held.price, held.lots, filled=False))
            elif held.lots > after[2]:
                self._tell(Change(order, held.side, held.price, after[2], held.lots))

    def settle(self) -> None:
        """Tell which orders came to rest, in the order of each level."""
        for side in Side:
            level, rank, moved = 0, 0, False
            for price, lots, order in self._resting[side]:
                if price != level:
                    level, rank, moved = price, 0, False
                held = self._flow.find(order)
                if held is not None and held.rank > rank and not moved:
                    rank = held.rank
                    continue
                # From the first newcomer of a level on, all that stand behind it follow it.
                moved = True
                if held is not None:
                    self._tell(Done(order, side, price, held.lots, filled=False))
                if order not in self._entered or held is not None:
                    self._enter(order, side, price, lots)
                self._tell(Open(order, side, price, lots))

    def _make_room(self, maker: int, side: Side, price: int, lots: int) -> None:
        """Have the maker rest with at least what it is about to trade."""
        held, after = self._flow.find(maker), self._after.get(maker)
        # An iceberg that still rests shows new lots as it trades: those come to rest later.
        wanted = self._to_make[maker] if after is None else lots
        if held is not None and (held.side, held.price) == (side, price) and held.lots >= wanted:
            return
        if held is not None:
            self._tell(Done(maker, held.side, held.price, held.lots, filled=False))
        rest = after[2] if after is not None and after[:2] == (side, price) else 0
        wanted = self._to_make[maker] + rest
        if maker not in self._entered or held is not None:
            self._enter(maker, side, price, wanted)
        self._tell(Open(maker, side, price, wanted))

    def _enter_taker(self, taker: int, side: Side) -> None:
        held = self._flow.find(taker)
        if held is not None:
            self._tell(Done(taker, held.side, held.price, held.lots, filled=False))
        if held is None and taker in self._entered:
            return
        rest = self._after.get(taker)
        order = self._own.get(taker)
        lots = self._to_take[taker] + self._to_make[taker] + (rest[2] if rest else 0)
        price = order.price if order is not None else rest[1] if rest else 0
        self._enter(taker, side, price, lots)

    def _end_taker(self, taker: int, side: Side) -> None:
        """Tell that a taker is over, unless it rests or trades on."""
        if taker in self._after or self._to_take[taker] or self._to_make[taker]:
            return
        order = self._own.get(taker)
        left = order.remaining if order is not None else 0
        self._end(taker, side, order.price if order is not None else 0, left)

    def _enter(self, order: int, side: Side, price: int, lots: int) -> None:
        self._entered.add(order)
        own = self._own.get(order)
        whole = own.qty if own is not None else lots
        self._tell(Received(order, side, price, whole))

    def _end(self, order: int, side: Side, price: int, lots: int) -> None:
        if order not in self._over:
            self._over.add(order)
            self._tell(Done(order, side, price, lots, filled=not lots))

    def _tell(self, message: Message) -> None:
        self.messages.append(message)
        self._flow.apply(message)
