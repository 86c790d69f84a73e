"""Parts of lists: every list has a limit, and a cursor for what follows."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from .route import BadRequestError, Call, Parameter
from .schemas import Page

#: What may be asked for at once is little enough to hold up no frame of a venue for long.
ITEMS_MAX = 200
LIMIT = Parameter("limit", "integer", "items at most", 100, 1, ITEMS_MAX)
CURSOR = Parameter(
    "cursor", "text", "`next` of the part before", pattern="[0-9]{1,18}", length_max=18
)
PAGED = (LIMIT, CURSOR)

Item = TypeVar("Item")
Source = TypeVar("Source")


def page(call: Call, items: Sequence[Source], row: Callable[[Source], Item]) -> Page[Item]:
    """Return the part of a list that was asked for; a cursor is a place in the list.

    Only that part becomes rows.
    """
    first, limit = _first(call), call.number("limit")
    part = [row(one) for one in items[first : first + limit]]
    more = len(items) > first + limit
    return {"items": part, "next": str(first + limit) if more else None}


def newest(call: Call, entries: Iterable[Source], row: Callable[[Source], Any]) -> Page[Any]:
    """Return the part of a list that grows at its front: a cursor is the id that was last seen.

    `entries` are the newest first, from the cursor on; a row has an `id`.
    """
    limit = call.number("limit")
    rows = [row(one) for one in islice(entries, limit + 1)]
    more = len(rows) > limit
    return {"items": rows[:limit], "next": str(rows[limit - 1]["id"]) if more else None}


def before(call: Call) -> int:
    """Return the id below which a growing list goes on, beyond all ids without a cursor."""
    return _first(call) if call.text("cursor") else 1 << 62


def _first(call: Call) -> int:
    given = call.text("cursor")
    if given and not given.isdecimal():
        raise BadRequestError("cursor: expected `next` of the part before")
    return int(given) if given else 0
