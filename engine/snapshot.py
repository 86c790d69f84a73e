"""The engine's whole state as canonical bytes: two equal states give equal bytes.

Layout: the magic, a table count's worth of rows for each section, and the BLAKE2b-64 digest of
all before it, which is the state hash. Little endian. Both twins write and read it.
"""

import struct
from dataclasses import dataclass, field
from hashlib import blake2b

MAGIC = b"XQENGIN1"
_HEAD = struct.Struct("<QQqQQQ")
_COUNT = struct.Struct("<Q")
_RULES = struct.Struct("<14q")
_FUNDED = struct.Struct("<Q")
_BALANCE = struct.Struct("<QQ16s16s")
_ORDER = struct.Struct("<QQQ6B2x8q")
_EXTERNAL = struct.Struct("<QQqqqq")
_DIGEST_BYTES = 8


class SnapshotError(ValueError):
    """The bytes are not a whole snapshot of this version."""


@dataclass(slots=True)
class Rows:
    """A state as tables.

    instruments: the rules' fields, then state and last trade price (0: none).
    funded: accounts that have had a deposit, ascending.
    balances: (account, asset, total, reserved), ascending, rows of two zeros left out; an asset is
    a number below `rules.ASSETS_MAX`, which is no part of the layout.
    orders: (id, instrument, account, side, type, tif, stp, post_only, waiting, price, stop_price,
    open, peak, visible, ahead, expire_at, entry): for each instrument the resting orders, bids then
    asks, from the best price, in queue order; then its waiting stops by entry.
    externals: (instrument, side, price, shown, taken, printed), sides and prices as above.
    """

    sequence: int = 0
    entries: int = 0
    now: int = 0
    orders_max: int = 0
    events_max: int = 0
    accounts_max: int = 0
    instruments: list[tuple[int, ...]] = field(default_factory=list)
    funded: list[int] = field(default_factory=list)
    balances: list[tuple[int, int, int, int]] = field(default_factory=list)
    orders: list[tuple[int, ...]] = field(default_factory=list)
    externals: list[tuple[int, ...]] = field(default_factory=list)


def pack(rows: Rows) -> bytes:
    """Return the canonical bytes of a state."""
    head = _HEAD.pack(
        rows.sequence,
        rows.entries,
        rows.now,
        rows.orders_max,
        rows.events_max,
        rows.accounts_max,
    )
    wide = [
        (account, asset, _wide(total), _wide(reserved))
        for account, asset, total, reserved in rows.balances
    ]
    parts = [MAGIC, head]
    for layout, table in (
        (_RULES, rows.instruments),
        (_FUNDED, [(account,) for account in rows.funded]),
        (_BALANCE, wide),
        (_ORDER, rows.orders),
        (_EXTERNAL, rows.externals),
    ):
        parts.append(_COUNT.pack(len(table)))
        parts += [layout.pack(*row) for row in table]
    body = b"".join(parts)
    return body + blake2b(body, digest_size=_DIGEST_BYTES).digest()


def unpack(data: bytes) -> Rows:
    """Read canonical bytes; raises SnapshotError when they are cut, altered or of another kind."""
    body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if not data.startswith(MAGIC):
        raise SnapshotError("not an engine snapshot of this version")
    if blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
        raise SnapshotError("the snapshot's digest does not fit its bytes")
    offset = len(MAGIC)
    rows = Rows(*_HEAD.unpack_from(body, offset))
    offset += _HEAD.size
    tables = []
    for layout in (_RULES, _FUNDED, _BALANCE, _ORDER, _EXTERNAL):
        (count,) = _COUNT.unpack_from(body, offset)
        end = offset + _COUNT.size + count * layout.size
        tables.append(list(layout.iter_unpack(body[offset + _COUNT.size : end])))
        offset = end
    rows.instruments = tables[0]
    rows.funded = [account for (account,) in tables[1]]
    rows.balances = [(row[0], row[1], _narrow(row[2]), _narrow(row[3])) for row in tables[2]]
    rows.orders = tables[3]
    rows.externals = tables[4]
    return rows


def digest_of(snapshot: bytes) -> int:
    """Return the state hash that a snapshot ends with."""
    return int.from_bytes(snapshot[-_DIGEST_BYTES:], "little")


def _wide(amount: int) -> bytes:
    return amount.to_bytes(16, "little", signed=True)


def _narrow(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)
