"""Coinbase's order ids: the matching engine's numbers, spelled as version 4 UUIDs and back.

The spelling is a bijection, so that no table of ids is kept: numbers that follow each other give
texts that do not look alike.
"""

import hashlib
import re

_SIZE = 1 << 122  # what a UUID has left besides its version and variant
_FACTOR = 0x2545F4914F6CDD1D_9E3779B97F4A7C15 % _SIZE | 1
_INVERSE = pow(_FACTOR, -1, _SIZE)
_FORM = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})")
_LOW = (1 << 62) - 1


def order_uuid(order_id: int) -> str:
    """Return the UUID of an order id, which is positive and below 2**63."""
    bits = order_id * _FACTOR % _SIZE
    high, low = bits >> 62, bits & _LOW
    text = f"{high >> 12:012x}4{high & 0xFFF:03x}{low | 1 << 63:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def order_number(uuid: str) -> int | None:
    """Return the order id that a UUID spells, None where it spells none."""
    found = _FORM.fullmatch(uuid.lower())
    if found is None:
        return None
    first, second, third, fourth, fifth = found.groups()
    high = int(first + second, 16) << 12 | int(third, 16)
    low = int(fourth + fifth, 16) & _LOW
    number = (high << 62 | low) * _INVERSE % _SIZE
    return number if 0 < number < 1 << 63 else None


def name_uuid(*names: object) -> str:
    """Return the UUID that stands for a name, such as that of a wallet: always the same one."""
    text = "/".join(map(str, names)).encode()
    digits = hashlib.sha256(text).hexdigest()[:32]
    fourth = f"{int(digits[16], 16) & 3 | 8:x}{digits[17:20]}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{fourth}-{digits[20:]}"
