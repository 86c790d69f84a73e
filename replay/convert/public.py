"""Public recordings as a source: their inputs, and the layout that brings the files back."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from market.inputs import Input, InputKind
from replay.forms import Form, Problems, choose_form, form_a, form_c, in_time
from replay.lines import RecordingError, chunks, split
from replay.source import Recorded, RecordedFile

from .errors import DirectionError, Tolerance
from .layout import LaidOut, LayoutWriter
from .lines import CannotHoldError

_UNIT_NS = 10**17


class _Tee:
    """Lines on their way to a form's reader; those not yet accounted for are kept."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self.taken: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        for line in self._source:
            self.taken.append(line)
            yield line

    def drain(self) -> list[bytes]:
        taken, self.taken = self.taken, []
        return taken


class LaidFile(RecordedFile):
    """A file that also tells, input by input, the steps of its layout."""

    def __init__(
        self, venue: str, path: Path, problems: Problems, on_read: Callable[[int], None]
    ) -> None:
        super().__init__(path, problems)
        self._venue = venue
        self._on_read = on_read
        self._pending: deque[tuple[bytes, Input | None]] = deque()
        self._late: dict[int, Input] = {}
        self._ends = True
        #: The input given last, and the steps since the one before: a line of its own, the line of
        #: the input, or nothing where that line was told before.
        self.last: Input | None = None
        self.steps: list[bytes | tuple[bytes] | None] = []
        self.laid = self._told()

    def _told(self) -> LaidOut:
        """Return which form the file has, from its first lines."""
        form: Form | None = None
        unit = "ns"
        try:
            form, source = choose_form(split(chunks(self.path), self.path.name))
            if form is form_a:
                stamp = next(source, b"").partition(b" ")[0]
                unit = "us" if stamp.isdigit() and int(stamp[:20]) < _UNIT_NS else "ns"
        except RecordingError:
            pass  # It is told when the file is read.
        name = "a" if form is form_a else "c" if form is form_c else "b"
        return LaidOut(self._venue, self.path.name, name, unit)

    def inputs(self) -> Iterator[Input]:
        """Yield the inputs with the file's own connection labels; damage ends the file."""
        try:
            form, source = choose_form(split(self._chunks(), self.path.name))
            if form is None:
                self._pending.extend((line, None) for line in source)
                self.problems.add("the file is empty")
                return
            tee = _Tee(source)
            for item in in_time(self._noted(form(iter(tee), self.problems), tee)):
                self._settle(item)
                self.last = item
                yield item
        except RecordingError as error:
            self.problems.add(str(error))

    def _chunks(self) -> Iterator[bytes]:
        for chunk in chunks(self.path, self._on_read):
            self._ends = chunk.endswith(b"\n")
            yield chunk

    def _noted(self, items: Iterator[Input], tee: _Tee) -> Iterator[Input]:
        """Put each line behind those before it, with the input that it holds."""
        for item in items:
            *others, own = tee.drain()
            self._pending.extend((line, None) for line in others)
            self._pending.append((own, item))
            yield item
        self._pending.extend((line, None) for line in tee.drain())

    def _settle(self, item: Input) -> None:
        """An input is given: note the steps for the lines up to its own."""
        if self._late.pop(id(item), None) is not None:
            self.steps.append(None)
            return
        while self._pending:
            line, known = self._pending.popleft()
            if known is item:
                self.steps.append((line,))
                return
            self.steps.append(line)
            if known is not None:
                self._late[id(known)] = known

    def tell(self, layout: LayoutWriter, index: int, item: Input | None = None) -> None:
        """Write the steps since the last call; `item` is the input given last, as it is named."""
        for step in self.steps:
            if isinstance(step, bytes):
                layout.line(index, step)
            elif step is None:
                layout.skip()
            elif item is not None and self._spelled(item) == step[0]:
                layout.take(index)
            else:
                layout.line(index, step[0])
                layout.skip()
        self.steps.clear()

    def _spelled(self, item: Input) -> bytes | None:
        try:
            return self.laid.render(item)
        except CannotHoldError:
            return None

    def finish(self, layout: LayoutWriter, index: int) -> None:
        """Write the steps for what stood behind the last input."""
        self.steps += [line for line, _ in self._pending]
        self._pending.clear()
        self.tell(layout, index)
        if not self._ends:
            layout.open_end(index)


class PublicSource:
    """Files of one or more venues, `[(venue, paths)]`; raises OSError where one cannot be opened.

    `size` is the number of bytes that `on_read` hears of in the course of reading.
    """

    def __init__(
        self,
        named: list[tuple[str, list[Path]]],
        tolerance: Tolerance,
        on_read: Callable[[int], None],
    ) -> None:
        self._sources = [Recorded(venue, paths) for venue, paths in named]
        for one in self._sources:
            one.files = [
                LaidFile(one.venue, path, tolerance.of_file(path.name), on_read)
                for path in one.paths
            ]
        paths = [path for one in self._sources for path in one.paths]
        if len({path.name for path in paths}) < len(paths):
            raise DirectionError("two files of the same name cannot go into one recording")
        self.size = sum(path.stat().st_size for path in paths)
        self.venues = [one.venue for one in self._sources]

    @property
    def files(self) -> list[LaidFile]:
        """All files, in the order in which they were named."""
        return [file for one in self._sources for file in one.files if isinstance(file, LaidFile)]

    def inputs(self, layout: LayoutWriter | None = None) -> Iterator[Input]:
        """Yield all inputs by receive time, then command-line order, then line."""
        files = self.files
        if layout is not None:
            layout.head([file.laid for file in files])
        streams = [stream for one in self._sources for stream in one.streams()]
        tagged = [_tagged(index, stream) for index, stream in enumerate(streams)]
        for index, item in heapq.merge(*tagged, key=lambda pair: pair[1].ts_recv):
            file = files[index]
            if layout is None:
                file.steps.clear()
            elif _assumed(item, file.last):
                layout.skip()
            else:
                file.tell(layout, index, item)
            yield item
        if layout is not None:
            for index, file in enumerate(files):
                file.finish(layout, index)
            layout.close()


def _tagged(index: int, stream: Iterator[Input]) -> Iterator[tuple[int, Input]]:
    for item in stream:
        yield index, item


def _assumed(item: Input, last: Input | None) -> bool:
    """Whether an opening is not in the file but assumed, before the connection's first frame."""
    return item.kind is InputKind.OPEN and last is not None and last.kind is not InputKind.OPEN
