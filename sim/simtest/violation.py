"""A promise that was broken."""

from typing import NamedTuple


class Violation(NamedTuple):
    """Which rule was broken, after which input (counted from 1), at which virtual time in ns."""

    rule: str
    text: str
    number: int
    at_ns: int
