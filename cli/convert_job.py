"""One conversion: which source, which target, and what lies between them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkpoint
from cli.convert_source import Reading, Source, catalog_of, needs
from market.instrument import VENUES
from node import Node, NodeConfig
from replay.convert.book import EventBooks
from replay.convert.errors import DirectionError, Tolerance
from replay.convert.event import Event
from replay.convert.exchange_frames import ExchangeFrames
from replay.convert.layout import NAME as LAYOUT
from replay.convert.layout import Layout, LayoutWriter
from replay.convert.native import NativeSource, Written, write_native
from replay.convert.output import new_directory, new_file, refuse_existing
from replay.convert.public import PublicSource
from replay.convert.public_out import PublicWriter
from replay.convert.tardis import DEFAULT_TYPES
from replay.convert.tardis_in import TardisSource
from replay.convert.tardis_out import TardisWriter

FORMATS = ("native", "public", "form-a", "form-b", "form-c", "tardis", "npz", "parquet")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beside the source."""

    to: str
    out: Path
    instruments: Path | None = None
    venue: str = ""
    instrument: str = ""
    types: tuple[str, ...] = DEFAULT_TYPES
    numbers: str = "text"
    hashes: bool = False
    keep_going: bool = False


class Job:
    """A conversion that is about to run; raises ConvertError, OSError.

    `size` is the number of bytes that `on_read` hears of.
    """

    def __init__(self, words: list[str], options: Options, on_read: Callable[[int], None]) -> None:
        self.tolerance = Tolerance(options.keep_going)
        self._options = options
        refuse_existing(options.out)
        self._catalog = catalog_of(options.instruments)
        reading = Reading(self.tolerance, on_read, self._catalog, options.venue, options.instrument)
        self._source = Source(words, reading)
        self.size = self._source.size
        self._events = 0
        self._books = EventBooks()

    def run(self) -> dict[str, Any]:
        """Convert; returns what was written. Raises ConvertError, OSError."""
        to = self._options.to
        if self._options.instrument and (self._source.raw and to in ("native", "public")):
            raise DirectionError("--instrument does not go with whole frames: they are kept or not")
        if to.startswith("form-"):
            return self._to_form(to[-1])
        makers: dict[str, Callable[[], dict[str, Any]]] = {
            "native": self._to_native,
            "public": self._to_originals,
            "tardis": self._to_tardis,
            "npz": self._to_npz,
            "parquet": self._to_parquet,
        }
        return makers[to]()

    # --- inputs ----------------------------------------------------------------------------------

    def _to_native(self) -> dict[str, Any]:
        named = self._source.named
        if isinstance(named, NativeSource):
            raise DirectionError("the source is a native recording already")
        node = Node(NodeConfig(discover=True), self._catalog)
        with new_directory(self._options.out) as directory:
            if not isinstance(named, PublicSource):
                frames = ExchangeFrames()
                done = write_native(directory, frames.inputs(self._told()), node, checkpoint.dump)
                return self._result(**_recorded(done), left_out=dict(frames.left_out))
            if self._options.venue:
                done = write_native(directory, self._source.inputs(), node, checkpoint.dump)
            else:
                with new_file(directory / LAYOUT) as sink:
                    inputs = named.inputs(LayoutWriter(sink))
                    done = write_native(directory, inputs, node, checkpoint.dump)
        return _recorded(done)

    def _to_originals(self) -> dict[str, Any]:
        named = self._source.named
        if not isinstance(named, NativeSource) or not named.laid_out:
            raise DirectionError(
                "only a recording that came from public files gives them back, by its"
                f" {LAYOUT}; choose a form otherwise"
            )
        layout = Layout(named.directory)
        with new_directory(self._options.out) as directory, ExitStack() as stack:
            sinks = [
                stack.enter_context(new_file(directory / Path(one.name).name))
                for one in layout.files
            ]
            count = layout.write(named.inputs(), sinks)
        return {"inputs": count, "files": [one.name for one in layout.files]}

    def _to_form(self, form: str) -> dict[str, Any]:
        if not self._source.raw:
            raise DirectionError(
                f"form {form.upper()} holds the venue's own frames; the source has none"
            )
        with new_file(self._options.out) as sink:
            writer = PublicWriter(form, sink)
            writer.write(self._source.inputs())
        return {"lines": writer.lines, "left_out": dict(writer.left_out)}

    # --- events ----------------------------------------------------------------------------------

    def _told(self) -> Iterator[Event]:
        """Yield the events on their way, counted."""
        hashes = self._options.hashes
        for event in self._source.events():
            self._events += 1
            if hashes:
                self._books.take(event)
            yield event

    def _result(self, **more: Any) -> dict[str, Any]:
        result: dict[str, Any] = {"events": self._events, **more}
        if isinstance(self._source.named, TardisSource):
            # Rows before an instrument's first snapshot.
            result["skipped"] = self._source.named.skipped
        if self._options.hashes:
            result["books"] = {
                f"{symbol}.{VENUES.get(venue, venue)}": book.last_hash
                for (venue, symbol), book in self._books
            }
        return result

    def _to_tardis(self) -> dict[str, Any]:
        with new_directory(self._options.out) as directory:
            writer = TardisWriter(directory, self._options.types)
            try:
                for event in self._told():
                    writer.take(event)
            finally:
                writer.close()
        return self._result(
            rows=dict(writer.rows), files=writer.files, left_out=dict(writer.left_out)
        )

    def _to_parquet(self) -> dict[str, Any]:
        made = needs("pyarrow", "replay.convert.parquet_out")
        with new_directory(self._options.out) as directory:
            writer = made.ParquetWriter(directory, self._options.numbers, self._source.grids)
            for event in self._told():
                writer.take(event)
            writer.close()
        return self._result(rows=dict(writer.rows))

    def _to_npz(self) -> dict[str, Any]:
        if self._options.out.suffix != ".npz":
            raise DirectionError(f"{self._options.out}: the name must end in .npz")
        made = needs("numpy", "replay.convert.npz_out")
        out = self._options.out
        with new_file(out) as sink, made.NpzWriter(out.parent) as writer:
            for event in self._told():
                writer.take(event)
            writer.finish(sink)
        return self._result(
            rows=writer.count,
            local_shift_ns=writer.shift_ns,
            moved=writer.late,
            left_out=dict(writer.left_out),
        )


def _recorded(done: Written) -> dict[str, Any]:
    return {"inputs": done.inputs, "digest": f"{done.digest:016x}"}
