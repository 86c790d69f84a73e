"""The naive twin of the engine: slow, plain, and the oracle that the compiled one is held to."""

from typing import Self

from .code import AMOUNT_MAX, PRICE_MAX, QTY_MAX, Kind, Op, Reason, Side, State, Tif
from .naive_book import Book, Order
from .naive_orders import OrderDesk
from .record import COMMAND, Command
from .rules import ASSETS_MAX, BookRules
from .snapshot import Rows, digest_of, pack, unpack


class NaiveEngine(OrderDesk):
    """A venue of many books; see docs/matching.md for what every command does.

    `orders_max` bounds open orders, `events_max` the pending events at which a command raises
    BufferError before anything is done, `accounts_max` the account numbers.
    """

    def __init__(
        self, *, orders_max: int = 1 << 22, events_max: int = 1 << 20, accounts_max: int = 1 << 16
    ) -> None:
        super().__init__(orders_max=orders_max, events_max=events_max, accounts_max=accounts_max)

    def add_instrument(self, rules: BookRules) -> int:
        """Add a book; returns its number. Raises ValueError beyond 65,536 of them."""
        if len(self.books) >= 1 << 16:
            raise ValueError("too many instruments")
        self.books.append(Book(rules))
        return len(self.books) - 1

    def advance(self, now: int) -> int:
        """Move time on (never back) and expire what is due, by (expiry, acceptance)."""
        self.begin()
        self.now = max(self.now, now)
        due = [o for o in self.orders.values() if o.tif == Tif.GTD and o.expire_at <= self.now]
        for order in sorted(due, key=lambda order: (order.expire_at, order.entry)):
            self.expire_order(order)
        return Reason.OK

    def end_of_day(self, instrument: int) -> int:
        """Expire the DAY orders of a book in the order of acceptance."""
        self.begin()
        if instrument >= len(self.books):
            return self.refuse(Reason.BAD_INSTRUMENT, instrument)
        for order in self.by_entry():
            if order.tif == Tif.DAY and order.instrument == instrument:
                self.expire_order(order)
        return Reason.OK

    def set_state(self, instrument: int, state: int) -> int:
        """Change a book's trading state; opening it runs the uncross."""
        self.begin()
        if instrument >= len(self.books):
            return self.refuse(Reason.BAD_INSTRUMENT, instrument)
        if not 0 <= state <= max(State):
            return self.refuse(Reason.BAD_COMMAND, instrument)
        if state == State.OPEN:
            self.open_book(instrument)
            self.settle_stops(instrument)
        else:
            self.set_book_state(instrument, state)
        return Reason.OK

    def deposit(self, account: int, asset: int, amount: int) -> int:
        """Credit an account with smallest units of an asset; it is limited from then on."""
        self.begin()
        if not 0 < account < self.accounts_max:
            return self.refuse(Reason.BAD_ACCOUNT, 0)
        if not 0 <= asset < ASSETS_MAX:
            return self.refuse(Reason.BAD_COMMAND, 0)
        if not 0 < amount <= AMOUNT_MAX:
            return self.refuse(Reason.BAD_QTY, 0)
        self.ledger.deposit(account, asset, amount)
        self.emit(Kind.DEPOSITED, 0, other=account, price=asset, qty=amount)
        return Reason.OK

    def check_external(self, instrument: int, side: int, price: int, qty: int) -> int:
        """Return the first reason against an external figure, or 0."""
        if instrument >= len(self.books):
            return Reason.BAD_INSTRUMENT
        if side > max(Side):
            return Reason.BAD_TYPE
        if not 0 < price <= PRICE_MAX:
            return Reason.BAD_PRICE
        unit = self.books[instrument].rules.quote_unit
        if not 0 <= qty <= QTY_MAX or price * qty * unit > AMOUNT_MAX:
            return Reason.BAD_QTY
        return Reason.OK

    def external_set(self, instrument: int, side: int, price: int, shown: int) -> int:
        """Set the lots that the outside shows at a price."""
        self.begin()
        reason = self.check_external(instrument, side, price, shown)
        if reason:
            return self.refuse(reason, instrument)
        self.set_shown(self.books[instrument], side, price, shown)
        return Reason.OK

    def external_print(self, instrument: int, side: int, price: int, qty: int) -> int:
        """Report an outside trade against resting `side`; it may fill our orders there."""
        self.begin()
        reason = self.check_external(instrument, side, price, qty)
        if reason:
            return self.refuse(reason, instrument)
        if self.books[instrument].state != State.OPEN:
            return self.refuse(Reason.HALTED, instrument)
        self.print_outside(self.books[instrument], side, price, qty)
        self.settle_stops(instrument)
        return Reason.OK

    def external_clear(self, instrument: int, side: int, price: int) -> int:
        """Forget what our orders took from the outside at a price."""
        self.begin()
        reason = self.check_external(instrument, side, price, 0)
        if reason:
            return self.refuse(reason, instrument)
        self.clear_taken(self.books[instrument], side, price)
        return Reason.OK

    # Many commands at once.

    def batch(self, commands: bytes | bytearray | memoryview) -> int:
        """Run 72-byte command records; returns how many ran before the events were full."""
        count = 0
        for fields in COMMAND.iter_unpack(commands):
            command = Command._make(fields)
            if len(self.events) >= self.events_max:
                break
            if command.time > self.now:
                self.advance(command.time)
                # A command that only moves time has run by now.
                if len(self.events) >= self.events_max and command.op != Op.ADVANCE:
                    break
            self.run(command)
            count += 1
        return count

    def run(self, c: Command) -> int:  # noqa: PLR0911 - one line an operation
        """Run one command record at the present time."""
        match c.op:
            case Op.NEW:
                terms = (c.type, c.tif, c.stp, c.post_only, c.display, c.stop_price, c.expire_at)
                return self.new(c.instrument, c.id, c.account, c.side, c.price, c.qty, *terms)
            case Op.CANCEL:
                return self.cancel(c.id)
            case Op.REPLACE:
                return self.replace(c.id, c.price, c.qty)
            case Op.CANCEL_ALL:
                return self.cancel_all(c.instrument, c.account)
            case Op.ADVANCE:
                return Reason.OK
            case Op.END_OF_DAY:
                return self.end_of_day(c.instrument)
            case Op.SET_STATE:
                return self.set_state(c.instrument, c.qty)
            case Op.DEPOSIT:
                return self.deposit(c.account, c.price, c.qty)
            case Op.EXTERNAL_SET:
                return self.external_set(c.instrument, c.side, c.price, c.qty)
            case Op.EXTERNAL_PRINT:
                return self.external_print(c.instrument, c.side, c.price, c.qty)
            case Op.EXTERNAL_CLEAR:
                return self.external_clear(c.instrument, c.side, c.price)
            case _:
                return self.refuse(Reason.BAD_COMMAND, c.instrument, order=c.id)

    # What can be read.

    def depth(self, instrument: int, side: int, levels_max: int) -> list[tuple[int, int, int]]:
        """Return (price, displayed lots, orders) of our levels, best first."""
        levels = [level for level in self.books[instrument].levels(side) if level.orders]
        return [(lv.price, lv.displayed, len(lv.orders)) for lv in levels[:levels_max]]

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """Return an account's (total, reserved) of an asset in smallest units."""
        key = (account, asset)
        return self.ledger.total.get(key, 0), self.ledger.reserved.get(key, 0)

    def open_orders(self) -> list[tuple[int, ...]]:
        """Return the open orders as the snapshot's rows, in its order."""
        return self.rows().orders

    def is_open(self, order_id: int) -> bool:
        """Whether an order rests or waits."""
        return order_id in self.orders

    def state(self, instrument: int) -> tuple[int, int]:
        """Return a book's (trading state, last trade price or 0)."""
        book = self.books[instrument]
        return book.state, book.last

    # The whole state.

    def rows(self) -> Rows:
        """Return the whole state as tables."""
        rows = Rows(
            self.sequence,
            self.entries,
            self.now,
            self.orders_max,
            self.events_max,
            self.accounts_max,
        )
        rows.funded = sorted(self.ledger.funded)
        keys = sorted(self.ledger.total.keys() | self.ledger.reserved.keys())
        balances = [(*key, *self.balance(*key)) for key in keys]
        rows.balances = [row for row in balances if row[2] or row[3]]
        for number, book in enumerate(self.books):
            rows.instruments.append((*book.rules.row(), book.state, book.last))
            for side in Side:
                for level in book.levels(side):
                    rows.orders += [_order_row(order) for order in level.orders]
                    if level.shown:
                        outside = (level.shown, level.taken, level.printed)
                        rows.externals.append((number, side, level.price, *outside))
            waiting = sorted(book.stops.values(), key=lambda order: order.entry)
            rows.orders += [_order_row(order) for order in waiting]
        return rows

    def snapshot(self) -> bytes:
        """Return the whole state, pending events left out, as canonical bytes."""
        return pack(self.rows())

    def state_hash(self) -> int:
        """Return the 64-bit hash of the state: equal states, equal hashes, in both twins."""
        return digest_of(self.snapshot())

    @classmethod
    def restore(cls, snapshot: bytes) -> Self:
        """Build the engine that took a snapshot; raises SnapshotError for broken bytes."""
        rows = unpack(snapshot)
        engine = cls(
            orders_max=rows.orders_max,
            events_max=rows.events_max,
            accounts_max=rows.accounts_max,
        )
        engine.sequence, engine.entries, engine.now = rows.sequence, rows.entries, rows.now
        for *rules, state, last in rows.instruments:
            engine.add_instrument(BookRules(*rules))
            engine.books[-1].state, engine.books[-1].last = state, last
        engine.ledger.funded = set(rows.funded)
        for account, asset, total, reserved in rows.balances:
            engine.ledger.total[account, asset] = total
            engine.ledger.reserved[account, asset] = reserved
        for number, side, price, *outside in rows.externals:
            level = engine.books[number].level(side, price)
            level.shown, level.taken, level.printed = outside
        for row in rows.orders:
            engine.put_back(row)
        return engine

    def put_back(self, row: tuple[int, ...]) -> None:
        """Place one order of a snapshot."""
        (order_id, instrument, account, side, kind, tif, stp, post_only, waiting) = row[:9]
        (price, stop_price, lots, peak, visible, ahead, expire_at, entry) = row[9:]
        order = Order(
            id=order_id,
            instrument=instrument,
            account=account,
            side=side,
            type=kind,
            tif=tif,
            stp=stp,
            post_only=post_only,
            price=price,
            stop_price=stop_price,
            open=lots,
            peak=peak,
            expire_at=expire_at,
            entry=entry,
        )
        order.visible, order.ahead = visible, ahead
        order.waiting, order.resting = bool(waiting), not waiting
        self.orders[order.id] = order
        book = self.books[order.instrument]
        if waiting:
            book.stops[order.id] = order
        else:
            book.level(order.side, order.price).orders.append(order)


def _order_row(order: Order) -> tuple[int, ...]:
    return (
        order.id,
        order.instrument,
        order.account,
        order.side,
        order.type,
        order.tif,
        order.stp,
        order.post_only,
        int(order.waiting),
        order.price,
        order.stop_price,
        order.open,
        order.peak,
        order.visible,
        order.ahead,
        order.expire_at,
        order.entry,
    )
