# One command, whatever it is: the room that it needs, then its work.

from libc.stdint cimport uint32_t

from .account cimport account_reserve, asset_reserve
from .control cimport deposit, external, set_state
from .entry cimport advance, cancel, cancel_all, end_of_day, new_order, replace
from .event cimport refuse
from .expiry cimport expiry_reserve
from .room cimport room_reserve
from .roster cimport roster_reserve
from .venue cimport *
from .waiting cimport settle_all


cdef inline bint reserve(Venue* v, const Command* c) noexcept nogil:
    """Promise all the room that a command needs; False without memory."""
    if c.op == OP_NEW or c.op == OP_DEPOSIT:
        if not account_reserve(v, c.account):
            return False
        if c.op == OP_DEPOSIT:
            if 0 <= c.price < ASSETS_MAX and not asset_reserve(v, <uint32_t>c.price):
                return False
        elif c.account < v.accounts_cap and not roster_reserve(v, c.account):
            return False
    if rarely(c.tif == TIF_GTD) and not expiry_reserve(v):
        return False
    return room_reserve(v)


cdef inline int run_other(Venue* v, const Command* c) noexcept nogil:
    """Run a command that is about more than one order; its room was promised."""
    if c.op == OP_CANCEL_ALL:
        return cancel_all(v, c.instrument, c.account)
    if c.op == OP_ADVANCE:
        advance(v, c.time)
        return OK
    if c.op == OP_END_OF_DAY:
        return end_of_day(v, c.instrument)
    if c.op == OP_SET_STATE:
        return set_state(v, c.instrument, c.qty)
    if c.op == OP_DEPOSIT:
        return deposit(v, c.account, c.price, c.qty)
    if OP_EXTERNAL_SET <= c.op <= OP_EXTERNAL_CLEAR:
        return external(
            v, c.op, c.instrument, c.side, c.price, 0 if c.op == OP_EXTERNAL_CLEAR else c.qty
        )
    return refuse(v, BAD_COMMAND, c.instrument, c.id)


cdef inline int run(Venue* v, const Command* c) noexcept nogil:
    """Run a command, its time left aside; returns its result code, or -1 without memory for it."""
    if c.op == OP_CANCEL:
        return cancel(v, c.id)
    if rarely(not reserve(v, c)):
        return -1
    if c.op == OP_NEW:
        return new_order(v, c)
    if c.op == OP_REPLACE:
        return replace(v, c.id, c.price, c.qty)
    settle_all(v)
    return run_other(v, c)
