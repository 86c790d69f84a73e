"""The layout of an imported recording: how the lines of the public files follow from its inputs.

A recording holds what was received, in order of time. A public file holds more: headers, frames
that were sent, replies before their time. `layout.jsonl.zst` beside the segments keeps the rest:
a first line that lists the files, then steps, which are read along with the inputs:

    [0,"take",12]     the next 12 inputs are lines of file 0, as its form spells them
    ["skip",1]        the next input is no line of its own at this place
    [0,"line","…"]    a line of file 0 as it stood; "hex" for bytes that are no UTF-8
    [0,"open"]        the last line of file 0 has no line end
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from market.inputs import Input
from replay.lines import RecordingError, lines

from .errors import DamageError
from .lines import form_a, form_b, form_c
from .output import Sink

NAME = "layout.jsonl.zst"
FORMAT = "crossquote-layout"
VERSION = 1


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One public file: its venue and name, its form `a`, `b` or `c`, and form A's unit of time."""

    venue: str
    name: str
    form: str
    unit: str = "ns"

    def render(self, item: Input) -> bytes:
        """Return an input as a line of this file, without its end; raises CannotHoldError."""
        if self.form == "a":
            return form_a(item, self.unit)
        if self.form == "b":
            return form_b(item)
        return form_c(item, item.source.removeprefix(f"{self.venue}."))


class LayoutWriter:
    """Writes the steps of a layout, equal ones as one."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._step: list[int | str] = []
        self._count = 0

    def head(self, files: list[LaidOut]) -> None:
        """Begin: which files there are."""
        self._put({"format": FORMAT, "version": VERSION, "files": [asdict(one) for one in files]})

    def take(self, file: int) -> None:
        """The next input is the next line of a file."""
        self._counted([file, "take"])

    def skip(self) -> None:
        """The next input is no line at this place."""
        self._counted(["skip"])

    def line(self, file: int, text: bytes) -> None:
        """A line as it stands."""
        try:
            step: list[int | str] = [file, "line", text.decode()]
        except UnicodeDecodeError:
            step = [file, "hex", text.hex()]
        self._flush()
        self._put(step)

    def open_end(self, file: int) -> None:
        """The last line of a file has no end."""
        self._flush()
        self._put([file, "open"])

    def close(self) -> None:
        """Write what is left."""
        self._flush()

    def _counted(self, step: list[int | str]) -> None:
        if step != self._step:
            self._flush()
            self._step = step
        self._count += 1

    def _flush(self) -> None:
        if self._count:
            self._put([*self._step, self._count])
        self._step, self._count = [], 0

    def _put(self, value: object) -> None:
        self._sink.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")


class Layout:
    """The layout of a recording; raises DamageError where it is none."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        self._lines = self._read()
        head = next(self._lines, None)
        try:
            if head is None or head["format"] != FORMAT or head["version"] != VERSION:
                raise DamageError(f"{NAME}: no layout of version {VERSION}")
            self.files = [LaidOut(**one) for one in head["files"]]
            if not all(isinstance(text, str) for one in self.files for text in astuple(one)):
                raise TypeError("a file's row is not of text")
        except (KeyError, TypeError) as error:
            raise DamageError(f"{NAME}: line 1: {error!s:.80}") from None

    def _read(self) -> Iterator[Any]:
        try:
            for number, line in enumerate(lines(self._path), 1):
                yield _loads(line, number)
        except RecordingError as error:
            raise DamageError(str(error)) from None

    def write(self, inputs: Iterator[Input], sinks: list[Sink]) -> int:
        """Write the public files; returns the number of inputs.

        Raises DamageError where layout and recording do not fit.
        """
        ends = [True] * len(sinks)
        started = [False] * len(sinks)
        taken = 0

        def put(file: int, line: bytes) -> None:
            sinks[file].write(b"\n" + line if started[file] else line)
            started[file] = True

        for number, step in enumerate(self._lines, 2):
            try:
                match step:
                    case ["skip", int(count)]:
                        taken += sum(1 for _ in _next(inputs, count))
                    case [int(file), "take", int(count)] if file >= 0:
                        for item in _next(inputs, count):
                            put(file, self.files[file].render(item))
                            taken += 1
                    case [int(file), "line", str(text)] if file >= 0:
                        put(file, text.encode())
                    case [int(file), "hex", str(text)] if file >= 0:
                        put(file, bytes.fromhex(text))
                    case [int(file), "open"] if file >= 0:
                        ends[file] = False
                    case _:
                        raise DamageError(f"{NAME}: line {number}: no step: {step!s:.80}")
            except (IndexError, ValueError) as error:
                raise DamageError(f"{NAME}: line {number}: {error!s:.80}") from None
        if next(inputs, None) is not None:
            raise DamageError(f"{NAME}: the recording goes on behind the layout's last step")
        for sink, ended, begun in zip(sinks, ends, started, strict=True):
            if ended and begun:
                sink.write(b"\n")
        return taken


def _loads(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamageError(f"{NAME}: line {number}: {error!s:.80}") from None


def _next(inputs: Iterator[Input], count: int) -> Iterator[Input]:
    """Yield so many inputs; ValueError where there are fewer."""
    for _ in range(count):
        item = next(inputs, None)
        if item is None:
            raise ValueError("the recording ends before the layout does")
        yield item
