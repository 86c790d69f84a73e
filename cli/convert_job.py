"""One conversion: which source, which target, and what lies between them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkpoint
from connectors.payloads import instruments_of_file
from connectors.registry import VENUE_NAMES
from market.catalog import Catalog, CatalogFullError
from market.inputs import Input
from market.rows import RowError
from node import Node, NodeConfig
from replay.convert.errors import DirectionError, Tolerance
from replay.convert.layout import NAME as LAYOUT
from replay.convert.layout import Layout, LayoutWriter
from replay.convert.native import NativeSource, write_native
from replay.convert.output import new_directory, new_file
from replay.convert.public import PublicSource
from replay.convert.public_out import PublicWriter
from replay.native_reader import NoRecordingError

FORMATS = ("native", "public", "form-a", "form-b", "form-c")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beside the source."""

    to: str
    out: Path
    instruments: Path | None = None
    venue: str = ""
    keep_going: bool = False


class Job:
    """A conversion that is about to run; raises DirectionError, OSError.

    `size` is the number of bytes that `on_read` hears of.
    """

    def __init__(
        self, sources: list[str], options: Options, on_read: Callable[[int], None]
    ) -> None:
        self.tolerance = Tolerance(options.keep_going)
        self._options = options
        self._source = _source(sources, self.tolerance, on_read)
        self.size = self._source.size

    def run(self) -> dict[str, Any]:
        """Convert; returns what was written. Raises ConvertError, OSError."""
        to, source = self._options.to, self._source
        if to == "native":
            if isinstance(source, NativeSource):
                raise DirectionError("the source is a native recording already")
            return self._to_native(source)
        if to == "public":
            if not isinstance(source, NativeSource) or not source.laid_out:
                raise DirectionError(
                    "only a recording that came from public files gives them back: it has a"
                    f" {LAYOUT}; choose a form otherwise"
                )
            return self._to_originals(source)
        return self._to_form(to[-1])

    def _inputs(self) -> Iterator[Input]:
        wanted = self._options.venue
        for item in self._source.inputs():
            if not wanted or item.source.partition(".")[0] == wanted:
                yield item

    def _to_native(self, source: PublicSource) -> dict[str, Any]:
        node = Node(NodeConfig(discover=True), _catalog(self._options.instruments))
        with (
            new_directory(self._options.out) as directory,
            new_file(directory / LAYOUT) as sink,
        ):
            inputs = source.inputs(LayoutWriter(sink))
            done = write_native(directory, inputs, node, checkpoint.dump)
        return {"inputs": done.inputs, "digest": f"{done.digest:016x}"}

    def _to_originals(self, source: NativeSource) -> dict[str, Any]:
        layout = Layout(source.directory)
        with new_directory(self._options.out) as directory, ExitStack() as stack:
            sinks = [
                stack.enter_context(new_file(directory / Path(one.name).name))
                for one in layout.files
            ]
            count = layout.write(source.inputs(), sinks)
        return {"inputs": count, "files": [one.name for one in layout.files]}

    def _to_form(self, form: str) -> dict[str, Any]:
        with new_file(self._options.out) as sink:
            writer = PublicWriter(form, sink)
            writer.write(self._inputs())
        return {"lines": writer.lines, "left_out": dict(writer.left_out)}


def _source(
    words: list[str], tolerance: Tolerance, on_read: Callable[[int], None]
) -> PublicSource | NativeSource:
    """Return the source that the words name; raises DirectionError."""
    named: dict[str, list[Path]] = {}
    for word in words:
        venue, equals, paths = word.partition("=")
        if equals and venue in VENUE_NAMES:
            named.setdefault(venue, []).extend(Path(path) for path in paths.split(",") if path)
        elif equals and not Path(word).exists():
            raise DirectionError(
                f"{word}: unknown venue {venue!r}, one of {', '.join(VENUE_NAMES)}"
            )
    try:
        if named:
            if not all(named.values()):
                raise DirectionError("no path after VENUE=")
            return PublicSource(list(named.items()), tolerance, on_read)
        return NativeSource(Path(words[0]), tolerance, on_read)
    except NoRecordingError as error:
        raise DirectionError(str(error)) from None
    except OSError as error:
        raise DirectionError(f"{error.filename}: {error.strerror}") from None


def _catalog(path: Path | None) -> Catalog:
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
