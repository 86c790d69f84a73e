"""Client ids for venues that take nothing but UUIDs."""

import re
from hashlib import blake2b
from uuid import UUID

from connectors.orders import ClientIds, StrangerError

_FORM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_ID_BITS = 62
_ID_MASK = (1 << _ID_BITS) - 1
_ID_MAX = 10**18


class UuidClientIds:
    """Our ids in the form of a random UUID: 60 bits stand for the prefix, 62 are the id."""

    def __init__(self, ids: ClientIds) -> None:
        """Take the ids whose prefix counts, now or once it is known."""
        self._ids = ids

    def of(self, order: int) -> str:
        """Return the client id of an order; raises ValueError without a prefix, or over 18 digits.

        No order of another prefix has the same, but for a chance of one in 2**60.
        """
        self._ids.of(order)
        return str(UUID(int=self._head() | order))

    def read(self, value: object) -> int:
        """Return our id of a client id; raises StrangerError."""
        if self._ids.prefix and isinstance(value, str) and _FORM.fullmatch(value):
            whole = UUID(value).int
            order = whole & _ID_MASK
            if whole & ~_ID_MASK == self._head() and 0 < order < _ID_MAX:
                return order
        raise StrangerError("no order of ours")

    def _head(self) -> int:
        drawn = int.from_bytes(blake2b(self._ids.prefix.encode(), digest_size=8).digest()) >> 4
        # Version 4, variant 1: what a venue that looks closer expects.
        return (drawn >> 12) << 80 | 4 << 76 | (drawn & 0xFFF) << 64 | 2 << _ID_BITS
