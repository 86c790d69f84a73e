from libc.stdint cimport int64_t, uint64_t


cdef class L2Writer:
    cdef object _file
    cdef dict _slots
    cdef uint64_t[::1] _view
    cdef uint64_t *_words
    cdef int64_t *_grids
    cdef int64_t *_levels
    cdef int64_t _names, _quotes, _depths, _depth_stride, _depth_levels

    cdef int _check(self, int64_t slot, int64_t grade) except -1
    cdef int store_quote(
        self, int64_t index, int64_t bid_price, int64_t bid_size, int64_t ask_price,
        int64_t ask_size, int64_t book_version, int64_t event_ns, int64_t recv_ns,
        int64_t grade_bits, int64_t channel,
    ) except -1
    cdef int restate(self, int64_t index, int64_t grade_bits, int64_t vouched_ns) except -1
    cdef void _put_grid(self, uint64_t *words, int64_t slot) noexcept
    cdef int64_t _take(self, side, int64_t *out) except -1
    cdef void _restate(
        self, uint64_t *words, int grade_word, int64_t grade, int vouched_word, int64_t now_ns
    ) noexcept
