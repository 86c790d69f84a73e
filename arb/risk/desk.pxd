from arb.risk.line cimport Line
from libc.stdint cimport int64_t


cdef class RiskDesk:
    cdef readonly object limits
    cdef public object switch
    cdef public dict lines
    cdef public dict refusals
    cdef public dict held
    cdef public object _next_held
    cdef public object _sent
    cdef public dict _venue_slots
    cdef public dict paces
    cdef dict _open
    cdef dict _by_slot
    cdef dict _exposed
    cdef dict _balances
    cdef dict _positions_held
    cdef dict _holdings
    cdef object _portfolio
    cdef object _touch_of
    cdef object _rate_of
    cdef object _notional_max
    cdef object _aggregate_max
    cdef object _exposure_max
    cdef object _position_max
    cdef object _collar_ppb
    cdef object _margin_permille
    cdef object _volume_permille
    cdef Py_ssize_t _open_orders_max
    cdef Py_ssize_t _orders_per_second
    cdef object judge(self, ticket, int64_t now, replacing)
    cdef object _admit(self, Line line, ticket)
    cdef object _price(self, tuple touch, side, price)
    cdef object _bounds(self, Line line, slot, side, price, lots, int64_t now, replacing)
    cdef object _positions(self, Line line, slot, side, lots, unit, replacing)
    cdef object _base_held(self, slot)
    cdef object _exposure(self, slot, bint selling)
    cdef object _aggregate(self, int64_t now, asset, rate)
    cdef object _at_stake(self, slot, Line line, int64_t now)
    cdef bint _reduces(self, Line line, ticket) except -1
    cdef bint _crosses_own(self, slot, side, price, replacing) except -1
    cdef bint _affordable(self, Line line, slot, side, price, lots, replacing) except -1
    cdef bint _margined(self, Line line, slot, side, price, lots) except -1
    cdef object _fat_finger(self, Line line, purpose, lots, int64_t now)
    cdef object _paced(self, now)
