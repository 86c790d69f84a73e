"""The agents of one venue, compiled: they draw their orders and send them straight to the engine.

Every draw is rounded to a whole number before it is used; rates and excitement, which only time the
actions, are floats. `plain_flow` is the same in plain Python, and both send the same orders.
"""

from libc.math cimport exp, log
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from engine.core cimport Engine
from engine.idmap cimport id_find
from engine.money cimport balance_at, xq_wide_low
from engine.venue cimport (
    OP_ADVANCE, OP_CANCEL, OP_NEW, OP_REPLACE, STP_CANCEL_TAKER, TIF_GTC, TIF_IOC, TYPE_LIMIT,
    TYPE_MARKET, Command, level_at,
)
from sim.exchange.tape cimport Tape

from .agents import Agents, check

cdef extern from *:
    """
    #define XQ_KEEP_FIELD INT64_MIN
    """
    int64_t KEEP "XQ_KEEP_FIELD"

cdef enum:
    CREW = 8
    LAYERS = 16
    MAKERS = 0
    NOISE = 1
    TAKERS = 2
    INFORMED = 3
    MOMENTUM = 4
    RUN_MAX = 256
    RETREAT_MAX = 16
    AVERAGE_UNIT = 256

cdef double EXCITEMENT_MAX = 20.0
cdef double WHOLE = 2.0 ** -53


cdef struct Terms:
    int64_t rate
    int64_t maker_weight
    int64_t noise_weight
    int64_t taker_weight
    int64_t informed_weight
    int64_t momentum_weight
    int64_t excite
    int64_t fade_ms
    int64_t spread
    int64_t makers
    int64_t layers
    int64_t layer_gap
    int64_t lean_lots
    int64_t lean_max
    int64_t levels
    int64_t gap
    int64_t curve
    int64_t near
    int64_t swell
    int64_t lots
    int64_t taker_lots
    int64_t run
    int64_t edge
    int64_t chase
    int64_t place
    int64_t withdrawn
    int64_t taker_side

cdef struct Place:
    uint64_t id
    int64_t price

cdef struct Lane:
    Terms a
    uint64_t draws
    int64_t fair
    int64_t sharp
    double excitement
    double ceiling
    int64_t excited_ns
    int64_t run_left
    int64_t average
    int64_t unit
    uint32_t asset
    int run_side
    Place* noise
    Place quotes[2 * CREW * LAYERS]

cdef struct Due:
    int64_t at
    size_t number


# Draws.

cdef inline uint64_t word(Lane* lane) noexcept nogil:
    cdef uint64_t z
    lane.draws += <uint64_t>0x9E3779B97F4A7C15ULL
    z = lane.draws
    z = (z ^ (z >> 30)) * <uint64_t>0xBF58476D1CE4E5B9ULL
    z = (z ^ (z >> 27)) * <uint64_t>0x94D049BB133111EBULL
    return z ^ (z >> 31)


cdef inline int64_t below(Lane* lane, int64_t bound) noexcept nogil:
    return <int64_t>(((word(lane) >> 32) * <uint64_t>bound) >> 32)


cdef inline bint chance(Lane* lane, int64_t thousandths) noexcept nogil:
    return below(lane, 1000) < thousandths


cdef inline int64_t exponential(Lane* lane, double mean) noexcept nogil:
    return <int64_t>(mean * -log(<double>((word(lane) >> 11) + 1) * WHOLE))


cdef inline int64_t size_of(int64_t value) noexcept nogil:
    return -value if value < 0 else value


