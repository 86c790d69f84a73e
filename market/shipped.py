"""The table shipped with the project: rules of common instruments, for when nobody stated any.

It is part of the build like the code, a fallback and no truth: venues change their rules, so
anything from a venue or from the user is preferred to it, and finer values refine it.
"""

from functools import cache
from importlib.resources import files

import orjson

from market import instruments_file
from market.instrument import Instrument


@cache
def shipped_instruments() -> tuple[Instrument, ...]:
    """Return the shipped instruments, in the order of the table."""
    value = orjson.loads(files("market").joinpath("shipped.json").read_bytes())
    found, problems = instruments_file.instruments(value, origin="shipped")
    assert not problems, problems
    return tuple(found)
