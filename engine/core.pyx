"""The compiled matching engine; docs/matching.md says what every command does.

The work is done in the `.pxd` files beside this one, one noun each, inlined here. Nothing in them
touches Python: a command is a pure function of the venue's memory.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from .account cimport account_reserve, asset_reserve
from .ahead cimport Ahead, ahead_init, look_ahead
from .book cimport level_after
from .checksum cimport checksum_of
from .entry cimport advance
from .idmap cimport IDS_END, id_find, ids_bytes, ids_free, keys_bytes
from .ladder cimport ladder_init
from .leaving cimport bury_all
from .money cimport balance_at
from .pool cimport pool_free, pool_init
from .roster cimport roster_reserve
from .room cimport room_reserve
from .run cimport run
from .table cimport int_of, order_row, place_order, put_external, put_order, wide_of
from .venue cimport *
from .waiting cimport settle_all

from .code import Allocation
from .rules import BookRules
from .snapshot import Rows, digest_of, pack, unpack


cdef inline Command blank(uint8_t op) noexcept:
    cdef Command c
    memset(&c, 0, sizeof(Command))
    c.op = op
    return c


def checksum(data) -> int:
    """Return a 64-bit checksum of the whole 8-byte words of a buffer (of drained events)."""
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        return checksum_of(<const char*>view.buf, view.len)
    finally:
        PyBuffer_Release(&view)


cdef class Engine:
    """A venue of many books, compiled.

    `orders_max` bounds open orders, `events_max` the pending events at which a command raises
    BufferError before anything is done, `accounts_max` the account numbers. Beside more than `near`
    orders, or half as many levels, the engine puts more off until memory has answered
    (docs/matching.md, 11); that changes its speed and nothing else. MemoryError before a
    command leaves all as it was; in the midst of one it leaves an engine that takes no more.
    """

    def __cinit__(
        self, *, uint32_t orders_max=1 << 22, size_t events_max=1 << 20,
        uint32_t accounts_max=1 << 16, uint32_t near=4096
    ):
        memset(&self.v, 0, sizeof(Venue))
        self.v.orders_max = orders_max
        self.v.events_max = events_max
        self.v.accounts_max = accounts_max
        self.v.coming_least = IDS_END
        self.v.levels_least = 1
        self.v.orders_near = near
        self.v.orders_far = 16 * min(near, 1 << 27)
        self.v.levels_near = near // 2
        self.v.levels_most = self.v.levels_near
        self.alone = type(self) is Engine
        pool_init(&self.v.orders, sizeof(Order))
        pool_init(&self.v.extras, sizeof(Extra))
        pool_init(&self.v.levels, sizeof(Level))
        pool_init(&self.v.externals, sizeof(External))
        pool_init(&self.v.nodes, sizeof(Node))
        self.v.assets_cap = 2
        self.v.leaves = <LeafEntry*>calloc(LEAVES, sizeof(LeafEntry))
        if self.v.leaves == NULL:
            raise MemoryError
        self._reserve_account(0)
        # What is asked of memory ahead may be about nobody: then it is about account 0.
        if not roster_reserve(&self.v, 0):
            raise MemoryError

    def __dealloc__(self):
        cdef uint32_t number
        for number in range(self.v.books_len):
            free(self.v.books[number])
        for number in range(self.v.accounts_cap):
            free(self.v.rosters[number].slots)
        free(self.v.books)
        pool_free(&self.v.orders)
        pool_free(&self.v.extras)
        pool_free(&self.v.levels)
        pool_free(&self.v.externals)
        pool_free(&self.v.nodes)
        ids_free(&self.v)
        free(self.v.balances)
        free(self.v.funded)
        free(self.v.rosters)
        free(self.v.leaves)
        free(self.v.events)
        free(self.v.expiries)
        free(self.v.reached)

    # Room.

    cdef int _begin(self) except -1:
        """Refuse a command while too many events wait, or after memory ran out within one."""
        if self.v.events_len >= self.v.events_max:
            raise BufferError("drain the events first")
        if self.exports:
            raise BufferError("release the view of the events first")
        if self.v.broken:
            raise MemoryError("memory ran out within a command; restore from a snapshot")
        return 0

    cdef int _end(self) except -1:
        if self.v.broken:
            raise MemoryError("memory ran out within a command; restore from a snapshot")
        return 0

    cdef int _leave(self) except -1:
        """Let the pending events out; a subclass may have something to do before."""
        settle_all(&self.v)
        return 0

    cdef int _reserve_account(self, uint32_t account) except -1:
        """Make room for an account number below the limit."""
        if not account_reserve(&self.v, account):
            raise MemoryError
        return 0

    cdef int _reserve_asset(self, uint32_t asset) except -1:
        """Widen every account's row to an asset number."""
        if not asset_reserve(&self.v, asset):
            raise MemoryError
        return 0

    def add_instrument(self, rules) -> int:
        """Add a book; returns its number. Raises ValueError beyond 65,536 of them."""
        cdef Book** books
        cdef Book* book
        cdef int ladder
        if not isinstance(rules, BookRules):
            raise TypeError("rules must be BookRules")
        if self.v.books_len >= INSTRUMENTS_MAX:
            raise ValueError("too many instruments")
        self._reserve_asset(max(rules.base, rules.quote))
        books = <Book**>realloc(self.v.books, (self.v.books_len + 1) * sizeof(Book*))
        if books == NULL:
            raise MemoryError
        self.v.books = books
        book = <Book*>calloc(1, sizeof(Book))
        if book == NULL:
            raise MemoryError
        book.number = self.v.books_len
        book.base = rules.base
        book.quote = rules.quote
        book.base_unit = rules.base_unit
        book.quote_unit = rules.quote_unit
        book.pro_rata = rules.allocation == Allocation.PRO_RATA
        book.top_order = rules.top_order
        book.min_share = rules.min_share
        book.collar = rules.collar
        book.halt_band = rules.halt_band
        book.maker_fee = rules.maker_fee
        book.taker_fee = rules.taker_fee
        book.hold_fee = max(rules.maker_fee, rules.taker_fee, 0)
        book.notional_max = (<int64_t>1 << 62) // book.quote_unit
        book.queue_model = rules.queue_model
        for ladder in range(4):
            ladder_init(&book.ladder[ladder], book.number, ladder)
        books[self.v.books_len] = book
        self.v.books_len += 1
        return book.number

    # The doors of every command. A subclass that must know of all commands overrides these.

    cdef int _command(self, const Command* c) except -1:
        """Run one command record, its time left aside; returns its result code."""
        cdef int code
        self._begin()
        code = self._run(c)
        self.v.single = False
        if rarely(self.v.broken):
            self._end()
        return code

    cdef Py_ssize_t _batch(self, const char* records, size_t count) except -1:
        """Run command records; returns how many ran before the events were full."""
        cdef size_t at
        cdef Command copy
        cdef const Command* c
        # A buffer need not be aligned: then each record is copied to where it is.
        cdef bint aligned = (<size_t>records) % 8 == 0
        cdef Ahead ahead
        cdef bint looking
        self._begin()
        self.v.single = False
        settle_all(&self.v)
        looking = self.v.books_len and room_reserve(&self.v)
        ahead_init(&self.v, &ahead)
        for at in range(count):
            c = <const Command*>(records + at * sizeof(Command))
            if not aligned:
                memcpy(&copy, c, sizeof(Command))
                c = &copy
            elif looking:
                look_ahead(&self.v, &ahead, c, at, count - at)
            if self.v.events_len >= self.v.events_max:
                return at
            if c.time > self.v.now:
                advance(&self.v, c.time)
                # A command that only moves time has run by now.
                if self.v.events_len >= self.v.events_max and c.op != OP_ADVANCE:
                    return at
            if rarely(run(&self.v, c) < 0):
                raise MemoryError
            if rarely(self.v.broken):
                self._end()
        return count

    cdef int _run(self, const Command* c) except -1:
        cdef int code = run(&self.v, c)
        if code < 0:
            raise MemoryError
        return code

    # Commands about orders.

    def new(
        self, uint16_t instrument, uint64_t order_id, uint32_t account, uint8_t side,
        int64_t price, int64_t qty, uint8_t type=0, uint8_t tif=0, uint8_t stp=0,
        uint8_t post_only=0, int64_t display=0, int64_t stop_price=0, int64_t expire_at=0
    ) -> int:
        """Enter an order; returns 0 or the reason of its refusal."""
        cdef Command c
        c.op = OP_NEW
        c.side = side
        c.type = type
        c.tif = tif
        c.stp = stp
        c.post_only = post_only
        c.instrument = instrument
        c.account = account
        c.reserved = 0
        c.id = order_id
        c.price = price
        c.qty = qty
        c.stop_price = stop_price
        c.display = display
        c.expire_at = expire_at
        c.time = 0
        self.v.single = self.alone
        return self._command(&c)

    def cancel(self, uint64_t order_id) -> int:
        """Cancel an open order."""
        cdef Command c = blank(OP_CANCEL)
        c.id = order_id
        self.v.single = self.alone
        return self._command(&c)

    def cancel_all(self, uint16_t instrument, uint32_t account) -> int:
        """Cancel an account's open orders of one instrument, in the order of acceptance."""
        cdef Command c = blank(OP_CANCEL_ALL)
        c.instrument = instrument
        c.account = account
        return self._command(&c)

    def replace(self, uint64_t order_id, int64_t price, int64_t qty) -> int:
        """Change an open order's limit and open quantity; KEEP leaves one as it is."""
        cdef Command c = blank(OP_REPLACE)
        c.id = order_id
        c.price = price
        c.qty = qty
        self.v.single = self.alone
        return self._command(&c)

    # Commands about time, state, money and the outside.

    def advance(self, int64_t now) -> int:
        """Move time on (never back) and expire what is due, by (expiry, acceptance)."""
        cdef Command c = blank(OP_ADVANCE)
        c.time = now
        return self._command(&c)

    def end_of_day(self, uint16_t instrument) -> int:
        """Expire the DAY orders of a book in the order of acceptance."""
        cdef Command c = blank(OP_END_OF_DAY)
        c.instrument = instrument
        return self._command(&c)

    def set_state(self, uint16_t instrument, int64_t state) -> int:
        """Change a book's trading state; opening it runs the uncross."""
        cdef Command c = blank(OP_SET_STATE)
        c.instrument = instrument
        c.qty = state
        return self._command(&c)

    def deposit(self, uint32_t account, int64_t asset, int64_t amount) -> int:
        """Credit an account with smallest units of an asset; it is limited from then on."""
        cdef Command c = blank(OP_DEPOSIT)
        c.account = account
        c.price = asset
        c.qty = amount
        return self._command(&c)

    def external_set(self, uint16_t instrument, uint8_t side, int64_t price, int64_t shown) -> int:
        """Set the lots that the outside shows at a price."""
        cdef Command c = blank(OP_EXTERNAL_SET)
        c.instrument = instrument
        c.side = side
        c.price = price
        c.qty = shown
        return self._command(&c)

    def external_print(self, uint16_t instrument, uint8_t side, int64_t price, int64_t qty) -> int:
        """Report an outside trade against resting `side`; it may fill our orders there."""
        cdef Command c = blank(OP_EXTERNAL_PRINT)
        c.instrument = instrument
        c.side = side
        c.price = price
        c.qty = qty
        return self._command(&c)

    def external_clear(self, uint16_t instrument, uint8_t side, int64_t price) -> int:
        """Forget what our orders took from the outside at a price."""
        cdef Command c = blank(OP_EXTERNAL_CLEAR)
        c.instrument = instrument
        c.side = side
        c.price = price
        return self._command(&c)

    def batch(self, commands) -> int:
        """Run 72-byte command records; returns how many ran before the events were full.

        Takes any C-contiguous buffer whose length is a multiple of 72 bytes, such as an array of
        `numpy.dtype(COMMAND_DTYPE)`; raises ValueError for another length.
        """
        cdef Py_buffer view
        PyObject_GetBuffer(commands, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(Command):
                raise ValueError("a batch is a whole number of 72-byte commands")
            return self._batch(<const char*>view.buf, view.len // sizeof(Command))
        finally:
            PyBuffer_Release(&view)

    # Events.

    @property
    def pending(self) -> int:
        """Events not yet drained."""
        return self.v.events_len

    def __getbuffer__(self, Py_buffer* view, int flags):
        """Show the pending events where they are; while one looks, no command may run."""
        cdef void* start = self.v.events if self.v.events != NULL else <void*>&self.v
        self._leave()
        PyBuffer_FillInfo(view, self, start, self.v.events_len * sizeof(Event), 1, flags)
        self.exports += 1

    def __releasebuffer__(self, Py_buffer* view):
        self.exports -= 1

    def clear(self) -> None:
        """Forget the pending events."""
        if self.exports:
            raise BufferError("release the view of the events first")
        settle_all(&self.v)
        self.v.events_len = 0

    def drain(self) -> bytes:
        """Return the pending events as records and forget them."""
        self._leave()
        data = PyBytes_FromStringAndSize(NULL, self.v.events_len * sizeof(Event))
        if self.v.events_len:
            memcpy(PyBytes_AS_STRING(data), self.v.events, self.v.events_len * sizeof(Event))
        self.clear()
        return data

    # What can be read.

    @property
    def sequence(self) -> int:
        """Sequence of the newest event."""
        return self.v.sequence

    @property
    def now(self) -> int:
        """The engine's time in ns."""
        return self.v.now

    @property
    def visited_nodes(self) -> int:
        """Price-index nodes visited so far."""
        return self.v.visited

    @property
    def memory_bytes(self) -> int:
        """Bytes held for open orders: orders, extras, levels, index nodes, ids and rosters."""
        cdef size_t total = ids_bytes(&self.v) + keys_bytes(&self.v)
        total += self.v.roster_slots * sizeof(uint32_t)
        for pool in (self.v.orders, self.v.extras, self.v.levels, self.v.externals, self.v.nodes):
            total += <size_t>pool.cap * pool.item
        return total

    @property
    def open_count(self) -> int:
        """Open orders."""
        return self.v.open_orders

    def is_open(self, uint64_t order_id) -> bool:
        """Whether an order rests or waits."""
        return id_find(&self.v, order_id) != 0

    def depth(self, uint32_t instrument, int side, int64_t levels_max) -> list:
        """Return (price, displayed lots, orders) of our levels, best first."""
        cdef Book* book = self._book(instrument)
        cdef uint32_t slot
        cdef Level* level
        if side != SIDE_BUY and side != SIDE_SELL:
            raise ValueError("side is 0 or 1")
        settle_all(&self.v)
        levels = []
        slot = book.best[side]
        while slot and len(levels) < levels_max:
            level = level_at(&self.v, slot)
            if level.head:
                levels.append((level.price, level.displayed, level.count))
            slot = level_after(&self.v, book, side, slot)
        return levels

    def balance(self, uint32_t account, uint32_t asset) -> tuple:
        """Return an account's (total, reserved) of an asset in smallest units."""
        cdef Balance* balance
        settle_all(&self.v)
        if account >= self.v.accounts_cap or asset >= self.v.assets_cap:
            return 0, 0
        balance = balance_at(&self.v, account, asset)
        return int_of(&balance.total), int_of(&balance.reserved)

    def open_orders(self) -> list:
        """Return the open orders as the snapshot's rows, in its order."""
        return self.rows().orders

    def state(self, uint32_t instrument) -> tuple:
        """Return a book's (trading state, last trade price or 0)."""
        cdef Book* book = self._book(instrument)
        return book.state, book.last

    cdef Book* _book(self, uint32_t instrument) except NULL:
        if instrument >= self.v.books_len:
            raise IndexError("no such instrument")
        return self.v.books[instrument]

    # The whole state.

    def rows(self):
        """Return the whole state as tables."""
        cdef uint32_t number
        settle_all(&self.v)
        bury_all(&self.v)
        rows = Rows(
            self.v.sequence, self.v.entries, self.v.now, self.v.orders_max, self.v.events_max,
            self.v.accounts_max,
        )
        self._money_rows(rows)
        for number in range(self.v.books_len):
            self._book_rows(rows, number)
        return rows

    cdef int _money_rows(self, rows) except -1:
        cdef uint32_t account
        cdef uint32_t asset
        for account in range(self.v.accounts_cap):
            if self.v.funded[account]:
                rows.funded.append(account)
            for asset in range(self.v.assets_cap):
                total, reserved = self.balance(account, asset)
                if total or reserved:
                    rows.balances.append((account, asset, total, reserved))
        return 0

    cdef int _book_rows(self, rows, uint32_t number) except -1:
        cdef Book* book = self.v.books[number]
        cdef uint32_t slot
        cdef uint32_t at
        cdef int ladder
        cdef External* outside
        rules = BookRules(
            book.base, book.quote, book.base_unit, book.quote_unit, book.pro_rata,
            book.top_order, book.min_share, book.collar, book.halt_band, book.maker_fee,
            book.taker_fee, book.queue_model,
        )
        rows.instruments.append((*rules.row(), book.state, book.last))
        waiting = []
        for ladder in range(4):
            slot = book.best[ladder]
            while slot:
                at = level_at(&self.v, slot).head
                while at:
                    into = rows.orders if ladder < 2 else waiting
                    into.append(order_row(&self.v, order_at(&self.v, at)))
                    at = order_at(&self.v, at).next
                if level_at(&self.v, slot).external:
                    outside = external_at(&self.v, level_at(&self.v, slot).external)
                    rows.externals.append((
                        number, ladder, level_at(&self.v, slot).price, outside.shown,
                        outside.taken, outside.printed,
                    ))
                slot = level_after(&self.v, book, ladder, slot)
        rows.orders += sorted(waiting, key=_entry_of)
        return 0

    def snapshot(self) -> bytes:
        """Return the whole state, pending events left out, as canonical bytes."""
        return pack(self.rows())

    def state_hash(self) -> int:
        """Return the 64-bit hash of the state: equal states, equal hashes, in both twins."""
        return digest_of(self.snapshot())

    @classmethod
    def restore(cls, snapshot):
        """Build the engine that took a snapshot; raises SnapshotError for broken bytes."""
        rows = unpack(snapshot)
        cdef Engine engine = cls(
            orders_max=rows.orders_max, events_max=rows.events_max,
            accounts_max=rows.accounts_max,
        )
        engine._put_rows(rows)
        return engine

    cdef int _put_rows(self, rows) except -1:
        self.v.sequence = rows.sequence
        self.v.entries = rows.entries
        self.v.now = rows.now
        for *rules, state, last in rows.instruments:
            number = self.add_instrument(BookRules(*rules))
            self.v.books[<uint32_t>number].state = state
            self.v.books_halted += <int>state == STATE_HALTED
            self.v.books[<uint32_t>number].last = last
        for account in rows.funded:
            self._reserve_account(account)
            self.v.funded[<uint32_t>account] = 1
        for account, asset, total, reserved in rows.balances:
            self._reserve_account(account)
            self._reserve_asset(asset)
            wide_of(&balance_at(&self.v, account, asset).total, total)
            wide_of(&balance_at(&self.v, account, asset).reserved, reserved)
        # Accounts list their orders by acceptance, levels by place in the queue.
        for row in sorted(rows.orders, key=_entry_of):
            self._reserve_account(row[2])
            put_order(&self.v, row)
        for number, side, price, shown, taken, printed in rows.externals:
            put_external(
                &self.v, number, side, price, shown, taken, printed
            )
        for row in rows.orders:
            place_order(&self.v, row)
        return 0


def _entry_of(row):
    return row[16]
