from books.book cimport Book
from cache.l1 cimport L1
from cache.tape cimport Tape
from libc.stdint cimport int64_t
from market.digest cimport Digest
from market.frame cimport Frame
from market.probe cimport Probe


cdef class Intake:
    cdef object node
    cdef object timers
    cdef object audits
    cdef object board
    cdef object desk
    cdef list edges
    cdef list conversions
    cdef L1 l1
    cdef Tape tape
    cdef Digest digest
    cdef list books
    cdef list owners
    cdef dict touched
    # For a compiled driver, which sets `direct`: the first slot touched is told here, -1 for none,
    # and `quiet` says that no Python code ran, so that there are no effects and no new timers.
    cdef bint direct
    cdef int slot
    cdef bint quiet
    cdef object now
    # While a frame is `measured` the probe is told where each stage of it ends.
    cdef Probe probe
    cdef bint measured
    # Of the link that delivered last; a link keeps these for its life.
    cdef object link
    cdef object decode
    cdef object sequence
    cdef Frame frame
    cdef int index

    cdef int handle(self, object ts_recv, object source, bytes data) except -1
    cdef int _meet(self, object link) except -1
    cdef int _frame(self, object link, bytes data) except -1
    cdef int _apply(self, object link, bytes data, int count) except -1
    cdef int _book(self, object link, int i, int kind, int slot, object logs) except -1
    cdef Book _at(self, int slot)
    cdef int _changed(self, int slot, int changed) except -1
