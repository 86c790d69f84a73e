"""What a conversion reads: the source that its words name, as inputs or as market events."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checkpoint
from connectors.payloads import instruments_of_file
from connectors.registry import VENUE_NAMES
from market.catalog import Catalog, CatalogFullError
from market.grid import Grid
from market.inputs import Input
from market.naming import NamingError
from market.rows import RowError
from node import Node, NodeConfig
from replay.convert.errors import DirectionError, Tolerance
from replay.convert.event import Event
from replay.convert.native import NativeSource
from replay.convert.public import PublicSource
from replay.convert.tap import Tap
from replay.convert.tardis_in import TardisSource
from replay.native_format import LOG
from replay.native_reader import NoRecordingError

if TYPE_CHECKING:
    from replay.convert.npz_in import NpzSource
    from replay.convert.parquet_in import ParquetSource

_CSV = (".csv", ".csv.gz", ".csv.zst")


@dataclass(slots=True)
class Reading:
    """How a source is read: what it needs to know, and what is wanted of it."""

    tolerance: Tolerance
    on_read: Callable[[int], None]
    catalog: Catalog = field(default_factory=Catalog)
    venue: str = ""
    instrument: str = ""


class Source:
    """A source of inputs or of events; raises DirectionError, DamageError, OSError.

    `raw` says that it holds the venues' own frames. `size` is the number of bytes that the
    reading's `on_read` hears of.
    """

    def __init__(self, words: list[str], reading: Reading) -> None:
        self._reading = reading
        self._catalog = reading.catalog
        self.wanted = _wanted(reading)
        try:
            self.named = _named(words, reading, self.wanted)
        except NoRecordingError as error:
            raise DirectionError(str(error)) from None
        except FileNotFoundError as error:
            raise DirectionError(f"{error.filename}: {error.strerror}") from None
        self.size = self.named.size
        self.raw = isinstance(self.named, PublicSource | NativeSource)

    def inputs(self) -> Iterator[Input]:
        """Yield the inputs of the wanted venue; only of a raw source."""
        assert isinstance(self.named, PublicSource | NativeSource)
        wanted = self._reading.venue
        for item in self.named.inputs():
            if not wanted or item.source.partition(".")[0] == wanted:
                yield item

    def events(self) -> Iterator[Event]:
        """Yield the events of the wanted venue or instrument."""
        venue, wanted = self._reading.venue, self.wanted
        for event in self._events():
            if (not venue or event.venue == venue) and (
                not wanted or (event.venue, event.symbol) == wanted
            ):
                yield event

    def grids(self, venue: str, symbol: str) -> tuple[Grid, Grid] | None:
        """Return the grids of an instrument where they are known."""
        known = self._catalog.get(venue, symbol)
        return (known.price, known.size) if known is not None else None

    def _events(self) -> Iterator[Event]:
        named = self.named
        tap = Tap()
        if isinstance(named, PublicSource):
            yield from tap.attach(Node(NodeConfig(discover=True), self._catalog), 0)
            yield from tap.feed(named.inputs())
        elif isinstance(named, NativeSource):
            yield from self._of_recording(named, tap)
        else:
            yield from named.events()

    def _of_recording(self, named: NativeSource, tap: Tap) -> Iterator[Event]:
        """Let the recorded node go on from its checkpoints."""
        begun = False
        for part, goes_on in named.parts():
            if not (begun and goes_on):
                try:
                    node = checkpoint.load(part.checkpoint)
                except ValueError as error:
                    raise DirectionError(
                        f"{part.name}: {error}; form C needs no checkpoint: convert to it first"
                    ) from None
                self._catalog = node.catalog
                yield from tap.attach(node, part.head.ts_ns)
                begun = True
            yield from tap.feed(named.inputs_of(part))


def _wanted(reading: Reading) -> tuple[str, str] | None:
    """Return venue and native symbol of the wanted instrument; raises DirectionError."""
    if not reading.instrument:
        return None
    try:
        found = reading.catalog.find(reading.instrument, reading.venue)
    except (NamingError, CatalogFullError) as error:
        raise DirectionError(f"--instrument {reading.instrument}: {error}") from None
    return found.venue, found.native


def _named(
    words: list[str], reading: Reading, wanted: tuple[str, str] | None
) -> "PublicSource | NativeSource | TardisSource | NpzSource | ParquetSource":
    public = _public(words)
    tolerance, on_read = reading.tolerance, reading.on_read
    if public:
        return PublicSource(public, tolerance, on_read)
    if len(words) > 1:
        raise DirectionError("--with is for public files, VENUE=PATH")
    path = Path(words[0])
    names = [one.name for one in path.iterdir()] if path.is_dir() else [path.name]
    if path.is_dir() and any(name.startswith(f"{LOG}-") and ".seg" in name for name in names):
        return NativeSource(path, tolerance, on_read)
    if path.is_dir() and any(name.endswith(".parquet") for name in names):
        parquet_in = needs("pyarrow", "replay.convert.parquet_in")
        made: ParquetSource = parquet_in.ParquetSource(path, tolerance, on_read)
        return made
    if any(name.endswith(_CSV) for name in names):
        return TardisSource(path, tolerance, on_read)
    if path.suffix == ".npz":
        if wanted is None:
            raise DirectionError("an npz file does not name its instrument: give --instrument")
        npz_in = needs("numpy", "replay.convert.npz_in")
        read: NpzSource = npz_in.NpzSource(path, wanted, tolerance, on_read)
        return read
    if not path.exists():
        raise DirectionError(f"{path}: no such file or directory")
    raise DirectionError(
        f"{path}: neither a recording, nor Parquet, CSV or npz; public files are VENUE=PATH"
    )


def _public(words: list[str]) -> list[tuple[str, list[Path]]]:
    """Return the venues and paths of words `VENUE=PATH[,PATH…]`; raises DirectionError."""
    named: dict[str, list[Path]] = {}
    for word in words:
        venue, equals, paths = word.partition("=")
        if not equals or Path(word).exists():
            continue
        if venue not in VENUE_NAMES:
            known = ", ".join(VENUE_NAMES)
            raise DirectionError(f"{word}: unknown venue {venue!r}, one of {known}")
        named.setdefault(venue, []).extend(Path(path) for path in paths.split(",") if path)
    if not all(named.values()):
        raise DirectionError("no path after VENUE=")
    return list(named.items())


def needs(library: str, module: str) -> Any:
    """Return a module that uses an optional library; raises DirectionError without it."""
    if importlib.util.find_spec(library) is None:
        raise DirectionError(
            f"{library} is not installed: pip install '.[convert]' brings what this format needs"
        )
    return importlib.import_module(module)


def catalog_of(path: Path | None) -> Catalog:
    """Return a catalog with the rules of an instruments file; raises DirectionError."""
    catalog = Catalog()
    if path is None:
        return catalog
    try:
        listed, problems = instruments_of_file(path.read_bytes())
        catalog.adopt_all(listed)
    except (RowError, CatalogFullError) as error:
        raise DirectionError(f"--instruments {path}: {error}") from None
    except OSError as error:
        raise DirectionError(f"--instruments {path}: {error.strerror}") from None
    if problems:
        raise DirectionError(f"--instruments {path}: {problems[0]}")
    return catalog
