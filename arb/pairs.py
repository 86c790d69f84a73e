"""Which instruments are compared with which."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from market.instrument import Instrument

#: (first, second, conversion or None): prices of the first are converted into the second's quote.
Triple = tuple[Instrument, Instrument, Instrument | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two instrument ids to compare, and that of the book between their quote currencies or ''."""

    first: str
    second: str
    conversion: str = ""


def listed_pairs(
    new: Instrument, known: Iterable[Instrument], wanted: Iterable[Pair]
) -> Iterator[Triple]:
    """Yield those of the wanted pairs that can be compared now that `new` is there.

    A pair of which nothing comes to be, such as one without the conversion it needs, is not there.
    """
    by_id = {one.id: one for one in (*known, new)}
    for pair in wanted:
        ids = (pair.first, pair.second, pair.conversion)
        if new.id not in ids or any(one and one not in by_id for one in ids):
            continue
        first, second = by_id[pair.first], by_id[pair.second]
        if _comparable(first, second):
            yield from _triple(first, second, [by_id[pair.conversion]] if pair.conversion else [])


def pairs_of(new: Instrument, known: Iterable[Instrument]) -> Iterator[Triple]:
    """Yield what can be compared now that `new` is there, in the order of `known`.

    Two instruments compare when they have the same base and stand on different venues; unequal
    quote currencies need a spot book between them. `new` may itself be that book.
    """
    listed = list(known)
    for other in listed:
        if _comparable(other, new):
            yield from _triple(other, new, [*listed, new])
    for at, first in enumerate(listed):
        for second in listed[at + 1 :]:
            if (
                _comparable(first, second)
                and _bridges(new, first, second)
                and not any(_bridges(book, first, second) for book in listed)
            ):
                yield from _triple(first, second, [new])


def _comparable(first: Instrument, second: Instrument) -> bool:
    return first.base == second.base and first.venue != second.venue


def _bridges(book: Instrument, first: Instrument, second: Instrument) -> bool:
    """Whether a spot book stands between the unequal quote currencies of two instruments."""
    between = first.quote != second.quote and {book.base, book.quote} == {
        first.quote,
        second.quote,
    }
    return between and book.kind == "spot"


def _triple(first: Instrument, second: Instrument, books: list[Instrument]) -> Iterator[Triple]:
    """Yield the pair with its conversion book, the converted leg first; nothing without one."""
    if first.quote == second.quote:
        yield first, second, None
        return
    for book in books:
        if _bridges(book, first, second):
            direct = book.base == first.quote
            yield (first, second, book) if direct else (second, first, book)
            return
