"""Levels as decimal text: what market.grid does for one number, for a whole side at once.

The plain twin is api.plain_spell.
"""

from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport INT64_MAX, int64_t

cdef enum:
    DECIMALS_MAX = 18


def spell_levels(list levels not None, price, size):
    """Return (price, size) as text for levels of ticks and lots; see the `.pyi`."""
    cdef int64_t price_step = price.step
    cdef int64_t size_step = size.step
    cdef int price_decimals = price.decimals
    cdef int size_decimals = size.decimals
    cdef int64_t ticks, lots
    found = []
    for level in levels:
        ticks, lots = level
        found.append((
            spell(ticks, price_step, price_decimals), spell(lots, size_step, size_decimals)
        ))
    return found


cdef str spell(int64_t units, int64_t step, int decimals):
    """Return units of `step * 10**-decimals` as text without trailing zeros."""
    cdef char text[TEXT_MAX]
    cdef int size = spelled(&text[TEXT_MAX], units, step, decimals)
    return PyUnicode_DecodeASCII(&text[TEXT_MAX - size], size, NULL)


cdef int spelled(char *end, int64_t units, int64_t step, int decimals) except -1:
    """Write that text so that it ends before `end`; returns its size, TEXT_MAX at most."""
    cdef char *at = end
    cdef int left = decimals
    cdef bint shown = False
    cdef int64_t value
    cdef int digit
    if units < 0 or step < 1 or not 0 <= decimals <= DECIMALS_MAX:
        raise ValueError("units are not negative, grids are grids")
    if units > INT64_MAX // step:
        raise OverflowError("more than 63 bits")
    value = units * step
    # From the last digit to the first: zeros behind the point are shown only before another digit.
    while left > 0:
        digit = <int>(value % 10)
        value //= 10
        left -= 1
        if digit or shown:
            at -= 1
            at[0] = <char>(48 + digit)
            shown = True
    if shown:
        at -= 1
        at[0] = 46
    while True:
        at -= 1
        at[0] = <char>(48 + <int>(value % 10))
        value //= 10
        if value == 0:
            break
    return <int>(end - at)