cdef inline int64_t noise_lots(Lane* lane, int64_t index) noexcept nogil:
    return 1 + exponential(lane, <double>(lane.a.lots + lane.a.lots * index * lane.a.swell // 1024))


cdef inline bint passed(const Lane* lane, const Place* place, int side) noexcept nogil:
    """Tell whether the fair price has gone through an order's."""
    return place.price > lane.fair if side == 0 else place.price < lane.fair


cdef inline bint sooner(const Due* a, const Due* b) noexcept nogil:
    return a.at < b.at or (a.at == b.at and a.number < b.number)


cdef class Flow:
    """The agents of one venue, over its engine and its tape.

    `agents` and `seeds` are one a listing, in the engine's order; `assets` the (number, units in a
    lot) of each base asset. Forty accounts from `first_account` on are theirs, five kinds of eight.
    Raises ValueError for agents that cannot be.
    """

    cdef Engine engine
    cdef Tape tape
    cdef Lane* lanes
    cdef size_t count
    cdef Due* due
    cdef size_t due_len
    cdef uint32_t first
    cdef readonly int64_t orders

    def __cinit__(self, Engine engine not None, Tape tape not None, agents, seeds, assets,
                  uint32_t first_account):
        cdef size_t at
        cdef size_t count = len(agents)
        cdef Lane* lane
        if not len(agents) == len(seeds) == len(assets) or count != engine.v.books_len:
            raise ValueError("agents, a seed and an asset for each listing")
        self.engine = engine
        self.tape = tape
        self.first = first_account
        self.lanes = <Lane*>calloc(count + 1, sizeof(Lane))
        self.due = <Due*>calloc(count + 1, sizeof(Due))
        if self.lanes == NULL or self.due == NULL:
            raise MemoryError
        for at in range(count):
            lane = self.lanes + at
            lane.a = self._terms(agents[at])
            lane.draws = seeds[at]
            lane.asset, lane.unit = assets[at]
            lane.noise = <Place*>calloc(2 * <size_t>lane.a.levels, sizeof(Place))
            self.count = at + 1
            if lane.noise == NULL:
                raise MemoryError
            if lane.unit < 1:
                raise ValueError("a lot is at least one unit")

    def __dealloc__(self):
        cdef size_t at
        for at in range(self.count):
            free(self.lanes[at].noise)
        free(self.lanes)
        free(self.due)

    cdef Terms _terms(self, agents) except *:
        cdef Terms a
        names = check(agents)
        (
            a.rate, a.maker_weight, a.noise_weight, a.taker_weight, a.informed_weight,
            a.momentum_weight, a.excite, a.fade_ms, a.spread, a.makers, a.layers, a.layer_gap,
            a.lean_lots, a.lean_max, a.levels, a.gap, a.curve, a.near, a.swell, a.lots, a.taker_lots, a.run,
            a.edge, a.chase, a.place, a.withdrawn, a.taker_side,
        ) = names
        return a

    cdef Lane* _lane(self, size_t listing) except NULL:
        if listing >= self.count:
            raise IndexError("no such listing")
        return self.lanes + listing

    def set_fair(self, size_t listing, int64_t fair, int64_t sharp) -> None:
        """Tell what a listing is worth to its makers and to the informed, in ticks."""
        cdef Lane* lane = self._lane(listing)
        lane.fair = fair
        lane.sharp = sharp

    def set_agents(self, size_t listing, agents) -> None:
        """Change how a listing is traded; `levels` stays as it was."""
        cdef Lane* lane = self._lane(listing)
        cdef int64_t levels = lane.a.levels
        lane.a = self._terms(agents)
        lane.a.levels = levels

    def open(self, int64_t now_ns) -> None:
        """Place the opening orders, then let every listing begin; once the fairs are known."""
        cdef size_t number
        cdef int64_t index
        cdef int side
        cdef Lane* lane
        if self.due_len:
            raise ValueError("the flow is open already")
        self._advance(now_ns)
        for number in range(self.count):
            lane = self.lanes + number
            lane.average = lane.fair * AVERAGE_UNIT
            lane.excited_ns = now_ns
            for side in range(2):
                for index in range(lane.a.levels):
                    if chance(lane, lane.a.place):
                        self._place_noise(number, lane, side, index)
            self._schedule(number, lane, now_ns)

    def run(self, int64_t to_ns) -> None:
        """Let everything happen that is due until a time."""
        cdef size_t number
        cdef int64_t now_ns
        cdef Lane* lane
        cdef double base
        while self.due_len and self.due[0].at <= to_ns:
            now_ns = self.due[0].at
            number = self.due[0].number
            self._drop_due()
            lane = self.lanes + number
            self._advance(now_ns)
            lane.excitement *= exp(
                -(<double>(now_ns - lane.excited_ns) / (<double>lane.a.fade_ms * 1e6))
            )
            lane.excited_ns = now_ns
            base = <double>lane.a.rate / 1e12
            if <double>(word(lane) >> 11) * WHOLE * lane.ceiling < base + lane.excitement:
                self._act(number, lane)
            self._schedule(number, lane, now_ns)

    # Time: a binary heap of the next times, by (time, listing).

    cdef int _advance(self, int64_t now_ns) except -1:
        cdef Command c
        memset(&c, 0, sizeof(Command))
        c.op = OP_ADVANCE
        c.time = now_ns
        self.engine._command(&c)
        return self.tape.read()

    cdef void _schedule(self, size_t number, Lane* lane, int64_t now_ns) noexcept:
        """Draw the next time at which something may happen: thinning from the present rate."""
        cdef size_t at = self.due_len
        cdef Due due
        lane.ceiling = <double>lane.a.rate / 1e12 + lane.excitement
        due.at = now_ns + 1 + exponential(lane, 1.0 / lane.ceiling)
        due.number = number
        self.due_len += 1
        while at and sooner(&due, self.due + (at - 1) // 2):
            self.due[at] = self.due[(at - 1) // 2]
            at = (at - 1) // 2
        self.due[at] = due

    cdef void _drop_due(self) noexcept:
        cdef size_t at = 0
        cdef size_t child
        cdef Due last
        self.due_len -= 1
        last = self.due[self.due_len]
        while 2 * at + 1 < self.due_len:
            child = 2 * at + 1
            if child + 1 < self.due_len and sooner(self.due + child + 1, self.due + child):
                child += 1
            if not sooner(self.due + child, &last):
                break
            self.due[at] = self.due[child]
            at = child
        self.due[at] = last

    cdef int _act(self, size_t number, Lane* lane) except -1:
        cdef Terms* a = &lane.a
        cdef int64_t bid
        cdef int64_t ask
        cdef int64_t pick = below(
            lane,
            a.maker_weight + a.noise_weight + a.taker_weight + a.informed_weight
            + a.momentum_weight,
        )
        if pick < a.maker_weight:
            return self._make(number, lane)
        pick -= a.maker_weight
        if pick < a.noise_weight:
            return self._stir(number, lane)
        pick -= a.noise_weight
        bid = self._best(number, 0)
        ask = self._best(number, 1)
        if pick < a.taker_weight:
            return self._take(number, lane, bid, ask)
        pick -= a.taker_weight
        if pick < a.informed_weight:
            return self._exploit(number, lane, bid, ask)
        return self._follow(number, lane, bid, ask)

    # Makers.

    cdef int _make(self, size_t number, Lane* lane) except -1:
        cdef int64_t maker = below(lane, lane.a.makers)
        cdef int side = <int>below(lane, 2)
        cdef int64_t layer = below(lane, lane.a.layers)
        cdef int64_t other = below(lane, lane.a.layers)
        cdef int64_t price
        cdef int64_t qty
        cdef Place* place
        if other < layer:
            layer = other
        if self._protect(lane, maker, side):
            return 0
        price = self._quote_price(number, lane, maker, side, layer)
        qty = 1 + exponential(lane, <double>lane.a.lots)
        place = &lane.quotes[(maker * 2 + side) * LAYERS + layer]
        if price < 1:
            return 0
        if not id_find(&self.engine.v, place.id):
            return self._new(number, place, MAKERS, maker, side, price, qty, 1)
        if size_of(price - place.price) <= 1 + layer * lane.a.layer_gap // 4:
            price = KEEP
        return self._move(place, price, qty)

    cdef bint _protect(self, Lane* lane, int64_t maker, int side) except *:
        """Pull a maker's quotes that the fair price has passed, or all that it withdraws."""
        cdef bint pulled = False
        cdef bint wanted
        cdef int64_t layer
        cdef Place* place
        for layer in range(lane.a.layers):
            place = &lane.quotes[(maker * 2 + side) * LAYERS + layer]
            wanted = not lane.a.withdrawn and not passed(lane, place, side)
            if not wanted and id_find(&self.engine.v, place.id):
                self._cancel(place.id)
                pulled = True
        return pulled or lane.a.withdrawn

    cdef int64_t _quote_price(
        self, size_t number, Lane* lane, int64_t maker, int side, int64_t layer
    ) noexcept:
        cdef int64_t away = layer * lane.a.layer_gap
        cdef int64_t half = lane.a.spread // 2
        cdef int64_t price
        cdef int64_t other = self._best(number, 1 - side)
        if layer:
            away += below(lane, lane.a.layer_gap)
        price = lane.fair - self._lean(lane, maker)
        if side == 0:
            price -= half + away
            return other - 1 if other and other - 1 < price else price
        price += lane.a.spread - half + away
        return other + 1 if other + 1 > price else price

    cdef int64_t _lean(self, Lane* lane, int64_t maker) noexcept:
        cdef uint32_t account = self.first + MAKERS * CREW + <uint32_t>maker
        cdef int64_t held
        cdef int64_t lean
        if account >= self.engine.v.accounts_cap:
            return 0
        held = <int64_t>xq_wide_low(&balance_at(&self.engine.v, account, lane.asset).total)
        lean = size_of(held) // lane.unit // lane.a.lean_lots
        if lean > lane.a.lean_max:
            lean = lane.a.lean_max
        return lean if held >= 0 else -lean

    # Noise.

    cdef int _stir(self, size_t number, Lane* lane) except -1:
        cdef int side = <int>below(lane, 2)
        cdef int64_t bid = self._best(number, 0)
        cdef int64_t ask = self._best(number, 1)
        cdef int64_t index
        cdef Place* place
        if bid and ask - bid > lane.a.spread and chance(lane, 250):
            return self._step_in(number, lane, side, bid, ask)
        index = exponential(lane, <double>lane.a.near) % lane.a.levels
        if not chance(lane, 800):
            index = below(lane, lane.a.levels)
        place = lane.noise + side * lane.a.levels + index
        if not id_find(&self.engine.v, place.id):
            if chance(lane, lane.a.place):
                return self._place_noise(number, lane, side, index)
            return 0
        if chance(lane, 300) or passed(lane, place, side):
            return self._cancel(place.id)
        return self._move(place, KEEP, noise_lots(lane, index))

    cdef int _step_in(
        self, size_t number, Lane* lane, int side, int64_t bid, int64_t ask
    ) except -1:
        """Offer a better price than the best, near the other side."""
        cdef Place* place = lane.noise + side * lane.a.levels
        cdef int64_t away = 1 + below(lane, (ask - bid) // 4 + 1)
        cdef int64_t price = ask - away if side == 0 else bid + away
        cdef int64_t qty = noise_lots(lane, 0)
        cdef int64_t member = below(lane, CREW)
        if id_find(&self.engine.v, place.id):
            return self._move(place, price, qty)
        return self._new(number, place, NOISE, member, side, price, qty, 0)

    cdef int _place_noise(self, size_t number, Lane* lane, int side, int64_t index) except -1:
        cdef int64_t away = lane.a.gap * index + lane.a.curve * index * index // 1024
        cdef int64_t price
        cdef int64_t qty
        cdef int64_t member
        away += below(lane, lane.a.gap)
        price = lane.fair - away if side == 0 else lane.fair + 1 + away
        qty = noise_lots(lane, index)
        member = below(lane, CREW)
        if price < 1:
            return 0
        return self._new(
            number, lane.noise + side * lane.a.levels + index, NOISE, member, side, price, qty, 0
        )

    # Takers of three kinds.

    cdef int _take(self, size_t number, Lane* lane, int64_t bid, int64_t ask) except -1:
        """Execute the next part of a run: runs are what gives trade signs their memory."""
        cdef int64_t length = 1
        cdef int64_t best
        cdef int64_t qty
        cdef int64_t member
        cdef bint at_any
        cdef int side
        if lane.run_left == 0:
            while length < RUN_MAX and chance(lane, lane.a.run):
                length *= 2
            lane.run_left = 1 + below(lane, length)
            lane.run_side = <int>below(lane, 2)
        lane.run_left -= 1
        side = lane.run_side if lane.a.taker_side < 0 else <int>lane.a.taker_side
        best = bid if side else ask
        qty = 1 + exponential(lane, <double>lane.a.taker_lots)
        at_any = chance(lane, 200)
        member = below(lane, CREW)
        if not best:
            return 0
        return self._aggress(number, lane, TAKERS, member, side, 0 if at_any else best, qty)

    cdef int _exploit(self, size_t number, Lane* lane, int64_t bid, int64_t ask) except -1:
        """Trade what the unlagged price has passed, or do as the makers do."""
        cdef int side
        cdef int64_t qty
        cdef int64_t member
        if ask and lane.sharp > ask + lane.a.edge:
            side = 0
        elif bid and lane.sharp < bid - lane.a.edge:
            side = 1
        else:
            return self._make(number, lane)
        if chance(lane, 500) and self._retreat(lane, 1 - side):
            return 0
        qty = 1 + exponential(lane, <double>(lane.a.lots * 32))
        member = below(lane, CREW)
        if lane.sharp <= 0:
            return 0
        return self._aggress(number, lane, INFORMED, member, side, lane.sharp, qty)

    cdef int _retreat(self, Lane* lane, int side) except -1:
        """Pull some of the noise that the fair price has passed; returns how many."""
        cdef int pulled = 0
        cdef int64_t index
        cdef Place* place
        for index in range(lane.a.levels):
            place = lane.noise + side * lane.a.levels + index
            if passed(lane, place, side) and id_find(&self.engine.v, place.id):
                self._cancel(place.id)
                pulled += 1
                if pulled == RETREAT_MAX:
                    break
        return pulled

    cdef int _follow(self, size_t number, Lane* lane, int64_t bid, int64_t ask) except -1:
        """Trade in the direction in which the middle left its average, or do as the noise does."""
        cdef int64_t middle = (bid + ask) * (AVERAGE_UNIT // 2)
        cdef int64_t away
        cdef int64_t qty
        cdef int64_t member
        if bid == 0 or ask == 0:
            return self._stir(number, lane)
        lane.average += (middle - lane.average) >> 4
        away = middle - lane.average
        if size_of(away) <= lane.a.chase * AVERAGE_UNIT:
            return self._stir(number, lane)
        qty = 1 + exponential(lane, <double>lane.a.taker_lots)
        member = below(lane, CREW)
        if away > 0:
            return self._aggress(number, lane, MOMENTUM, member, 0, ask, qty)
        return self._aggress(number, lane, MOMENTUM, member, 1, bid, qty)

    # Orders.

    cdef int _aggress(
        self, size_t number, Lane* lane, int kind, int64_t member, int side, int64_t price,
        int64_t qty
    ) except -1:
        """Send an order that is done at once, and excite the others."""
        cdef double most = <double>lane.a.rate / 1e12 * EXCITEMENT_MAX
        cdef Command c
        self._order(&c, number, kind, member, side, price, qty)
        c.type = TYPE_LIMIT if price else TYPE_MARKET
        c.tif = TIF_IOC
        self._send(&c)
        lane.excitement += <double>lane.a.excite / (<double>lane.a.fade_ms * 1e9)
        if lane.excitement > most:
            lane.excitement = most
        return 0

    cdef int _new(
        self, size_t number, Place* place, int kind, int64_t member, int side, int64_t price,
        int64_t qty, int post_only
    ) except -1:
        cdef Command c
        self._order(&c, number, kind, member, side, price, qty)
        c.type = TYPE_LIMIT
        c.tif = TIF_GTC
        c.post_only = <uint8_t>post_only
        place.id = c.id
        place.price = price
        return self._send(&c)

    cdef void _order(
        self, Command* c, size_t number, int kind, int64_t member, int side, int64_t price,
        int64_t qty
    ) noexcept:
        memset(c, 0, sizeof(Command))
        c.op = OP_NEW
        c.instrument = <uint16_t>number
        c.account = self.first + <uint32_t>(kind * CREW + member)
        c.id = self.tape.untracked_id()
        c.side = <uint8_t>side
        c.stp = STP_CANCEL_TAKER
        c.price = price
        c.qty = qty

    cdef int _move(self, Place* place, int64_t price, int64_t qty) except -1:
        cdef Command c
        cdef int code
        memset(&c, 0, sizeof(Command))
        c.op = OP_REPLACE
        c.id = place.id
        c.price = price
        c.qty = qty
        code = self.engine._command(&c)
        if code == 0 and price != KEEP:
            place.price = price
        self.orders += 1
        return self.tape.read()

    cdef int _cancel(self, uint64_t order_id) except -1:
        cdef Command c
        memset(&c, 0, sizeof(Command))
        c.op = OP_CANCEL
        c.id = order_id
        return self._send(&c)

    cdef int _send(self, const Command* c) except -1:
        self.engine._command(c)
        self.orders += 1
        return self.tape.read()

    cdef int64_t _best(self, size_t number, int side) noexcept:
        cdef uint32_t slot = self.engine.v.books[number].best[side]
        return level_at(&self.engine.v, slot).price if slot else 0
