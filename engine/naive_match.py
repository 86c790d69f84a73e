"""The naive twin's matching: what happens when an order enters, level by level."""

from .code import OUTSIDE, Allocation, Kind, Reason, Side, State, Stp, Tif, Type
from .naive_book import Book, Level, Order
from .naive_ledger import Ledger
from .record import EVENT
from .rules import band_distance

# Modes under which a taker never gets past an order of its own account.
_BLOCKING = (Stp.CANCEL_TAKER, Stp.CANCEL_BOTH, Stp.DECREMENT)


class Matcher:
    """Books, open orders, money and pending events, with the steps that change them."""

    def __init__(self) -> None:
        self.books: list[Book] = []
        self.orders: dict[int, Order] = {}
        self.ledger = Ledger()
        self.events: list[tuple[int, ...]] = []
        self.sequence = 0
        self.now = 0
        # Stops that trades of the running command reached, in the order in which they enter.
        self.reached: list[Order] = []

    def emit(
        self,
        kind: int,
        instrument: int,
        *,
        id: int = 0,  # noqa: A002 - the field's name in the record
        other: int = 0,
        price: int = 0,
        qty: int = 0,
        remaining: int = 0,
        other_remaining: int = 0,
        side: int = 0,
        code: int = 0,
        flags: int = 0,
    ) -> None:
        """Append one event."""
        self.sequence += 1
        fields = (id, other, price, qty, remaining, other_remaining, instrument, kind, side, code)
        self.events.append((self.sequence, self.now, *fields, flags))

    def drain(self) -> bytes:
        """Return the pending events as records and forget them."""
        data = b"".join(EVENT.pack(*event) for event in self.events)
        self.events.clear()
        return data

    # The book's changes.

    def book_event(self, order: Order, displayed: int, *, moved: int = 0) -> None:
        """Report an order's displayed lots and what its level now displays."""
        level = self.books[order.instrument].find(order.side, order.price)
        self.emit(
            Kind.BOOK,
            order.instrument,
            id=order.id,
            price=order.price,
            qty=displayed,
            remaining=level.displayed if level else 0,
            other_remaining=len(level.orders) if level else 0,
            side=order.side,
            flags=moved,
        )

    def rest(self, order: Order) -> None:
        """Put an order at the back of its level, behind all external lots."""
        level = self.books[order.instrument].level(order.side, order.price)
        level.orders.append(order)
        order.resting = True
        order.ahead = level.external
        order.show()
        self.book_event(order, order.visible)

    def unrest(self, order: Order) -> None:
        """Take an order off its level."""
        book = self.books[order.instrument]
        level = book.level(order.side, order.price)
        level.orders.remove(order)
        order.resting = False
        order.ahead = 0
        book.tidy(order.side, level)
        self.book_event(order, 0)

    def end(self, order: Order) -> None:
        """Close an order, wherever it stands, and give its reservation back."""
        book = self.books[order.instrument]
        self.ledger.hold(book.rules, order, -1)
        del self.orders[order.id]
        if order.waiting:
            del book.stops[order.id]
        elif order.resting:
            self.unrest(order)

    def cancel_order(self, order: Order, *, code: int = 0, remaining: int | None = None) -> None:
        """Cancel an open order; `code` is not 0 when self-trade prevention did it."""
        left = order.open if remaining is None else remaining
        self.emit(
            Kind.CANCELED,
            order.instrument,
            id=order.id,
            remaining=left,
            side=order.side,
            code=code,
        )
        self.end(order)

    def expire_order(self, order: Order) -> None:
        """Expire an open order."""
        self.emit(
            Kind.EXPIRED, order.instrument, id=order.id, remaining=order.open, side=order.side
        )
        self.end(order)

    # Trades.

    def print_trade(self, book: Book, price: int) -> None:
        """Set the last trade and collect the stops that it reaches, by entry."""
        book.last = price
        reached = [order for order in book.stops.values() if self.stop_holds(book, order)]
        reached.sort(key=lambda order: order.entry)
        for order in reached:
            del book.stops[order.id]
        self.reached += reached

    @staticmethod
    def stop_holds(book: Book, order: Order) -> bool:
        """Whether the last trade is at or through a stop's price."""
        if not book.last:
            return False
        if order.side == Side.BUY:
            return book.last >= order.stop_price
        return book.last <= order.stop_price

    def execute(self, order: Order, qty: int) -> None:
        """Take executed lots off an order and off its reservation."""
        rules = self.books[order.instrument].rules
        self.ledger.hold(rules, order, -1)
        order.take(qty)
        self.ledger.hold(rules, order, 1)

    def trade(self, taker: Order, maker: Order, price: int, qty: int, flags: int = 0) -> None:
        """Trade with an order of ours, without touching the book's levels."""
        book = self.books[taker.instrument]
        self.execute(maker, qty)
        self.execute(taker, qty)
        self.ledger.settle(book.rules, maker.account, taker.account, taker.side, price * qty, qty)
        self.emit(
            Kind.TRADE,
            taker.instrument,
            id=maker.id,
            other=taker.id,
            price=price,
            qty=qty,
            remaining=maker.open,
            other_remaining=taker.open,
            side=taker.side,
            flags=flags,
        )
        self.print_trade(book, price)

    def hit(self, taker: Order, level: Level, maker: Order, qty: int) -> None:
        """Trade with a resting order and put its refill, if any, at the back of the level."""
        self.trade(taker, maker, level.price, qty)
        self.after_fill(level, maker)

    def after_fill(self, level: Level, maker: Order) -> None:
        """End a filled order, or report what it shows now, refilled at the back when need be."""
        if not maker.open:
            self.end(maker)
        elif not maker.visible:
            level.orders.remove(maker)
            level.orders.append(maker)
            maker.ahead = level.external
            maker.show()
            self.book_event(maker, maker.visible, moved=1)
        else:
            self.book_event(maker, maker.visible)

    def hit_external(self, taker: Order, level: Level, qty: int) -> None:
        """Take external lots from the front of a level; they stay taken."""
        book = self.books[taker.instrument]
        self.execute(taker, qty)
        level.taken += qty
        level.advance_queue(qty)
        self.ledger.settle(book.rules, OUTSIDE, taker.account, taker.side, level.price * qty, qty)
        self.emit(
            Kind.TRADE,
            taker.instrument,
            other=taker.id,
            price=level.price,
            qty=qty,
            remaining=level.external,
            other_remaining=taker.open,
            side=taker.side,
        )
        self.print_trade(book, level.price)

    # Self-trade prevention.

    @staticmethod
    def is_own(taker: Order, maker: Order) -> bool:
        """Whether self-trade prevention applies between the two."""
        return taker.stp != Stp.NONE and taker.account == maker.account

    def prevent(self, taker: Order, maker: Order) -> None:
        """Do what the taker's mode says on meeting an order of its own account."""
        own = int(Reason.SELF_TRADE)
        if taker.stp == Stp.DECREMENT:
            self.decrement(taker, maker)
            return
        if taker.stp in (Stp.CANCEL_MAKER, Stp.CANCEL_BOTH):
            self.cancel_order(maker, code=own)
        if taker.stp in (Stp.CANCEL_TAKER, Stp.CANCEL_BOTH):
            self.cancel_order(taker, code=own)

    def decrement(self, taker: Order, maker: Order) -> None:
        """Shrink both by the smaller; the exhausted is canceled, the survivor is replaced."""
        common = min(taker.open, maker.open)
        rules = self.books[taker.instrument].rules
        for order in (maker, taker):
            self.ledger.hold(rules, order, -1)
            order.shrink(order.open - common)
            self.ledger.hold(rules, order, 1)
        for order in (maker, taker):
            if not order.open:
                self.cancel_order(order, code=int(Reason.SELF_TRADE))
        for order in (maker, taker):
            if order.open:
                self.emit_replaced(order, order.price, order.open, kept=1)
                if order.resting:
                    self.book_event(order, order.visible)

    def emit_replaced(self, order: Order, price: int, qty: int, *, kept: int) -> None:
        """Report an order's new limit and open quantity; `kept` says that priority is kept."""
        self.emit(
            Kind.REPLACED,
            order.instrument,
            id=order.id,
            price=price,
            qty=qty,
            remaining=qty,
            side=order.side,
            flags=kept,
        )

    # Levels.

    def match_fifo(self, taker: Order, level: Level) -> None:
        """Match at one level in queue order."""
        while taker.open and taker.id in self.orders:
            if not level.orders:
                if level.external:
                    self.hit_external(taker, level, min(taker.open, level.external))
                return
            head = level.orders[0]
            if head.ahead:
                self.hit_external(taker, level, min(taker.open, head.ahead))
            elif self.is_own(taker, head):
                self.prevent(taker, head)
            else:
                self.hit(taker, level, head, min(taker.open, head.visible))

    def match_pro_rata(self, taker: Order, level: Level) -> None:
        """Match at one level in shares, after own orders were dealt with."""
        for order in list(level.orders):
            if taker.open and taker.id in self.orders and self.is_own(taker, order):
                self.prevent(taker, order)
        rules = self.books[taker.instrument].rules
        while taker.open and taker.id in self.orders and (level.orders or level.external):
            line = list(level.orders)
            sizes = [order.visible for order in line] + [level.external]
            top = bool(rules.top_order and line)
            shares = allocate(sizes, taker.open, top_first=top, least=rules.min_share)
            for order, share in zip(line, shares, strict=False):
                if share:
                    self.hit(taker, level, order, share)
            if shares[-1]:
                self.hit_external(taker, level, shares[-1])

    def match(self, taker: Order) -> None:
        """Match an entering order until it is done, blocked, or would print beyond the band."""
        book = self.books[taker.instrument]
        reference = book.last
        limit = taker.price if taker.type == Type.LIMIT else None
        for level in book.crossed_levels(taker.side, limit):
            if not taker.open or taker.id not in self.orders:
                return
            if self.beyond_band(book, reference, level.price):
                self.set_book_state(taker.instrument, State.HALTED)
                return
            if book.rules.allocation == Allocation.PRO_RATA:
                self.match_pro_rata(taker, level)
            else:
                self.match_fifo(taker, level)
            book.tidy(1 - taker.side, level)

    @staticmethod
    def beyond_band(book: Book, reference: int, price: int) -> bool:
        """Whether a print at `price` is not allowed after a last trade at `reference`."""
        rate = book.rules.halt_band
        if not rate or not reference:
            return False
        return abs(price - reference) > band_distance(reference, rate)

    def set_book_state(self, instrument: int, state: int) -> None:
        """Change the trading state and report it."""
        self.books[instrument].state = state
        self.emit(Kind.STATE, instrument, qty=state)

    def fillable(self, taker: Order) -> int:
        """Return how much of an entering order would trade at once, as matching would do it."""
        book = self.books[taker.instrument]
        limit = taker.price if taker.type == Type.LIMIT else None
        pro_rata = book.rules.allocation == Allocation.PRO_RATA
        count = 0
        for level in book.crossed_levels(taker.side, limit):
            if self.beyond_band(book, book.last, level.price):
                break
            own = [order for order in level.orders if self.is_own(taker, order)]
            if own and taker.stp in _BLOCKING:
                if not pro_rata:
                    before = level.orders[: level.orders.index(own[0])]
                    count += own[0].ahead + sum(order.visible for order in before)
                break
            count += level.external
            count += sum(order.open for order in level.orders if order not in own)
        return count

    def market_cost(self, taker: Order) -> int:
        """Return quote units that an entering market purchase may need now, fee included.

        Own orders that would be cancelled are passed over; all else counts as if it traded.
        """
        book = self.books[taker.instrument]
        left, amount = taker.open, 0
        for level in book.crossed_levels(taker.side, None):
            if self.beyond_band(book, book.last, level.price):
                break
            passed = [
                order
                for order in level.orders
                if taker.stp == Stp.CANCEL_MAKER and self.is_own(taker, order)
            ]
            lots = level.external + sum(o.open for o in level.orders if o not in passed)
            amount += min(left, lots) * level.price
            left -= min(left, lots)
        return self.ledger.buy_cost(book.rules, amount)

    # Entering.

    def enter(self, order: Order) -> None:
        """Match an order, then rest or expire what is left of it."""
        book = self.books[order.instrument]
        if book.state == State.OPEN:
            if order.tif == Tif.FOK and self.fillable(order) < order.open:
                self.expire_order(order)
                return
            self.match(order)
        if order.id not in self.orders:
            return
        if not order.open:
            self.end(order)
        elif order.can_rest:
            self.rest(order)
        else:
            self.expire_order(order)


def allocate(sizes: list[int], qty: int, *, top_first: bool, least: int) -> list[int]:
    """Share `qty` lots among displayed sizes in proportion, rounding down; the rest in order.

    With `top_first` the first is served before all others and takes no further part; a share
    below `least` lots counts as none.
    """
    if qty >= sum(sizes):
        return sizes
    shares = [0] * len(sizes)
    first = 0
    if top_first:
        shares[0] = min(qty, sizes[0])
        qty -= shares[0]
        first = 1
    total = sum(sizes[first:])
    for place in range(first, len(sizes)):
        share = qty * sizes[place] // total if total else 0
        shares[place] = share if share >= least else 0
    left = qty - sum(shares[first:])
    for place in range(first, len(sizes)):
        extra = min(left, sizes[place] - shares[place])
        shares[place] += extra
        left -= extra
    return shares
