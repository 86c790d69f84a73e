from arb.quoting.manager cimport Manager
from arb.quoting.quoter cimport Quoter
from arb.quoting.signals cimport Signals
from libc.stdint cimport int64_t


cdef class SingleMaker:
    cdef public object config
    cdef public str name
    cdef public tuple slots
    cdef public Signals signals
    cdef public Manager manager
    cdef public object inventory
    cdef public object _trader
    cdef public double _held
    cdef public bint _first
    # Made anew from the above.
    cdef Quoter _quoter
    cdef object _touch_of
    cdef object _switch
    cdef dict _lines
    cdef object _line
    cdef object _lots
    cdef int64_t _whole
    cdef int64_t _tick
    cdef bint _calm(self, tuple touch, int64_t now) except -1
    cdef int _size(self, line) except -1
