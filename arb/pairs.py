"""Which instruments are compared with which."""

from collections.abc import Iterable, Iterator

from market.instrument import Instrument

#: (first, second, conversion or None): prices of the first are converted into the second's quote.
Triple = tuple[Instrument, Instrument, Instrument | None]


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
            bridged = {new.base, new.quote} == {first.quote, second.quote}
            if bridged and first.quote != second.quote and _comparable(first, second):
                yield from _triple(first, second, [new])


def _comparable(first: Instrument, second: Instrument) -> bool:
    return first.base == second.base and first.venue != second.venue


def _is_spot(instrument: Instrument) -> bool:
    return instrument.kind == "spot"


def _triple(first: Instrument, second: Instrument, books: list[Instrument]) -> Iterator[Triple]:
    """Yield the pair with its conversion book, the converted leg first; nothing without one."""
    if first.quote == second.quote:
        yield first, second, None
        return
    for book in books:
        if not _is_spot(book):
            continue
        if (book.base, book.quote) == (first.quote, second.quote):
            yield first, second, book
            return
        if (book.base, book.quote) == (second.quote, first.quote):
            yield second, first, book
            return
