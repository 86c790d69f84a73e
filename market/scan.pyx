"""The slow paths of the scanner, and the doors through which tests reach it."""

from libc.stdint cimport int64_t, uint64_t

# Nesting which no venue comes near; deeper input is refused.
cdef enum:
    DEPTH_MAX = 64
    YEAR_MAX = 2261


cdef const char *scan_units_slow(
    const char *p, const char *end, const grid_t *grid, int64_t *out, int *status
) noexcept nogil:
    """The whole rule of market.grid.Grid.parse, a byte at a time."""
    cdef int digits = 0, decimals = 0
    cdef bint point = False, off = False
    cdef int64_t value = 0
    cdef unsigned char c
    status[0] = NUMBER_BAD
    while p < end and p[0] != c'"':
        if p[0] == c'.' and digits and not point:
            point = True
            digits = 0
            p += 1
            continue
        c = <unsigned char>(p[0] - 48)
        digits += 1
        if c > 9 or digits > DIGITS_MAX:
            return NULL
        if not point or decimals < grid.decimals:
            if value > (UNITS_MAX - c) // 10:
                return NULL
            value = value * 10 + c
            decimals += point
        elif c:
            if digits > DECIMALS_MAX:
                return NULL
            off = True
        p += 1
    if p >= end or digits == 0:
        return NULL
    while decimals < grid.decimals:
        if value > UNITS_MAX // 10:
            return NULL
        value *= 10
        decimals += 1
    if off or value % grid.step:
        status[0] = NUMBER_OFF_GRID
        return NULL
    out[0] = value // grid.step
    status[0] = NUMBER_OK
    return p + 1


cdef uint64_t _bytes(int n) noexcept nogil:
    """Return a mask of the `n` lowest bytes."""
    return <uint64_t>0xFFFFFFFFFFFFFFFF if n >= 8 else (<uint64_t>1 << (8 * n)) - 1


cdef void learn_shape(
    const char *p, const char *end, const grid_t *grid, shape_t *shape
) noexcept nogil:
    """Take the shape of the number at `p`; `whole` stays 0 where the fast reading cannot serve."""
    cdef int whole = 0, fraction = 0, kept
    shape.whole = 0
    if grid.decimals < 1 or grid.decimals > 8:
        return
    while p < end and whole < 8 and 48 <= p[whole] <= 57:
        whole += 1
    if whole == 0 or whole > 7 or p[whole] != c'.':
        return
    p += whole + 1
    while p < end and fraction < 9 and 48 <= p[fraction] <= 57:
        fraction += 1
    if fraction == 0 or fraction > 8 or p[fraction] != c'"':
        return
    kept = min(fraction, grid.decimals)
    shape.whole, shape.fraction = whole, fraction
    shape.whole_mask = _bytes(whole)
    shape.fraction_mask = _bytes(fraction)
    shape.kept_mask = _bytes(kept)
    shape.kept_shift = 8 * (8 - grid.decimals)
    shape.whole_shift = 8 * (8 - grid.decimals - whole) if whole + grid.decimals <= 8 else -1


cdef const char *_skip_string(const char *p, const char *end) noexcept nogil:
    p += 1
    while p < end:
        if p[0] == c'"':
            return p + 1
        if p[0] == c'\\':
            p += 1
        p += 1
    return NULL


cdef const char *skip_value(const char *p, const char *end) noexcept nogil:
    """Step over one JSON value of any kind; its inside is checked for balance only."""
    cdef int depth = 0
    cdef char c
    while p < end:
        c = p[0]
        if c == c'"':
            p = _skip_string(p, end)
            if p == NULL:
                return NULL
        elif c == c'{' or c == c'[':
            depth += 1
            if depth > DEPTH_MAX:
                return NULL
            p += 1
            continue
        elif c == c'}' or c == c']':
            if depth == 0:
                return NULL
            depth -= 1
            p += 1
        elif c == c',' or c == c':' or c <= 32:
            if depth == 0:
                return NULL
            p += 1
            continue
        else:
            while p < end and p[0] > 32 and p[0] != c',' and p[0] != c'}' and p[0] != c']':
                p += 1
        if depth == 0:
            return p
    return NULL


cdef int64_t _days(int64_t year, int64_t month, int64_t day) noexcept nogil:
    """Days since 1970-01-01 in the proleptic Gregorian calendar (years from March, eras of 400)."""
    cdef int64_t era, yoe, doy
    if month <= 2:
        year -= 1
        month += 9
    else:
        month -= 3
    era = year // 400
    yoe = year - era * 400
    doy = (153 * month + 2) // 5 + day - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468


cdef int _month_days(int64_t year, int month) noexcept nogil:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


cdef inline int _two(const char *p) noexcept nogil:
    if p[0] < 48 or p[0] > 57 or p[1] < 48 or p[1] > 57:
        return -1
    return (p[0] - 48) * 10 + p[1] - 48


cdef const char *scan_time(const char *p, const char *end, int64_t *out) noexcept nogil:
    """Read `"2026-08-09T21:05:48.483587501Z"` (0 to 9 fraction digits) as ns since the epoch.

    Years are 1900 to 2261: later ones do not fit int64 nanoseconds.
    """
    cdef int century, years, month, day, hour, minute, second, n = 0
    cdef int64_t fraction = 0
    if end - p < 22 or p[0] != c'"':
        return NULL
    p += 1
    century, years, month, day = _two(p), _two(p + 2), _two(p + 5), _two(p + 8)
    hour, minute, second = _two(p + 11), _two(p + 14), _two(p + 17)
    if century < 19 or years < 0 or century * 100 + years > YEAR_MAX:
        return NULL
    if month < 1 or month > 12 or day < 1 or day > _month_days(century * 100 + years, month):
        return NULL
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
        return NULL
    if p[4] != c'-' or p[7] != c'-' or p[10] != c'T' or p[13] != c':' or p[16] != c':':
        return NULL
    p += 19
    if p[0] == c'.':
        p += 1
        while p[0] >= 48 and p[0] <= 57 and n < 9:
            fraction = fraction * 10 + p[0] - 48
            n += 1
            p += 1
        if n == 0:
            return NULL
    if p[0] != c'Z' or p[1] != c'"':
        return NULL
    while n < 9:
        fraction *= 10
        n += 1
    out[0] = (
        _days(century * 100 + years, month, day) * 86400 + hour * 3600 + minute * 60 + second
    ) * 1000000000 + fraction
    return p + 2


def parse_units(bytes text not None, int decimals, int64_t step):
    """Return (status, units) of quoted decimal text, e.g. b'"12.5"'; for tests against Grid."""
    cdef const char *p = text
    cdef const char *end = p + len(text)
    cdef grid_t grid
    cdef int64_t out = 0
    cdef int status = NUMBER_OK
    grid.decimals = decimals
    grid.step = step
    if p[0] != c'"':
        return NUMBER_BAD, 0
    p = scan_units(p + 1, end, &grid, &out, &status)
    if p == NULL:
        return status, 0
    if p != end:
        return NUMBER_BAD, 0
    return NUMBER_OK, out


def parse_time(bytes text not None):
    """Return ns since the epoch of a quoted ISO time, or None."""
    cdef const char *p = text
    cdef int64_t out = 0
    p = scan_time(p, p + len(text), &out)
    return out if p != NULL else None


def value_length(bytes text not None):
    """Return how many bytes the JSON value at the start of `text` takes, or None."""
    cdef const char *start = text
    cdef const char *p = skip_value(start, start + len(text))
    return p - start if p != NULL else None
