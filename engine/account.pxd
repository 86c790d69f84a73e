# Room for accounts: one row of balances each, and its roster.

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from .venue cimport Balance, Roster, Venue, rarely


cdef inline bint widen(void** rows, size_t old, size_t cap, size_t row) noexcept nogil:
    """Grow a zeroed array of rows; False without memory, then it is as it was."""
    cdef void* grown = realloc(rows[0], cap * row)
    if grown == NULL:
        return False
    memset(<char*>grown + old * row, 0, (cap - old) * row)
    rows[0] = grown
    return True


cdef inline bint account_grow(Venue* v, uint32_t account) noexcept nogil:
    cdef size_t old = v.accounts_cap
    cdef size_t cap = old + old // 2 + 8
    if cap <= account:
        cap = <size_t>account + 1
    if cap > v.accounts_max:
        cap = v.accounts_max
    if not widen(<void**>&v.balances, old, cap, v.assets_cap * sizeof(Balance)):
        return False
    if not widen(<void**>&v.funded, old, cap, sizeof(uint8_t)):
        return False
    if not widen(<void**>&v.rosters, old, cap, sizeof(Roster)):
        return False
    v.accounts_cap = <uint32_t>cap
    return True


cdef inline bint account_reserve(Venue* v, uint32_t account) noexcept nogil:
    """Make room for an account number below the limit; False without memory."""
    if rarely(account >= v.accounts_cap and account < v.accounts_max):
        return account_grow(v, account)
    return True


cdef inline bint asset_reserve(Venue* v, uint32_t asset) noexcept nogil:
    """Widen every account's row to an asset number; False without memory."""
    cdef uint32_t old = v.assets_cap
    cdef uint32_t wide = asset + 1
    cdef uint32_t account
    cdef Balance* grown
    if wide <= old:
        return True
    grown = <Balance*>calloc(<size_t>v.accounts_cap * wide, sizeof(Balance))
    if grown == NULL:
        return False
    for account in range(v.accounts_cap):
        memcpy(
            grown + <size_t>account * wide, v.balances + <size_t>account * old,
            old * sizeof(Balance)
        )
    free(v.balances)
    v.balances = grown
    v.assets_cap = wide
    return True
