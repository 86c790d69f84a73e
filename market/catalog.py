"""The catalog: every instrument known, each with the strongest rules that were stated for it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from market.grid import UNITS_MAX, BadNumberError, Grid
from market.instrument import VENUES, Instrument
from market.instruments_file import multiplier
from market.naming import NamingError, native_of, parse_instrument_name, split_native
from market.shipped import shipped_instruments

#: Instruments of one catalog; all six venues together list under 10,000.
INSTRUMENTS_MAX = 50_000

#: Strength of a source of rules; a larger number is believed over a smaller one. ccxt retells a
#: venue's rules, possibly from a cache, so it stands below what the user wrote down.
AUTHORITY = {"inferred": 0, "shipped": 1, "ccxt": 2, "file": 3, "venue": 4}

#: (venue, native symbol).
Key = tuple[str, str]


class CatalogFullError(ValueError):
    """The catalog holds INSTRUMENTS_MAX instruments and takes no new one."""


class UnknownInstrumentError(KeyError):
    """The catalog holds no such instrument."""


@dataclass(frozen=True, slots=True)
class Change:
    """An instrument that was handed out has changed: whoever holds `old` must take `new`.

    Books rescale by `old.factors_to(new)`, checking that their largest values stay within
    UNITS_MAX; (1, 1) means that only names or limits changed.
    """

    old: Instrument
    new: Instrument


@dataclass(slots=True)
class _Entry:
    instrument: Instrument
    #: Someone holds ticks and lots of these grids: from now on they are only refined.
    used: bool = False
    refinements: int = 0


class Catalog:
    """Instruments by (venue, native symbol), in the order in which they became known.

    Sources in their order of authority: the venue's payload, an instruments file, ccxt, the
    shipped table, inference from the symbol. The catalog does no input or output.
    """

    def __init__(self, shipped: Iterable[Instrument] | None = None) -> None:
        """Start empty; `shipped` is the table to fall back to (None: the project's own)."""
        table = shipped_instruments() if shipped is None else shipped
        self._shipped: dict[Key, Instrument] = {(one.venue, one.native): one for one in table}
        self._entries: dict[Key, _Entry] = {}
        self._ids: dict[str, Key] = {}
        self._changes: dict[Key, Instrument] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Instrument]:
        return (entry.instrument for entry in self._entries.values())

    def get(self, venue: str, native: str) -> Instrument | None:
        """Return the instrument as it stands, or None; does not count as handing it out."""
        entry = self._entries.get((venue, native))
        return entry.instrument if entry else None

    def resolve(self, venue: str, native: str) -> Instrument:
        """Return the instrument, from the shipped table or by inference where none was adopted.

        An inferred one has whole-number grids, to be refined by the values seen. Its grids are in
        use from now on. Raises NamingError for a symbol that cannot be split, CatalogFullError.
        """
        entry = self._entries.get((venue, native))
        if entry is None:
            entry = self._add(self._shipped.get((venue, native)) or inferred(venue, native))
        entry.used = True
        return entry.instrument

    def find(self, name: str, venue: str = "") -> Instrument:
        """Return the instrument that a user's text names: id, pair, ccxt name or own symbol.

        Resolves like `resolve`. Raises NamingError, also where the text names no venue.
        """
        bare = (venue, name.strip().upper())
        if bare in self._entries:
            return self.resolve(*bare)
        parsed = parse_instrument_name(name, venue)
        if not parsed.venue:
            raise NamingError(f"{name!r} names no venue, as in {parsed.symbol.pair}.BINANCE")
        native = native_of(parsed.venue, parsed.symbol)
        wanted = f"{parsed.symbol.pair}.{VENUES[parsed.venue]}"
        return self.resolve(*self._ids.get(wanted, (parsed.venue, native)))

    def adopt(self, instrument: Instrument) -> bool:
        """Take an instrument from a source; returns whether anything changed.

        A source at least as strong as the present one replaces names, limits and grids. Grids
        that are in use are merged instead: a value that was once expressible stays so. A
        weaker source changes nothing. Raises CatalogFullError.
        """
        key = (instrument.venue, instrument.native)
        entry = self._entries.get(key)
        if entry is None:
            self._add(instrument)
            return True
        old = entry.instrument
        if AUTHORITY[instrument.origin] < AUTHORITY[old.origin]:
            return False
        new = instrument
        if entry.used:
            new = new.with_grids(old.price.merged(new.price), old.size.merged(new.size))
        return self._replace(key, entry, new)

    def adopt_all(self, instruments: Iterable[Instrument]) -> int:
        """Adopt each; returns how many changed anything. Raises CatalogFullError at the limit."""
        return sum(self.adopt(one) for one in instruments)

    def refine(
        self,
        venue: str,
        native: str,
        price: Grid | None = None,
        size: Grid | None = None,
        *,
        price_top: int = 0,
        size_top: int = 0,
    ) -> Instrument:
        """Return the instrument on grids that also hold the given ones, seen on the wire.

        `price_top` and `size_top` are the largest ticks and lots that anyone holds: a grid on which
        they would pass UNITS_MAX is refused with BadNumberError and changes nothing. A refinement
        is counted once; grids that the present ones hold already change and count nothing.
        Raises UnknownInstrumentError before the instrument was adopted or resolved.
        """
        entry = self._entry(venue, native)
        entry.used = True
        old = entry.instrument
        new = old.with_grids(
            old.price.merged(price) if price else old.price,
            old.size.merged(size) if size else old.size,
        )
        factors = old.factors_to(new)
        if price_top * factors[0] > UNITS_MAX or size_top * factors[1] > UNITS_MAX:
            raise BadNumberError(
                f"{old.id}: the grid {new.price.increment} by {new.size.increment} cannot hold"
                " the values already known"
            )
        if factors != (1, 1):
            entry.refinements += 1
            self._replace((venue, native), entry, new)
        return new

    def refinements(self, venue: str, native: str) -> int:
        """Return how often values seen refined this instrument; raises UnknownInstrumentError."""
        return self._entry(venue, native).refinements

    def take_changes(self) -> list[Change]:
        """Return what changed since the last call among the instruments in use, oldest first."""
        taken = [Change(old, self._entries[key].instrument) for key, old in self._changes.items()]
        self._changes.clear()
        return [change for change in taken if change.old != change.new]

    def _entry(self, venue: str, native: str) -> _Entry:
        entry = self._entries.get((venue, native))
        if entry is None:
            raise UnknownInstrumentError(f"{venue} {native}")
        return entry

    def _add(self, instrument: Instrument) -> _Entry:
        if len(self._entries) >= INSTRUMENTS_MAX:
            raise CatalogFullError(f"no room for {instrument.id}: the limit is {INSTRUMENTS_MAX}")
        key = (instrument.venue, instrument.native)
        entry = self._entries[key] = _Entry(instrument)
        self._ids[instrument.id] = key
        return entry

    def _replace(self, key: Key, entry: _Entry, new: Instrument) -> bool:
        old = entry.instrument
        if new == old:
            return False
        if entry.used:
            self._changes.setdefault(key, old)
        if self._ids.get(old.id) == key:
            del self._ids[old.id]
        self._ids[new.id] = key
        entry.instrument = new
        return True


def inferred(venue: str, native: str) -> Instrument:
    """Return the instrument that the spelling of a symbol suggests; raises NamingError."""
    symbol = split_native(venue, native)
    return Instrument(
        venue=venue,
        native=native,
        base=symbol.base,
        quote=symbol.quote,
        price=Grid(0),
        size=Grid(0),
        kind=symbol.kind,
        expiry=symbol.expiry,
        inverse=symbol.inverse,
        multiplier=multiplier(symbol),
    )
