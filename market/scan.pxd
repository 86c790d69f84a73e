"""Scanning JSON bytes without building Python objects.

Every function takes a cursor `p` and the `end` of a Python bytes object and returns the cursor
behind what it read, or NULL when the bytes are not what was asked for. Python ends each bytes
object with a NUL that belongs to it, so looking at `p[0]` is allowed while `p <= end`; a NUL
matches nothing, therefore no function walks past `end`. Wider loads check their room first.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp, memcpy

cdef extern from *:
    """
    /* The limits of market.grid, and the powers of ten which int64 holds. */
    #define CQ_UNITS_MAX 999999999999999999LL
    #define CQ_DECIMALS_MAX 18
    #define CQ_DIGITS_MAX 40
    static const int64_t CQ_POW10[19] = {
        1LL, 10LL, 100LL, 1000LL, 10000LL, 100000LL, 1000000LL, 10000000LL, 100000000LL,
        1000000000LL, 10000000000LL, 100000000000LL, 1000000000000LL, 10000000000000LL,
        100000000000000LL, 1000000000000000LL, 10000000000000000LL, 100000000000000000LL,
        1000000000000000000LL};
    """
    int __builtin_ctzll(unsigned long long) nogil
    const int64_t UNITS_MAX "CQ_UNITS_MAX"
    const int DECIMALS_MAX "CQ_DECIMALS_MAX"
    const int DIGITS_MAX "CQ_DIGITS_MAX"
    const int64_t *POW10 "CQ_POW10"

ctypedef struct grid_t:
    int decimals
    int64_t step

cdef enum number_status:
    NUMBER_OK = 0
    NUMBER_BAD = 1
    NUMBER_OFF_GRID = 2
    NUMBER_MISSING = 3

cdef const char *scan_units_slow(
    const char *p, const char *end, const grid_t *grid, int64_t *out, int *status
) noexcept nogil

cdef const char *skip_value(const char *p, const char *end) noexcept nogil

cdef const char *scan_time(const char *p, const char *end, int64_t *out) noexcept nogil


cdef inline uint64_t load8(const char *p) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, p, 8)
    return word


cdef inline uint64_t eight_digits(uint64_t d) noexcept nogil:
    """Value of eight digit values (0-9), the first digit in the lowest byte (little endian)."""
    d = d * 10 + (d >> 8)
    return (
        (d & <uint64_t>0x000000FF000000FF) * <uint64_t>0x000F424000000064
        + ((d >> 16) & <uint64_t>0x000000FF000000FF) * <uint64_t>0x0000271000000001
    ) >> 32


cdef inline uint64_t not_digits(uint64_t d) noexcept nogil:
    """High bit of the first byte that is no digit value; bytes behind it may be set wrongly."""
    return ((d + <uint64_t>0x7676767676767676) | d) & <uint64_t>0x8080808080808080


cdef inline const char *skip_space(const char *p) noexcept nogil:
    while p[0] == 32 or p[0] == 9 or p[0] == 10 or p[0] == 13:
        p += 1
    return p


cdef inline const char *expect(const char *p, char c) noexcept nogil:
    """Step over white space, then over `c`, then over white space."""
    if p[0] != c:
        p = skip_space(p)
        if p[0] != c:
            return NULL
    p += 1
    if p[0] <= 32:
        p = skip_space(p)
    return p


cdef inline const char *scan_units(
    const char *p, const char *end, const grid_t *grid, int64_t *out, int *status
) noexcept nogil:
    """Read decimal text behind its opening quote; `out` is in units of the grid.

    Returns the cursor behind the closing quote. On NULL `status` says why. The fast path reads up
    to seven digits, a point and up to eight more digits, eight bytes at a time.
    """
    cdef uint64_t word, d, bad, whole, fraction
    cdef int n, m, k = grid.decimals
    cdef int64_t units
    cdef const char *q
    if end - p < 17 or k > 10:
        return scan_units_slow(p, end, grid, out, status)
    d = load8(p) ^ <uint64_t>0x3030303030303030
    bad = not_digits(d)
    if bad == 0:
        return scan_units_slow(p, end, grid, out, status)
    n = __builtin_ctzll(bad) >> 3
    if n == 0 or p[n] != c'.':
        return scan_units_slow(p, end, grid, out, status)
    whole = eight_digits(d << (8 * (8 - n)))
    q = p + n + 1
    d = load8(q) ^ <uint64_t>0x3030303030303030
    bad = not_digits(d)
    m = __builtin_ctzll(bad) >> 3 if bad else 8
    if m == 0 or q[m] != c'"':
        return scan_units_slow(p, end, grid, out, status)
    if m > k:
        if m < 8:
            d &= (<uint64_t>1 << (8 * m)) - 1
        if d >> (8 * k):
            status[0] = NUMBER_OFF_GRID
            return NULL
        fraction = eight_digits(d << (8 * (8 - k))) if k else 0
    else:
        fraction = eight_digits(d << (8 * (8 - m))) * POW10[k - m]
    units = <int64_t>(whole * POW10[k] + fraction)
    if grid.step != 1:
        if units % grid.step:
            status[0] = NUMBER_OFF_GRID
            return NULL
        units //= grid.step
    out[0] = units
    return q + m + 1


# The shape of the number before: how many digits stand around the point. Numbers of a stream
# mostly keep their shape, and a guessed shape lets the processor run ahead of the cursor.
ctypedef struct shape_t:
    int whole            # digits before the point, 0 while nothing was learnt
    int fraction         # digits behind it
    uint64_t whole_mask
    uint64_t fraction_mask
    uint64_t kept_mask   # of the fraction's digits, those that the grid holds
    int whole_shift      # -1 when whole and kept digits do not fit eight together
    int kept_shift

cdef void learn_shape(
    const char *p, const char *end, const grid_t *grid, shape_t *shape
) noexcept nogil


cdef inline bint read_shaped(
    const char *p, const grid_t *grid, const shape_t *shape, int64_t *out
) noexcept nogil:
    """Read a number of the learnt shape whose point and end were checked; False: read it slowly.

    At least 17 bytes from `p` on must be readable.
    """
    cdef uint64_t w = (load8(p) ^ <uint64_t>0x3030303030303030) & shape.whole_mask
    cdef uint64_t f = (
        load8(p + shape.whole + 1) ^ <uint64_t>0x3030303030303030
    ) & shape.fraction_mask
    cdef int64_t units
    if not_digits(w) | not_digits(f) | (f & ~shape.kept_mask):
        return False
    f = (f & shape.kept_mask) << shape.kept_shift
    if shape.whole_shift >= 0:
        units = <int64_t>eight_digits((w << shape.whole_shift) | f)
    else:
        units = <int64_t>(
            eight_digits(w << (8 * (8 - shape.whole))) * POW10[grid.decimals] + eight_digits(f)
        )
    if grid.step != 1:
        if units % grid.step:
            return False
        units //= grid.step
    out[0] = units
    return True


cdef inline const char *scan_int(const char *p, int64_t *out) noexcept nogil:
    """Read an unsigned integer of up to 18 digits, without leading zeros as JSON has it."""
    cdef uint64_t value = 0
    cdef int n = 0
    cdef unsigned char c = <unsigned char>(p[0] - 48)
    while c <= 9:
        value = value * 10 + c
        n += 1
        if n > 18:
            return NULL
        c = <unsigned char>(p[n] - 48)
    if n == 0 or (n > 1 and p[0] == c'0'):
        return NULL
    out[0] = <int64_t>value
    return p + n


cdef inline bint text_is(const char *text, int size, const char *word, int length) noexcept nogil:
    return size == length and memcmp(text, word, length) == 0


cdef inline int scan_number(
    const char *p, const char *end, const grid_t *grid, int64_t *out
) noexcept nogil:
    """Read a quoted decimal at its opening quote; returns a number_status."""
    cdef int status = NUMBER_OK
    if p == NULL or p[0] != c'"':
        return NUMBER_MISSING
    if scan_units(p + 1, end, grid, out, &status) == NULL:
        return status
    return NUMBER_OK


cdef inline const char *scan_text(const char *p, const char **start, int *size) noexcept nogil:
    """Read a string at its opening quote; strings with escapes or over 4096 bytes are refused."""
    cdef int n = 0
    if p[0] != c'"':
        return NULL
    p += 1
    while p[n] != c'"':
        if <unsigned char>p[n] < 32 or p[n] == c'\\' or n >= 4096:
            return NULL
        n += 1
    start[0] = p
    size[0] = n
    return p + n + 1
