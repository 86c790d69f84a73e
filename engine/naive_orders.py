"""The naive twin's commands about orders: new, cancel, cancel all, replace."""

from .code import (
    AMOUNT_MAX,
    KEEP,
    PRICE_MAX,
    QTY_MAX,
    Kind,
    Reason,
    Side,
    State,
    Stp,
    Tif,
    Type,
)
from .naive_book import Book, Order
from .naive_external import Mirror
from .rules import band_distance

_NO_NEW = (State.HALTED, State.CANCEL_ONLY)


class OrderDesk(Mirror):
    """A mirror that takes orders; see docs/matching.md for what every command does."""

    def __init__(self, *, orders_max: int, events_max: int, accounts_max: int) -> None:
        super().__init__()
        self.orders_max = orders_max
        self.events_max = events_max
        self.accounts_max = accounts_max
        self.entries = 0

    # Small steps that every command uses.

    def begin(self) -> None:
        """Refuse a command while too many events wait to be drained."""
        if len(self.events) >= self.events_max:
            raise BufferError("drain the events first")

    def refuse(self, reason: int, instrument: int, *, order: int = 0) -> int:
        """Report a refusal and return its reason."""
        self.emit(Kind.REJECTED, instrument, id=order, code=reason)
        return reason

    def new(
        self,
        instrument: int,
        order_id: int,
        account: int,
        side: int,
        price: int,
        qty: int,
        type: int = Type.LIMIT,  # noqa: A002 - the field's name in the record
        tif: int = Tif.GTC,
        stp: int = Stp.NONE,
        post_only: int = 0,
        display: int = 0,
        stop_price: int = 0,
        expire_at: int = 0,
    ) -> int:
        """Enter an order; returns 0 or the reason of its refusal."""
        self.begin()
        if instrument >= len(self.books):
            return self.refuse(Reason.BAD_INSTRUMENT, instrument, order=order_id)
        if not 0 < account < self.accounts_max:
            return self.refuse(Reason.BAD_ACCOUNT, instrument, order=order_id)
        order = Order(
            id=order_id,
            instrument=instrument,
            account=account,
            side=side,
            type=type,
            tif=tif,
            stp=stp,
            post_only=post_only,
            price=price,
            stop_price=stop_price,
            open=qty,
            peak=display,
            expire_at=expire_at,
            entry=self.entries + 1,
        )
        reason = self.check_new(self.books[instrument], order)
        if reason:
            return self.refuse(reason, instrument, order=order_id)
        self.accept(order)
        self.settle_stops(instrument)
        return Reason.OK

    def check_new(self, book: Book, order: Order) -> int:  # noqa: PLR0911 - one line a rule
        """Return the first reason against a new order, or 0, in the documented sequence."""
        if book.state in _NO_NEW:
            return Reason.HALTED
        if not order.id:
            return Reason.BAD_ID
        if order.id in self.orders:
            return Reason.DUPLICATE_ID
        reason = self.check_form(order) or self.check_numbers(book, order)
        if reason:
            return reason
        is_stop = order.type in (Type.STOP, Type.STOP_LIMIT)
        if book.state == State.AUCTION and not is_stop and not order.can_rest:
            return Reason.HALTED
        if order.price and self.beyond_collar(book, order.price):
            return Reason.PRICE_BAND
        if order.post_only and book.would_cross(order.side, order.price):
            return Reason.WOULD_CROSS
        if not self.can_pay(book, order):
            return Reason.INSUFFICIENT_BALANCE
        if len(self.orders) >= self.orders_max:
            return Reason.TOO_MANY_ORDERS
        return Reason.OK

    @staticmethod
    def check_form(order: Order) -> int:
        """Check that the order's kinds fit together."""
        known = (
            order.side <= max(Side)
            and order.type <= max(Type)
            and order.tif <= max(Tif)
            and order.stp <= max(Stp)
        )
        post_only_fits = order.type == Type.LIMIT and order.tif not in (Tif.IOC, Tif.FOK)
        display_fits = order.type in (Type.LIMIT, Type.STOP_LIMIT)
        expiry_fits = (order.tif == Tif.GTD) == (order.expire_at > 0) and order.expire_at >= 0
        if not known or not expiry_fits:
            return Reason.BAD_TYPE
        if (order.post_only and not post_only_fits) or (order.peak and not display_fits):
            return Reason.BAD_TYPE
        return Reason.OK

    @staticmethod
    def check_numbers(book: Book, order: Order) -> int:
        """Check quantities, then prices, then their product."""
        if not 0 < order.open <= QTY_MAX or not 0 <= order.peak <= order.open:
            return Reason.BAD_QTY
        has_price = order.type in (Type.LIMIT, Type.STOP_LIMIT)
        has_stop = order.type in (Type.STOP, Type.STOP_LIMIT)
        for needed, price in ((has_price, order.price), (has_stop, order.stop_price)):
            if not (0 < price <= PRICE_MAX if needed else price == 0):
                return Reason.BAD_PRICE
        bound = order.price if has_price else order.stop_price
        if bound * order.open * book.rules.quote_unit > AMOUNT_MAX:
            return Reason.BAD_QTY
        return Reason.OK

    @staticmethod
    def beyond_collar(book: Book, price: int) -> bool:
        """Whether a limit lies too far from the last trade."""
        if not book.rules.collar or not book.last:
            return False
        return abs(price - book.last) > band_distance(book.last, book.rules.collar)

    def can_pay(self, book: Book, order: Order) -> bool:
        """Whether the account covers what the order may need."""
        if order.type == Type.MARKET and order.side == Side.BUY:
            amount = self.market_cost(order)
            return self.ledger.covers(order.account, book.rules.quote, amount)
        price = order.stop_price if order.type == Type.STOP else order.price
        asset, amount = self.ledger.need(book.rules, order, price, order.open)
        return self.ledger.covers(order.account, asset, amount)

    def accept(self, order: Order) -> None:
        """Take an order in: it waits as a stop, expires when already due, or enters."""
        book = self.books[order.instrument]
        self.entries += 1
        self.orders[order.id] = order
        self.ledger.hold(book.rules, order, 1)
        self.emit(
            Kind.ACCEPTED,
            order.instrument,
            id=order.id,
            other=order.account,
            price=order.price,
            qty=order.open,
            remaining=order.open,
            side=order.side,
        )
        if order.type in (Type.STOP, Type.STOP_LIMIT):
            order.waiting = True
            book.stops[order.id] = order
        if order.tif == Tif.GTD and order.expire_at <= self.now:
            self.expire_order(order)
        elif not order.waiting:
            self.enter(order)
        elif book.state == State.OPEN and self.stop_holds(book, order):
            del book.stops[order.id]
            self.reached.append(order)

    def settle_stops(self, instrument: int) -> None:
        """Let reached stops enter one after another; they wait on when the book is not open."""
        book = self.books[instrument]
        while self.reached:
            order = self.reached.pop(0)
            if book.state == State.OPEN:
                self.trigger(book, order)
            else:
                book.stops[order.id] = order

    def trigger(self, book: Book, order: Order) -> None:
        """Turn a reached stop into the order that it stands for, and let it enter."""
        self.emit(
            Kind.TRIGGERED,
            order.instrument,
            id=order.id,
            price=order.stop_price,
            remaining=order.open,
            side=order.side,
        )
        self.ledger.hold(book.rules, order, -1)
        order.type = Type.MARKET if order.type == Type.STOP else Type.LIMIT
        order.stop_price = 0
        order.waiting = False
        if not self.can_pay(book, order):
            del self.orders[order.id]
            self.refuse(Reason.INSUFFICIENT_BALANCE, order.instrument, order=order.id)
            return
        self.ledger.hold(book.rules, order, 1)
        self.enter(order)

    def cancel(self, order_id: int) -> int:
        """Cancel an open order."""
        self.begin()
        order = self.orders.get(order_id)
        if order is None:
            return self.refuse(Reason.UNKNOWN_ORDER, 0, order=order_id)
        if self.books[order.instrument].state == State.HALTED:
            return self.refuse(Reason.HALTED, order.instrument, order=order_id)
        self.cancel_order(order)
        return Reason.OK

    def cancel_all(self, instrument: int, account: int) -> int:
        """Cancel an account's open orders of one instrument, in the order of acceptance."""
        self.begin()
        if instrument >= len(self.books):
            return self.refuse(Reason.BAD_INSTRUMENT, instrument)
        if not 0 < account < self.accounts_max:
            return self.refuse(Reason.BAD_ACCOUNT, instrument)
        if self.books[instrument].state == State.HALTED:
            return self.refuse(Reason.HALTED, instrument)
        for order in self.by_entry():
            if order.account == account and order.instrument == instrument:
                self.cancel_order(order)
        return Reason.OK

    def by_entry(self) -> list[Order]:
        """Return the open orders in the order of acceptance."""
        return sorted(self.orders.values(), key=lambda order: order.entry)

    def replace(self, order_id: int, price: int, qty: int) -> int:
        """Change an open order's limit and open quantity; KEEP leaves one as it is."""
        self.begin()
        order = self.orders.get(order_id)
        if order is None:
            return self.refuse(Reason.UNKNOWN_ORDER, 0, order=order_id)
        book = self.books[order.instrument]
        qty = order.open if qty == KEEP else qty
        if order.type == Type.STOP:
            price, wrong = order.price, price != KEEP
        else:
            price = order.price if price == KEEP else price
            wrong = not 0 < price <= PRICE_MAX
        reason = self.check_replace(book, order, price, qty, wrong_price=wrong)
        if reason:
            return self.refuse(reason, order.instrument, order=order_id)
        if order.waiting or (price == order.price and qty < order.open):
            self.replace_in_place(book, order, price, qty)
        else:
            self.replace_anew(book, order, price, qty)
        self.settle_stops(order.instrument)
        return Reason.OK

    def check_replace(  # noqa: PLR0911 - one line a rule
        self, book: Book, order: Order, price: int, qty: int, *, wrong_price: bool
    ) -> int:
        """Return the first reason against a replace, or 0, in the documented sequence."""
        if book.state in _NO_NEW:
            return Reason.HALTED
        if not 0 < qty <= QTY_MAX:
            return Reason.BAD_QTY
        if wrong_price:
            return Reason.BAD_PRICE
        bound = order.stop_price if order.type == Type.STOP else price
        if bound * qty * book.rules.quote_unit > AMOUNT_MAX:
            return Reason.BAD_QTY
        if price != order.price and self.beyond_collar(book, price):
            return Reason.PRICE_BAND
        if order.post_only and book.would_cross(order.side, price):
            return Reason.WOULD_CROSS
        asset, new_amount = self.ledger.need(book.rules, order, bound, qty)
        old_bound = order.stop_price if order.type == Type.STOP else order.price
        _, old_amount = self.ledger.need(book.rules, order, old_bound, order.open)
        extra = new_amount - old_amount
        if extra > 0 and not self.ledger.covers(order.account, asset, extra):
            return Reason.INSUFFICIENT_BALANCE
        return Reason.OK

    def replace_in_place(self, book: Book, order: Order, price: int, qty: int) -> None:
        """Change an order where it stands."""
        self.ledger.hold(book.rules, order, -1)
        order.price = price
        order.shrink(qty)
        self.ledger.hold(book.rules, order, 1)
        self.emit_replaced(order, price, qty, kept=1)
        if order.resting:
            self.book_event(order, order.visible)

    def replace_anew(self, book: Book, order: Order, price: int, qty: int) -> None:
        """Take an order off the book and let it enter again with its new terms."""
        self.emit_replaced(order, price, qty, kept=0)
        self.unrest(order)
        self.ledger.hold(book.rules, order, -1)
        order.price, order.open = price, qty
        self.ledger.hold(book.rules, order, 1)
        self.enter(order)
